"""SQL for migrations: put a table on the administrative record. The trigger's function is made by people 0005.

It belongs to the owner and runs as the owner (SECURITY DEFINER): the application can neither write the record nor
switch the triggers off, and ALWAYS triggers fire in a session that plays replica, too.
"""

from collections.abc import Sequence


def record(table: str, *, key: str = "id", hidden: Sequence[str] = (), left_out: Sequence[str] = ()) -> str:
    """SQL that records every change of `table`. Of `hidden` columns (secrets) only that they changed is kept; a change
    of nothing but `left_out` columns (last used, search words) leaves no row.
    """
    arguments = ", ".join(f"'{text}'" for text in (key, ",".join(hidden), ",".join(left_out)))
    return f"""
CREATE TRIGGER admin_record AFTER INSERT OR UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION people_admin_record({arguments});
CREATE TRIGGER admin_record_truncate AFTER TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION people_admin_record({arguments});
ALTER TABLE {table} ENABLE ALWAYS TRIGGER admin_record;
ALTER TABLE {table} ENABLE ALWAYS TRIGGER admin_record_truncate;
"""


def unrecord(table: str) -> str:
    """The reverse, for migrations backwards."""
    return f"""
DROP TRIGGER IF EXISTS admin_record_truncate ON {table};
DROP TRIGGER IF EXISTS admin_record ON {table};
"""


FUNCTION = """
CREATE FUNCTION people_admin_record() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    hidden text[] := array_remove(string_to_array(TG_ARGV[1], ','), '');
    left_out text[] := array_remove(string_to_array(TG_ARGV[2], ','), '');
    former jsonb;
    latter jsonb;
    before jsonb;
    after jsonb;
    name text;
BEGIN
    IF TG_LEVEL = 'ROW' AND TG_OP <> 'INSERT' THEN
        former := to_jsonb(OLD);
        before := former - left_out - hidden;
    END IF;
    IF TG_LEVEL = 'ROW' AND TG_OP <> 'DELETE' THEN
        latter := to_jsonb(NEW);
        after := latter - left_out - hidden;
    END IF;
    FOREACH name IN ARRAY hidden LOOP
        IF TG_OP = 'UPDATE' AND former -> name IS DISTINCT FROM latter -> name THEN
            after := after || jsonb_build_object(name, '(changed)');
        END IF;
    END LOOP;
    IF TG_OP = 'UPDATE' AND before = after THEN
        RETURN NULL;
    END IF;
    INSERT INTO people_adminentry
        (at, table_name, key, action, old_row, new_row, role, login, program, actor_kind, account_id, act)
    VALUES (
        clock_timestamp(), TG_TABLE_NAME, coalesce(latter ->> TG_ARGV[0], former ->> TG_ARGV[0], ''), TG_OP, before, after,
        coalesce(nullif(current_setting('role', true), 'none'), session_user), session_user,
        left(current_setting('application_name', true), 64), left(coalesce(current_setting('xinqiao.actor', true), ''), 8),
        nullif(current_setting('xinqiao.account', true), '')::bigint, pg_current_xact_id()::text::bigint);
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION people_admin_record() FROM PUBLIC;
"""
NO_FUNCTION = "DROP FUNCTION people_admin_record();"

GROWS = """
CREATE TRIGGER people_adminentry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON people_adminentry
    FOR EACH STATEMENT EXECUTE FUNCTION people_append_only();
ALTER TABLE people_adminentry ENABLE ALWAYS TRIGGER people_adminentry_append_only;
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON people_adminentry FROM xinqiao_app, xinqiao_seal;
"""
NO_GROWS = "DROP TRIGGER people_adminentry_append_only ON people_adminentry;"
