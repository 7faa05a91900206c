"""The only writer of the ledger. Every function works inside the caller's transaction."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection

from xinqiao.kernel.errors import Conflict
from xinqiao.ledger import chain, events

_INSERT = """
INSERT INTO ledger_entry
    (case_id, seq, event, step, actor_kind, account_id, post_id, organ_id, occurred_at, payload, prev_hash, hash)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_INSERT_KEY = "INSERT INTO ledger_requestkey (key, input_hash, case_id, seq) VALUES (%s, %s, %s, %s)"
_INSERT_WITH_KEY = "WITH key AS (" + _INSERT_KEY + ")" + _INSERT
_ACTOR_KINDS = ("staff", "citizen", "system")
_ACTOR_KEYS = frozenset(("kind", "account_id", "post_id", "organ_id", "name"))


@dataclass(frozen=True)
class Recorded:
    """The head of a case's chain after recording."""

    seq: int
    hash: bytes


@dataclass(frozen=True)
class NewEntry:
    """One entry to be recorded; see `record` for the fields."""

    case_id: UUID
    seq: int
    prev_hash: bytes
    event: str
    actor: Mapping[str, Any]
    occurred_at: datetime
    body: Mapping[str, Any]
    key: str = ""
    input_hash: bytes = b""


def replayed(key: str, input_hash: bytes) -> tuple[UUID, int] | None:
    """Say whether a request has had its effect: None, or the (case_id, seq) of its entry.

    Call it first in the transaction, before any row is locked: it holds the key until the end, so that a second request
    with the same key waits and then sees the first one's effect. `input_hash` covers actor, case, step and inputs.
    Raises Conflict when the key came before with other content.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7301))", [key])
        cursor.execute("SELECT input_hash, case_id, seq FROM ledger_requestkey WHERE key = %s", [_key_id(key)])
        row = cursor.fetchone()
    if row is None:
        return None
    if bytes(row[0]) != input_hash:
        raise Conflict("这个请求已经提交过，内容却不同。请刷新页面后再试。", remedy="刷新页面，核对后重新提交。")
    return row[1], row[2]


def record(
    *,
    case_id: UUID,
    seq: int,
    prev_hash: bytes,
    event: str,
    actor: Mapping[str, Any],
    occurred_at: datetime,
    body: Mapping[str, Any],
    key: str = "",
    input_hash: bytes = b"",
) -> Recorded:
    """Add entry `seq` to the chain of a case; one INSERT, nothing is read.

    The caller holds the case's row locked and passes the next `seq` and the head's hash as `prev_hash` (chain.GENESIS
    for the first). `actor` has kind, account_id, post_id, organ_id (and a name for kind system). `body` holds
    references, cites and salted commitments, and `step`. With an empty `key` no request key is kept.
    Returns the new head. Raises ValueError for an undeclared event or a body against its privacy rule, Conflict when
    the case has moved on or the key is taken: then the transaction must be rolled back.
    """
    entry = NewEntry(case_id, seq, prev_hash, event, actor, occurred_at, body, key, input_hash)
    row, head = _row(entry)
    with connection.cursor() as cursor:
        try:
            if key:
                cursor.execute(_INSERT_WITH_KEY, [_key_id(key), input_hash, case_id, seq, *row])
            else:
                cursor.execute(_INSERT, row)
        except IntegrityError as error:
            raise _moved_on() from error
    return head


def record_many(entries: Iterable[NewEntry]) -> list[Recorded]:
    """Add many entries, of one or several cases, in the order given. Like `record`, in a few round trips."""
    entries = list(entries)
    rows, heads = [], []
    for entry in entries:
        row, head = _row(entry)
        rows.append(row)
        heads.append(head)
    keys = [[_key_id(e.key), e.input_hash, e.case_id, e.seq] for e in entries if e.key]
    with connection.cursor() as cursor:
        try:
            cursor.executemany(_INSERT, rows)
            if keys:
                cursor.executemany(_INSERT_KEY, keys)
        except IntegrityError as error:
            raise _moved_on() from error
    return heads


def _key_id(key: str) -> UUID:
    return UUID(bytes=hashlib.sha256(key.encode()).digest()[:16])


def _moved_on() -> Conflict:
    return Conflict(
        "这件事刚刚有了新的进展，您的操作没有生效。请刷新后再试。", remedy="刷新页面，看过新的记录后再操作。"
    )


def _row(entry: NewEntry) -> tuple[list[Any], Recorded]:
    event = events.find(entry.event)
    if event.retired:
        raise ValueError(f"{event.code} is retired: old entries keep it, new ones may not use it")
    if entry.seq < 1 or len(entry.prev_hash) != 32 or (entry.seq == 1) != (entry.prev_hash == chain.GENESIS):
        raise ValueError("seq and prev_hash do not fit together")
    body = dict(entry.body)
    step = body.pop("step", "")
    events.check_body(event, body)
    actor = _actor(entry.actor)
    payload = chain.payload_of(
        case_id=entry.case_id,
        seq=entry.seq,
        event=event.code,
        step=step,
        actor=actor,
        occurred_at=entry.occurred_at,
        body=body,
    )
    digest = chain.entry_hash(entry.prev_hash, payload)
    row = [
        entry.case_id,
        entry.seq,
        event.code,
        step,
        actor["kind"],
        actor["account_id"],
        actor["post_id"],
        actor["organ_id"],
        entry.occurred_at,
        payload.decode(),
        entry.prev_hash,
        digest,
    ]
    return row, Recorded(entry.seq, digest)


def _actor(actor: Mapping[str, Any]) -> dict[str, Any]:
    kind = actor.get("kind")
    if kind not in _ACTOR_KINDS or actor.keys() - _ACTOR_KEYS:
        raise ValueError("an actor is kind, account_id, post_id, organ_id, and for the system a name")
    plain: dict[str, Any] = {"kind": kind}
    for name in ("account_id", "post_id", "organ_id"):
        plain[name] = actor.get(name)
    if kind == "system":
        plain["name"] = actor.get("name", "")
    return plain
