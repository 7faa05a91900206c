"""How fast the chains are recomputed, beside the limit: plain sha256 over the same bytes.

    .venv/bin/python bench/ledger_verify.py [--entries 200000]

Works in a database of its own on the tests' server, dropped at the end. Target: at least 20,000 entries a second.
"""

import argparse
import hashlib
import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]
os.environ["DJANGO_SETTINGS_MODULE"] = "xinqiao.config.testing"
os.environ["XINQIAO_DB_ROLE"] = "seal"

PER_CASE = 12
TARGET = 20_000


def fill(count: int) -> None:
    """Record invented entries of the size that a real step leaves: actor, cites, obligations, a commitment."""
    from xinqiao.kernel.ids import uuid7
    from xinqiao.ledger import chain, services

    batch: list[services.NewEntry] = []
    at = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
    salt = chain.new_salt()
    for number in range(count // PER_CASE):
        case = uuid7()
        for seq in range(1, PER_CASE + 1):
            body = {
                "step": "accept",
                "cites": ["信访工作条例 23", "信访工作条例 34"],
                "state": "accepted",
                "opens": [{"act": "decide", "due": "2026-04-30", "id": str(case)}],
                "settles": [{"act": "notice", "how": "met"}],
                "papers": [{"id": str(case), "kind": "acceptance_notice", "state": "served"}],
                "inputs": chain.commitment(salt, {"number": number, "seq": seq}),
            }
            actor = {"kind": "staff", "account_id": 31, "post_id": 44, "organ_id": 17}
            batch.append(services.NewEntry(case, seq, None, "bench.happened", actor, at, body))
        if len(batch) >= 3000:
            services.record_many(batch)
            batch.clear()
    services.record_many(batch)


def measure(wanted: int) -> dict[str, Any]:
    """Fill, verify, and hash the same bytes without anything else."""
    from django.db import connection, transaction

    from xinqiao.ledger import events
    from xinqiao.ledger.verify import verify
    from xinqiao.people import access
    from xinqiao.people.actors import SYSTEM

    events.declare("bench.happened", label="测速", privacy=events.Privacy.reference_only)
    with access.acting(SYSTEM("bench")):
        started = time.perf_counter()
        fill(wanted)
        filling = time.perf_counter() - started
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        access.bind(SYSTEM("bench"))
        started = time.perf_counter()
        report = verify()
        seconds = time.perf_counter() - started
        cursor.execute("SELECT prev_hash, payload FROM ledger_entry")
        stored = [bytes(previous) + payload.encode() for previous, payload in cursor.fetchall()]
    started = time.perf_counter()
    for each in stored:
        hashlib.sha256(each).digest()
    limit = time.perf_counter() - started
    return {
        "entries": report.entries,
        "whole": report.whole,
        "bytes_each": sum(map(len, stored)) // len(stored),
        "recorded_per_second": round(report.entries / filling),
        "verified_per_second": round(report.entries / seconds),
        "sha256_alone_per_second": round(len(stored) / limit),
        "target_per_second": TARGET,
    }


def main() -> int:
    """Measure; 1 when a chain is not whole or the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=200_000)
    wanted = parser.parse_args().entries

    import django

    django.setup()
    from django.db import connections
    from tests.support import database

    server = database.Server()
    server.start()
    name = database.clone(database.template(), f"xq_bench_{os.getpid()}")
    try:
        connections["default"].settings_dict["NAME"] = name
        found = measure(wanted)
    finally:
        connections.close_all()
        database.drop(name)
        server.leave()
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    return 0 if found["whole"] and found["verified_per_second"] >= TARGET else 1


if __name__ == "__main__":
    raise SystemExit(main())
