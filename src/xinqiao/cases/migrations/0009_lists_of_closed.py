from django.db import migrations, models

# The lists of what is open and of what waits are small indexes of large tables: what has left them would be cleared out of them only
# when a fifth of the whole table has changed, and be read over until then.
CLEARED_EARLY = ("cases_case", "cases_obligation", "cases_document")
EARLY = "autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, vacuum_index_cleanup = on"
AS_ALWAYS = "autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold, vacuum_index_cleanup"


class Migration(migrations.Migration):
    dependencies = [("cases", "0008_lists_by_receipt")]

    operations = [
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=models.Q(("closed_at__isnull", False)),
                fields=["office", "-received_at", "-id"],
                name="case_office_closed",
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=models.Q(("closed_at__isnull", False), ("lead__isnull", False)),
                fields=["lead", "-received_at", "-id"],
                name="case_lead_closed",
            ),
        ),
        migrations.RunSQL(
            "\n".join(f"ALTER TABLE {table} SET ({EARLY});" for table in CLEARED_EARLY),
            "\n".join(f"ALTER TABLE {table} RESET ({AS_ALWAYS});" for table in CLEARED_EARLY),
        ),
    ]
