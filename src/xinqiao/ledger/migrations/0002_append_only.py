"""Entries, request keys and anchors are added, never changed: by trigger for everybody, by rights for the application.

A superuser who must repair a damaged database says so: SET session_replication_role = replica.
"""

from django.db import migrations

APPEND_ONLY = ("ledger_entry", "ledger_requestkey", "ledger_anchor")

FUNCTION = """
CREATE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;
"""

TRIGGERS = "".join(
    f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
    "FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();\n"
    for table in APPEND_ONLY
)

RIGHTS = """
DO $$
DECLARE
    reader text;
    name text;
BEGIN
    FOREACH reader IN ARRAY ARRAY['xinqiao_app', 'xinqiao_seal'] LOOP
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = reader);
        FOREACH name IN ARRAY ARRAY['ledger_entry', 'ledger_requestkey', 'ledger_anchor', 'ledger_anchoredhead'] LOOP
            EXECUTE format('GRANT SELECT, INSERT ON %I TO %I', name, reader);
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON %I FROM %I', name, reader);
        END LOOP;
    END LOOP;
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = (("ledger", "0001_initial"),)

    operations = (
        migrations.RunSQL(FUNCTION, "DROP FUNCTION ledger_append_only()"),
        migrations.RunSQL(TRIGGERS, "".join(f"DROP TRIGGER {table}_append_only ON {table};" for table in APPEND_ONLY)),
        migrations.RunSQL(RIGHTS, migrations.RunSQL.noop),
    )
