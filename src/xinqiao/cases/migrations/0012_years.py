"""A mark of the year in the word index: years back are asked for by one list each instead of twelve."""

from importlib import import_module

from django.db import migrations

MARK = "('@y' || date_part('year', received_at AT TIME ZONE 'Asia/Shanghai'))"
FEW = import_module("xinqiao.cases.migrations.0010_few").FUNCTION
NO_FEW = "DROP FUNCTION cases_search_few(tsquery, int)"


class Migration(migrations.Migration):
    dependencies = [("cases", "0011_newest")]

    operations = [
        migrations.RunSQL(
            f"UPDATE cases_searchrow SET words = words || {MARK}::tsvector",
            f"UPDATE cases_searchrow SET words = ts_delete(words, {MARK})",
        ),
        migrations.RunSQL(NO_FEW, FEW),
    ]
