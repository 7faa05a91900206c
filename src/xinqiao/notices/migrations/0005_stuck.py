"""What could not be delivered is found without reading what was."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("notices", "0004_hooks"),)
    operations = (
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                fields=("state",), name="notices_delivery_stuck", condition=models.Q(state__in=("set_aside", "failed"))
            ),
        ),
    )
