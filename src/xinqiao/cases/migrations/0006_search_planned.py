"""The word search is planned for the words that are asked for, whatever the connection does with its other statements."""

from django.db import migrations

SIGNATURE = "cases_search(tsquery, tsquery[], boolean[], timestamptz, uuid, timestamptz, int, int)"


class Migration(migrations.Migration):
    dependencies = [("cases", "0005_abolition")]

    operations = [
        migrations.RunSQL(
            f"ALTER FUNCTION {SIGNATURE} SET plan_cache_mode = force_custom_plan",
            f"ALTER FUNCTION {SIGNATURE} RESET plan_cache_mode",
        )
    ]
