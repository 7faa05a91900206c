"""Due obligations found among 10 k, 100 k and 1 M open ones: time of the watcher's round, beside its SELECT alone.

    script/bench watcher [--rows 1000000] [--due 100] [--rounds 10] [--json]

In a database of its own on a server of its own, dropped at the end. `--due` matters are received by the real services; their duty turns
yellow in the round (real code: the find, the lock, the law, the notice), and the round is rolled back, so that each finds the same.
The other open obligations (four a case) are copies of these, due later; they are made in the database.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]
os.environ["DJANGO_SETTINGS_MODULE"] = "xinqiao.config.testing"
os.environ["XINQIAO_DB_ROLE"] = "seal"  # as the worker
os.environ.setdefault("XINQIAO_TEST_HOME", str(ROOT / ".home" / "bench-search"))

OF_A_CASE = 4
MOST_TIMES = 1.5  # of the find alone, which takes half a millisecond; whole rounds vary more with the machine
_COLUMNS = """
SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attname <> ALL(%s)
"""


def fill(name: str, model: Any, first: int, last: int) -> None:
    """Copies number `first` to `last` of the model case, each with four obligations whose moment comes later."""
    from tests.support.database import admin

    from xinqiao.server import places

    with places.connect(admin(name)) as link:
        link.execute("SET session_replication_role = replica")
        link.execute("SET synchronous_commit = off")
        one = link.execute(_COLUMNS, ["cases_case", ["id", "number"]]).fetchone()
        two = link.execute(_COLUMNS, ["cases_obligation", ["id", "case_id", "wake_at", "due", "organ_id"]]).fetchone()
        if not one or not two:
            raise RuntimeError("the tables are not as expected")
        link.execute("CREATE TEMP TABLE made ON COMMIT DROP AS SELECT gen_random_uuid() AS id, n FROM generate_series(%s::int, %s::int) n", [first, last])  # fmt: skip
        link.execute(
            f"INSERT INTO cases_case (id, number, {one[0]}) SELECT made.id, 'w' || made.n, {_of('m', one[0])} "
            "FROM made CROSS JOIN cases_case m WHERE m.id = %s",
            [model.id],
        )
        link.execute(
            f"INSERT INTO cases_obligation (id, case_id, wake_at, due, organ_id, {two[0]}) SELECT gen_random_uuid(), made.id, "
            f"o.wake_at + make_interval(days => 30 + (made.n + part) %% 300), o.due + 30 + (made.n + part) %% 300, o.organ_id, {_of('o', two[0])} "
            "FROM made CROSS JOIN generate_series(1, %s) part CROSS JOIN (SELECT * FROM cases_obligation WHERE case_id = %s AND settled_at IS NULL LIMIT 1) o",
            [OF_A_CASE, model.id],
        )
    with places.connect(admin(name)) as link:
        link.autocommit = True
        link.execute("VACUUM ANALYZE cases_case, cases_obligation")


def _of(table: str, columns: str) -> str:
    return ", ".join(f"{table}.{column}" for column in columns.split(", "))


def rounds(due: int, at: Any, count: int) -> dict[str, Any]:
    """Times of whole rounds with `due` due, of rounds with nothing due, and of the SELECT alone; the index that it uses."""
    from django.db import connection, transaction

    from xinqiao.cases import watch
    from xinqiao.cases.models import Obligation
    from xinqiao.people.access import acting

    whole, empty, alone = [], [], []
    for turn in range(count + 2):  # the first two warm
        with acting(watch.WATCHER):
            began = time.perf_counter()
            done = watch.watch(at=at, batch=due)
            whole.append(time.perf_counter() - began)
            transaction.set_rollback(True)
        if done.near != due:
            raise RuntimeError(f"of {due} due {done.near} were found: {done}")
        with acting(watch.WATCHER):
            began = time.perf_counter()
            watch.watch(at=at.replace(year=at.year - 1), batch=due)
            empty.append(time.perf_counter() - began)
        del turn
    asked = Obligation.objects.filter(settled_at__isnull=True, wake_at__lte=at).order_by("wake_at")
    statement = asked.values_list("id", flat=True)[:due].query
    with acting(watch.WATCHER), connection.cursor() as cursor:
        text, params = statement.sql_with_params()
        sent = cursor.mogrify(text, params)
        for _ in range(count + 2):
            began = time.perf_counter()
            cursor.execute(sent)
            cursor.fetchall()
            alone.append(time.perf_counter() - began)
        cursor.execute("EXPLAIN (FORMAT JSON) " + str(sent))
        plan = json.dumps(cursor.fetchone()[0])
    return {
        "round_ms": _middle(whole[2:]),
        "nothing_due_ms": _middle(empty[2:]),
        "select_alone_ms": _middle(alone[2:]),
        "index": sorted({part.partition('"')[0] for part in plan.split('"Index Name": "')[1:]}),
    }


def _middle(seconds: list[float]) -> float:
    return round(sorted(seconds)[len(seconds) // 2] * 1000, 2)


def main() -> int:
    """Measure and print; 1 when a round grows with what is open."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--due", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()

    import django
    from bench.instance import machine
    from tests.support import database

    server = database.Server()
    server.start()
    name, found = "", {}
    try:
        django.setup()
        from django.db import connection, connections
        from tests.support.world import MORNING, days, make

        from xinqiao.people.access import acting
        from xinqiao.people.actors import SYSTEM

        name = database.clone(database.template(), f"xq_watch_{os.getpid()}")
        connections.close_all()
        connections.databases["default"]["NAME"] = name
        connection.settings_dict["NAME"] = name
        with acting(SYSTEM("bench")):
            world = make()
        model = world.receive().case
        for _ in range(given.due - 1):
            world.receive()
        have = 0
        for rows in sorted({min(10_000, given.rows), min(100_000, given.rows), given.rows}):
            fill(name, model, have // OF_A_CASE, (rows - 1) // OF_A_CASE)
            have = rows
            found[rows] = rounds(given.due, MORNING + days(11), given.rounds)
            print(f"{rows:>9,} open, {given.due} due: {found[rows]}", file=sys.stderr, flush=True)
        connection.close()
    finally:
        if name:
            from django.db import connections

            connections.close_all()
            database.drop(name)
        server.leave()
    fewest, most = found[min(found)], found[max(found)]
    grown = round(most["nothing_due_ms"] / fewest["nothing_due_ms"], 2)
    result = {
        "name": "watcher",
        "rows": given.rows,
        "per_second": round(given.due * 1000 / most["round_ms"], 1),
        "p50_ms": most["round_ms"],
        "p95_ms": max(one["round_ms"] for one in found.values()),
        "errors": 0,
        "limit_per_second": round(given.due * 1000 / most["select_alone_ms"], 1),
        "limit": "the same SELECT of the due ones alone",
        "due": given.due,
        "grown": grown,
        "round_grown": round(most["round_ms"] / fewest["round_ms"], 2),
        "find_ms": {str(rows): one["nothing_due_ms"] for rows, one in found.items()},
        "open": {str(rows): one for rows, one in found.items()},
        "load": round(os.getloadavg()[0], 1),
        "machine": machine(),
    }
    print(json.dumps(result, ensure_ascii=False))
    return 0 if grown <= MOST_TIMES else 1


if __name__ == "__main__":
    raise SystemExit(main())
