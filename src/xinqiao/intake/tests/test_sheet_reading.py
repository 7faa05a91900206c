"""Tables as the world writes them: encodings, ends of lines, dates, formulas; and files that mean harm."""

import io
import random
import struct
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import openpyxl
import pytest
from django.utils import translation
from django.utils.translation import gettext
from tests.support.world import MORNING, World

from xinqiao.desk import sheets
from xinqiao.intake.sheets import cells, mapping, store, xlsx
from xinqiao.intake.sheets.convert import Book, Converter, Said, Wrong
from xinqiao.intake.sheets.reading import Sheet, open_sheet
from xinqiao.kernel.errors import BadInput

HEAD = ["编号", "标题", "内容", "时间"]


def rows_of(data: bytes) -> list[list[Any]]:
    sheet = open_sheet(io.BytesIO(data))
    return [list(sheet.headings), *(list(row.cells) for row in sheet.rows())]


def workbook(rows: list[list[Any]], **formats: str) -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    for row in rows:
        page.append(row)
    for place, code in formats.items():
        page[place].number_format = code
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def parts(changes: dict[str, bytes | None], base: bytes | None = None) -> bytes:
    """A workbook with some of its parts replaced, added, or (None) left out."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(base or workbook([HEAD]))) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            if name not in changes:
                new.writestr(name, old.read(name))
        for name, data in changes.items():
            if data is not None:
                new.writestr(name, data)
    return out.getvalue()


def page(inside: str) -> bytes:
    return (
        '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        f"{inside}</sheetData></worksheet>"
    ).encode()


SHEET = "xl/worksheets/sheet1.xml"
TEXT = '编号,标题,内容,时间\r\n1,路灯,"坏了,\n三周",2026/3/2 9:30\r\n2,水管,漏水,2026/3/3 9:30\r\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("ends", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_text_tables_of_every_make(encoding: str, ends: str, delimiter: str) -> None:
    text = TEXT.replace(",", delimiter).replace(f"了{delimiter}", "了,").replace("\r\n", ends)
    found = rows_of(text.encode(encoding))
    assert found[0] == HEAD
    assert found[1] == ["1", "路灯", "坏了,\n三周", "2026/3/2 9:30"]
    assert found[2] == ["2", "水管", "漏水", "2026/3/3 9:30"]


def test_lines_above_the_headings_are_passed_over() -> None:
    sheet = open_sheet(io.BytesIO("某某局工单导出表,,,\n,,,\n编号,标题,内容,时间\n1,a,b,c\n".encode()))
    assert (sheet.headings, sheet.heading_row) == (tuple(HEAD), 3)
    assert [row.number for row in sheet.rows()] == [4]


def test_headings_of_the_same_name_are_told_apart() -> None:
    assert open_sheet(io.BytesIO("备注,备注,内容\n1,2,3\n".encode())).headings == ("备注", "备注 2", "内容")


def test_a_workbook_keeps_dates_numbers_and_long_words() -> None:
    moment = datetime(2026, 3, 2, 9, 30)  # noqa: DTZ001 - a spreadsheet knows no zone
    found = rows_of(
        workbook(
            [HEAD, [13812345678, "真", "一\n二\t_x000D_三_xD800_", moment], [3.0, True, 1.5, "2026/3/2"], [None, None, None, None], [4, "", "末", 46083.5]],
            D5="yyyy\"年\"m\"月\"d\"日\"",
        )
    )  # fmt: skip
    assert found[1] == ["13812345678", "真", "一\n二\t\r三\ufffd", datetime(2026, 3, 2, 9, 30, tzinfo=cells.CHINA)]
    assert found[2] == ["3", "是", "1.5", "2026/3/2"]
    assert found[3] == ["4", "", "末", datetime(2026, 3, 2, 12, 0, tzinfo=cells.CHINA)]
    assert len(found) == 4


def test_years_counted_from_1904() -> None:
    book = parts({"xl/workbook.xml": (
        '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/'
        'officeDocument/2006/relationships"><workbookPr date1904="1"/><sheets><sheet name="藏" sheetId="9" r:id="rId9" state="hidden"/>'
        '<sheet name="一" sheetId="1" r:id="rId1"/></sheets></workbook>').encode()},
        workbook([HEAD, [1, "a", "b", datetime(2026, 3, 2)]]))  # fmt: skip  # noqa: DTZ001
    assert rows_of(book)[1][3] == datetime(2030, 3, 3, tzinfo=cells.CHINA)


def test_rich_text_phonetics_prefixes_and_sparse_rows() -> None:
    inside = (
        '<x:row r="1"><x:c r="A1" t="inlineStr"><x:is><x:t>内容</x:t></x:is></x:c><x:c r="C1" t="inlineStr"><x:is><x:t>编号</x:t></x:is></x:c></x:row>'
        '<x:row r="7"><x:c r="A7" t="inlineStr"><x:is><x:r><x:t>路</x:t></x:r><x:r><x:t>灯</x:t></x:r><x:rPh sb="0" eb="1"><x:t>lu</x:t></x:rPh></x:is></x:c>'
        '<x:c r="C7"><x:v>1.2E3</x:v></x:c></x:row>'
    )
    data = (
        page(inside).replace(b"<worksheet xmlns=", b"<x:worksheet xmlns:x=").replace(b"</worksheet", b"</x:worksheet")
    )
    data = data.replace(b"<sheetData", b"<x:sheetData").replace(b"</sheetData", b"</x:sheetData")
    sheet = open_sheet(io.BytesIO(parts({SHEET: data})))
    assert sheet.headings == ("内容", "第 2 列", "编号")
    assert [(row.number, list(row.cells)) for row in sheet.rows()] == [(7, ["路灯", "", "1200"])]


def test_shared_strings_beyond_memory_are_put_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "BLOCK", 8)
    monkeypatch.setattr(xlsx, "BLOCKS_IN_MEMORY", 2)
    strings = [f"<si><t>第 {n} 句</t></si>" for n in range(100)]
    order = random.Random(3).sample(range(100), 100)
    inside = '<row r="1"><c r="A1" t="inlineStr"><is><t>内容</t></is></c><c r="B1" t="inlineStr"><is><t>编号</t></is></c></row>'
    inside += "".join(f'<row><c t="s"><v>{n}</v></c><c><v>{n}</v></c></row>' for n in order)
    data = parts({SHEET: page(inside), "xl/sharedStrings.xml": f"<sst>{''.join(strings)}</sst>".encode()})
    assert rows_of(data)[1:] == [[f"第 {n} 句", str(n)] for n in order]


def test_a_formula_counts_by_its_result_and_an_error_is_a_fault_of_its_column() -> None:
    inside = (
        '<row r="1"><c r="A1" t="inlineStr"><is><t>内容</t></is></c><c r="B1" t="inlineStr"><is><t>编号</t></is></c></row>'
        '<row r="2"><c r="A2" t="str"><f>A1&amp;"!"</f><v>算好的话</v></c><c r="B2"><f>1+1</f><v>2</v></c></row>'
        '<row r="3"><c r="A3" t="inlineStr"><is><t>好</t></is></c><c r="B3"><f>NOW()</f></c></row>'
        '<row r="4"><c r="A4" t="e"><v>#N/A</v></c><c r="B4"><v>4</v></c></row>'
    )
    sheet = open_sheet(io.BytesIO(parts({SHEET: page(inside)})))
    taken = converted(sheet)
    assert isinstance(taken[0], Said)
    assert (taken[0].words.text, taken[0].number) == ("算好的话", "2")
    assert isinstance(taken[1], Wrong)
    assert "公式" in taken[1].faults["编号"]
    assert isinstance(taken[2], Wrong)
    assert "#N/A" in taken[2].faults["内容"]


def converted(sheet: Sheet, **more: Any) -> list[Said | Wrong]:
    columns = mapping.guess(sheet.headings, sheet.sample())
    converter = Converter(columns, sheet.headings, Book(**more), MORNING)
    return [converter.convert(row) for row in sheet.rows()]


def test_blank_cells_without_a_place_keep_their_columns() -> None:
    """As our own export writes them: no cell says where it stands."""
    rows = [["1", "", None, "路灯坏了。"], ["", "水管", "", "漏水。"], ["", "", "", ""], ["4", "电梯", "停了。", ""]]
    assert rows_of(b"".join(sheets.xlsx_pieces("表", HEAD, rows))) == [
        HEAD, ["1", "", "", "路灯坏了。"], ["", "水管", "", "漏水。"], ["4", "电梯", "停了。"],
    ]  # fmt: skip


# --- quotes that stand alone


def told(text: str) -> list[tuple[int, list[Any], bool]]:
    sheet = open_sheet(io.BytesIO(text.encode()))
    return [(row.number, list(row.cells), bool(row.fault)) for row in sheet.rows()]


def test_a_quote_that_is_never_closed_takes_no_other_row_with_it() -> None:
    found = texts("编号,内容", "1,电梯停了。", '2,"路灯坏了。', "3,水管坏了。", "4,井盖丢了。")
    assert [one.row for one in found] == [2, 3, 4, 5]
    wrong = found[1]
    assert isinstance(wrong, Wrong)
    assert "文件第 3 行" in wrong.faults[""]
    assert list(wrong.cells) == ["2", "路灯坏了。"]
    assert [one.number for one in found if isinstance(one, Said)] == ["1", "3", "4"]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        pytest.param('2,"路灯坏了。\n3,水管坏了。"\n4,好\n', [("2", True), ("3", False), ("4", False)], id="closed by another row"),
        pytest.param('2,"路灯\n3,"水管",\n4,好\n', [("2", True), ("3", True), ("4", False)], id="closed by a sound cell"),
        pytest.param('2,"路灯，\n第二段,很长\n', [("2", True), ("第二段", True)], id="words are no row"),
        pytest.param('2,"路灯\n\n第二段,很长"\n3,"他说""好"""\n', [("2", False), ("3", False)], id="words with a comma"),
        pytest.param('2,好\n3,"路灯', [("2", False), ("3", True)], id="the last line"),
        pytest.param('1,好\n2,"路灯\n' + "3,水管坏了。\n" * 9_000, [("1", False), ("2", True), *[("3", False)] * 9_000], id="longer than any cell"),
        pytest.param('2,路灯"坏"了\n3,"他说"好\n', [("2", False), ("3", False)], id="quotes within a line"),
    ],
)  # fmt: skip
def test_rows_are_told_apart_behind_a_stray_quote(text: str, meant: list[tuple[str, bool]]) -> None:
    assert [(cells[0], wrong) for _, cells, wrong in told("编号,内容\n" + text)] == meant


def test_without_figures_the_number_of_cells_tells_rows_apart() -> None:
    found = told('姓名,地点,内容\n钱大桥,门口,"路灯\n孙小河,河边,水管\n不是一行\n')
    assert [(cells[0], wrong) for _, cells, wrong in found] == [("钱大桥", True), ("孙小河", False), ("不是一行", True)]


# --- where the headings stand


def merged(rows: list[list[Any]], *areas: str, name: str = "一", more: tuple[str, ...] = ()) -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = name
    for row in rows:
        page.append(row)
    for area in areas:
        page.merge_cells(area)
    for other in more:
        book.create_sheet(other).append(["另一张"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


TWO_LINES = [
    ["某某局登记表", None, None, None, None, None],
    ["编号", "反映人", None, "内容", "答复", None],
    [None, "姓名", "电话", None, "时间", "内容"],
    ["1", "钱大桥", "19900001234", "路灯坏了。", "2026/3/2", "修好了。"],
]


def test_headings_on_two_lines_under_what_they_share() -> None:
    sheet = open_sheet(io.BytesIO(merged(TWO_LINES, "A1:F1", "A2:A3", "B2:C2", "D2:D3", "E2:F2")))
    assert sheet.heading_row == 3
    assert sheet.headings == ("编号", "反映人 / 姓名", "反映人 / 电话", "内容", "答复 / 时间", "答复 / 内容")
    assert [row.cells[0] for row in sheet.rows()] == ["1"]
    found = mapping.guess(sheet.headings).fields
    assert (found["phone"], found["name"]) == (("反映人 / 电话",), ("反映人 / 姓名",))
    assert (found["answered"], found["reply"], found["text"]) == (("答复 / 时间",), ("答复 / 内容",), ("内容",))


def test_columns_without_a_name_go_by_their_place() -> None:
    sheet = open_sheet(io.BytesIO("编号,,内容\n1,19900001234,路灯坏了。,多的\n".encode()))
    assert sheet.headings == ("编号", "第 2 列", "内容", "第 4 列")
    with pytest.raises(cells.Unreadable):
        open_sheet(io.BytesIO(",,\n1,19900001234,路灯坏了。,多的\n".encode()))


def test_the_line_of_the_headings_can_be_said() -> None:
    text = "编号,反映人,,内容\n,姓名,电话,\n1,钱大桥,19900001234,路灯坏了。\n".encode()
    assert open_sheet(io.BytesIO(text)).heading_row == 1
    sheet = open_sheet(io.BytesIO(text), heading_row=2)
    assert (sheet.headings, sheet.heading_row) == (("编号", "姓名", "电话", "内容"), 2)
    for number in (3, 4):
        with pytest.raises(cells.Unreadable, match="不像列名"):
            open_sheet(io.BytesIO(text), heading_row=number)


@pytest.mark.parametrize(
    "row", ["1,钱大桥,19900001234", "钱大桥,路灯坏了。,三号门", "a@b.cn,钱大桥,甲", "33010519900101123X,甲,乙", "甲,2026年3月2日,乙"]
)  # fmt: skip
def test_a_row_of_somebody_s_data_is_never_taken_for_headings(row: str) -> None:
    with pytest.raises(cells.Unreadable, match="没有找到表头"):
        open_sheet(io.BytesIO(f"{row}\n".encode() * 3))


def test_three_columns_of_one_name_are_three() -> None:
    names = open_sheet(io.BytesIO("备注,备注,备注 2,内容\n1,2,3,4\n".encode())).headings
    assert names == ("备注", "备注 3", "备注 2", "内容")


def test_a_sheet_is_chosen_by_name_and_an_empty_one_passed_over() -> None:
    data = merged([["内容"], ["路灯坏了。"]], more=("二", "三"))
    sheet = open_sheet(io.BytesIO(data))
    assert (sheet.table.sheet, sheet.table.sheets) == ("一", ("一", "二", "三"))
    assert open_sheet(io.BytesIO(data), sheet="二").headings == ("另一张",)
    assert open_sheet(io.BytesIO(merged([], more=("二",)))).table.sheet == "二"
    with pytest.raises(cells.Unreadable, match="工作表"):
        open_sheet(io.BytesIO(data), sheet="四")
    with pytest.raises(cells.Unreadable, match="工作表"):
        open_sheet(io.BytesIO(b"a,b\n1,2\n"), sheet="x")


def test_what_we_put_before_rejected_rows_is_taken_off_again() -> None:
    for language in ("zh-hans", "en"):
        with translation.override(language):
            first = ",".join((gettext("第几行"), gettext("为什么没有导入")))
        sheet = open_sheet(io.BytesIO(f"{first},编号,内容\n3,写错了,7,'=路灯\n".encode()))
        assert (sheet.headings, sheet.sample()[0].cells) == (("编号", "内容"), ["7", "=路灯"])
    assert open_sheet(io.BytesIO("第几行,编号,内容\n3,7,'平常\n".encode())).sample()[0].cells == ["3", "7", "'平常"]


def texts(*rows: str) -> list[Said | Wrong]:
    return converted(open_sheet(io.BytesIO("\n".join(rows).encode())), areas={"小河街道": "330105003"})


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026/3/2 9:30:01", "2026-03-02T09:30:01+08:00"),
        ("2026-03-02T09:30:01.5Z", "2026-03-02T09:30:01+00:00"),
        ("2026-03-02 09:30:01+0800", "2026-03-02T09:30:01+08:00"),
        ("2026年3月2日 9时30分1秒", "2026-03-02T09:30:01+08:00"),
        ("2026.03.02", "2026-03-02T00:00:00+08:00"),
        ("20260302", "2026-03-02T00:00:00+08:00"),
        ("20260302093001", "2026-03-02T09:30:01+08:00"),
        ("03/02/2026 12:00:03 AM", "2026-03-02T00:00:03+08:00"),
        ("03/02/2026 12:00:03 PM", "2026-03-02T12:00:03+08:00"),
        ("46083.5", "2026-03-02T12:00:00+08:00"),
    ],
)
def test_dates_as_they_are_written(written: str, meant: str) -> None:
    (found,) = texts("内容,收到时间", f"路灯坏了,{written}")
    assert isinstance(found, Said), found
    assert found.received_at == datetime.fromisoformat(meant)


@pytest.mark.parametrize(
    "written", ["昨天", "2026-13-01", "2026-02-30", "99999", "1", "02/30/2026", "20261332", "nan", "inf"]
)
def test_what_is_no_date(written: str) -> None:
    (found,) = texts("内容,收到时间", f"路灯坏了,{written}")
    assert isinstance(found, Wrong)


def test_days_before_months_are_noticed() -> None:
    sheet = open_sheet(io.BytesIO("内容,收到时间\na,02/03/2026\nb,25/03/2026\n".encode()))
    first = converted(sheet)[0]
    assert isinstance(first, Said)
    assert first.received_at.month == 3


def test_places_channels_counts_and_answers_yes_or_no() -> None:
    found = texts(
        "内容,属地,地点,来源,人数,姓名,是否保密,检举控告",
        "一,小河街道,三号门,12345热线,3人,钱大桥,是,否",
        "二,别处,河边,微信,,,,",
        "三,,,来访,一百万,钱大桥,也许,",
        "四,,,来信,,,,√",
        "五,,,上级交办,,,,",
        "六,,,不明,,,,",
    )
    one, two, three, four, five, six = found
    assert isinstance(one, Said)
    assert isinstance(two, Said)
    assert isinstance(four, Said)
    assert (one.words.area_code, one.words.place, one.channel, one.who.joint_count) == (
        "330105003",
        "三号门",
        "hotline",
        3,
    )
    assert (one.who.reporter, one.who.confidential, one.who.about_official) == ("joint", True, False)
    assert (two.words.area_code, two.words.place, two.channel, two.who.reporter) == (
        "",
        "别处 河边",
        "portal",
        "anonymous",
    )
    assert isinstance(three, Wrong)
    assert set(three.faults) == {"人数", "是否保密"}
    assert (four.channel, four.who.about_official) == ("letter", True)
    assert isinstance(five, Said)
    assert isinstance(six, Said)
    assert (five.channel, six.channel) == ("transfer", "sheet")


def test_what_is_still_being_done_is_not_answered() -> None:
    running, noted, ended, dateless = texts(
        "内容,收到时间,答复时间,答复内容,办结时间,办理状态",
        "一,2026-03-02,2026-03-03,已派人看过。,,办理中",
        "二,2026-03-02,,只有话没有日子。,,",
        "三,2026-03-02,2026-03-09,修好了。,2026-03-05,已办结",
        "四,2026-03-02,,,,已办结",
    )
    assert isinstance(running, Said)
    assert isinstance(ended, Said)
    assert (running.answered_at, running.reply, running.source["答复内容"]) == (None, "", "已派人看过。")
    assert isinstance(noted, Wrong)
    assert "却没有答复时间" in noted.faults["答复时间"]
    assert ended.answered_at == ended.closed_at, "an answer noted after the end was given by the end"
    assert isinstance(dateless, Wrong)
    assert "办理状态" in dateless.faults


@pytest.mark.parametrize("status", ["办结（待评价）", "待评价", "待回访", "不予受理", "不再受理", "已答复待评价"])
def test_what_has_ended_does_not_come_in_open(status: str) -> None:
    ended, dateless = texts(
        "内容,收到时间,答复时间,办理状态", f"一,2026-03-02,2026-03-09,{status}", f"二,2026-03-02,,{status}"
    )
    assert isinstance(ended, Said)
    assert ended.answered_at is not None
    assert isinstance(dateless, Wrong)
    assert "办理状态" in dateless.faults


@pytest.mark.parametrize(
    "status", ["未办结", "待办结", "not resolved", "Unresolved", "已办结后重新办理", "办理中", "reopened"]
)
def test_what_has_not_ended_comes_in_open(status: str) -> None:
    (found,) = texts("内容,收到时间,答复时间,办理状态", f"一,2026-03-02,2026-03-09,{status}")
    assert isinstance(found, Said)
    assert found.answered_at is None


def test_a_row_without_a_date_is_not_new_today_where_a_column_says_when_it_was_received() -> None:
    first, dateless = texts("内容,收到时间", "一,2026-03-02", "二,")
    assert isinstance(first, Said)
    assert isinstance(dateless, Wrong)
    assert "收到时间" in dateless.faults
    late = texts("内容,收到时间", *("早,",) * 300, "晚,2026-03-02")
    assert all(isinstance(one, Wrong) for one in late[:-1]), "however far down the first date stands"
    assert isinstance(late[-1], Said)
    (empty,) = texts("内容,收到时间", "一,")
    assert isinstance(empty, Wrong)
    assert "不导入" in empty.faults["收到时间"], "a column that is empty throughout: what to do is told"
    (new,) = texts("内容", "一")
    assert isinstance(new, Said)
    assert not new.past


def test_day_numbers_without_a_format_count_from_where_the_table_does() -> None:
    sheet = open_sheet(io.BytesIO("内容,收到时间\n一,44621\n".encode()))
    converter = Converter(mapping.guess(sheet.headings), sheet.headings, Book(), MORNING, day_0=cells.DAY_0_1904)
    (found,) = map(converter.convert, sheet.rows())
    assert isinstance(found, Said)
    assert found.received_at == datetime(2026, 3, 2, tzinfo=cells.CHINA)


def test_what_is_not_kept_whole_is_noted_and_a_number_is_never_cut() -> None:
    long = "长" * 201
    cut, refused = texts("编号,标题,内容,评价", f"1,{long},二,{'评' * 2001}", f"{'9' * 101},题,二,")
    assert isinstance(cut, Said)
    assert set(cut.notes) == {"标题", "评价"}
    assert isinstance(refused, Wrong)
    assert "编号" in refused.faults


def test_words_are_put_in_order_and_never_cut() -> None:
    (found,) = converted(
        open_sheet(
            io.BytesIO(workbook([["留言主题", "留言详情"], ["题", "\n\t\t\n  第一段。\t 有空\n\n\n\n第二段。 \r\n"]]))
        )
    )
    assert isinstance(found, Said)
    assert (found.words.title, found.words.text) == ("题", "第一段。 有空\n\n第二段。")


def test_guessing_leaves_open_what_it_does_not_know() -> None:
    found = mapping.guess(["甲", "乙"])
    assert found.fields == {}
    assert "text" in mapping.faults(found, ["甲", "乙"])
    assert mapping.guess(["来电人姓名（必填）", "诉求内容描述"]).fields["text"] == ("诉求内容描述",)
    with pytest.raises(BadInput):
        mapping.columns_of({"fields": {"nonsense": ["甲"]}})
    with pytest.raises(BadInput):
        mapping.columns_of({})
    assert "received" in mapping.faults(mapping.Columns({"text": ("甲",), "answered": ("乙",)}), ["甲", "乙"])
    assert "text" in mapping.faults(mapping.Columns({"text": ("丙",)}), ["甲"])


# --- files that mean harm


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made, zipfile.ZipFile(io.BytesIO(workbook([HEAD]))) as old:
        for name in old.namelist():
            if name != SHEET:
                made.writestr(name, old.read(name))
        with made.open(SHEET, "w") as part:
            part.write(page("")[:-30])
            for _ in range(40):
                part.write(b" " * 1024 * 1024)
    return out.getvalue()


def locked() -> bytes:
    data = bytearray(workbook([HEAD]))
    for mark, place in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        at = data.find(mark)
        while at >= 0:
            flags = struct.unpack_from("<H", data, at + place)[0]
            struct.pack_into("<H", data, at + place, flags | 1)
            at = data.find(mark, at + 4)
    return bytes(data)


ENTITY = b'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "aaaaaaaaaa">]><worksheet><sheetData><row><c t="inlineStr"><is><t>&a;</t></is></c></row></sheetData></worksheet>'
LONG = '<row><c t="inlineStr"><is><t>{}</t></is></c></row>'


@pytest.mark.parametrize(
    ("data", "told"),
    [
        pytest.param(bomb, "大得反常", id="bomb"),
        pytest.param(locked, "密码", id="password"),
        pytest.param(lambda: parts({"xl/vbaProject.bin": b"x"}), "宏", id="macros"),
        pytest.param(lambda: parts({SHEET: ENTITY}), "声明", id="entities"),
        pytest.param(lambda: parts({"xl/workbook.xml": ENTITY}), "声明", id="entities in the workbook"),
        pytest.param(lambda: parts({SHEET: page("<row><c></row>")}), "坏了", id="broken"),
        pytest.param(lambda: parts({SHEET: page('<row><c t="s"><v>5</v></c></row>')}), "坏了", id="no such string"),
        pytest.param(lambda: parts({SHEET: None}), "坏了", id="no sheet"),
        pytest.param(lambda: parts({"xl/workbook.xml": b"<workbook/>"}), "没有工作表", id="no sheets"),
        pytest.param(lambda: parts({SHEET: page(LONG.format("长" * 100_001))}), "10 万", id="a huge cell"),
        pytest.param(lambda: parts({SHEET: page("<row " + "a" * 5_000_000 + "/>")}), "10 万", id="an endless token"),
        pytest.param(lambda: parts({"xl/sharedStrings.xml": f"<sst><si><t>{'长' * 100_001}</t></si></sst>".encode()}), "10 万", id="a huge string"),
        pytest.param(lambda: parts({SHEET: page("<row>" + "<c><v>1</v></c>" * 401 + "</row>")}), "400 列", id="too wide"),
        pytest.param(lambda: parts({SHEET: page("")}), "空的", id="nothing in it"),
        pytest.param(lambda: workbook([HEAD])[:-200], "坏了", id="cut off"),
        pytest.param(lambda: parts({"xl/workbook.xml": None}), "压缩文件", id="another archive"),
        pytest.param(lambda: b"a" * 200_000 + b",b\n", "10 万", id="a huge cell of text"),
        pytest.param(lambda: b"19900001234,2026-03-02\n" * 5, "没有找到表头", id="no headings"),
        pytest.param(lambda: b"\n\n\n", "空的", id="empty lines"),
        pytest.param(lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "不是表格", id="a picture"),
        pytest.param(lambda: b"\xff\xfe\x00", "认不出来", id="half a character"),
        pytest.param(lambda: b"SQLite format 3\x00" + bytes(500), "不是表格", id="a database"),
    ],
)  # fmt: skip
def test_harm_is_refused_with_a_clear_word_and_a_way_on(data: Any, told: str) -> None:
    with pytest.raises(cells.Unreadable) as refused:
        rows_of(data())
    assert told in refused.value.message
    assert refused.value.remedy


def test_too_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "MOST_ROWS", 3)
    with pytest.raises(cells.Unreadable, match="110 万"):
        rows_of(b"a,b\n" + b"1,2\n" * 5)


def test_headings_without_a_name() -> None:
    with pytest.raises(cells.Unreadable):
        open_sheet(io.BytesIO(parts({SHEET: page('<row><c t="inlineStr"><is><t> </t></is></c></row>')})))


# --- while it waits


def test_a_stored_file_is_read_as_it_was_and_lies_encrypted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "FRAME", 1000)
    monkeypatch.setattr(store, "FRAMES_IN_MEMORY", 2)
    plain, key = b"needle" + random.Random(1).randbytes(10_500), uuid4()
    size, digest = store.put(key, [plain[:300], plain[300:9000], plain[9000:]])
    assert (size, len(digest)) == (len(plain), 32)
    assert b"needle" not in store.path_of(key).read_bytes()
    with store.opened(key) as file:
        assert file.read() == plain
        file.seek(-700, io.SEEK_END)
        assert file.read() == plain[-700:]
        file.seek(995)
        assert file.read(10) == plain[995:1005]
        assert file.seek(5, io.SEEK_CUR) == 1010
    store.drop(key)
    store.drop(key)
    with pytest.raises(cells.Unreadable):
        store.opened(key)


def test_a_file_too_large_leaves_nothing_behind(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MOST_BYTES", 10)
    key = uuid4()
    with pytest.raises(cells.Unreadable, match="1 GB"):
        store.put(key, [b"x" * 11])
    folder: Path = store.path_of(key).parent
    assert not [each for each in folder.iterdir() if str(key) in each.name]
