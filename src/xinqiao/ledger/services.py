"""The only writer of the ledger. Every function works inside the caller's transaction."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection

from xinqiao.kernel.errors import Conflict
from xinqiao.ledger import chain, events, merkle, selectors
from xinqiao.ledger.batch import Batch
from xinqiao.ledger.models import Anchor, AnchoredHead, Entry, RequestKey

_COLUMNS = (
    "case_id",
    "seq",
    "event",
    "step",
    "actor_kind",
    "account_id",
    "post_id",
    "organ_id",
    "occurred_at",
    "payload",
    "prev_hash",
    "hash",
)
_INSERT = """
INSERT INTO ledger_entry
    (case_id, seq, event, step, actor_kind, account_id, post_id, organ_id, occurred_at, payload, prev_hash, hash)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_INSERT_MANY = """
INSERT INTO ledger_entry
    (case_id, seq, event, step, actor_kind, account_id, post_id, organ_id, occurred_at, payload, prev_hash, hash)
SELECT case_id, seq, event, step, actor_kind, account_id, post_id, organ_id, occurred_at, payload,
       decode(prev_hash, 'hex'), decode(hash, 'hex')
FROM json_to_recordset(%s::json) AS given(
    case_id uuid, seq int, event text, step text, actor_kind text, account_id bigint, post_id bigint, organ_id bigint,
    occurred_at timestamptz, payload text, prev_hash text, hash text)
"""
_INSERT_KEY = "INSERT INTO ledger_requestkey (key, input_hash, case_id, seq) VALUES (%s, %s, %s, %s)"
_CLAIM = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 7301))"
_CLAIMED = "SELECT key, input_hash, case_id, seq FROM ledger_requestkey WHERE key = ANY(%s)"
_INSERT_WITH_KEY = "WITH key AS (" + _INSERT_KEY + ")" + _INSERT
_OWN_TABLES = ("ledger_entry", "ledger_requestkey")
_ANCHOR_LOCK = "SELECT pg_advisory_xact_lock(7302)"
_ANCHOR_PLACE = "SELECT xid::text, position FROM ledger_cursor WHERE name = 'anchor'"
_ANCHOR_HORIZON = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text"
_SETTLED = """
SELECT pg_snapshot_xmin(pg_current_snapshot()) > coalesce((SELECT xid FROM ledger_entry ORDER BY xid DESC LIMIT 1), '0'::xid8)
"""
_ANCHOR_CHANGED = """
SELECT DISTINCT ON (case_id) case_id, seq, hash FROM ledger_entry
WHERE (xid, position) > (%s::text::xid8, %s) AND xid < %s::text::xid8
ORDER BY case_id, seq DESC
"""
_ANCHOR_MOVE = """
INSERT INTO ledger_cursor (name, xid, position, updated_at) VALUES ('anchor', %s::text::xid8, 0, %s)
ON CONFLICT (name) DO UPDATE SET xid = EXCLUDED.xid, position = 0, updated_at = EXCLUDED.updated_at
"""
_ACTOR_KINDS = ("staff", "citizen", "system")
_ACTOR_KEYS = frozenset(("kind", "account_id", "post_id", "organ_id", "name"))
OTHER_CONTENT = "other-content"  # code of the Conflict: this key came before with something else
Same = (
    bytes | Callable[[bytes], bool]
)  # a request's input hash, or what tells whether a stored one is the same request's


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
    prev_hash: bytes | None
    event: str
    actor: Mapping[str, Any]
    occurred_at: datetime
    body: Mapping[str, Any]
    key: str = ""
    input_hash: bytes = b""


def claim(reading: Batch, keys: Sequence[str]) -> int:
    """Add to `reading` what claims request keys until the transaction ends; return which of its answers `replays` takes.

    Keys are claimed in a fixed order, so that two requests never wait for each other.
    """
    for key in sorted(set(keys)):
        reading.add(_CLAIM, [key])
    reading.add(_CLAIMED, [[_key_id(key) for key in keys]])
    return len(set(keys))


def replays(requests: Sequence[tuple[str, Same]], rows: Sequence[tuple[Any, ...]]) -> list[tuple[UUID, int] | None]:
    """For each request, (key, input_hash), None or the (case_id, seq) of its entry. Raises Conflict as `replayed` does."""
    known = {key: (bytes(digest), case_id, seq) for key, digest, case_id, seq in rows}
    found: list[tuple[UUID, int] | None] = []
    for key, same in requests:
        row = known.get(_key_id(key))
        if row is None:
            found.append(None)
        elif same(row[0]) if callable(same) else row[0] == same:
            found.append((row[1], row[2]))
        else:
            raise other_content()
    return found


def other_content() -> Conflict:
    """What a key is answered that came before with something else."""
    return Conflict(
        "这个请求已经提交过，内容却不同。请刷新页面后再试。", remedy="刷新页面，核对后重新提交。", code=OTHER_CONTENT
    )


def replayed(key: str, input_hash: Same) -> tuple[UUID, int] | None:
    """Say whether a request has had its effect: None, or the (case_id, seq) of its entry.

    Call it first in the transaction, before any row is locked: it holds the key until the end, so that a second request
    with the same key waits and then sees the first one's effect. `input_hash` covers actor, case, step and inputs.
    Raises Conflict when the key came before with other content.
    """
    reading = Batch()
    place = claim(reading, [key])
    return replays([(key, input_hash)], reading.read()[place])[0]


def effect_of(key: str) -> Entry | None:
    """The entry that a request with `key` had as its effect, if there is one that the bound actor may see."""
    row = RequestKey.objects.filter(key=_key_id(key)).first()
    return None if row is None else Entry.objects.filter(case_id=row.case_id, seq=row.seq).first()


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
    batch: Batch | None = None,
) -> Recorded:
    """Add entry `seq` to the chain of a case; one INSERT, nothing is read. With `batch`, it goes when that is sent.

    The caller holds the case's row locked and passes the next `seq` and the head's hash as `prev_hash` (b"" for
    the first). `actor` has kind, account_id, post_id, organ_id (and a name for kind system). `body` holds
    references, cites and salted commitments, and `step`. With an empty `key` no request key is kept.
    Returns the new head. Raises ValueError for an undeclared event or a body against its privacy rule, Conflict when
    the case has moved on or the key is taken: then the transaction must be rolled back.
    """
    entry = NewEntry(case_id, seq, prev_hash, event, actor, occurred_at, body, key, input_hash)
    row, head = _row(entry)
    writing = batch or Batch()
    if key:
        writing.add(_INSERT_WITH_KEY, [_key_id(key), input_hash, case_id, seq, *row])
    else:
        writing.add(_INSERT, row)
    if batch is None:
        send(writing)
    return head


def send(batch: Batch) -> None:
    """Send a batch that carries entries. Raises Conflict when a case has moved on or a key is taken, see `record`."""
    try:
        batch.send()
    except IntegrityError as error:
        if getattr(getattr(error.__cause__, "diag", None), "table_name", "") in _OWN_TABLES:
            raise _moved_on() from error
        raise


def record_many(entries: Sequence[NewEntry]) -> list[Recorded]:
    """Add many entries, of one or several cases, in the order given, in one round trip or two.

    Like `record`; an entry whose `prev_hash` is None follows the one before it of the same case in `entries`.
    """
    rows, heads = [], []
    last: dict[UUID, bytes] = {}
    for entry in entries:
        row, head = _row(entry, last.get(entry.case_id, b""))
        last[entry.case_id] = head.hash
        rows.append(dict(zip(_COLUMNS, row, strict=True)))
        heads.append(head)
    keys = [(_key_id(e.key), e.input_hash, e.case_id, e.seq) for e in entries if e.key]
    with connection.cursor() as cursor:
        try:
            cursor.execute(_INSERT_MANY, [json.dumps(rows, ensure_ascii=False, default=_text)])
            if keys:
                cursor.executemany(_INSERT_KEY, keys)
        except IntegrityError as error:
            raise _moved_on() from error
    return heads


def _text(value: Any) -> str:
    match value:
        case bytes():
            return value.hex()
        case datetime():
            return value.isoformat()
        case _:
            return str(value)


def _key_id(key: str) -> UUID:
    return UUID(bytes=hashlib.sha256(key.encode()).digest()[:16])


def _moved_on() -> Conflict:
    return Conflict(
        "这件事刚刚有了新的进展，您的操作没有生效。请刷新后再试。", remedy="刷新页面，看过新的记录后再操作。"
    )


def _row(entry: NewEntry, before: bytes = b"") -> tuple[list[Any], Recorded]:
    event = events.find(entry.event)
    if event.retired:
        raise ValueError(f"{event.code} is retired: old entries keep it, new ones may not use it")
    prev_hash = (before if entry.prev_hash is None else entry.prev_hash) or chain.GENESIS
    if entry.seq < 1 or len(prev_hash) != 32 or (entry.seq == 1) != (prev_hash == chain.GENESIS):
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
    digest = chain.entry_hash(prev_hash, payload)
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
        prev_hash,
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


def wait_until_settled(seconds: int) -> bool:
    """Wait until no transaction on the server is older than what has been recorded: then an anchor holds all of it.

    Returns False when one stays open for longer than `seconds`.
    """
    with connection.cursor() as cursor:
        for _ in range(seconds * 20):
            cursor.execute(_SETTLED)
            if cursor.fetchone()[0]:
                return True
            cursor.execute("SELECT pg_sleep(0.05)")
    return False


def anchor_take(*, day: date, at: datetime) -> Anchor:
    """Anchor the heads of all cases that changed since the last anchor.

    Days only go forward: when `day` or a later one is anchored already, that anchor is returned.

    Works inside the caller's transaction, by a role that sees sealed cases too (their leaf looks like every other).
    """
    with connection.cursor() as cursor:
        cursor.execute(_ANCHOR_LOCK)
        there = Anchor.objects.filter(day__gte=day).order_by("day").first()
        if there is not None:
            return there
        cursor.execute(_ANCHOR_PLACE)
        xid, position = cursor.fetchone() or ("0", 0)
        cursor.execute(_ANCHOR_HORIZON)
        (horizon,) = cursor.fetchone()
        cursor.execute(_ANCHOR_CHANGED, [xid, position, horizon])
        changed: list[tuple[UUID, int, bytes]] = cursor.fetchall()
        cursor.execute(_ANCHOR_MOVE, [horizon, at])
    salts = [chain.new_salt() for _ in changed]
    own = [merkle.leaf_of(salt, case, seq, bytes(head)) for salt, (case, seq, head) in zip(salts, changed, strict=True)]
    leaves = merkle.padded(own)
    places = {leaf: index for index, leaf in enumerate(leaves)}
    last = Anchor.objects.order_by("-day").first()
    previous = merkle.FIRST if last is None else bytes(last.hash)
    root = merkle.root_of(leaves)
    anchor = Anchor.objects.create(
        day=day,
        root=root,
        previous=previous,
        hash=merkle.anchor_hash(previous, day, root),
        leaves=b"".join(leaves),
        taken_at=at,
    )
    AnchoredHead.objects.bulk_create(
        [
            AnchoredHead(case_id=case, day=day, seq=seq, leaf_index=places[leaf], salt=salt)
            for (case, seq, _), salt, leaf in zip(changed, salts, own, strict=True)
        ],
        batch_size=1000,
    )
    return anchor


def anchor_publish(*, folder: Path) -> list[Path]:
    """Write a file into `folder` for every anchor that has none yet, whole or not at all. Returns the new files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for anchor in Anchor.objects.defer("leaves").order_by("day"):
        path = folder / f"{anchor.day.isoformat()}.json"
        if path.exists():
            continue
        draft = path.with_suffix(".part")
        draft.write_text(json.dumps(selectors.publication(anchor), indent=2) + "\n", "utf-8")
        draft.replace(path)
        written.append(path)
    return written
