"""A table's way through the house: kept, mapped, tried, taken in, removed. The import's row stays as the record of it."""

import gc
import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime, timedelta
from typing import Any, BinaryIO
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext

from xinqiao.cases import finding
from xinqiao.intake.models import SheetImport, SheetMapping, SheetReject
from xinqiao.kernel.errors import BadInput, Conflict, NotFound
from xinqiao.kernel.ids import uuid7
from xinqiao.people import keys
from xinqiao.people.access import acting
from xinqiao.people.actors import SYSTEM, Actor
from xinqiao.people.models import Organ

from . import mapping, store
from .cells import Unreadable
from .convert import Converter, Said, Wrong
from .reading import Sheet, open_sheet
from .taking import Outcome, Taker, ahead, batches, book_for

IMPORTERS = frozenset({"officer", "admin"})
MOST_SHOWN = 500
MOST_SHEETS = 100
SCOPE = 2  # rows are known by the office and the name of the number's column; before, by all names of columns
MOST_FORMER = 20
KEPT_FOR = timedelta(days=30)
UNUSED_FOR = timedelta(days=2)
COLLECTED_AFTER = 50  # batches
State = SheetImport.State
WORKING = (State.CHECKING, State.RUNNING)


def may_import(actor: Actor) -> bool:
    """Officers and administrators of a petition office, and commands at the machine."""
    if actor.kind == "system":
        return True
    if not actor.is_staff or actor.role not in IMPORTERS or actor.organ_id is None:
        return False
    return Organ.objects.filter(pk=actor.organ, kind=Organ.Kind.PETITION_OFFICE).exists()


def own(actor: Actor) -> Q:
    """Condition: brought by the actor's office, or by a command when it is a command that asks."""
    return Q(organ=None) if actor.organ_id is None else Q(organ_id=actor.organ_id)


def sheet_upload(*, name: str, chunks: Iterable[bytes], actor: Actor, at: datetime) -> SheetImport:
    """Keep a table, look at its headings and guess what they mean. Raises Unreadable (BadInput on `file`), NotFound."""
    _allowed(actor)
    import_id = uuid7()
    size, digest = store.put(import_id, chunks)
    try:
        with store.opened(import_id) as file:
            sheet = open_sheet(file)
            columns = mapping.guess(sheet.headings, sheet.sample())
        return SheetImport.objects.create(
            id=import_id, organ_id=actor.organ_id, account_id=actor.account_id, post_id=actor.post_id,
            name=name[-200:], size=size, sha256=digest, table=_described(sheet), columns=columns.as_dict(), created_at=at,
        )  # fmt: skip
    except BaseException:
        store.drop(import_id)
        raise


def _described(sheet: Sheet, said_row: int = 0) -> dict[str, Any]:
    """What is kept of a table: `said_row` when somebody said where its headings stand, `scope` how its rows are known again."""
    return {
        "kind": sheet.table.kind,
        "detail": sheet.table.detail,
        "sheet": sheet.table.sheet,
        "sheets": list(sheet.table.sheets)[:MOST_SHEETS],
        "headings": list(sheet.headings),
        "heading_row": sheet.heading_row,
        "said_row": said_row,
        "scope": SCOPE,
    }


def reopened(sheet: SheetImport, file: BinaryIO) -> Sheet:
    """The table of an import as it was described."""
    return open_sheet(file, sheet=sheet.table.get("sheet", ""), heading_row=sheet.table.get("said_row", 0))


@transaction.atomic
def sheet_reread(*, sheet_id: UUID, page: str, heading_row: int, actor: Actor, at: datetime) -> SheetImport:
    """Read another sheet of the file (`page`), or the headings from another line (0: find them). Raises Unreadable, Conflict."""
    sheet = _locked(sheet_id, actor)
    if sheet.state not in (State.MAPPING, State.CHECKED):
        raise Conflict("这个文件已经在导入了，读哪一张表改不了。")
    with store.opened(sheet_id) as file:
        found = open_sheet(file, sheet=page, heading_row=heading_row)
        sheet.table = _described(found, heading_row)
        sheet.columns = mapping.guess(found.headings, found.sample()).as_dict()
    sheet.state, sheet.findings = State.MAPPING, b""
    sheet.save(update_fields=["table", "columns", "state", "findings"])
    return sheet


@transaction.atomic
def sheet_columns(
    *, sheet_id: UUID, columns: mapping.Columns, save_as: str = "", actor: Actor, at: datetime
) -> SheetImport:
    """Say which column is which; with `save_as`, keep that under a name for the office. Raises BadInput by field."""
    sheet = _locked(sheet_id, actor)
    if sheet.state not in (State.MAPPING, State.CHECKED):
        raise Conflict("这个文件已经在导入了，列的对应关系改不了。")
    wrong = mapping.faults(columns, sheet.table["headings"])
    if wrong:
        raise BadInput(wrong)
    sheet.columns, sheet.state, sheet.findings = columns.as_dict(), State.MAPPING, b""
    sheet.save(update_fields=["columns", "state", "findings"])
    if save_as.strip():
        mapping_save(name=save_as, columns=columns, actor=actor, at=at)
    return sheet


@transaction.atomic
def mapping_save(*, name: str, columns: mapping.Columns, actor: Actor, at: datetime) -> SheetMapping:
    """Keep a mapping under a name; the same name again replaces it."""
    _allowed(actor)
    called = name.strip()[:60]
    kept = SheetMapping.objects.filter(own(actor), name=called).first()
    kept = kept or SheetMapping(organ_id=actor.organ_id, name=called)
    kept.columns, kept.account_id, kept.saved_at = columns.as_dict(), actor.account_id, at
    kept.save()
    return kept


@transaction.atomic
def sheet_start(*, sheet_id: UUID, dry: bool, actor: Actor, at: datetime) -> SheetImport:
    """Let the worker try the table (`dry`) or take it in. Starting twice has one effect. Raises BadInput, NotFound."""
    from xinqiao.intake.jobs import sheet_work

    sheet = _locked(sheet_id, actor)
    wanted = State.CHECKING if dry else State.RUNNING
    if sheet.state in (*WORKING, State.DONE):
        return sheet
    wrong = mapping.faults(mapping.columns_of(sheet.columns), sheet.table["headings"])
    if wrong:
        raise BadInput(wrong)
    _begin(sheet, wanted, at)
    sheet_work.configure(lock=f"sheet/{sheet_id}").defer(sheet_id=str(sheet_id))
    return sheet


def _begin(sheet: SheetImport, state: str, at: datetime) -> None:
    if sheet.state == State.CHECKED:
        sheet.already, sheet.seconds = 0, 0.0
    sheet.state, sheet.part, sheet.trouble, sheet.turn = state, 0.0, "", sheet.turn + 1
    if state == State.CHECKING:
        sheet.checked_rows = sheet.checked_wrong = sheet.already = 0
        sheet.findings = b""
    if sheet.started_at is None or state == State.CHECKING:
        sheet.started_at = at
    sheet.save()


@transaction.atomic
def sheet_stop(*, sheet_id: UUID, actor: Actor, at: datetime) -> SheetImport:
    """Stop after the batch at hand. What has come in stays in; starting again goes on from there."""
    sheet = _locked(sheet_id, actor)
    if sheet.state in WORKING:
        sheet.state = State.MAPPING if sheet.state == State.CHECKING else State.STOPPED
        sheet.save(update_fields=["state"])
    return sheet


@transaction.atomic
def sheet_drop(*, sheet_id: UUID, actor: Actor, at: datetime) -> SheetImport:
    """Remove the uploaded file of an import that is not wanted; the record that it was there stays."""
    sheet = _locked(sheet_id, actor)
    if sheet.state != State.DONE:
        sheet.state, sheet.ended_at = State.STOPPED, at
        sheet.save(update_fields=["state", "ended_at"])
    transaction.on_commit(lambda: store.drop(sheet_id))
    return sheet


def _allowed(actor: Actor) -> None:
    if not may_import(actor):
        raise NotFound()


def _locked(sheet_id: UUID, actor: Actor) -> SheetImport:
    _allowed(actor)
    sheet = SheetImport.objects.select_for_update(of=("self",)).filter(own(actor), pk=sheet_id).first()
    if sheet is None:
        raise NotFound()
    return sheet


# --- the work itself, in transactions of its own


class Work:
    """One table being tried or taken in, from where it stands. Run by the worker and by the command."""

    def __init__(self, *, sheet: SheetImport, file: BinaryIO, actor: Actor, at: datetime, size: int = 0) -> None:
        self._actor, self._at, self._id, self._dry = actor, at, sheet.id, sheet.state == State.CHECKING
        self._size = size
        self._after = 0 if self._dry else sheet.stands_at
        self._expected, self._turn = sheet.state, sheet.turn
        self._found = _Findings()
        self._opened = reopened(sheet, file)
        if list(self._opened.headings) != sheet.table["headings"]:
            raise Unreadable("文件的表头和核对列时不一样了。", remedy="请重新上传。")
        with self._acting():
            book = book_for(office=sheet.organ, at=at)
            columns = mapping.columns_of(sheet.columns)
            converter = Converter(columns, self._opened.headings, book, at, day_0=self._opened.table.day_0)
            numbered = " + ".join(columns.fields.get("number", ()))
            self._taker = Taker(
                sheet_id=sheet.id, office=str(sheet.organ_id), numbered=numbered, former=_former(sheet, numbered),
                converter=converter, actor=actor, at=at,
            )  # fmt: skip
        self._batches = batches(self._opened.rows(), converter, after=self._after, **({"size": size} if size else {}))

    def run(self) -> SheetImport:
        """Batch after batch until the end, or until somebody stops it. Returns the import as it stands."""
        with _seldom_collected(), nullcontext() if self._dry else finding.resting():
            return self._run()

    def _run(self) -> SheetImport:
        began = time.monotonic()
        try:
            ready = self._batches if self._dry else map(self._taker.prepare, self._batches)
            for place, batch in enumerate(ahead(ready), 1):
                with self._acting():
                    sheet = self._current()
                    if sheet is None:
                        break
                    outcome = self._taker.look(batch) if self._dry else self._taker.take(batch)
                    seconds, began = time.monotonic() - began, time.monotonic()
                    if self._dry:
                        self._found.note(batch.said)
                    self._note(sheet, batch.last, batch.rows, outcome, seconds)
                if place % COLLECTED_AFTER == 0:
                    gc.collect()
        except Unreadable as error:
            return self._end(State.FAILED, "；".join(filter(None, (error.message, error.remedy))))
        return self._end(State.CHECKED if self._dry else State.DONE)

    def _acting(self) -> AbstractContextManager[Actor]:
        return acting(self._actor)

    def _current(self) -> SheetImport | None:
        sheet = SheetImport.objects.select_for_update(of=("self",)).get(pk=self._id)
        stands = self._is_ours(sheet) and (self._dry or sheet.stands_at == self._after)
        return sheet if stands else None

    def _is_ours(self, sheet: SheetImport) -> bool:
        return sheet.state == self._expected and sheet.turn == self._turn

    def _note(self, sheet: SheetImport, last: int, rows: int, outcome: Outcome, seconds: float) -> None:
        sheet.part, sheet.seconds = self._opened.table.part(), sheet.seconds + seconds
        if self._dry:
            self._found.add(outcome.wrong)
            sheet.checked_rows += rows
            sheet.checked_wrong += len(outcome.wrong)
            sheet.findings = _hidden(self._found.as_dict(), sheet.id)
            sheet.already += outcome.already
        else:
            self._after = sheet.stands_at = last
            sheet.rows += rows
            sheet.imported += outcome.imported
            sheet.already += outcome.already
            sheet.rejected += len(outcome.wrong)
            _keep_rejects(sheet, outcome.wrong)
        sheet.save()

    def _end(self, state: str, trouble: str = "") -> SheetImport:
        with self._acting():
            sheet = SheetImport.objects.select_for_update(of=("self",)).get(pk=self._id)
            if self._is_ours(sheet):
                sheet.state, sheet.trouble, sheet.part = state, trouble[:400], 1.0
                if not self._dry or trouble:
                    sheet.ended_at = self._at
                sheet.save()
                if state in (State.DONE, State.FAILED):
                    transaction.on_commit(lambda: store.drop(self._id))
        return sheet


@contextmanager
def _seldom_collected() -> Iterator[None]:
    """Garbage collections only where the work asks for them: by themselves they go through all that is remembered, and take a
    quarter of the time."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def _former(sheet: SheetImport, numbered: str) -> list[str]:
    """Under what else rows of this office may have come in: all names of columns of the tables that were taken in before
    a row was known by its number's column; the latest first."""
    before = SheetImport.objects.filter(organ=sheet.organ, table__scope__isnull=True, imported__gt=0).order_by(
        "-created_at"
    )
    known = dict.fromkeys(
        json.dumps(headings, ensure_ascii=False)
        for headings in before.values_list("table__headings", flat=True)
        if not numbered or numbered in headings
    )
    return [f"{sheet.organ_id}|{headings}" for headings in list(known)[:MOST_FORMER]]


class _Findings:
    """What a dry run found: how many faults each column has, and the first of them line by line; and what would be cut short."""

    def __init__(self) -> None:
        self._columns: Counter[str] = Counter()
        self._rows: list[tuple[int, str, str]] = []
        self._notes: list[tuple[int, str, str]] = []

    def note(self, said: Sequence[Said]) -> None:
        for one in said:
            if one.notes and len(self._notes) < MOST_SHOWN:
                self._notes += [(one.row, heading, what) for heading, what in one.notes.items()]

    def add(self, wrong: Sequence[Wrong]) -> None:
        for row in wrong:
            for heading, what in row.faults.items():
                self._columns[heading] += 1
                if len(self._rows) < MOST_SHOWN:
                    self._rows.append((row.row, heading, what))

    def as_dict(self) -> dict[str, Any]:
        return {
            "columns": dict(self._columns.most_common()),
            "rows": self._rows,
            "notes": self._notes,
            "total": self._columns.total(),
        }


def _hidden(value: Mapping[str, Any], sheet_id: UUID) -> bytes:
    return keys.encrypt("sealed", json.dumps(value, ensure_ascii=False).encode(), sheet_id.bytes)


def _keep_rejects(sheet: SheetImport, wrong: Sequence[Wrong]) -> None:
    if not wrong:
        return
    rows = [[one.row, dict(one.faults), list(one.cells)] for one in sorted(wrong, key=lambda one: one.row)]
    first = min(one.row for one in wrong)
    plain = json.dumps(rows, ensure_ascii=False).encode()
    blob = keys.encrypt("sealed", plain, sheet.id.bytes + first.to_bytes(4, "big"))
    SheetReject.objects.update_or_create(sheet=sheet, first_line=first, defaults={"count": len(rows), "rows": blob})


# --- at the machine


def sheet_take_file(
    *,
    file: BinaryIO,
    name: str,
    size: int,
    digest: bytes,
    mapping_name: str,
    dry: bool,
    actor: Actor,
    at: datetime,
    page: str = "",
    heading_row: int = 0,
) -> SheetImport:
    """Take a table in (or only try it) from an open file, in this process. Raises Unreadable, BadInput.

    `page` and `heading_row` as in `sheet_reread`. After a crash the same file again goes on: what has come in counts as
    there already.
    """
    opened = open_sheet(file, sheet=page, heading_row=heading_row)
    with acting(actor):
        if mapping_name:
            columns = _columns_named(mapping_name)
        else:
            columns = mapping.guess(opened.headings, opened.sample())
        wrong = mapping.faults(columns, opened.headings)
        if wrong:
            raise BadInput(wrong, remedy=gettext("请在导入页面核对列，起名保存后用 --mapping 指定。"))
        sheet = SheetImport.objects.create(
            organ_id=actor.organ_id, account_id=actor.account_id, post_id=actor.post_id, name=name[-200:], size=size,
            sha256=digest, table=_described(opened, heading_row), columns=columns.as_dict(),
            state=State.CHECKING if dry else State.RUNNING, created_at=at, started_at=at,
        )  # fmt: skip
    return Work(sheet=sheet, file=file, actor=actor, at=at).run()


def _columns_named(name: str) -> mapping.Columns:
    """The mapping of that name: the one kept at the machine, else the only one that an office has kept."""
    kept = list(SheetMapping.objects.filter(name=name)[:MOST_SHOWN])
    if not kept:
        raise BadInput(
            {"mapping": gettext("没有叫“{name}”的列对应关系。").format(name=name)},
            remedy=gettext("先在导入页面核对一次列并起名保存，或者不写 --mapping，让系统自己认。"),
        )
    ours = [one for one in kept if one.organ_id is None] or kept
    if len(ours) > 1:
        raise BadInput(
            {"mapping": gettext("有几个单位都存过叫“{name}”的列对应关系，分不清用哪一个。").format(name=name)},
            remedy=gettext("请在导入页面换一个名字保存，再用 --mapping 指定。"),
        )
    return mapping.columns_of(ours[0].columns)


def sheets_sweep(*, at: datetime) -> int:
    """Remove files that nobody went on with or whose row was rolled back, and rejected rows after a month. Returns how many."""
    with acting(SYSTEM("sheets")):
        idle = SheetImport.objects.filter(created_at__lt=at - UNUSED_FOR).exclude(state__in=(*WORKING, State.DONE))
        forgotten = list(idle.values_list("id", flat=True))
        old = SheetReject.objects.filter(sheet__created_at__lt=at - KEPT_FOR)
        tidied = len(set(old.values_list("sheet_id", flat=True)))
        old.delete()
        known = set(SheetImport.objects.exclude(pk__in=forgotten).values_list("id", flat=True))
    return tidied + store.sweep(keep=known, older_than=UNUSED_FOR)
