"""Tables taken in leave what receive() leaves, field by field, with the same law; and history is audited by it."""

import csv
import io
import json
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import models
from tests.support.harness import FULL
from tests.support.world import MORNING, World

from xinqiao.cases import words
from xinqiao.cases.models import Case, Document, Obligation, Record, SealGrant
from xinqiao.intake import services as intake
from xinqiao.intake.models import Party, SheetImport, SheetRow, Submission, SubmissionCase
from xinqiao.intake.sheets import services
from xinqiao.ledger.models import Entry
from xinqiao.ledger.verify import verify
from xinqiao.notices.models import Delivery, Message
from xinqiao.people import access
from xinqiao.people.actors import SYSTEM, Actor
from xinqiao.people.models import Person, PersonIndex
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


@pytest.mark.parametrize("login", ["", "officer"], ids=["by command", "by an officer"])
def test_imported_rows_are_what_receive_makes_of_them(world: World, login: str) -> None:
    rng = random.Random(20260901)
    rows = [invented(rng, place) for place in range(5_000 if FULL else 150)]
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


def heads() -> Iterator[tuple[UUID, int, bytes]]:
    return ((c.id, c.head_seq, bytes(c.head_hash)) for c in Case.objects.all())
