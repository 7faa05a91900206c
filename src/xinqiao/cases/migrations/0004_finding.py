"""Finding: a side table that only cases which are not sealed enter, one index over words and marks, saved searches.

Under a row policy the planner cannot use the word index (`@@` is not leakproof), so a function of the owner looks in the
table and gives ids and times only, to a bound actor; the cases themselves are then read through their own policy.
"""

import django.contrib.postgres.search
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from xinqiao.cases import rls

TABLE = """
ALTER TABLE cases_searchrow SET (toast_tuple_target = 128);
CREATE INDEX searchrow_words ON cases_searchrow USING gin (words) WITH (fastupdate = on, gin_pending_list_limit = 1024);
"""
NO_TABLE = "DROP INDEX searchrow_words"

FUNCTION = f"""
CREATE FUNCTION cases_search(
    asked tsquery, stretches tsquery[], days boolean[], before_at timestamptz, before_id uuid, since timestamptz,
    enough int, most int)
RETURNS TABLE (stretch int, case_id uuid, received_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp
SET enable_seqscan = off SET enable_indexscan = off SET enable_indexonlyscan = off SET jit = off AS $$
DECLARE
    found bigint;
    total bigint := 0;
BEGIN
    IF {rls.ACTOR} NOT IN ('staff', 'system') THEN
        RETURN;
    END IF;
    FOR n IN 1 .. cardinality(stretches) LOOP
        IF days[n] THEN
            RETURN QUERY
                SELECT n, s.case_id, s.received_at FROM cases_searchrow s
                WHERE s.words @@ (asked && stretches[n])
                    AND s.received_at >= since AND (s.received_at, s.case_id) < (before_at, before_id)
                ORDER BY s.received_at DESC, s.case_id DESC
                LIMIT most + 1;
        ELSE
            RETURN QUERY
                SELECT n, s.case_id, s.received_at FROM cases_searchrow s
                WHERE s.words @@ (asked && stretches[n])
                    AND s.received_at >= since AND (s.received_at, s.case_id) < (before_at, before_id)
                LIMIT most + 1;
        END IF;
        GET DIAGNOSTICS found = ROW_COUNT;
        total := total + found;
        EXIT WHEN total >= enough OR found > most;
    END LOOP;
END
$$;

CREATE FUNCTION cases_search_span() RETURNS TABLE (oldest timestamptz, newest timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT min(received_at), max(received_at) FROM cases_searchrow WHERE {rls.ACTOR} IN ('staff', 'system')
$$;

REVOKE ALL ON FUNCTION
    cases_search(tsquery, tsquery[], boolean[], timestamptz, uuid, timestamptz, int, int), cases_search_span() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    cases_search(tsquery, tsquery[], boolean[], timestamptz, uuid, timestamptz, int, int), cases_search_span()
    TO xinqiao_app, xinqiao_seal;
"""
NO_FUNCTION = """
DROP FUNCTION cases_search_span();
DROP FUNCTION cases_search(tsquery, tsquery[], boolean[], timestamptz, uuid, timestamptz, int, int);
"""

OWNER_READS = "ALTER TABLE cases_searchrow NO FORCE ROW LEVEL SECURITY"
OWN_ONLY = f"account_id = {rls.ACCOUNT}"


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0003_outbox_wall"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SearchRow",
            fields=[
                ("case_id", models.UUIDField(primary_key=True, serialize=False)),
                ("received_at", models.DateTimeField()),
                ("words", django.contrib.postgres.search.SearchVectorField()),
                ("digest", models.BigIntegerField()),
            ],
            options={
                "indexes": [models.Index(fields=["-received_at", "-case_id"], name="searchrow_received")],
            },
        ),
        migrations.CreateModel(
            name="SavedSearch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=40)),
                ("query", models.JSONField(default=dict)),
                ("saved_at", models.DateTimeField()),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("account", "name"), name="savedsearch_once")],
            },
        ),
        migrations.RunSQL(TABLE, NO_TABLE),
        migrations.RunSQL(
            rls.protect("cases_searchrow", rls.hangs_on_case("cases_searchrow")), rls.unprotect("cases_searchrow")
        ),
        migrations.RunSQL(OWNER_READS, migrations.RunSQL.noop),
        migrations.RunSQL(rls.protect("cases_savedsearch", OWN_ONLY), rls.unprotect("cases_savedsearch")),
        migrations.RunSQL(FUNCTION, NO_FUNCTION),
    ]
