"""The second door: matters that bring their past with them, written by the thousand. Nothing else writes beside take_step.

Each matter gets what the road would have left: case, duties with their terms and whether they were met, records with the
words, entries chained and hashed. What happened is told by history.py with the law's own functions: audited, not enforced.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from xinqiao import papers as drawing
from xinqiao.kernel.canonical import canonical
from xinqiao.kernel.clock import day_of
from xinqiao.kernel.ids import new_serial, uuid7, uuid7s
from xinqiao.ledger import bulk, chain
from xinqiao.notices import bulk as notices
from xinqiao.people import bulk as vault
from xinqiao.people.actors import Actor
from xinqiao.people.models import Organ

from . import sealing
from .history import Duty, Line, Shape, Telling, When, words_of
from .models import Case

SALT = 16


@dataclass(frozen=True, slots=True)
class Matter:
    """One matter as it comes in. `origin` (where it came from, what the source says besides) is kept with the words of its first
    step. With `past` it is a matter taken in elsewhere on `received_at`: no receipt and no message go out for it."""

    case_id: UUID
    submission_id: UUID
    number: str
    title: str
    channel: str
    office: Organ
    desk: Organ | None
    received_at: datetime
    past: bool
    area_code: str = ""
    content_code: str = ""
    person_id: UUID | None = None
    anonymous: bool = False
    confidential: bool = False
    sealed: bool = False
    answered_at: datetime | None = None
    closed_at: datetime | None = None
    reply: str = ""
    lead_id: int | None = None
    origin: Mapping[str, Any] = field(default_factory=dict)


def shape_of(matter: Matter, at: datetime) -> Shape:
    """What the law asks of `matter`, on the day of `at`."""
    answered, closed = matter.answered_at, matter.closed_at
    return Shape(
        office=matter.office.pk,
        jurisdiction=matter.office.area_code,
        channel=matter.channel,
        anonymous=matter.anonymous,
        sealed=matter.sealed,
        past=matter.past,
        today=day_of(at),
        received_on=day_of(matter.received_at),
        answered_on=day_of(answered) if answered else None,
        closed_on=day_of(closed) if closed else None,
        lead=matter.lead_id,
        replied=bool(matter.reply),
    )


@dataclass
class _Written:
    """Rows to be, by table; `duty_kinds` and `line_kinds` number what many rows share. Ids and moments are places of columns."""

    opened: vault.Keys
    cases: list[tuple[Any, ...]] = field(default_factory=list)
    duties: list[tuple[bytes, bytes, bytes, bytes | None, int]] = field(default_factory=list)
    duty_kinds: dict[int, int] = field(default_factory=dict)
    kinds: list[Duty] = field(default_factory=list)
    entries: list[tuple[bytes, int, int, bytes, bytes, bytes, bytes]] = field(default_factory=list)
    records: list[tuple[bytes, bytes, int, int, bytes, bytes, bytes | None, bytes | None]] = field(default_factory=list)
    lines: dict[int, int] = field(default_factory=dict)
    line_kinds: dict[tuple[Any, ...], int] = field(default_factory=dict)
    papers: list[tuple[UUID, UUID, str, str, int, datetime, bytes | None, bytes | None]] = field(default_factory=list)
    told: list[notices.Told] = field(default_factory=list)


@dataclass(frozen=True)
class Prepared:
    """Matters as they will be written: made without the database, while it still writes those before."""

    inserts: tuple[bulk.Insert, ...]
    told: tuple[notices.Told, ...]
    sealed: tuple[Matter, ...]


def prepare(matters: Sequence[tuple[Matter, Telling]], *, opened: vault.Keys, actor: Actor) -> Prepared:
    """What `matters` leave, each with its history by a Teller. Reads nothing and writes nothing."""
    written = _Written(opened)
    ids = iter(uuid7s(sum(len(telling.duties) + len(telling.lines) for _, telling in matters)))
    salts = os.urandom(SALT * sum(len(telling.lines) for _, telling in matters))
    for matter, telling in matters:
        _tell(written, matter, telling, actor, ids, salts)
    tables = (_cases, _duties, _records, _entries, _papers)
    return Prepared(
        tuple(table(written) for table in tables),
        tuple(written.told),
        tuple(matter for matter, _ in matters if matter.sealed),
    )


def record_import(prepared: Prepared, *, actor: Actor, at: datetime) -> None:
    """Write what was prepared, in the caller's transaction, all or none. The submissions are the caller's."""
    bulk.run(prepared.inserts)
    notices.petitioners_told(prepared.told, at=at)
    cases = (Case(id=matter.case_id, office_id=matter.office.pk) for matter in prepared.sealed)
    sealing.grant_intake(*cases, granted_by=actor.kind, at=at)


def _tell(written: _Written, matter: Matter, telling: Telling, actor: Actor, ids: Iterator[UUID], salts: bytes) -> None:
    moments = {"received": matter.received_at, "answered": matter.answered_at, "closed": matter.closed_at}
    values = {"case": str(matter.case_id)}
    cells = {}
    for name, at in moments.items():
        if at is not None:
            values[name], cells[name] = at.isoformat(), bulk.moment(at)
    case = bulk.uuid(matter.case_id)
    for place, duty in enumerate(telling.duties):
        id_ = next(ids)
        values[f"duty{place}"] = str(id_)
        settled = _cell(duty.settled, cells) if duty.settled is not None else None
        written.duties.append((bulk.uuid(id_), case, _cell(duty.opened, cells), settled, _duty_kind(written, duty)))
    for paper in telling.papers:
        values["paper"] = str(_paper(written, matter, telling, paper))
    head = chain.GENESIS
    for seq, line in enumerate(telling.lines, 1):
        moment, kind = _cell(line.when, cells), _line_kind(written, line)
        if line.inputs is not None:
            first = SALT * len(written.entries)
            salt, id_ = salts[first : first + SALT], next(ids)
            plain = line.plain or canonical(_inputs(line, matter))
            values["inputs"] = hashlib.sha256(salt + plain).hexdigest()
            words, hidden = _words(written, plain, matter, id_)
            written.records.append((bulk.uuid(id_), case, seq, kind, moment, salt, words, hidden))
        payload = (line.mould % values).encode()
        digest = chain.entry_hash(head, payload)
        written.entries.append((case, seq, kind, moment, payload, head, digest))
        head = digest
    closed = _cell(telling.closed, cells) if telling.closed is not None else None
    written.cases.append((matter, telling, closed, _cell(telling.changed, cells), head))
    if matter.person_id is not None:
        for notice in telling.notices:
            written.told.append(
                (
                    notice.text, matter.case_id, matter.person_id, matter.number, matter.sealed, matter.received_at,
                    actor.organ_id,
                )
            )  # fmt: skip


def _cell(when: When, cells: Mapping[str, bytes]) -> bytes:
    """The moment as it stands in a column. Raises KeyError for a history without it."""
    return cells[when] if isinstance(when, str) else bulk.moment(when)


def _inputs(line: Line, matter: Matter) -> Mapping[str, Any]:
    if line.step == "receive":
        kept = {"submission": matter.submission_id, "channel": matter.channel, "files": []}
        return words_of({**kept, **matter.origin}, line.wanting)
    return words_of({**(line.inputs or {}), "reply": matter.reply}, line.wanting)


def _words(written: _Written, plain: bytes, matter: Matter, row: UUID) -> tuple[bytes | None, bytes | None]:
    if not matter.sealed:
        return plain, None
    readable = json.dumps(json.loads(plain), ensure_ascii=False).encode()
    return None, written.opened.encrypt("sealed", readable, row.bytes)


def _duty_kind(written: _Written, duty: Duty) -> int:
    kind = written.duty_kinds.get(id(duty))
    if kind is None:
        written.kinds.append(duty)
        kind = written.duty_kinds[id(duty)] = len(written.kinds)
    return kind


def _line_kind(written: _Written, line: Line) -> int:
    kind = written.lines.get(id(line))
    if kind is None:
        by = line.actor
        key = (
            line.event, line.step, by.kind, by.account_id, by.post_id, by.organ_id, line.public, line.cites,
        )  # fmt: skip
        kind = written.lines[id(line)] = written.line_kinds.setdefault(key, len(written.line_kinds) + 1)
    return kind


def _paper(written: _Written, matter: Matter, telling: Telling, kind: str) -> UUID:
    id_, day = uuid7(), day_of(matter.received_at)
    number = drawing.document_number(
        kind, organ_word=f"{matter.office.short_name[:20]}信", day=day, serial=new_serial()
    )
    content = {"inputs": {}, "by": "registrar", "dates": json.loads(telling.facts)["dates"]}
    words, hidden = _words(written, canonical(content), matter, id_)
    written.papers.append((id_, matter.case_id, kind, number, matter.office.pk, matter.received_at, words, hidden))
    return id_


def _cases(written: _Written) -> bulk.Insert:
    rows = written.cases
    matters: list[Matter] = [row[0] for row in rows]
    tellings: list[Telling] = [row[1] for row in rows]
    return bulk.inserting(
        "cases_case",
        {
            "id": bulk.uuids(m.case_id for m in matters),
            "number": bulk.texts(m.number for m in matters),
            "procedure": bulk.texts(t.procedure for t in tellings),
            "version": bulk.days(t.version for t in tellings),
            "state": bulk.texts(t.state for t in tellings),
            "title": bulk.texts(sealing.NEUTRAL_TITLE if m.sealed else m.title for m in matters),
            "channel": bulk.texts(m.channel for m in matters),
            "jurisdiction": bulk.texts(m.office.area_code for m in matters),
            "area_code": bulk.texts(m.area_code for m in matters),
            "content_code": bulk.texts(m.content_code for m in matters),
            "office_id": bulk.bigints(m.office.pk for m in matters),
            "desk_id": bulk.bigints(None if m.desk is None else m.desk.pk for m in matters),
            "lead_id": bulk.bigints(t.lead for t in tellings),
            "person_id": bulk.uuids(m.person_id for m in matters),
            "anonymous": bulk.bools(m.anonymous for m in matters),
            "confidential": bulk.bools(m.confidential for m in matters),
            "sealed": bulk.bools(m.sealed for m in matters),
            "received_at": bulk.moments(m.received_at for m in matters),
            "received_on": bulk.days(t.version for t in tellings),
            "facts": bulk.jsons(t.facts for t in tellings),
            "waits_for": bulk.texts(t.waits_for for t in tellings),
            "closed_at": bulk.moment_places([row[2] for row in rows]),
            "closed_cause": bulk.texts(t.cause for t in tellings),
            "changed_at": bulk.moment_places([row[3] for row in rows]),
            "head_seq": bulk.ints(len(t.lines) for t in tellings),
            "head_hash": bulk.blobs(row[4] for row in rows),
        },
    )


def _duties(written: _Written) -> bulk.Insert:
    ids, cases, opened, settled, places = _turned(written.duties, 5)
    rows = [kind.row for kind in written.kinds]
    return bulk.inserting(
        "cases_obligation",
        {
            "id": bulk.uuid_places(ids),
            "case_id": bulk.uuid_places(cases),
            "opened_at": bulk.moment_places(opened),
            "settled_at": bulk.moment_places(settled),
            "kind": bulk.ints(places),
        },
        kinds={
            "act": bulk.texts(row.act for row in rows),
            "title": bulk.texts(row.title for row in rows),
            "kind": bulk.texts(row.kind for row in rows),
            "owner": bulk.texts(row.owner for row in rows),
            "organ_id": bulk.bigints(row.organ_id for row in rows),
            "term": bulk.texts(row.term for row in rows),
            "start_on": bulk.days(row.start_on for row in rows),
            "due": bulk.days(row.due for row in rows),
            "due_unrolled": bulk.days(row.due_unrolled for row in rows),
            "provisional": bulk.bools(row.provisional for row in rows),
            "trace": bulk.jsons(kind.trace for kind in written.kinds),
            "cites": bulk.jsons(kind.cites for kind in written.kinds),
            "state": bulk.texts(row.state for row in rows),
            "colour": bulk.texts(row.colour for row in rows),
            "leading": bulk.bools(row.leading for row in rows),
            "wake_at": bulk.moments(row.wake_at for row in rows),
            "opened_seq": bulk.ints(row.opened_seq for row in rows),
            "settled_on": bulk.days(row.settled_on for row in rows),
        },
        fixed={"watch_failures": 0},
    )


def _records(written: _Written) -> bulk.Insert:
    ids, cases, seqs, places, moments, salts, words, hidden = _turned(written.records, 8)
    kinds = list(written.line_kinds)
    return bulk.inserting(
        "cases_record",
        {
            "id": bulk.uuid_places(ids),
            "case_id": bulk.uuid_places(cases),
            "seq": bulk.ints(seqs),
            "kind": bulk.ints(places),
            "at": bulk.moment_places(moments),
            "salt": bulk.blobs(salts),
            "words": bulk.jsons(words),
            "words_sealed": bulk.blobs(hidden),
        },
        kinds={
            "event": bulk.texts(k[0] for k in kinds),
            "step": bulk.texts(k[1] for k in kinds),
            "actor_kind": bulk.texts(k[2] for k in kinds),
            "account_id": bulk.bigints(k[3] for k in kinds),
            "post_id": bulk.bigints(k[4] for k in kinds),
            "organ_id": bulk.bigints(k[5] for k in kinds),
            "public": bulk.bools(k[6] for k in kinds),
            "cites": bulk.jsons(k[7] for k in kinds),
        },
    )


def _entries(written: _Written) -> bulk.Insert:
    cases, seqs, places, moments, payloads, before, hashes = _turned(written.entries, 7)
    kinds = list(written.line_kinds)
    of = [place - 1 for place in places]  # no join here: the order of the rows is the order of the ledger
    return bulk.inserting(
        "ledger_entry",
        {
            "case_id": bulk.uuid_places(cases),
            "seq": bulk.ints(seqs),
            "event": bulk.picked(bulk.texts(k[0] for k in kinds), of),
            "step": bulk.picked(bulk.texts(k[1] for k in kinds), of),
            "actor_kind": bulk.picked(bulk.texts(k[2] for k in kinds), of),
            "account_id": bulk.picked(bulk.bigints(k[3] for k in kinds), of),
            "post_id": bulk.picked(bulk.bigints(k[4] for k in kinds), of),
            "organ_id": bulk.picked(bulk.bigints(k[5] for k in kinds), of),
            "occurred_at": bulk.moment_places(moments),
            "payload": bulk.texts(payloads),
            "prev_hash": bulk.blobs(before),
            "hash": bulk.blobs(hashes),
        },
    )


def _turned(rows: Sequence[tuple[Any, ...]], width: int) -> list[Sequence[Any]]:
    """The columns of `rows`."""
    return list(zip(*rows, strict=True)) or [()] * width


def _papers(written: _Written) -> bulk.Insert:
    rows = written.papers
    return bulk.inserting(
        "cases_document",
        {
            "id": bulk.uuids(r[0] for r in rows),
            "case_id": bulk.uuids(r[1] for r in rows),
            "kind": bulk.texts(r[2] for r in rows),
            "number": bulk.texts(r[3] for r in rows),
            "issuer_id": bulk.bigints(r[4] for r in rows),
            "created_at": bulk.moments(r[5] for r in rows),
            "issued_on": bulk.days(day_of(r[5]) for r in rows),
            "words": bulk.jsons(r[6] for r in rows),
            "words_sealed": bulk.blobs(r[7] for r in rows),
        },
        fixed={"state": "sealed", "live": True},
    )
