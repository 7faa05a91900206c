"""The second wall: row-level security, written once and used by the migrations of every app whose rows hang on a case.

No actor bound to the transaction: no rows. Staff see open cases, and sealed ones that name them; a citizen sees the
cases proven by code or phone; the worker's role `xinqiao_seal` sees all. New rows may be written by any bound actor.
"""

ACTOR = "coalesce(current_setting('xinqiao.actor', true), '')"
ACCOUNT = "nullif(current_setting('xinqiao.account', true), '')::bigint"
PROVEN = "coalesce(nullif(current_setting('xinqiao.cases', true), ''), '{}')::uuid[]"

CASE_VISIBLE = f"""
CASE {ACTOR}
  WHEN 'staff' THEN NOT sealed OR EXISTS (
    SELECT 1 FROM cases_sealgrant g WHERE g.case_id = cases_case.id AND g.account_id = {ACCOUNT})
  WHEN 'citizen' THEN id = ANY ({PROVEN})
  WHEN 'system' THEN NOT sealed
  ELSE false
END
"""


def hangs_on_case(table: str, column: str = "case_id") -> str:
    """Condition: the row's case is visible (cases_case applies its own policy inside)."""
    return f"EXISTS (SELECT 1 FROM cases_case c WHERE c.id = {table}.{column})"


def protect(table: str, visible: str, *, read_only: bool = False) -> str:
    """SQL that puts `table` behind row-level security with the given condition for the app role."""
    bound = f"{ACTOR} <> ''"
    writes = (
        ""
        if read_only
        else f"""
    CREATE POLICY app_update ON {table} FOR UPDATE TO xinqiao_app USING ({bound} AND ({visible})) WITH CHECK ({bound});
    CREATE POLICY app_delete ON {table} FOR DELETE TO xinqiao_app USING ({bound} AND ({visible}));"""
    )
    return f"""
    ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
    ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
    CREATE POLICY app_read ON {table} FOR SELECT TO xinqiao_app USING ({bound} AND ({visible}));
    CREATE POLICY app_insert ON {table} FOR INSERT TO xinqiao_app WITH CHECK ({bound});{writes}
    CREATE POLICY seal_all ON {table} FOR ALL TO xinqiao_seal USING ({bound}) WITH CHECK ({bound});
    """


def unprotect(table: str) -> str:
    """The reverse, for migrations backwards."""
    return f"""
    DROP POLICY IF EXISTS app_read ON {table}; DROP POLICY IF EXISTS app_insert ON {table};
    DROP POLICY IF EXISTS app_update ON {table}; DROP POLICY IF EXISTS app_delete ON {table};
    DROP POLICY IF EXISTS seal_all ON {table};
    ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY; ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
    """
