"""A worklist as csv and xlsx: the columns on the screen, the same filters, nothing that runs, a trace of each export."""

import csv
import io
import re
import zipfile
from typing import Any

import openpyxl
import pytest
from django.test import Client
from tests.support.world import MORNING, World, days

from xinqiao.cases import sealing
from xinqiao.cases.models import Case
from xinqiao.desk import exporting, sheets
from xinqiao.desk.tests.road import bring, counted, moving, new_case, signed_in
from xinqiao.intake import services as intake
from xinqiao.people import access
from xinqiao.people.actors import SYSTEM
from xinqiao.people.models import AccessLog

pytestmark = pytest.mark.django_db
PAGE = "/desk/export/"
WHY = {"reason": "周例会核对"}


def taken(client: Client, path: str = PAGE, **given: Any) -> list[list[str]]:
    answer = client.post(path, WHY | {"form": "csv"} | given)
    assert answer.status_code == 200, answer.content[:300]
    return list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))  # type: ignore[attr-defined]


def logged(kind: str = "export") -> list[AccessLog]:
    with access.acting(SYSTEM("test")):
        return list(AccessLog.objects.filter(kind=kind).order_by("recorded_at", "id"))


def set_title(case: Case, title: str) -> None:
    with access.acting(SYSTEM("test")):
        Case.objects.filter(pk=case.pk).update(title=title)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    moving(monkeypatch, MORNING + days(2))


def test_the_table_has_the_columns_and_rows_of_the_screen(world: World, clock: None) -> None:
    first = new_case(world)
    second = bring(world, new_case(world, at=MORNING), "accepted")
    client = signed_in(world, "officer")
    head, *rows = taken(client, PAGE + "?view=all")
    assert {row[2].replace(" ", "") for row in rows} == {first.number, second.number}
    mine = dict(zip(head, next(row for row in rows if row[2].replace(" ", "") == second.number), strict=True))
    assert mine["标题"] == "小河路路灯不亮"
    assert mine["承办单位"] == "拱城管"
    assert mine["收到日期"] == "2026-09-01"
    narrowed = taken(client, PAGE + "?view=all&state=accepted")
    assert [row[3] for row in narrowed[1:]] == ["小河路路灯不亮"]
    screen = client.get("/desk/?view=all").content.decode()
    headings = re.findall(r"<th>([^<]+)</th>", screen)
    assert headings == [heading for heading, _ in exporting.SHOWN]
    assert head == [column for _, columns in exporting.SHOWN for column in columns]
    line = re.search(rf'<tr data-xq-item="{second.number}".*?</tr>', screen, re.S)
    assert line
    words = re.sub(r"<[^>]+>", " ", line.group())
    mine["收到日期"] = "9 月 1 日"  # as people say it
    for column in head:  # every word of the table stands on the screen too
        if column not in {"期限", "标记"} and mine[column]:
            assert mine[column] in words, column


def test_a_workbook_opens_and_says_the_same(world: World, clock: None) -> None:
    new_case(world)
    client = signed_in(world, "officer")
    answer = client.post(PAGE, WHY | {"form": "xlsx"})
    assert answer["Content-Type"] == sheets.TYPES["xlsx"]
    assert 'filename="worklist-2026-09-03.xlsx"' in answer["Content-Disposition"]
    book = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))  # type: ignore[attr-defined]
    rows = [["" if cell is None else cell for cell in row] for row in book.active.iter_rows(values_only=True)]
    assert rows == taken(client)


@pytest.mark.parametrize("evil", ["=HYPERLINK(1)", "+1", "-2", "@SUM(A1)", "\t=1", "\r=1", "＝1"])
def test_no_cell_is_a_formula(world: World, clock: None, evil: str) -> None:
    set_title(new_case(world), evil)
    client = signed_in(world, "officer")
    assert taken(client)[1][3].startswith("'")
    answer = client.post(PAGE, WHY | {"form": "xlsx"})
    cell = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active["D2"]  # type: ignore[attr-defined]
    assert cell.data_type == "s"
    assert str(cell.value).startswith("'")


def test_control_characters_do_not_break_the_workbook(world: World, clock: None) -> None:
    pieces = b"".join(sheets.xlsx_pieces("表 <1>", ["a"], [["x\x00\x0b<&>"], [None], [3]]))
    rows = list(openpyxl.load_workbook(io.BytesIO(pieces)).active.iter_rows(values_only=True))
    assert rows == [("a",), ("x<&>",), ("",), ("3",)]


def test_every_cell_says_where_it_stands() -> None:
    pieces = b"".join(sheets.xlsx_pieces("表", ["x"] * 28, [["", None, "c"]]))
    with zipfile.ZipFile(io.BytesIO(pieces)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    places = re.findall(r'<c r="([A-Z]+\d+)"', sheet)
    assert places[:2] + places[25:] == ["A1", "B1", "Z1", "AA1", "AB1", "A2", "B2", "C2"]


def test_an_export_is_logged_with_reason_filters_and_number_of_rows(world: World, clock: None) -> None:
    new_case(world)
    taken(signed_in(world, "officer"), PAGE + "?view=all&procedure=intake")
    begun, ended = logged()
    assert begun.reason == ended.reason == "周例会核对"
    assert begun.account_id == world.posts["officer"].account_id
    assert begun.detail["asked"] == {"view": "all", "procedure": "intake"}
    assert ended.detail["rows"] == 1


def test_without_a_reason_nothing_is_given(world: World, clock: None) -> None:
    answer = signed_in(world, "officer").post(PAGE, {"reason": " ", "form": "csv"})
    assert answer.status_code == 422
    assert "请写明导出来做什么" in answer.content.decode()
    assert logged() == []


def test_persons_are_left_out_masked_or_whole_with_an_entry_each(world: World, clock: None) -> None:
    case = new_case(world)
    client = signed_in(world, "officer")
    assert len(taken(client)[0]) == len(exporting.COLUMNS)
    head, row = taken(client, personal="masked")
    assert head[-2:] == list(exporting.PERSONAL)
    assert row[-1] == "199****1234"
    assert "钱大桥" not in row
    assert logged("reveal") == []
    _, row = taken(client, personal="whole")
    assert row[-2:] == ["钱大桥", "19900001234"]
    (entry,) = logged("reveal")
    assert (entry.case_id, entry.reason) == (case.id, "周例会核对")


def test_whole_persons_need_the_password_again(world: World, clock: None, settings: Any) -> None:
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = -1
    new_case(world)
    answer = signed_in(world, "officer").post(PAGE, WHY | {"form": "csv", "personal": "whole"})
    assert answer.status_code == 423
    assert logged() == logged("reveal") == []


def test_whole_persons_stop_at_the_limit_and_the_file_says_so(
    world: World, clock: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "MOST_REVEALED", 2)
    monkeypatch.setattr(exporting, "A_PAGE", 1)
    for _ in range(3):
        new_case(world)
    client = signed_in(world, "officer")
    *_, last = table = taken(client, personal="whole")
    assert len(table) == 4
    assert "一个文件最多 2 件" in last[0]
    assert len(logged("reveal")) == 2
    assert logged()[-1].detail == {"list": "worklist", "rows": 2, "cut": True}
    assert len(taken(client)) == 4  # page after page
    assert "cut" not in logged()[-1].detail
    monkeypatch.setattr(exporting, "MOST_REVEALED", 3)
    assert len(taken(client, personal="whole")) == 4  # all of them: nothing to say
    assert "一次最多 3 件" in client.get(PAGE).content.decode()


def test_a_workbook_that_is_full_says_so_and_the_log_is_closed(
    world: World, clock: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "MOST_XLSX_ROWS", 4)
    for _ in range(3):
        new_case(world)
    client = signed_in(world, "officer")
    answer = client.post(PAGE, WHY | {"form": "xlsx"})
    book = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))  # type: ignore[attr-defined]
    rows = list(book.active.iter_rows(values_only=True))
    assert len(rows) == 4
    assert "一个文件最多 2 件" in rows[-1][0]
    assert logged()[-1].detail == {"list": "worklist", "rows": 2, "cut": True}


def test_who_may_not_know_the_petitioner_gets_empty_cells(world: World, clock: None) -> None:
    who = intake.Who(
        reporter="person", people=[("petitioner", intake.PersonData(name="钱大桥", phone="19900001234"))],
        confidential=True,
    )  # fmt: skip
    bring(world, new_case(world, who=who), "accepted")
    _, row = taken(signed_in(world, "cg.handler"), personal="whole")
    assert row[-2:] == ["", ""]
    assert logged("reveal") == []


def test_another_organ_gets_nothing(world: World, clock: None) -> None:
    new_case(world)
    assert len(taken(signed_in(world, "other"), PAGE + "?view=all")) == 1


def test_a_sealed_matter_goes_only_to_those_named_and_each_is_logged(world: World, clock: None) -> None:
    case = new_case(world)
    keeper = world.actor("keeper")
    with access.acting(keeper):
        sealing.seal(Case.objects.get(pk=case.pk), actor=keeper, at=MORNING)
    assert len(taken(signed_in(world, "officer"), PAGE + "?view=all")) == 1
    rows = taken(signed_in(world, "keeper"), PAGE + "?view=all")
    assert rows[1][3] == sealing.NEUTRAL_TITLE
    with access.acting(keeper):
        assert AccessLog.objects.filter(kind="export", case_id=case.id, sealed=True).count() == 1


def test_statements_do_not_grow_with_the_rows(world: World, clock: None) -> None:
    client = signed_in(world, "officer")
    new_case(world)
    with counted() as one:
        taken(client, personal="masked")
    for _ in range(6):
        new_case(world)
    with counted() as seven:
        taken(client, personal="masked")
    assert len(seven) == len(one)


def test_a_table_is_written_in_pieces(world: World) -> None:
    wide = (["字" * 200] for _ in range(5_000))
    sizes = [len(piece) for piece in sheets.csv_pieces(["a"], wide)]
    assert len(sizes) > 10
    assert max(sizes) < 400_000
    seen = 0

    def rows() -> Any:
        nonlocal seen
        for n in range(200_000):
            seen = n
            yield [f"{n * 7919 % 1_000_003} 路灯", str(n * 104_729)]

    first = next(iter(sheets.xlsx_pieces("表", ["a", "b"], rows())))
    assert len(first) < 300_000
    assert seen < 100_000
