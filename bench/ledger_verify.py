"""How fast the chains are recomputed, beside the limit: plain sha256 over the same bytes.

    XINQIAO_DB_ROLE=seal .venv/bin/python bench/ledger_verify.py [--entries 200000]

Works in one transaction that is rolled back: nothing stays. Target: at least 20,000 entries a second.
"""

import argparse
import hashlib
import json
import os
import sys
import time
from datetime import UTC, datetime

import django
from django.db import connection, transaction

PER_CASE = 12
TARGET = 20_000


def fill(count: int) -> None:
    """Record invented entries of the size that a real step leaves: actor, cites, obligations, a commitment."""
    from xinqiao.kernel.ids import uuid7
    from xinqiao.ledger import chain, services

    batch = []
    at = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
    salt = chain.new_salt()
    for number in range(count // PER_CASE):
        case = uuid7()
        for seq in range(1, PER_CASE + 1):
            body = {
                "step": "accept",
                "cites": ["信访工作条例 23", "信访工作条例 34"],
                "from": "referred",
                "to": "accepted",
                "opened": [{"act": "decide", "organ": 17, "due": "2026-04-30", "owner": "lead"}],
                "settled": ["notice"],
                "documents": {"acceptance_notice": str(case)},
                "inputs": chain.commitment(salt, {"number": number, "seq": seq}),
            }
            actor = {"kind": "staff", "account_id": 31, "post_id": 44, "organ_id": 17}
            batch.append(services.NewEntry(case, seq, None, "bench.happened", actor, at, body))
        if len(batch) >= 3000:
            services.record_many(batch)
            batch.clear()
    services.record_many(batch)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=200_000)
    wanted = parser.parse_args().entries
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xinqiao.config.settings")
    django.setup()
    from xinqiao.ledger import events
    from xinqiao.ledger.verify import verify

    events.declare("bench.happened", label="测速", privacy=events.Privacy.reference_only)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('xinqiao.actor', 'system', true)")
        fill(wanted)
        started = time.perf_counter()
        report = verify()
        seconds = time.perf_counter() - started
        with connection.cursor() as cursor:
            cursor.execute("SELECT prev_hash, payload FROM ledger_entry")
            stored = [bytes(previous) + payload.encode() for previous, payload in cursor.fetchall()]
        started = time.perf_counter()
        for each in stored:
            hashlib.sha256(each).digest()
        limit = time.perf_counter() - started
        transaction.set_rollback(True)
    rate = report.entries / seconds
    found = {
        "entries": report.entries,
        "whole": report.whole,
        "bytes_each": sum(map(len, stored)) // len(stored),
        "verify_per_second": round(rate),
        "sha256_alone_per_second": round(len(stored) / limit),
        "target_per_second": TARGET,
    }
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    return 0 if report.whole and rate >= TARGET else 1


if __name__ == "__main__":
    raise SystemExit(main())
