"""The second door: matters that bring their past with them, written by the thousand. Nothing else writes beside take_step.

Each matter gets what the road would have left: case, duties with their terms and whether they were met, records with the
words, entries chained and hashed. What happened is told by history.py with the law's own functions: audited, not enforced.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
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
from .history import Line, Shape, Telling, When
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
    """Rows to be, by table; `kinds` numbers what many rows share."""

    opened: vault.Keys
    cases: list[tuple[Any, ...]] = field(default_factory=list)
    duties: list[tuple[UUID, UUID, datetime, datetime | None, int]] = field(default_factory=list)
    duty_kinds: dict[int, int] = field(default_factory=dict)
    entries: list[tuple[UUID, int, int, datetime, str, bytes, bytes]] = field(default_factory=list)
    records: list[tuple[UUID, UUID, int, int, datetime, bytes, str | None, bytes | None]] = field(default_factory=list)
    line_kinds: dict[tuple[Any, ...], int] = field(default_factory=dict)
    papers: list[tuple[UUID, UUID, str, str, int, datetime, str | None, bytes | None]] = field(default_factory=list)
    told: list[tuple[Any, ...]] = field(default_factory=list)
    kinds: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class Prepared:
    """Matters as they will be written: made without the database, while it still writes those before."""

    inserts: tuple[bulk.Insert, ...]
    told: tuple[notices.Told, ...]
    sealed: tuple[Matter, ...]


def prepare(matters: Sequence[tuple[Matter, Telling]], *, opened: vault.Keys, actor: Actor) -> Prepared:
    """What `matters` leave, each with its history by a Teller. Reads nothing and writes nothing."""
    written = _Written(opened)
    for matter, telling in matters:
        _tell(written, matter, telling, actor)
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
    for matter in prepared.sealed:
        case = Case(id=matter.case_id, office_id=matter.office.pk)
        sealing.grant_intake(case, granted_by=actor.kind, at=at)


def _tell(written: _Written, matter: Matter, telling: Telling, actor: Actor) -> None:
    moments = {"received": matter.received_at, "answered": matter.answered_at, "closed": matter.closed_at}
    case_id, case_text = matter.case_id, str(matter.case_id)
    values = {"case": case_text}
    for name, moment in moments.items():
        if moment is not None:
            values[name] = moment.isoformat()
    fresh = uuid7s(len(telling.duties) + len(telling.lines))
    ids = fresh[: len(telling.duties)]
    for place, (duty, id_) in enumerate(zip(telling.duties, ids, strict=True)):
        values[f"duty{place}"] = str(id_)
        settled = _at(duty.settled, moments) if duty.settled is not None else None
        kind = written.duty_kinds.get(id(duty))
        if kind is None:
            written.kinds.append(duty)
            kind = written.duty_kinds[id(duty)] = len(written.kinds)
        written.duties.append((id_, case_id, _at(duty.opened, moments), settled, kind))
    for paper in telling.papers:
        values["paper"] = str(_paper(written, matter, telling, paper))
    head = chain.GENESIS
    salts = os.urandom(SALT * len(telling.lines))
    for seq, line in enumerate(telling.lines, 1):
        moment = _at(line.when, moments)
        kind = _line_kind(written, line)
        if line.inputs is not None:
            salt = salts[(seq - 1) * SALT : seq * SALT]
            plain = canonical(_inputs(line, matter))
            values["inputs"] = hashlib.sha256(salt + plain).hexdigest()
            id_ = fresh[-seq]
            words, hidden = _words(written, plain, matter, id_)
            written.records.append((id_, case_id, seq, kind, moment, salt, words, hidden))
        payload = line.mould % values
        digest = chain.entry_hash(head, payload.encode())
        written.entries.append((case_id, seq, kind, moment, payload, head, digest))
        head = digest
    written.cases.append(
        (
            matter, telling.procedure, telling.state, telling.lead, telling.facts, telling.waits_for,
            _at(telling.closed, moments) if telling.closed is not None else None, telling.cause,
            _at(telling.changed, moments), len(telling.lines), head, telling.version,
        )
    )  # fmt: skip
    if matter.person_id is not None:
        for notice in telling.notices:
            written.told.append(
                (
                    notice.text,
                    case_id,
                    matter.person_id,
                    matter.number,
                    matter.sealed,
                    matter.received_at,
                    actor.organ_id,
                )
            )


def _at(when: When, moments: Mapping[str, datetime | None]) -> datetime:
    if isinstance(when, datetime):
        return when
    moment = moments[when]
    if moment is None:
        raise ValueError(f"a history without the moment {when!r}")
    return moment


def _inputs(line: Line, matter: Matter) -> Mapping[str, Any]:
    wanting = {"wanting": list(line.wanting)} if line.wanting else {}
    if line.step == "receive":
        kept = {"submission": matter.submission_id, "channel": matter.channel, "files": []}
        return {**kept, **matter.origin, **wanting}
    given = dict(line.inputs or {})
    if "reply" in given:
        given["reply"] = matter.reply
    return {**given, **wanting}


def _words(written: _Written, plain: bytes, matter: Matter, row: UUID) -> tuple[str | None, bytes | None]:
    if not matter.sealed:
        return plain.decode(), None
    readable = json.dumps(json.loads(plain), ensure_ascii=False).encode()
    return None, written.opened.encrypt("sealed", readable, row.bytes)


def _line_kind(written: _Written, line: Line) -> int:
    by = line.actor
    key = (
        line.event, line.step, by.kind, by.account_id, by.post_id, by.organ_id, line.public, line.cites,
    )  # fmt: skip
    return written.line_kinds.setdefault(key, len(written.line_kinds) + 1)


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
    rows, matters = written.cases, [row[0] for row in written.cases]
    return bulk.inserting(
        "cases_case",
        {
            "id": bulk.uuids(m.case_id for m in matters),
            "number": bulk.texts(m.number for m in matters),
            "procedure": bulk.texts(r[1] for r in rows),
            "version": bulk.days(r[11] for r in rows),
            "state": bulk.texts(r[2] for r in rows),
            "title": bulk.texts(sealing.NEUTRAL_TITLE if m.sealed else m.title for m in matters),
            "channel": bulk.texts(m.channel for m in matters),
            "jurisdiction": bulk.texts(m.office.area_code for m in matters),
            "area_code": bulk.texts(m.area_code for m in matters),
            "content_code": bulk.texts(m.content_code for m in matters),
            "office_id": bulk.bigints(m.office.pk for m in matters),
            "desk_id": bulk.bigints(None if m.desk is None else m.desk.pk for m in matters),
            "lead_id": bulk.bigints(r[3] for r in rows),
            "person_id": bulk.uuids(m.person_id for m in matters),
            "anonymous": bulk.bools(m.anonymous for m in matters),
            "confidential": bulk.bools(m.confidential for m in matters),
            "sealed": bulk.bools(m.sealed for m in matters),
            "received_at": bulk.moments(m.received_at for m in matters),
            "received_on": bulk.days(day_of(m.received_at) for m in matters),
            "facts": bulk.jsons(r[4] for r in rows),
            "waits_for": bulk.texts(r[5] for r in rows),
            "closed_at": bulk.moments(r[6] for r in rows),
            "closed_cause": bulk.texts(r[7] for r in rows),
            "changed_at": bulk.moments(r[8] for r in rows),
            "head_seq": bulk.ints(r[9] for r in rows),
            "head_hash": bulk.blobs(r[10] for r in rows),
        },
    )


def _duties(written: _Written) -> bulk.Insert:
    rows, kinds = written.duties, written.kinds
    return bulk.inserting(
        "cases_obligation",
        {
            "id": bulk.uuids(r[0] for r in rows),
            "case_id": bulk.uuids(r[1] for r in rows),
            "opened_at": bulk.moments(r[2] for r in rows),
            "settled_at": bulk.moments(r[3] for r in rows),
            "kind": bulk.ints(r[4] for r in rows),
        },
        kinds={
            "act": bulk.texts(k.row.act for k in kinds),
            "title": bulk.texts(k.row.title for k in kinds),
            "kind": bulk.texts(k.row.kind for k in kinds),
            "owner": bulk.texts(k.row.owner for k in kinds),
            "organ_id": bulk.bigints(k.row.organ_id for k in kinds),
            "term": bulk.texts(k.row.term for k in kinds),
            "start_on": bulk.days(k.row.start_on for k in kinds),
            "due": bulk.days(k.row.due for k in kinds),
            "due_unrolled": bulk.days(k.row.due_unrolled for k in kinds),
            "provisional": bulk.bools(k.row.provisional for k in kinds),
            "trace": bulk.jsons(k.trace for k in kinds),
            "cites": bulk.jsons(k.cites for k in kinds),
            "state": bulk.texts(k.row.state for k in kinds),
            "colour": bulk.texts(k.row.colour for k in kinds),
            "leading": bulk.bools(k.row.leading for k in kinds),
            "wake_at": bulk.moments(k.row.wake_at for k in kinds),
            "opened_seq": bulk.ints(k.row.opened_seq for k in kinds),
            "settled_on": bulk.days(k.row.settled_on for k in kinds),
        },
        fixed={"watch_failures": 0},
    )


def _records(written: _Written) -> bulk.Insert:
    rows, kinds = written.records, list(written.line_kinds)
    return bulk.inserting(
        "cases_record",
        {
            "id": bulk.uuids(r[0] for r in rows),
            "case_id": bulk.uuids(r[1] for r in rows),
            "seq": bulk.ints(r[2] for r in rows),
            "kind": bulk.ints(r[3] for r in rows),
            "at": bulk.moments(r[4] for r in rows),
            "salt": bulk.blobs(r[5] for r in rows),
            "words": bulk.jsons(r[6] for r in rows),
            "words_sealed": bulk.blobs(r[7] for r in rows),
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
    rows, kinds = written.entries, list(written.line_kinds)
    of = [kinds[r[2] - 1] for r in rows]  # no join here: the order of the rows is the order of the ledger
    return bulk.inserting(
        "ledger_entry",
        {
            "case_id": bulk.uuids(r[0] for r in rows),
            "seq": bulk.ints(r[1] for r in rows),
            "event": bulk.texts(k[0] for k in of),
            "step": bulk.texts(k[1] for k in of),
            "actor_kind": bulk.texts(k[2] for k in of),
            "account_id": bulk.bigints(k[3] for k in of),
            "post_id": bulk.bigints(k[4] for k in of),
            "organ_id": bulk.bigints(k[5] for k in of),
            "occurred_at": bulk.moments(r[3] for r in rows),
            "payload": bulk.texts(r[4] for r in rows),
            "prev_hash": bulk.blobs(r[5] for r in rows),
            "hash": bulk.blobs(r[6] for r in rows),
        },
    )


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
