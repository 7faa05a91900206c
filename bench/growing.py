"""The cases of an instance, multiplied in the database over ten years: real rows in every table that pages and searches read.

What cannot be multiplied truly is said in bench/RESULTS.md (the copies' chains do not verify).
"""

import time
from collections.abc import Callable
from typing import Any

import psycopg

TEN_YEARS = 3650
_WHILE_GROWING = ("max_wal_size = '16GB'", "full_page_writes = off", "autovacuum = off", "checkpoint_timeout = '1h'")
_PLAIN_INDEXES = """
SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
WHERE i.indrelid = ANY(%s::text[]::regclass[]) AND NOT i.indisunique AND NOT i.indisexclusion
"""
_ALL_READ = "UPDATE ledger_cursor SET xid = pg_snapshot_xmin(pg_current_snapshot())::text::xid8, position = 0"
_NOT_YET_OVER = """
UPDATE cases_obligation SET wake_at = now() + interval '30 days' WHERE settled_at IS NULL AND wake_at < now()
"""  # the watcher would have days of work with copies that were moved back
OPEN_DAYS = 60  # copies older than this are of closed cases only


def grow(connection: psycopg.Connection[Any], rows: int, *, say: Callable[[str], None]) -> None:
    """Multiply the unsealed cases until there are about `rows`, over ten years; older copies are of closed cases."""
    connection.autocommit = True
    one = connection.execute("SELECT count(*) FROM cases_case").fetchone()
    have = int(one[0]) if one else 0
    copies = max(0, round((rows - have) / _closed_share(connection)))
    if not copies:
        return
    connection.execute("SET synchronous_commit = off")
    connection.execute("SET maintenance_work_mem = '1GB'")
    connection.execute("SET session_replication_role = replica")  # no foreign keys to check: the copies are whole
    for setting in _WHILE_GROWING:
        connection.execute(f"ALTER SYSTEM SET {setting}")
    connection.execute("SELECT pg_reload_conf()")
    connection.execute(_FUNCTIONS)
    later = connection.execute(_PLAIN_INDEXES, [_tables(connection)]).fetchall()
    for name, _ in later:  # built again at the end, which is many times faster
        connection.execute(f"DROP INDEX {name}")
    days = TEN_YEARS / copies
    began = time.perf_counter()
    step = max(1, min(25, copies))
    for first in range(1, copies + 1, step):
        last = min(first + step - 1, copies)
        with connection.transaction():
            for table in _tables(connection):
                connection.execute(
                    _copy_of(connection, table), {"first": first, "last": last, "days": days, "open": OPEN_DAYS}
                )
        if (first // step) % 10 == 0:
            say(f"  {last * 100 // copies} % in {time.perf_counter() - began:.0f} s")
    connection.execute("RESET session_replication_role")
    say(f"  rows in {time.perf_counter() - began:.0f} s; building {len(later)} indexes")
    for _, definition in later:
        connection.execute(definition)
    connection.execute(_ALL_READ)
    connection.execute(_NOT_YET_OVER)
    connection.execute("ALTER SYSTEM RESET ALL")
    connection.execute("SELECT pg_reload_conf()")
    connection.execute("VACUUM ANALYZE")
    say(f"  {copies} copies in {time.perf_counter() - began:.0f} s")


def _closed_share(connection: psycopg.Connection[Any]) -> int:
    """How many cases a copy adds, nearly: those that are closed and not sealed."""
    one = connection.execute("SELECT count(*) FROM cases_case WHERE NOT sealed AND closed_at IS NOT NULL").fetchone()
    return int(one[0]) if one else 1


_FUNCTIONS = """
CREATE FUNCTION pg_temp.other(id uuid, k int) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT (lpad(to_hex(('x' || substr(replace(id::text, '-', ''), 1, 12))::bit(48)::bigint - k::bigint * 60000000), 12, '0')
        || '7' || substr(md5(id::text || k), 1, 3) || '8' || substr(md5(k || id::text), 1, 15))::uuid $$;
CREATE FUNCTION pg_temp.digits(text text, k int, long int) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT lpad(((('x' || substr(md5(text || '/' || k), 1, 15))::bit(60)::bigint) % (10::bigint ^ long)::bigint)::text, long, '0') $$;
CREATE FUNCTION pg_temp.marked(words tsvector, at timestamptz) RETURNS tsvector LANGUAGE sql STABLE STRICT AS $$
    SELECT regexp_replace(regexp_replace(regexp_replace(words::text,
        '@d\\d+', '@d' || ((at AT TIME ZONE 'Asia/Shanghai')::date - DATE '0001-01-01' + 1)),
        '@m\\d+', '@m' || (date_part('year', at AT TIME ZONE 'Asia/Shanghai')::int * 12 + date_part('month', at AT TIME ZONE 'Asia/Shanghai')::int - 1)),
        '@y\\d+', '@y' || date_part('year', at AT TIME ZONE 'Asia/Shanghai'))::tsvector $$;
CREATE TEMP TABLE chosen AS
    SELECT c.id, c.closed_at IS NOT NULL AS closed, s.submission_id, su.number
    FROM cases_case c JOIN intake_submissioncase s ON s.case_id = c.id JOIN intake_submission su ON su.id = s.submission_id
    WHERE NOT c.sealed;
CREATE UNIQUE INDEX ON chosen (id);
"""

# table → (condition that joins a row to a chosen case, columns whose values are other in a copy)
_PLANS: dict[str, tuple[str, dict[str, str]]] = {
    "intake_submission": (
        "old.id = chosen.submission_id",
        {"id": "pg_temp.other(old.id, k)", "number": "pg_temp.digits(old.number, k, 12)"},
    ),
    "cases_case": (
        "old.id = chosen.id",
        {
            "id": "pg_temp.other(old.id, k)",
            "number": "pg_temp.digits(chosen.number, k, 12) || substr(old.number, 13)",
        },
    ),
    "intake_submissioncase": (
        "old.case_id = chosen.id",
        {"submission_id": "pg_temp.other(old.submission_id, k)", "case_id": "pg_temp.other(old.case_id, k)"},
    ),
    "intake_party": (
        "old.submission_id = chosen.submission_id",
        {"submission_id": "pg_temp.other(old.submission_id, k)"},
    ),
    "cases_assist": ("old.case_id = chosen.id", {"case_id": "pg_temp.other(old.case_id, k)"}),
    "cases_rating": ("old.case_id = chosen.id", {"case_id": "pg_temp.other(old.case_id, k)"}),
    "cases_obligation": (
        "old.case_id = chosen.id",
        {"id": "pg_temp.other(old.id, k)", "case_id": "pg_temp.other(old.case_id, k)"},
    ),
    "cases_document": (
        "old.case_id = chosen.id AND old.replaces_id IS NULL",
        {
            "id": "pg_temp.other(old.id, k)",
            "case_id": "pg_temp.other(old.case_id, k)",
            "number": "old.number || '-' || k",
        },
    ),
    "cases_record": (
        "old.case_id = chosen.id",
        {"id": "pg_temp.other(old.id, k)", "case_id": "pg_temp.other(old.case_id, k)"},
    ),
    "ledger_entry": ("old.case_id = chosen.id", {"case_id": "pg_temp.other(old.case_id, k)"}),
    "notices_message": (
        "old.case_id = chosen.id",
        {"id": "pg_temp.other(old.id, k)", "case_id": "pg_temp.other(old.case_id, k)"},
    ),
    "cases_searchrow": (
        "old.case_id = chosen.id",
        {"case_id": "pg_temp.other(old.case_id, k)", "words": "pg_temp.marked(old.words, old.received_at - {moved})"},
    ),
}
_MOVED = "make_interval(hours => (k * %(days)s * 24)::int)"
_OWN = {"ledger_entry": {"xid", "position"}}  # columns that the database gives


def _tables(connection: psycopg.Connection[Any]) -> list[str]:
    return list(_PLANS)


def _copy_of(connection: psycopg.Connection[Any], table: str) -> str:
    """INSERT … SELECT of the copies `first` to `last`: days are moved back, ids are others, the rest is as it was."""
    where, changes = _PLANS[table]
    columns = connection.execute(
        "SELECT attname, atttypid::regtype::text, attidentity <> '' FROM pg_attribute "
        "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
        [table],
    ).fetchall()
    names, values = [], []
    for name, kind, given in columns:
        if given or name in _OWN.get(table, ()):
            continue
        names.append(f'"{name}"')
        if name in changes:
            values.append(changes[name].replace("{moved}", _MOVED))
        elif kind == "timestamp with time zone":
            values.append(f'old."{name}" - {_MOVED}')
        elif kind == "date":
            values.append(f'old."{name}" - (k * %(days)s)::int')
        else:
            values.append(f'old."{name}"')
    return (
        f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)} "
        f"FROM generate_series(%(first)s::int, %(last)s::int) k CROSS JOIN chosen JOIN {table} old ON {where} "
        "WHERE chosen.closed OR k * %(days)s < %(open)s ON CONFLICT DO NOTHING"
    )
