"""An organ's abolition may be prepared for a later day, and called off before."""

import django.db.models.deletion
from django.db import migrations, models

BEGUN = "UPDATE cases_abolition SET begun_at = recorded_at;"


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0006_search_planned"),
    ]

    operations = [
        migrations.AddField(
            "abolition",
            "begun_at",
            models.DateTimeField(help_text="the machine's time when the organ ended; none: prepared", null=True),
        ),
        migrations.AddField("abolition", "called_off_at", models.DateTimeField(null=True)),
        migrations.AddField("abolition", "called_off_by", models.BigIntegerField(null=True)),
        migrations.AddField(
            "abolition", "trouble", models.CharField(blank=True, default="", max_length=300), preserve_default=False
        ),
        migrations.RunSQL(BEGUN, migrations.RunSQL.noop),
        migrations.AlterField(
            "abolition",
            "organ",
            models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.organ"),
        ),
        migrations.AddConstraint(
            "abolition",
            models.CheckConstraint(
                condition=models.Q(("begun_at", None), ("called_off_at", None), _connector="OR"),
                name="abolition_begun_or_off",
            ),
        ),
        migrations.AddConstraint(
            "abolition",
            models.UniqueConstraint(
                condition=models.Q(("called_off_at__isnull", True)), fields=("organ",), name="abolition_once"
            ),
        ),
    ]
