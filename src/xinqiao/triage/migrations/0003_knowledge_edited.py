"""Entries are edited at the desk: their keywords are kept, and where they apply."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("triage", "0002_admin_record"),
    ]

    operations = [
        migrations.AddField(
            "knowledgeentry", "keywords", models.TextField(blank=True, default=""), preserve_default=False
        ),
        migrations.AddField(
            "knowledgeentry",
            "area_code",
            models.CharField(blank=True, default="", max_length=12),
            preserve_default=False,
        ),
    ]
