"""Tables taken in leave what receive() leaves, field by field, with the same law; and history is audited by it."""

import csv
import io
import json
import os
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import openpyxl
import pytest
from django.db import models
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from tests.support.harness import FULL
from tests.support.world import MORNING, World

from xinqiao.cases import words
from xinqiao.cases.models import Case, Document, Obligation, Record, SealGrant
from xinqiao.intake import jobs
from xinqiao.intake import services as intake
from xinqiao.intake.models import Party, SheetImport, SheetRow, Submission, SubmissionCase
from xinqiao.intake.sheets import selectors, services, store, taking
from xinqiao.kernel.clock import SHANGHAI
from xinqiao.ledger import batch
from xinqiao.ledger.models import Entry
from xinqiao.ledger.verify import verify
from xinqiao.notices.models import Delivery, Message
from xinqiao.people import access
from xinqiao.people.actors import SYSTEM, Actor
from xinqiao.people.models import Organ, Person, PersonIndex
from xinqiao.people.vault import open_person

IMPORT = SYSTEM("import")
HEADINGS = ["编号", "姓名", "电话", "标题", "内容", "地点", "属地", "检举控告", "是否保密", "人数"]
LAMP = ["A-1", "钱大桥", "19900001234", "路灯", "小区门口的路灯坏了三个星期。", "三号门", "小河街道", "", "", ""]
LATER = MORNING + timedelta(days=400)


@pytest.fixture(autouse=True)
def _as_worker(world: World, as_role: Callable[[str], AbstractContextManager[None]]) -> Iterator[None]:
    """Imports run where sealed rows may be seen: in the worker and at the machine."""
    with as_role("seal"):
        access.bind(IMPORT)
        yield


def table(*rows: list[Any]) -> io.BytesIO:
    """A csv as a spreadsheet writes it."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return io.BytesIO(out.getvalue().encode("utf-8-sig"))


def take(file: io.BytesIO, *, actor: Actor = IMPORT, dry: bool = False, at: datetime = MORNING) -> SheetImport:
    """Take a table in as the command does."""
    done = services.sheet_take_file(
        file=file, name="表.csv", size=1, digest=b"x" * 32, mapping_name="", dry=dry, actor=actor, at=at
    )
    access.bind(IMPORT)
    return done


def counts(sheet: SheetImport) -> tuple[int, int, int, int]:
    return sheet.rows, sheet.imported, sheet.already, sheet.rejected


# --- the same as receive()

PASSING = {
    "hash",
    "prev_hash",
    "position",
    "xid",
    "recorded_at",
    "salt",
    "code_hash",
    "head_hash",
    "number",
    "ciphertext",
}
ORIGIN = {"import", "line", "number", "source"}


def plain(row: models.Model, names: Mapping[str, str], without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """A row as values; ids become names, what differs by chance is left out."""
    found: dict[str, Any] = {}
    for field in row._meta.concrete_fields:
        if field.attname in PASSING | without or (field.primary_key and isinstance(field, models.BigAutoField)):
            continue
        value = getattr(row, field.attname)
        found[field.attname] = names.get(str(value), value) if isinstance(value, UUID) else value
    return found


def renamed(text: str, names: Mapping[str, str]) -> Any:
    for each, name in names.items():
        text = text.replace(each, name)
    return json.loads(text)


def everything(case: Case) -> dict[str, Any]:
    """All that hangs on a matter, comparable with another one."""
    submission = Submission.objects.get(items__case=case)
    duties = sorted(Obligation.objects.filter(case=case), key=lambda o: (o.opened_seq, o.act))
    papers = list(Document.objects.filter(case=case))
    records = list(Record.objects.filter(case=case).order_by("seq"))
    parties = list(Party.objects.filter(submission=submission).order_by("id"))
    messages = list(Message.objects.filter(case_id=case.id))
    deliveries = list(Delivery.objects.filter(message__in=messages))
    people = [Person.objects.get(pk=party.person_id) for party in parties]
    indexes = list(PersonIndex.objects.filter(person__in=people).order_by("kind"))
    names = {
        str(case.id): "case",
        str(submission.id): "submission",
        case.number: "number-1",
        submission.number: "number",
    }
    for label, rows in (
        ("duty", duties), ("paper", papers), ("record", records), ("person", people), ("message", messages),
        ("delivery", deliveries), ("index", indexes),
    ):  # fmt: skip
        names |= {str(row.pk): f"{label}{place}" for place, row in enumerate(rows)}
    said = [words.get(record) for record in records]
    for each in said:
        for name in ORIGIN:
            each.pop(name, None)
    entries = []
    for entry in Entry.objects.filter(case_id=case.id).order_by("seq"):
        payload = renamed(entry.payload, names)
        payload["body"].pop("inputs", None)
        entries.append((plain(entry, names, frozenset({"payload"})), payload))
    hidden = frozenset({"words", "words_sealed"})
    passing = frozenset({"queued_at", "sent_at"})
    return {
        "case": plain(case, names),
        "submission": plain(submission, names, hidden),
        "spoken": words.get(submission),
        "items": SubmissionCase.objects.filter(case=case).count(),
        "duties": [plain(row, names) for row in duties],
        "papers": [(plain(row, names, hidden), words.get(row)) for row in papers],
        "records": [plain(row, names, hidden) for row in records],
        "said": renamed(json.dumps(said, ensure_ascii=False), names),
        "sealed": [(row.words is None, row.words_sealed is None) for row in (*records, *papers, submission)],
        "entries": entries,
        "parties": [plain(row, names) for row in parties],
        "people": [(plain(row, names), open_person(row)) for row in people],
        "indexes": [(plain(row, names), bytes(row.hash)) for row in indexes],
        "messages": [(plain(row, names, frozenset({"params"})), set(row.params)) for row in messages],
        "deliveries": [plain(row, names, passing) for row in deliveries],
        "named": sorted(
            SealGrant.objects.filter(case_id=case.id).values_list("account_id", "granted_by", "reason")
        ),
    }  # fmt: skip


def invented(rng: random.Random, place: int) -> list[str]:
    """A row of an invented table: named and nameless, joint, confidential and sealed ones."""
    named = rng.random() < 0.8
    text = "。".join(
        rng.choice(("路灯不亮", "下水道堵了", "楼上漏水", "夜里施工", "公交改线")) for _ in range(rng.randint(1, 6))
    )
    return [
        f"N-{place}",
        rng.choice(("赵一", "钱二", "孙三四", "欧阳五")) if named else "",
        rng.choice(("", f"1990000{rng.randint(1000, 9999)}", "0571-88880000")) if named else "",
        rng.choice(("", "一件小事", "关于路灯")),
        f"{text}，第 {place} 件。",
        rng.choice(("", "三号门", "河边")),
        rng.choice(("", "小河街道", "330105003", "330105")),
        "是" if rng.random() < 0.05 else "否",
        rng.choice(("", "否", "是")) if named else "",
        rng.choice(("", "1", "3人")) if named else "",
    ]


def spoken(row: list[str]) -> tuple[intake.Words, intake.Who]:
    """The same row as a clerk would enter it."""
    _, name, phone, title, text, place, area, sealed, confidential, joint = row
    count = int(joint.removesuffix("人") or 1)
    code = {"": "", "小河街道": "330105003"}.get(area, area)
    people = [("petitioner", intake.PersonData(name=name, phone=phone))] if name else []
    reporter = "anonymous" if not name else "joint" if count > 1 else "person"
    return (
        intake.Words(text=text, title=title, place=place, area_code=code),
        intake.Who(
            reporter=reporter, people=people, joint_count=count, confidential=confidential == "是",
            about_official=sealed == "是",
        ),
    )  # fmt: skip


@pytest.mark.timeout(5400 if FULL else 300)
@pytest.mark.parametrize("login", ["", "officer"], ids=["by command", "by an officer"])
def test_imported_rows_are_what_receive_makes_of_them(
    world: World, login: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_batches_of(monkeypatch, 500 if FULL else 16)
    rng = random.Random(20260901)
    rows = [invented(rng, place) for place in range(5_000 if FULL else 80)]
    actor = world.actor(login) if login else IMPORT
    done = take(table(HEADINGS, *rows), actor=actor)
    assert counts(done) == (len(rows), len(rows), 0, 0)
    came = {row.line: row.case_id for row in SheetRow.objects.all()}
    for place, row in enumerate(rows):
        said, who = spoken(row)
        with access.acting(actor):
            receipt = intake.receive(channel="sheet", said=said, who=who, actor=actor, at=MORNING, key=str(uuid4()))
        mine = everything(Case.objects.get(pk=came[place + 2]))
        theirs = everything(Case.objects.get(pk=receipt.case.pk))
        for name in theirs:
            assert mine[name] == theirs[name], (place, name)
    assert verify(heads=heads()).whole


def in_batches_of(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Several batches of one table, so that most of them are made ahead."""
    monkeypatch.setattr(services, "batches", partial(taking.batches, size=size))


def heads() -> Iterator[tuple[UUID, int, bytes]]:
    return ((c.id, c.head_seq, bytes(c.head_hash)) for c in Case.objects.all())


# --- history

PAST = ["编号", "姓名", "内容", "留言时间", "答复时间", "答复意见", "办结时间", "承办单位"]


def past(*rows: list[str], at: datetime = LATER, actor: Actor = IMPORT) -> list[Case]:
    """Cases with their past, in the order of the rows."""
    done = take(table(PAST, *rows), at=at, actor=actor)
    assert counts(done) == (len(rows), len(rows), 0, 0), selectors.findings_of(done)
    return [Case.objects.get(pk=row.case_id) for row in SheetRow.objects.filter(sheet_id=done.pk).order_by("line")]


def events(case: Case) -> list[tuple[str, str]]:
    rows = Entry.objects.filter(case_id=case.id).order_by("seq")
    return [(row.event, row.occurred_at.astimezone(SHANGHAI).date().isoformat()) for row in rows]


def duty(case: Case, act: str) -> Obligation:
    return Obligation.objects.get(case=case, act=act)


def test_what_was_received_elsewhere_and_is_open_is_what_receive_would_have_left_then(world: World) -> None:
    (mine,) = past(["1", "钱大桥", "路灯坏了。", "2026-09-01 10:00:00", "", "", "", ""], at=MORNING + timedelta(days=3))
    with access.acting(IMPORT):
        receipt = intake.receive(
            channel="sheet", said=intake.Words(text="路灯坏了。"), actor=IMPORT, at=MORNING, key="one",
            who=intake.Who(reporter="person", people=[("petitioner", intake.PersonData(name="钱大桥"))]),
        )  # fmt: skip
    left, meant = everything(mine), everything(Case.objects.get(pk=receipt.case.pk))
    for name in ("case", "submission", "spoken", "duties", "records", "said", "parties", "people"):
        assert left[name] == meant[name], name
    for (columns, payload), (wanted, told) in zip(left["entries"], meant["entries"], strict=True):
        told["body"].pop("papers")
        payload["body"].pop("papers")
        assert (columns, payload) == (wanted, told)
    assert left["papers"] == left["messages"] == [], "nobody is told today what happened then"


def test_answered_in_time(world: World) -> None:
    (case,) = past(["1", "钱大桥", "路灯坏了。", "2026/3/2 9:30", "2026/3/10 15:00", "已经修好。", "", "拱城管"])
    assert (case.procedure, case.state, case.closed_cause) == ("inquiry", "closed", "answered")
    assert case.lead_id == world.organs["cg"].pk
    refer = duty(case, "refer")
    assert (refer.state, refer.settled_on, refer.due) == ("met", date(2026, 3, 10), date(2026, 3, 17))
    assert [event for event, _ in events(case)] == [
        "intake.receive", "intake.register", "intake.classify", "inquiry.answer", "case.lapse_evaluation", "case.close",
    ]  # fmt: skip
    answer = Record.objects.get(case=case, step="answer")
    assert words.get(answer)["reply"] == "已经修好。"
    assert answer.public
    assert duty(case, "evaluation").settled_at is not None
    assert Document.objects.count() == Message.objects.count() == 0
    assert verify(heads=heads()).whole


def test_answered_late_is_on_the_record_as_missed_when_it_was(world: World) -> None:
    (case,) = past(
        ["1", "", "路灯坏了。", "2026-03-02 09:30:00", "2026-06-01 15:00:00", "已经修好。", "2026-06-02", ""]
    )
    refer = duty(case, "refer")
    assert (refer.state, refer.colour, refer.settled_on) == ("missed", "red", date(2026, 6, 1))
    assert events(case)[2] == ("obligation.missed", "2026-03-18")
    assert case.closed_at == datetime(2026, 6, 2, tzinfo=SHANGHAI)
    assert "先回访" in str(words.get(Record.objects.get(case=case, step="close"))["wanting"]), "noted, not enforced"


def test_long_overdue_and_open_is_missed_without_a_flood_of_messages(world: World) -> None:
    (case,) = past(["1", "钱大桥", "路灯坏了。", "2026-03-02 09:30:00", "", "", "", ""])
    refer = duty(case, "refer")
    assert (refer.state, refer.colour, refer.wake_at, refer.leading) == ("missed", "red", None, True)
    assert refer.settled_at is None, "it is still owed"
    assert [event for event, _ in events(case)] == ["intake.receive", "intake.register", "obligation.missed"]
    assert Message.objects.count() == 0


def test_answered_lately_may_still_be_judged(world: World) -> None:
    (case,) = past(
        ["1", "钱大桥", "路灯坏了。", "2026-03-02 09:30:00", "2026-03-10 15:00:00", "已经修好。", "", ""],
        at=datetime(2026, 3, 11, 9, 0, tzinfo=SHANGHAI),
    )
    assert (case.state, case.closed_at) == ("answered", None)
    assert duty(case, "evaluation").settled_at is None


def test_a_near_duty_is_yellow_at_once(world: World) -> None:
    (case,) = past(
        ["1", "", "路灯坏了。", "2026-03-02 09:30:00", "", "", "", ""], at=datetime(2026, 3, 16, 9, 0, tzinfo=SHANGHAI)
    )
    assert duty(case, "refer").colour == "yellow"


def test_what_the_law_gives_is_the_same_on_every_day(world: World) -> None:
    """Each day of a year has its own holidays: the dues of imports are those of receive()."""
    start = datetime(2025, 1, 2, 8, 0, tzinfo=SHANGHAI)
    days = [start + timedelta(days=each) for each in range(0, 365, 1 if FULL else 9)]
    cases = past(*([str(n), "", "路灯坏了。", day.isoformat(), "", "", "", ""] for n, day in enumerate(days)))
    for case, day in zip(cases, days, strict=True):
        with access.acting(IMPORT):
            receipt = intake.receive(
                channel="sheet",
                said=intake.Words(text="路灯坏了。"),
                who=intake.Who(),
                actor=IMPORT,
                at=day,
                key=str(uuid4()),
            )
        for act in ("register", "refer"):
            mine, theirs = duty(case, act), duty(receipt.case, act)
            assert (mine.due, mine.due_unrolled, mine.trace, mine.cites) == (
                theirs.due, theirs.due_unrolled, theirs.trace, theirs.cites,
            )  # fmt: skip


def test_a_sealed_row_with_an_answer_stays_open_for_its_keepers(world: World) -> None:
    done = take(
        table(
            ["编号", "内容", "检举控告", "留言时间", "答复时间", "答复意见"],
            ["1", "某科长收了钱。", "是", "2026-03-02", "2026-03-05", "已核实。"],
        ),
        at=LATER,
    )
    assert done.imported == 1
    case = Case.objects.get()
    assert (case.sealed, case.title, case.state) == (True, "保密事项", "registered")
    kept = Record.objects.get(case=case, step="receive")
    assert kept.words is None
    assert words.get(kept)["source"] == {"答复内容": "已核实。"}
    assert SealGrant.objects.filter(case_id=case.id).count() == 1
    assert "某科长" not in json.dumps(Submission.objects.values_list("words", flat=True)[0])


# --- once, and never one for all


def test_the_same_file_twice_adds_nothing(world: World) -> None:
    rows = [[f"{n}", "", f"第 {n} 盏路灯坏了。", "2026-03-02", "", "", "", ""] for n in range(30)]
    assert counts(take(table(PAST, *rows), at=LATER)) == (30, 30, 0, 0)
    assert counts(take(table(PAST, *rows), at=LATER)) == (30, 0, 30, 0)
    assert Case.objects.count() == 30


def test_rows_made_ahead_know_what_came_before_them(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    in_batches_of(monkeypatch, 3)
    rows = [[str(n % 20), f"第 {n % 20} 盏路灯坏了。"] for n in range(30)]
    rows[25] = ["5", "这是另一件事。"]
    assert counts(take(table(["编号", "内容"], *rows[:8]))) == (8, 8, 0, 0)
    done = take(table(["编号", "内容"], *rows))
    assert counts(done) == (30, 12, 17, 1)
    assert "内容却不同" in b"".join(selectors.rejects_csv(done, actor=IMPORT)).decode()
    assert Case.objects.count() == Submission.objects.count() == SheetRow.objects.count() == 20
    assert [row.line for row in SheetRow.objects.filter(sheet_id=done.pk).order_by("line")] == list(range(10, 22))
    assert verify(heads=heads()).whole


def test_without_numbers_a_row_is_known_by_all_that_it_says(world: World) -> None:
    names = ["姓名", "内容"]
    first = take(table(names, ["钱大桥", "路灯坏了。"], ["孙小河", "路灯坏了。"], ["钱大桥", "路灯坏了。"]))
    assert counts(first) == (3, 2, 1, 0)
    assert counts(take(table(names, ["钱大桥", "路灯坏了。"], ["钱大桥", "路灯又坏了。"]))) == (2, 1, 1, 0)


def test_a_number_that_came_with_other_words_is_not_dropped_silently(world: World) -> None:
    names = ["编号", "内容"]
    take(table(names, ["1", "路灯坏了。"]))
    done = take(table(names, ["1", "水管坏了。"]))
    assert counts(done) == (1, 0, 0, 1)
    assert "内容却不同" in b"".join(selectors.rejects_csv(done, actor=IMPORT)).decode()


def again(done: SheetImport, *changes: tuple[str, str]) -> io.BytesIO:
    """What was not taken in, as it was downloaded, with some words mended."""
    text = b"".join(selectors.rejects_csv(done, actor=IMPORT)).decode()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return io.BytesIO(text.encode())


def test_rejects_come_back_mended_and_nothing_comes_twice(world: World) -> None:
    names = ["编号", "人数", "内容"]
    rows = [
        ["1", "2", "路灯坏了。"],
        ["2", "很多", "=水管坏了。"],
        ["", "", "没有编号的一行。"],
        ["4", "几个", "井盖丢了。"],
    ]
    done = take(table(names, *rows))
    assert counts(done) == (4, 2, 0, 2)
    assert counts(take(again(done))) == (2, 0, 0, 2)
    assert counts(take(again(done, ("2,很多", "2,3")))) == (2, 1, 0, 1)
    assert counts(take(table(names, *(row if row[0] != "2" else ["2", "3", row[2]] for row in rows)))) == (4, 0, 3, 1)
    assert counts(take(again(done, ("2,很多", "2,3"), ("几个", "5")))) == (2, 1, 1, 0)
    assert Case.objects.count() == 4


def test_another_column_in_the_next_export_makes_no_row_new(world: World) -> None:
    rows = [["1", "路灯坏了。"], ["", "没有编号的一行。"]]
    take(table(["编号", "内容"], *rows))
    wider = table(["序", "编号", "内容", "备注"], *(["x", *row, "y"] for row in rows))
    assert counts(take(wider)) == (2, 0, 2, 0)
    assert counts(take(table(["工单编号", "内容"], ["1", "别的系统的一件事。"]))) == (1, 1, 0, 0)


def test_rows_that_came_in_under_the_names_of_all_columns_are_known(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    names, rows = ["编号", "内容"], [["1", "路灯坏了。"], ["2", "水管坏了。"], ["", "没有编号的一行。"]]
    with monkeypatch.context() as before:  # as rows were known by former versions
        scope = taking._Scope(*[f"None|{json.dumps(names, ensure_ascii=False)}".encode()] * 2)
        before.setattr(taking, "_Scope", lambda *_: scope)
        old = take(table(names, *rows))
    old.table.pop("scope")
    old.save()
    assert counts(take(table(names, *rows))) == (3, 0, 3, 0)
    other = [["1", "路灯坏了。", ""], ["2", "又是别的。", ""], ["3", "新的。", ""]]
    done = take(table([*names, "备注"], *other))
    assert counts(done) == (3, 1, 1, 1)
    assert "内容却不同" in b"".join(selectors.rejects_csv(done, actor=IMPORT)).decode()


def test_the_word_index_rests_while_rows_come_in_not_while_they_are_tried(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    resting: list[bool] = []
    held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock' AND pid = pg_backend_pid()"

    def told(way: Callable[..., Any]) -> Callable[..., Any]:
        def outer(*given: Any) -> Any:
            resting.append(batch.rows(held)[0][0] > 0)
            return way(*given)

        return outer

    for name in ("look", "take"):
        monkeypatch.setattr(taking.Taker, name, told(getattr(taking.Taker, name)))
    for dry in (True, False):
        take(table(HEADINGS, LAMP), dry=dry)
    assert resting == [False, True]
    assert batch.rows(held)[0][0] == 0


def test_a_dry_run_sees_doubles_across_batches(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(taking.batches.__kwdefaults__, "size", 2)
    rows = [
        ["1", "路灯坏了。"],
        ["2", "水管坏了。"],
        ["3", "井盖丢了。"],
        ["1", "路灯坏了。"],
        ["2", "别的话。"],
        ["2", "水管坏了。"],
    ]
    tried = take(table(["编号", "内容"], *rows), dry=True)
    assert (tried.checked_rows, tried.already, tried.checked_wrong) == (6, 2, 1)
    assert counts(take(table(["编号", "内容"], *rows))) == (6, 3, 2, 1)


def test_a_worker_of_a_former_start_stops(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped and started again between two batches: the counts are those of one run."""
    monkeypatch.setitem(taking.batches.__kwdefaults__, "size", 1)
    data = "编号,内容\n1,路灯坏了。\n2,水管坏了。\n3,井盖丢了。\n".encode()
    sheet = services.sheet_upload(name="表.csv", chunks=[data], actor=IMPORT, at=MORNING)
    services.sheet_start(sheet_id=sheet.pk, dry=True, actor=IMPORT, at=MORNING)
    sheet.refresh_from_db()
    look, current, seen = taking.Taker.look, services.Work._current, []

    def looks(self: taking.Taker, batch: taking.Batch) -> taking.Outcome:
        seen.append(batch.last)
        return look(self, batch)

    def between(self: services.Work) -> SheetImport | None:
        if seen == [2]:
            services.sheet_stop(sheet_id=sheet.pk, actor=IMPORT, at=MORNING)
            services.sheet_start(sheet_id=sheet.pk, dry=True, actor=IMPORT, at=MORNING)
        return current(self)

    monkeypatch.setattr(taking.Taker, "look", looks)
    with monkeypatch.context() as busy, store.opened(sheet.pk) as file:
        busy.setattr(services.Work, "_current", between)
        former = services.Work(sheet=sheet, file=file, actor=IMPORT, at=MORNING).run()
    assert (former.state, former.checked_rows, seen) == ("checking", 0, [2])
    jobs.sheet_work(sheet_id=str(sheet.pk))
    access.bind(IMPORT)
    sheet.refresh_from_db()
    assert (sheet.state, sheet.checked_rows, seen) == ("checked", 3, [2, 2, 3, 4])
    store.drop(sheet.pk)


def test_day_numbers_of_a_workbook_that_counts_from_1904(world: World) -> None:
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    for row in (["编号", "内容", "收到时间"], ["1", "路灯坏了。", 44621]):
        book.active.append(row)  # type: ignore[union-attr]
    out = io.BytesIO()
    book.save(out)
    assert counts(take(out, at=LATER)) == (1, 1, 0, 0)
    assert Case.objects.get().received_at == datetime(2026, 3, 2, tzinfo=SHANGHAI)


def test_an_office_of_a_name_that_several_have_is_none(world: World) -> None:
    one = world.organs["cg"]
    row = ["1", "路灯坏了。", "2026-03-02", "2026-03-03", one.short_name]
    head = ["编号", "内容", "收到时间", "答复时间", "承办单位"]
    (sure,) = [taking.book_for(office=None, at=LATER).organs.get(one.short_name)]
    assert sure == one.pk
    Organ.objects.create(
        code="cg-2", name="另一个城管局", short_name=one.short_name, kind=one.kind, area_code=one.area_code,
        level=one.level, valid_from=one.valid_from,
    )  # fmt: skip
    found = taking.book_for(office=None, at=LATER).organs
    assert (found.get(one.short_name), found.get(one.name)) == (None, one.pk)
    assert counts(take(table(head, row), at=LATER)) == (1, 1, 0, 0)
    assert words.get(Record.objects.get(step="receive"))["source"] == {"承办单位": one.short_name}


def test_a_bad_row_never_stops_a_good_one(world: World) -> None:
    done = take(
        table(
            ["编号", "姓名", "手机", "内容", "留言时间", "答复时间"],
            ["1", "钱大桥", "19900001234", "好的一行。", "2026-03-02", ""],
            ["2", "孙小河", "123", "电话不对。", "2026-03-02", ""],
            ["3", "", "", "", "2026-03-02", ""],
            ["4", "", "", "日期不对。", "昨天", ""],
            ["5", "", "", "还没到。", "2099-01-01", ""],
            ["6", "", "", "太早。", "1999-01-01", ""],
            ["7", "", "", "倒着来。", "2026-03-02", "2026-03-01"],
            ["8", "", "", "字太多" * 4000, "2026-03-02", ""],
            ["9", "", "", "=HYPERLINK(1)", "不是日期", ""],
            ["10", "", "", "又一行好的。", "2026-03-02", ""],
        ),
        at=LATER,
    )
    assert counts(done) == (10, 2, 0, 8)
    lines = list(csv.reader(io.StringIO(b"".join(selectors.rejects_csv(done, actor=IMPORT)).decode("utf-8-sig"))))
    assert lines[0][:3] == ["第几行", "为什么没有导入", "编号"]
    assert [line[0] for line in lines[1:]] == ["3", "4", "5", "6", "7", "8", "9", "10"]
    told = {line[2]: line[1] for line in lines[1:]}
    assert told["2"].startswith("手机：")
    assert told["3"].startswith("内容：")
    assert "不是日期" in told["4"]
    assert "还没有到" in told["5"]
    assert "2004" in told["6"]
    assert "早" in told["7"]
    assert "12000" in told["8"]
    assert lines[8][5] == "'=HYPERLINK(1)", "a formula does not run in whoever opens the file"
    assert "12345678" not in str(done.table)


def test_a_dry_run_writes_nothing_and_says_all(world: World) -> None:
    done = take(table(["姓名", "内容", "手机"], ["", "路灯坏了。", ""], ["孙小河", "水管坏了。", "12"]), dry=True)
    assert (done.state, done.checked_rows, done.checked_wrong) == ("checked", 2, 1)
    assert Case.objects.count() == SheetRow.objects.count() == 0
    found = selectors.findings_of(done)
    assert found.columns == (("手机", 1),)
    assert found.rows[0][:2] == (3, "手机")
    assert "手机" not in bytes(done.findings).decode("latin-1")


def test_rows_keep_what_their_source_says_besides(world: World) -> None:
    take(table(["留言编号", "留言详情", "点赞数", "承办单位"], ["77", "路灯坏了。", "5", "某某办"]))
    kept = words.get(Record.objects.get(step="receive"))
    assert kept["number"] == "77"
    assert kept["source"] == {"点赞数": "5", "承办单位": "某某办"}


def test_what_nobody_went_on_with_is_swept_away(world: World) -> None:
    left = services.sheet_upload(name="表.csv", chunks=["内容\n路灯坏了。\n".encode()], actor=IMPORT, at=MORNING)
    waiting = services.sheet_upload(name="表.csv", chunks=["内容\n水管坏了。\n".encode()], actor=IMPORT, at=LATER)
    orphan = uuid4()
    store.put(orphan, [b"x"])
    long_ago = time.time() - 10 * 86_400
    for each in (left.pk, waiting.pk, orphan):
        os.utime(store.path_of(each), (long_ago, long_ago))
    fresh = uuid4()
    store.put(fresh, [b"x"])
    rejected = take(table(["姓名", "手机", "内容"], ["钱大桥", "12", "路灯坏了。"]), at=MORNING)
    assert services.sheets_sweep(at=LATER) == 3
    access.bind(IMPORT)
    assert [store.path_of(each).is_file() for each in (left.pk, orphan, waiting.pk, fresh)] == [
        False,
        False,
        True,
        True,
    ]
    assert len(list(selectors.rejects_csv(rejected, actor=IMPORT))) == 1, "nothing but the headings is left"
    store.drop(waiting.pk)
    store.drop(fresh)


@pytest.mark.parametrize("size", [1000, 2], ids=["in one batch", "made ahead"])
def test_a_row_that_the_database_refuses_stops_no_other(
    world: World, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_batches_of(monkeypatch, size)
    real = intake.title_of
    monkeypatch.setattr(intake, "title_of", lambda said: "毒" * 999 if said.title == "毒" else real(said))
    rows = [["1", "好", "路灯坏了。"], ["2", "毒", "水管坏了。"], ["3", "好", "电梯坏了。"]]
    rows += [[number, *rest] for number, (_, *rest) in zip("456", rows, strict=True)]
    done = take(table(["编号", "标题", "内容"], *rows))
    assert counts(done) == (6, 4, 0, 2)
    assert "存不下" in b"".join(selectors.rejects_csv(done, actor=IMPORT)).decode()
    assert Submission.objects.count() == SheetRow.objects.count() == Case.objects.count() == 4


def test_an_accident_stops_the_import_where_it_stands(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sheet = services.sheet_upload(name="表.csv", chunks=["内容\n路灯坏了。\n".encode()], actor=IMPORT, at=MORNING)
    services.sheet_start(sheet_id=sheet.pk, dry=False, actor=IMPORT, at=MORNING)
    with monkeypatch.context() as broken:
        broken.setattr(taking.Taker, "take", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            jobs.sheet_work(sheet_id=str(sheet.pk))
    access.bind(IMPORT)
    sheet.refresh_from_db()
    assert (sheet.state, sheet.trouble) == ("stopped", jobs.TROUBLE)
    services.sheet_start(sheet_id=sheet.pk, dry=False, actor=IMPORT, at=MORNING)
    jobs.sheet_work(sheet_id=str(sheet.pk))
    access.bind(IMPORT)
    sheet.refresh_from_db()
    assert (sheet.state, sheet.imported, sheet.trouble) == ("done", 1, "")
    store.drop(sheet.pk)
