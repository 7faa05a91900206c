"""Rows of a table into the house, batch by batch: what is new is taken in, what came before is counted, what is wrong is kept.

Each batch is one transaction with the place reached in the file, so that a crash costs a batch and nothing comes twice.
While the database works on one batch, a thread makes the rows of the next: it asks the database nothing, and what is there
already is sorted out when the batch is written, behind all batches before it.
"""

import json
import queue
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from operator import attrgetter
from typing import TypeVar
from uuid import UUID

from django.db import DataError, IntegrityError, connections, transaction
from django.utils.translation import gettext

from xinqiao.cases import record_import as records
from xinqiao.cases.history import Teller, Telling
from xinqiao.cases.record_import import Matter, record_import, shape_of
from xinqiao.intake import services as intake
from xinqiao.intake.models import Submission
from xinqiao.kernel.canonical import canonical
from xinqiao.kernel.clock import day_of
from xinqiao.kernel.errors import Refused
from xinqiao.kernel.ids import new_number, uuid7s
from xinqiao.ledger import bulk
from xinqiao.people import bulk as vault
from xinqiao.people.actors import Actor
from xinqiao.people.models import Area, Organ, in_force

from .cells import Row
from .convert import Book, Converter, Said, Wrong

T = TypeVar("T")
BATCH = 1_000
CITY = 4
INT = attrgetter("int")
TURN = 0.0003  # seconds that a thread may keep the interpreter while another waits for it
USUAL_TURN = sys.getswitchinterval()


@dataclass
class Batch:
    """Rows looked at together. `last` is the last line of the file among them."""

    last: int = 0
    rows: int = 0
    said: list[Said] = field(default_factory=list)
    wrong: list[Wrong] = field(default_factory=list)
    origins: list[Row] = field(default_factory=list)
    made: "_Made | None" = None


@dataclass(frozen=True)
class Outcome:
    """What became of a batch."""

    imported: int
    already: int
    wrong: Sequence[Wrong]


def book_for(*, office: Organ | None, at: datetime) -> Book:
    """The areas and organs that a table of this office may name: those of its city; all of them when no office asks."""
    city = office.area_code[:CITY] if office is not None else ""
    areas: dict[str, str] = {}
    for code, name, full in Area.objects.filter(in_force(day_of(at)), code__startswith=city).values_list(
        "code", "name", "full_name"
    ):
        areas[code] = areas[full] = code
        areas[name] = "" if name in areas and areas[name] != code else code  # a name that two places share names none
    named: dict[str, int] = {}
    shortly: dict[str, int] = {}
    for pk, name, short in Organ.objects.filter(in_force(day_of(at)), area_code__startswith=city).values_list(
        "pk", "name", "short_name"
    ):
        named[name] = 0 if name in named else pk  # the same for organs; a whole name goes before a short one
        shortly[short] = 0 if shortly.get(short, pk) != pk else pk
    organs = {name: pk for name, pk in (shortly | named).items() if name and pk}
    return Book({name: code for name, code in areas.items() if code}, organs)


def batches(rows: Iterable[Row], converter: Converter, *, after: int = 0, size: int = BATCH) -> Iterator[Batch]:
    """Rows behind line `after`, converted, a batch at a time."""
    wanted = (row for row in rows if row.number > after)
    while chunk := list(islice(wanted, size)):
        batch = Batch(last=chunk[-1].number, rows=len(chunk))
        for row in chunk:
            found = converter.convert(row)
            if isinstance(found, Said):
                batch.said.append(found)
                batch.origins.append(row)
            else:
                batch.wrong.append(found)
        yield batch


def ahead(items: Iterable[T], depth: int = 2) -> Iterator[T]:
    """The same items, prepared by a thread while the caller waits for the database. What it raises is raised here.

    Threads take shorter turns meanwhile: at the usual 5 ms the caller waits so long after each word from the database.
    """
    ready: queue.Queue[tuple[str, object]] = queue.Queue(depth)
    stop = threading.Event()

    def offer(kind: str, value: object) -> bool:
        while not stop.is_set():
            try:
                ready.put((kind, value), timeout=0.2)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for item in items:
                if not offer("item", item):
                    return
            offer("end", None)
        except BaseException as error:
            offer("error", error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=work, name="sheet-reader", daemon=True)
    thread.start()
    sys.setswitchinterval(TURN)
    try:
        while True:
            kind, value = ready.get()
            if kind == "end":
                return
            if kind == "error":
                raise value  # type: ignore[misc]
            yield value  # type: ignore[misc]
    finally:
        stop.set()
        thread.join()
        sys.setswitchinterval(USUAL_TURN)


class Taker:
    """Takes batches of one table in, for one actor on one occasion.

    A row with a number of its source is known by `office` and the name of the number's column (`numbered`), another one by
    `office` and all it says. `former`: scopes under which rows came in that were known by all names of their columns.
    """

    def __init__(
        self,
        *,
        sheet_id: UUID,
        office: str,
        numbered: str,
        former: Sequence[str] = (),
        converter: Converter,
        actor: Actor,
        at: datetime,
    ) -> None:
        self._sheet_id, self._converter, self._actor, self._at = sheet_id, converter, actor, at
        self._scope = _Scope(f"{office}|".encode(), f"{office}|{numbered}".encode())
        self._former = [_Scope(scope.encode(), scope.encode()) for scope in former]
        self._tried: dict[int, int] = {}
        self._teller = Teller(actor)
        self._offices: dict[str, tuple[Organ | None, Organ]] = {}
        self._hash = vault.fingerprints()
        self._opened = vault.keys_opened()
        self._alone = threading.Lock()

    def look(self, batch: Batch) -> Outcome:
        """What would become of a batch, in the caller's transaction; nothing is written. Batches that were looked at before
        count as if they had come in."""
        made = self._new(batch, tried=True)
        for one, content in zip(made.seen, made.contents, strict=True):
            self._tried.setdefault(one.int >> 64, content.int >> 64)
        return Outcome(len(made.fresh), made.already, [*batch.wrong, *made.wrong])

    def prepare(self, batch: Batch) -> Batch:
        """The batch with its rows made ahead, as if none had come before. Left as it is when that needs the database, or fails."""
        if all(said.words.area_code in self._offices for said in batch.said):
            with suppress(UnicodeError):
                made = self._made(batch, {})
                made.rows = self._rows(made.fresh)
                batch.made = made
        return batch

    def take(self, batch: Batch) -> Outcome:
        """Take a batch in, in the caller's transaction. Where the database refuses it, row by row: one bad row stops no other."""
        try:
            with transaction.atomic():
                return self._take(batch)
        except (DataError, IntegrityError, UnicodeError):
            return self._one_by_one(batch)

    def _take(self, batch: Batch) -> Outcome:
        made = self._new(batch)
        if made.fresh:
            rows = made.rows or self._rows(made.fresh)
            with bulk.together():
                bulk.run(rows.before)
                record_import(rows.matters, actor=self._actor, at=self._at)
                bulk.run(rows.after)
        self._opened = vault.keys_opened()
        return Outcome(len(made.fresh), made.already, [*batch.wrong, *made.wrong])

    def _new(self, batch: Batch, *, tried: bool = False) -> "_Made":
        """The batch without what came before."""
        for area in {said.words.area_code for said in batch.said} - self._offices.keys():
            self._offices[area] = intake.offices(self._actor, area, self._at)
        made = batch.made or self._made(batch, {})
        rows = dict(bulk.known("intake_sheetrow", "identity", bulk.uuids(made.seen), "content"))
        if made.former:
            found = bulk.known("intake_sheetrow", "identity", bulk.uuids(made.former), "content")
            for before, content in found:
                one, meant, mine = made.former[before]
                rows.setdefault(one, mine if content == meant else content)
        if tried:
            rows = self._looked_at(made) | rows
        return self._made(batch, rows) if rows else made

    def _looked_at(self, made: "_Made") -> dict[UUID, UUID]:
        """Of these rows those that stood in a batch that was looked at before."""
        found = {}
        for one, content in zip(made.seen, made.contents, strict=True):
            before = self._tried.get(one.int >> 64)
            if before is not None:
                found[one] = UUID(int=content.int) if before == content.int >> 64 else UUID(int=before)
        return found

    def _one_by_one(self, batch: Batch) -> Outcome:
        imported, already, wrong = 0, 0, list(batch.wrong)
        for said, row in zip(batch.said, batch.origins, strict=True):
            try:
                with transaction.atomic():
                    done = self._take(Batch(row.number, 1, [said], [], [row]))
            except (DataError, IntegrityError, UnicodeError):
                wrong.append(self._converter.refuse(row, {"": gettext("这一行里有存不下的字符，请检查后再导入。")}))
                continue
            imported, already, wrong = imported + done.imported, already + done.already, [*wrong, *done.wrong]
        return Outcome(imported, already, wrong)

    def _made(self, batch: Batch, known: dict[UUID, UUID]) -> "_Made":
        """Those that have not come before, with their histories; how many came before; those whose number came before with
        other words, and those that the law does not know."""
        made = _Made(ids=iter(sorted(uuid7s(3 * len(batch.said)), key=INT)))  # in the order of the rows
        with self._alone:
            for said, row in zip(batch.said, batch.origins, strict=True):
                identity, content = self._fingerprint(said, self._scope)
                made.seen.append(identity)
                made.contents.append(content)
                for scope in self._former:
                    former, words = self._fingerprint(said, scope)
                    made.former[former] = identity, words, UUID(int=content.int)
                before = known.setdefault(identity, content)
                if before is content:
                    self._add(made, said, row, identity, content)
                elif before == content:
                    made.already += 1
                else:
                    reason = gettext("这个编号以前导入过，内容却不同。请核对是不是同一件事；不是的，请改编号后再导入。")
                    made.wrong.append(self._converter.refuse(row, {"number": reason}))
        return made

    def _add(self, made: "_Made", said: Said, row: Row, identity: UUID, content: UUID) -> None:
        matter = self._matter(said, made.ids)
        try:
            telling = self._teller.tell(shape_of(matter, self._at))
        except (Refused, LookupError) as error:
            reason = gettext("期限或者步骤按法律对不上：{why}").format(why=str(error)[:200])
            made.wrong.append(self._converter.refuse(row, {"": reason}))
        else:
            made.fresh.append(_Fresh(said, identity, content, matter, telling))

    def _fingerprint(self, said: Said, scope: "_Scope") -> tuple[UUID, UUID]:
        words = said.words
        content = self._digest(b"words", scope.office, canonical([words.text, words.title]))
        if said.number:
            return self._digest(b"number", scope.numbered, said.number.encode()), content
        who = list(said.identity.as_dict().values()) if said.identity else []
        received = said.received_at if said.past else None
        everything = [
            words.text,
            words.title,
            words.place,
            words.area_code,
            words.wish,
            said.channel,
            received,
            said.reply,
            who,
        ]
        return self._digest(b"all", scope.office, canonical(everything)), content

    def _digest(self, kind: bytes, scope: bytes, said: bytes) -> UUID:
        return UUID(bytes=self._hash(b"|".join((kind, scope, said)))[:16])

    def _matter(self, said: Said, ids: Iterator[UUID]) -> Matter:
        area = said.words.area_code
        desk, office = self._offices[area]
        sealed = said.who.about_official
        origin: dict[str, object] = {"import": self._sheet_id, "line": said.row}
        source = dict(said.source)
        if sealed and said.reply:  # what was done about a report is for its keepers to judge
            source[gettext("答复内容")] = said.reply
        if said.number:
            origin["number"] = said.number
        if source:
            origin["source"] = source
        return Matter(
            case_id=next(ids), submission_id=next(ids), number=f"{new_number()}-1", title=intake.title_of(said.words),
            channel=said.channel, office=office, desk=desk, received_at=said.received_at, past=said.past,
            area_code=area, person_id=next(ids) if said.identity is not None else None,
            anonymous=said.who.reporter == Submission.Reporter.ANONYMOUS, confidential=said.who.confidential,
            sealed=sealed, answered_at=said.answered_at, closed_at=said.closed_at, reply=said.reply,
            lead_id=said.lead_id if said.answered_at else None, origin=origin,
        )  # fmt: skip

    def _rows(self, fresh: Sequence["_Fresh"]) -> "_Rows":
        opened, matters = self._opened, [one.matter for one in fresh]
        named = [matter for matter in matters if matter.person_id is not None]
        came = bulk.inserting(
            "intake_sheetrow",
            {
                "identity": bulk.uuids(one.identity for one in fresh),
                "content": bulk.uuids(one.content for one in fresh),
                "case_id": bulk.uuids(matter.case_id for matter in matters),
                "line": bulk.ints(one.said.row for one in fresh),
            },
            fixed={"sheet_id": self._sheet_id},
        )
        people = [
            vault.Stored(one.matter.person_id, one.said.identity, one.matter.received_at, one.matter.sealed)
            for one in fresh
            if one.matter.person_id is not None and one.said.identity is not None
        ]
        items = bulk.inserting(
            "intake_submissioncase",
            {
                "submission_id": bulk.uuids(matter.submission_id for matter in matters),
                "case_id": bulk.uuids(matter.case_id for matter in matters),
            },
        )
        parties = bulk.inserting(
            "intake_party",
            {
                "submission_id": bulk.uuids(matter.submission_id for matter in named),
                "person_id": bulk.uuids(matter.person_id for matter in named),
                "since": bulk.moments(matter.received_at for matter in named),
            },
            fixed={"role": "petitioner"},
        )
        return _Rows(
            before=[came, *vault.persons_inserting(people, opened), self._submissions(fresh, opened)],
            matters=records.prepare([(one.matter, one.telling) for one in fresh], opened=opened, actor=self._actor),
            after=[items, parties],
        )

    def _submissions(self, fresh: Sequence["_Fresh"], opened: vault.Keys) -> bulk.Insert:
        codes = vault.codes_of(((f"import/{one.identity}", one.matter.number[:-2]) for one in fresh), opened)
        matters = [one.matter for one in fresh]
        open_words: list[str | None] = []
        sealed_words: list[bytes | None] = []
        for one in fresh:
            words = one.said.words
            spoken = {"text": words.text, "title": words.title, "place": words.place, "wish": words.wish}
            told = json.dumps(spoken, ensure_ascii=False)
            sealed = one.matter.sealed
            open_words.append(None if sealed else told)
            sealed_words.append(
                opened.encrypt("sealed", told.encode(), one.matter.submission_id.bytes) if sealed else None
            )
        return bulk.inserting(
            "intake_submission",
            {
                "id": bulk.uuids(matter.submission_id for matter in matters),
                "number": bulk.texts(matter.number[:-2] for matter in matters),
                "code_hash": bulk.blobs(codes),
                "channel": bulk.texts(matter.channel for matter in matters),
                "reporter": bulk.texts(one.said.who.reporter for one in fresh),
                "received_at": bulk.moments(matter.received_at for matter in matters),
                "title": bulk.texts("" if matter.sealed else matter.title for matter in matters),
                "words": bulk.jsons(open_words),
                "words_sealed": bulk.blobs(sealed_words),
                "area_code": bulk.texts(matter.area_code for matter in matters),
                "joint_count": bulk.ints(max(1, one.said.who.joint_count) for one in fresh),
                "confidential": bulk.bools(matter.confidential for matter in matters),
                "sealed": bulk.bools(matter.sealed for matter in matters),
            },
        )


@dataclass(frozen=True, slots=True)
class _Scope:
    """Within what a row is known again: all that it says, or its number."""

    office: bytes
    numbered: bytes


@dataclass(frozen=True, slots=True)
class _Fresh:
    said: Said
    identity: UUID
    content: UUID
    matter: Matter
    telling: Telling


@dataclass(frozen=True)
class _Rows:
    """What a batch leaves, ready to be written: what comes before the cases, the cases, what points at both."""

    before: Sequence[bulk.Insert]
    matters: records.Prepared
    after: Sequence[bulk.Insert]


@dataclass
class _Made:
    """A batch sorted; `rows` when they were made ahead. `ids` are for its matters."""

    ids: Iterator[UUID]
    seen: list[UUID] = field(default_factory=list)
    contents: list[UUID] = field(default_factory=list)
    former: dict[UUID, tuple[UUID, UUID, UUID]] = field(default_factory=dict)
    fresh: list[_Fresh] = field(default_factory=list)
    already: int = 0
    wrong: list[Wrong] = field(default_factory=list)
    rows: _Rows | None = None
