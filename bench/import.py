"""How fast a table comes in: rows registered with duties, records, identities and ledger; beside the limit in the same run.

    .venv/bin/python bench/import.py [--rows 20000] [--shape new|open|answered|mixed|past] [--json]

The limit: the same rows of all tables, already built, by plain COPY into tables without keys, constraints, policies or
triggers. Works in a database of its own on the tests' server, dropped at the end. Target: at least 2,000 rows a second.
p50_ms and p95_ms are those of one transaction of 1,000 rows. On a busy machine look at the CPU per row: this process's and the database's.
"""

import argparse
import csv
import hashlib
import json
import os
import random
import resource
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]
os.environ["DJANGO_SETTINGS_MODULE"] = "xinqiao.config.testing"
os.environ["XINQIAO_DB_ROLE"] = "seal"

TARGET = 2_000
TABLES = (
    "cases_case", "cases_obligation", "cases_record", "cases_document", "ledger_entry", "people_person", "people_personindex",
    "intake_submission", "intake_submissioncase", "intake_party", "intake_sheetrow", "notices_message", "notices_delivery",
)  # fmt: skip
SHARES = {
    "new": (1, 0, 0), "open": (0, 1, 0), "answered": (0, 0, 1), "mixed": (0.2, 0.3, 0.5), "past": (0, 0.4, 0.6),
}  # fmt: skip
HEADINGS = ["编号", "姓名", "电话", "标题", "内容", "地点", "收到时间", "答复时间", "答复内容"]
THINGS = ("路灯", "下水道", "电梯", "公交站", "垃圾桶", "停车位", "噪声", "油烟", "门禁", "雨棚")
WORDS = (
    "坏了",
    "堵了",
    "不合规定",
    "吵得睡不着",
    "一直没有人管",
    "已经报过两次",
    "希望尽快处理",
    "老人出门不方便",
    "晚上看不见路",
)


def write_table(path: Path, rows: int, shape: str, now: datetime) -> None:
    """An invented table: messages of some two hundred characters, a year of dates."""
    rng = random.Random(7)
    fresh, still_open, _ = SHARES[shape]
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(HEADINGS)
        for place in range(rows):
            text = "，".join(f"{rng.choice(THINGS)}{rng.choice(WORDS)}" for _ in range(18)) + f"。第 {place} 件。"
            drawn = rng.random()
            received = now - timedelta(minutes=rng.randint(2_000, 500_000))
            dates = ["", "", ""]
            if drawn >= fresh:
                dates[0] = received.strftime("%Y/%m/%d %H:%M:%S")
            if drawn >= fresh + still_open:
                answered = min(received + timedelta(hours=rng.randint(2, 900)), now)
                dates[1], dates[2] = answered.strftime("%Y/%m/%d %H:%M:%S"), f"您好，{text[:120]}已经处理，请您看看。"
            writer.writerow([place, f"来信人{place % 997}", f"199{rng.randint(10**7, 10**8 - 1)}", rng.choice(THINGS), text,
                             f"河边路 {place % 400} 号", *dates])  # fmt: skip


def cpu() -> tuple[float, float]:
    """CPU seconds of this process, and of the database's processes on this machine."""
    mine = resource.getrusage(resource.RUSAGE_SELF)
    theirs = 0.0
    ticks = os.sysconf("SC_CLK_TCK")
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        for (pid,) in cursor.fetchall():
            stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            theirs += (int(stat[11]) + int(stat[12])) / ticks
    return mine.ru_utime + mine.ru_stime, theirs


def measure(rows: int, shape: str) -> dict[str, Any]:
    """Take a table in, verify the chains, then copy the same rows into bare tables."""
    from django.db import connection, transaction
    from tests.support.world import make

    from xinqiao.cases.models import Case
    from xinqiao.intake.sheets import services
    from xinqiao.intake.sheets.taking import Batch, Outcome, Taker
    from xinqiao.kernel.clock import utc_now
    from xinqiao.ledger.verify import verify
    from xinqiao.people.access import acting
    from xinqiao.people.actors import SYSTEM

    actor, at, spans = SYSTEM("import"), utc_now(), []
    take = Taker.take

    def timed(taker: Taker, batch: Batch) -> Outcome:
        started = time.perf_counter()
        outcome = take(taker, batch)
        spans.append((time.perf_counter() - started) * 1000)
        return outcome

    Taker.take = timed  # type: ignore[method-assign,assignment]
    with acting(actor):
        make()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        write_table(path, rows, shape, at)
        before, database_before = cpu()
        began = time.perf_counter()
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
            done = services.sheet_take_file(
                file=file, name="table.csv", size=path.stat().st_size, digest=digest, mapping_name="", dry=False,
                actor=actor, at=at,
            )  # fmt: skip
        seconds = time.perf_counter() - began
        after, database_after = cpu()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    with transaction.atomic(), acting(actor):
        heads = ((c, s, bytes(h)) for c, s, h in Case.objects.values_list("id", "head_seq", "head_hash").iterator())
        report = verify(heads=heads)
    limit, copied = copy_alone()
    connection.close()
    return {
        "name": "import", "shape": shape, "rows": done.rows, "imported": done.imported, "errors": done.rejected,
        "entries": report.entries, "whole": report.whole, "seconds": round(seconds, 2),
        "per_second": round(done.imported / seconds), "p50_ms": round(sorted(spans)[len(spans) // 2]),
        "p95_ms": round(sorted(spans)[int(len(spans) * 0.95)]), "limit_per_second": round(rows / limit),
        "cpu_ms_per_row": round((after - before) * 1000 / rows, 3),
        "database_cpu_ms_per_row": round((database_after - database_before) * 1000 / rows, 3),
        "bytes_per_row": copied // rows, "memory_mb": memory, "target_per_second": TARGET,
    }  # fmt: skip


def copy_alone() -> tuple[float, int]:
    """Seconds and bytes of a plain COPY of all rows just made into bare tables, by the administrator."""
    from django.db import connection
    from psycopg import sql

    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
    raw = connection.connection
    seconds, size = 0.0, 0
    for table in TABLES:
        bare = sql.Identifier(f"bare_{table}")
        with raw.cursor() as cursor:
            cursor.execute(
                sql.SQL("CREATE TABLE {} AS SELECT * FROM {} WHERE false").format(bare, sql.Identifier(table))
            )
            with cursor.copy(sql.SQL("COPY {} TO STDOUT (FORMAT binary)").format(sql.Identifier(table))) as copy:
                data = b"".join(copy)
            began = time.perf_counter()
            with cursor.copy(sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(bare)) as copy:
                copy.write(data)
            seconds += time.perf_counter() - began
            size += len(data)
    return seconds, size


def main() -> int:
    """Measure; 1 when a chain is not whole, a row was lost or the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--shape", choices=sorted(SHARES), default="mixed")
    parser.add_argument("--json", action="store_true", help="the last line is the result as JSON")
    wanted = parser.parse_args()

    import django

    django.setup()
    from django.db import connections
    from tests.support import database

    server = database.Server()
    server.start()
    name = database.clone(database.template(), f"xq_bench_{os.getpid()}")
    try:
        connections["default"].settings_dict["NAME"] = name
        found = measure(wanted.rows, wanted.shape)
    finally:
        connections.close_all()
        database.drop(name)
        server.leave()
    sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=None if wanted.json else 2) + "\n")
    return 0 if found["whole"] and found["imported"] == wanted.rows and found["per_second"] >= TARGET else 1


if __name__ == "__main__":
    raise SystemExit(main())
