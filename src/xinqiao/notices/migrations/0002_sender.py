"""In whose name a message went: what a responsible unit reads of the outbox is what it sent and what it was sent."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notices", "0001_initial")]

    operations = [
        migrations.AddField(model_name="message", name="sender_id", field=models.BigIntegerField(null=True)),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("sender_id__isnull", False)),
                fields=["sender_id", "id"],
                name="notices_message_sender",
            ),
        ),
    ]
