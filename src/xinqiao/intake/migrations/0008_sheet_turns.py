"""Each start of an import has its number, so that a worker of a former start knows that its time is over."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("intake", "0007_sheets")]

    operations = [
        migrations.AddField(
            model_name="sheetimport",
            name="turn",
            field=models.PositiveIntegerField(default=0),
        ),
    ]
