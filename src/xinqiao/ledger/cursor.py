"""Reading the ledger in order, in batches, so that no late commit is skipped and no entry has its effect twice.

An entry carries its transaction's id. Positions are given out before commit, so a transaction that began early may
commit late: a reader that only went by position would pass over it. Therefore nothing at or above the oldest running
transaction is read, and the order is (transaction, position). The oldest is that of the whole server: a long writing
transaction in another database of the same server makes readers wait, never miss.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

_LOCK = "SELECT xid::text::bigint, position FROM ledger_cursor WHERE name = %s FOR UPDATE SKIP LOCKED"
_CREATE = "INSERT INTO ledger_cursor (name, xid, position, updated_at) VALUES (%s, '0', 0, %s) ON CONFLICT DO NOTHING"
_READ = """
SELECT case_id, seq, xid::text::bigint AS number, position, event, step, actor_kind, account_id, post_id, organ_id,
       occurred_at, recorded_at, payload
FROM ledger_entry e
WHERE (xid, position) > (%s::text::xid8, %s) AND xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY e.xid, e.position
LIMIT %s
"""
_MOVED = """
WITH waiting AS (
    SELECT case_id, xid, position FROM ledger_entry e
    WHERE (xid, position) > (%s::text::xid8, %s) AND xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY e.xid, e.position
    LIMIT %s)
SELECT count(*), array_agg(DISTINCT case_id),
       (SELECT w.xid::text FROM waiting w ORDER BY w.xid DESC, w.position DESC LIMIT 1),
       (SELECT w.position FROM waiting w ORDER BY w.xid DESC, w.position DESC LIMIT 1)
FROM waiting
"""
_ADVANCE = "UPDATE ledger_cursor SET xid = %s::text::xid8, position = %s, updated_at = %s WHERE name = %s"

_SKIP = """
INSERT INTO ledger_cursor (name, xid, position, updated_at)
VALUES (%s, pg_snapshot_xmin(pg_current_snapshot())::text::xid8, 0, %s)
ON CONFLICT (name) DO UPDATE SET xid = EXCLUDED.xid, position = 0, updated_at = EXCLUDED.updated_at
"""


@dataclass(frozen=True)
class Read:
    """One entry as a reader sees it. `body` is what was recorded with it."""

    case_id: UUID
    seq: int
    xid: int
    position: int
    event: str
    step: str
    actor_kind: str
    account_id: int | None
    post_id: int | None
    organ_id: int | None
    occurred_at: datetime
    recorded_at: datetime
    body: dict[str, Any]


def read(name: str, limit: int = 500) -> list[Read]:
    """The next entries for reader `name`, oldest first; [] when there are none or somebody else is reading as `name`.

    Works inside the caller's transaction and holds the reader's row until its end: whoever reads, does what follows
    from it and advances, all in one transaction.
    """
    with connection.cursor() as cursor:
        place = _place(cursor, name)
        if place is None:
            return []
        cursor.execute(_READ, [*place, limit])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return [Read(*(*row[:-1], json.loads(row[-1])["body"])) for row in rows]


def _place(cursor: Any, name: str) -> tuple[str, int] | None:
    """Where reader `name` stands, held; None while somebody else reads as `name`."""
    cursor.execute(_LOCK, [name])
    place = cursor.fetchone()
    if place is None:
        cursor.execute(_CREATE, [name, timezone.now()])
        cursor.execute(_LOCK, [name])
        place = cursor.fetchone()
    return None if place is None else (str(place[0]), place[1])


def advance(name: str, last: Read) -> None:
    """Note that everything up to and with `last` has had its effect for reader `name`."""
    with connection.cursor() as cursor:
        cursor.execute(_ADVANCE, [str(last.xid), last.position, timezone.now(), name])


def skip(name: str) -> None:
    """Pass over everything that is settled by now: for a reader to whom nothing is of use at present."""
    with connection.cursor() as cursor:
        cursor.execute(_SKIP, [name, timezone.now()])


def follow(name: str, react: Callable[[Sequence[Read]], None], limit: int = 500) -> int:
    """Give one batch to `react` and advance, in one transaction. Returns how many entries it was; 0 means up to date."""
    with transaction.atomic():
        entries = read(name, limit)
        if entries:
            react(entries)
            advance(name, entries[-1])
    return len(entries)


def follow_cases(name: str, react: Callable[[Sequence[UUID]], object], limit: int = 500) -> int:
    """As follow, for a reader to whom it is enough which cases have moved; each is named once in a batch."""
    with transaction.atomic(), connection.cursor() as cursor:
        place = _place(cursor, name)
        if place is None:
            return 0
        cursor.execute(_MOVED, [*place, limit])
        count, case_ids, xid, position = cursor.fetchone()
        if count:
            react(case_ids)
            cursor.execute(_ADVANCE, [str(xid), position, timezone.now(), name])
    return int(count)
