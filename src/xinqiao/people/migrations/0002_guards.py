"""What the database itself holds: append-only logs, the mark of a demonstration, and whose access log rows are seen.

Role `xinqiao_seal` (worker, stream) sees every row of the log once an actor is bound; the application sees rows about
sealed matters only when its account wrote them or its citizen has proven the case.
"""

from django.db import migrations

FUNCTIONS = """
CREATE FUNCTION people_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE FUNCTION people_datakey_rewrap() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.domain, NEW.purpose, NEW.version, NEW.algorithm, NEW.created_at)
       IS DISTINCT FROM (OLD.id, OLD.domain, OLD.purpose, OLD.version, OLD.algorithm, OLD.created_at) THEN
        RAISE EXCEPTION 'a data key may only be wrapped anew' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION people_instance_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    used boolean;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.demonstration IS DISTINCT FROM OLD.demonstration OR NEW.id <> OLD.id THEN
            RAISE EXCEPTION 'the mark of a demonstration is set when a database is made, and never changed'
                USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        RAISE EXCEPTION 'the instance row stays' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NEW.demonstration THEN
        SELECT EXISTS (SELECT 1 FROM people_account) OR EXISTS (SELECT 1 FROM people_person) INTO used;
        IF NOT used AND to_regclass('ledger_entry') IS NOT NULL THEN
            EXECUTE 'SELECT EXISTS (SELECT 1 FROM ledger_entry)' INTO used;
        END IF;
        IF used THEN
            RAISE EXCEPTION 'this database is in use; a demonstration needs an empty one'
                USING ERRCODE = 'insufficient_privilege';
        END IF;
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION people_account_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.demonstration AND NOT EXISTS (SELECT 1 FROM people_instance WHERE demonstration) THEN
        RAISE EXCEPTION 'demonstration sign-ins live only in a demonstration' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
"""

NO_FUNCTIONS = """
DROP FUNCTION people_account_guard();
DROP FUNCTION people_instance_guard();
DROP FUNCTION people_datakey_rewrap();
DROP FUNCTION people_append_only();
"""

TRIGGERS = """
CREATE TRIGGER people_accesslog_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON people_accesslog
    FOR EACH STATEMENT EXECUTE FUNCTION people_append_only();
CREATE TRIGGER people_clockmove_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON people_clockmove
    FOR EACH STATEMENT EXECUTE FUNCTION people_append_only();
CREATE TRIGGER people_datakey_kept BEFORE DELETE OR TRUNCATE ON people_datakey
    FOR EACH STATEMENT EXECUTE FUNCTION people_append_only();
CREATE TRIGGER people_datakey_rewrapped BEFORE UPDATE ON people_datakey
    FOR EACH ROW EXECUTE FUNCTION people_datakey_rewrap();
CREATE TRIGGER people_instance_guarded BEFORE INSERT OR UPDATE OR DELETE ON people_instance
    FOR EACH ROW EXECUTE FUNCTION people_instance_guard();
CREATE TRIGGER people_instance_kept BEFORE TRUNCATE ON people_instance
    FOR EACH STATEMENT EXECUTE FUNCTION people_append_only();
CREATE TRIGGER people_account_demonstration BEFORE INSERT OR UPDATE ON people_account
    FOR EACH ROW EXECUTE FUNCTION people_account_guard();
"""

NO_TRIGGERS = """
DROP TRIGGER people_account_demonstration ON people_account;
DROP TRIGGER people_instance_kept ON people_instance;
DROP TRIGGER people_instance_guarded ON people_instance;
DROP TRIGGER people_datakey_rewrapped ON people_datakey;
DROP TRIGGER people_datakey_kept ON people_datakey;
DROP TRIGGER people_clockmove_append_only ON people_clockmove;
DROP TRIGGER people_accesslog_append_only ON people_accesslog;
"""

RIGHTS = """
REVOKE UPDATE, DELETE, TRUNCATE ON people_accesslog, people_clockmove FROM xinqiao_app, xinqiao_seal;
REVOKE DELETE, TRUNCATE ON people_datakey, people_instance FROM xinqiao_app, xinqiao_seal;
"""

BOUND = "coalesce(current_setting('xinqiao.actor', true), '') <> ''"
OWN = "account_id = nullif(current_setting('xinqiao.account', true), '')::bigint"
PROVEN = "case_id = ANY (coalesce(nullif(current_setting('xinqiao.cases', true), ''), '{}')::uuid[])"

POLICIES = f"""
ALTER TABLE people_accesslog ENABLE ROW LEVEL SECURITY;
ALTER TABLE people_accesslog FORCE ROW LEVEL SECURITY;
CREATE POLICY app_read ON people_accesslog FOR SELECT TO xinqiao_app
    USING ({BOUND} AND CASE current_setting('xinqiao.actor', true)
        WHEN 'staff' THEN NOT sealed OR {OWN}
        WHEN 'citizen' THEN {PROVEN}
        WHEN 'system' THEN NOT sealed
        ELSE false END);
CREATE POLICY app_insert ON people_accesslog FOR INSERT TO xinqiao_app WITH CHECK ({BOUND});
CREATE POLICY seal_all ON people_accesslog FOR ALL TO xinqiao_seal USING ({BOUND}) WITH CHECK ({BOUND});
"""

NO_POLICIES = """
DROP POLICY seal_all ON people_accesslog;
DROP POLICY app_insert ON people_accesslog;
DROP POLICY app_read ON people_accesslog;
ALTER TABLE people_accesslog NO FORCE ROW LEVEL SECURITY;
ALTER TABLE people_accesslog DISABLE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = (("people", "0001_initial"),)

    operations = (
        migrations.RunSQL(FUNCTIONS, NO_FUNCTIONS),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
        migrations.RunSQL(RIGHTS, migrations.RunSQL.noop),
        migrations.RunSQL(POLICIES, NO_POLICIES),
    )
