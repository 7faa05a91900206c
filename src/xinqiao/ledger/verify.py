"""Recomputing every chain over the stored bytes."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from xinqiao.ledger import chain, merkle
from xinqiao.ledger.models import Anchor

_SHOWN = 100
_COPY = """
COPY (SELECT case_id, seq, event, step, actor_kind, account_id, post_id, organ_id, occurred_at, payload, prev_hash, hash
      FROM ledger_entry {where} ORDER BY case_id, seq) TO STDOUT (FORMAT BINARY)
"""
_TYPES = ("uuid", "int4", "text", "text", "text", "int8", "int8", "int8", "timestamptz", "text", "bytea", "bytea")
_ANCHORED = """
SELECT h.case_id, h.seq, h.leaf_index, h.salt, e.hash
FROM ledger_anchoredhead h LEFT JOIN ledger_entry e ON e.case_id = h.case_id AND e.seq = h.seq
WHERE h.day = %s
"""

Head = tuple[UUID, int, bytes]


@dataclass(frozen=True)
class Broken:
    """Where a chain stops being whole, and how. `case_id` is None when a day's anchor itself is broken."""

    case_id: UUID | None
    seq: int
    reason: str
    day: date | None = None


@dataclass(frozen=True)
class Report:
    """What a verification found. `broken` holds the first break of each case (at most 100), in order."""

    cases: int
    entries: int
    anchors: int
    broken: tuple[Broken, ...]

    @property
    def whole(self) -> bool:
        return not self.broken


def verify(
    case_id: UUID | None = None, *, heads: Iterable[Head] | None = None, published: Mapping[date, str] | None = None
) -> Report:
    """Recompute the chain of one case, or of all with their anchors.

    `heads` are the (case_id, seq, hash) that the cases carry; a chain must end exactly there. `published` are the hashes
    that were given out, by day. All must come from the snapshot of the caller's transaction (REPEATABLE READ).
    Raises PermissionError when all chains are asked for by a role that row-level security shows only a part of.
    """
    if case_id is None:
        _see_everything()
    expected = None if heads is None else {case: (seq, bytes(digest)) for case, seq, digest in heads}
    cases = entries = 0
    broken: list[Broken] = []
    current: UUID | None = None
    seq, head, reason = 0, chain.GENESIS, ""

    def close() -> None:
        if current is not None and not reason and expected is not None:
            fault = _against_head(seq, head, expected.pop(current, None))
            if fault:
                broken.append(Broken(current, seq, fault))

    for row in _rows(case_id):
        entries += 1
        if row[0] != current:
            close()
            cases += 1
            current, seq, head, reason = row[0], 0, chain.GENESIS, ""
        if reason:
            continue
        seq += 1
        reason = _fault(row, seq, head)
        if reason:
            broken.append(Broken(current, row[1], reason))
            if expected is not None:
                expected.pop(row[0], None)
        head = row[11]
    close()
    broken += [Broken(case, 1, "missing") for case, (last, _) in (expected or {}).items() if last]
    anchors, faults = (0, []) if case_id else _verify_anchors(published or {})
    return Report(cases, entries, anchors, tuple((broken + faults)[:_SHOWN]))


def _see_everything() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, row_security_active('ledger_entry'), coalesce(current_setting('xinqiao.actor', true), '')"
        )
        role, filtered, actor = cursor.fetchone()
    if filtered and not (role == "xinqiao_seal" and actor):
        raise PermissionError(f"role {role} does not see all entries: verify as seal (with an actor) or backup")


def _rows(case_id: UUID | None) -> Iterator[tuple[Any, ...]]:
    where = "" if case_id is None else f"WHERE case_id = '{case_id}'"
    with connection.cursor() as cursor, cursor.cursor.copy(_COPY.format(where=where)) as copy:
        copy.set_types(_TYPES)
        yield from copy.rows()


def _fault(row: tuple[Any, ...], seq: int, head: bytes) -> str:
    if row[1] != seq:
        return "gap"
    if row[10] != head:
        return "previous"
    payload = row[9]
    if chain.entry_hash(head, payload.encode()) != row[11]:
        return "hash"
    said = json.loads(payload)
    actor = said["actor"]
    same = (
        said["case"] == str(row[0])
        and said["seq"] == seq
        and said["event"] == row[2]
        and said["step"] == row[3]
        and actor["kind"] == row[4]
        and actor["account_id"] == row[5]
        and actor["post_id"] == row[6]
        and actor["organ_id"] == row[7]
        and datetime.fromisoformat(said["occurred_at"]) == row[8]
    )
    return "" if same else "columns"


def _against_head(seq: int, head: bytes, expected: tuple[int, bytes] | None) -> str:
    if expected is None:
        return "no case"
    return "" if expected == (seq, head) else "head"


def _verify_anchors(published: Mapping[date, str]) -> tuple[int, list[Broken]]:
    faults: list[Broken] = []
    previous, count = merkle.FIRST, 0
    missing = dict(published)
    for anchor in Anchor.objects.order_by("day").iterator(chunk_size=20):
        count += 1
        leaves = split(bytes(anchor.leaves))
        digest = merkle.anchor_hash(previous, anchor.day, merkle.root_of(leaves))
        if bytes(anchor.hash) != digest or missing.pop(anchor.day, digest.hex()) != digest.hex():
            faults.append(Broken(None, 0, "anchor", anchor.day))
        previous = bytes(anchor.hash)
        with connection.cursor() as cursor:
            cursor.execute(_ANCHORED, [anchor.day])
            for case_id, seq, index, salt, head in cursor.fetchall():
                if head is None or merkle.leaf_of(bytes(salt), case_id, seq, bytes(head)) != leaves[index]:
                    faults.append(Broken(case_id, seq, "anchored otherwise", anchor.day))
    faults += [Broken(None, 0, "anchor gone", day) for day in sorted(missing)]
    return count, faults


def split(leaves: bytes) -> list[bytes]:
    """The leaves of an anchor, one by one."""
    return [leaves[i : i + 32] for i in range(0, len(leaves), 32)]
