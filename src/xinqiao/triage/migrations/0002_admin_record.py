"""Knowledge entries and classes of content are administrative data: their changes are recorded by the database."""

from django.db import migrations

from xinqiao.people import recording

TABLES = ("triage_knowledgeentry", "triage_contentclass")


class Migration(migrations.Migration):
    dependencies = [
        ("triage", "0001_initial"),
        ("people", "0005_admin_record"),
    ]

    operations = [
        migrations.RunSQL(
            recording.record("triage_knowledgeentry", left_out=("search",))
            + recording.record("triage_contentclass", key="code"),
            "".join(recording.unrecord(table) for table in TABLES),
        ),
    ]
