"""Opening a table: what it is (by content, never by name), where its headings are, and its rows below them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import BinaryIO

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext

from .cells import Broken, Cell, Merge, Row, Table, Unreadable
from .delimited import Delimited
from .xlsx import Xlsx

LOOKED_AT = 50
LONGEST_NAME = 100
UNDER = " / "  # a column's name below the name that it shares with its neighbours
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OTHERS = (
    b"%PDF-",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"Rar!",
    b"7z\xbc\xaf",
    b"\x1f\x8b",
    b"SQLite",
    b"\x7fELF",
    b"MZ",
)
_MARKUP = (b"<!doctype", b"<html", b"<?xml", b"<svg", b"<table", b"<script", b"{\\rtf")
_FIGURES = re.compile(r"\W*|(?=.*\d)[\W\d年月日时分秒元人件次岁x]*", re.IGNORECASE)
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_TAKEN = "可以导入的是 xlsx 和 csv（UTF-8 或者 GB18030）。"


@dataclass(frozen=True)
class Sheet:
    """A table with its headings. `heading_row` is the last line on which they stand; `skipped`: columns on the left that are
    our own words about rejected rows, taken off again."""

    table: Table
    headings: tuple[str, ...]
    heading_row: int
    skipped: int = 0

    def rows(self) -> Iterator[Row]:
        """The rows below the headings, as they were before they were made harmless for spreadsheet programs."""
        return (self._plain(row) for row in self.table.rows() if row.number > self.heading_row)

    def sample(self, most: int = 200) -> list[Row]:
        """The first rows below the headings."""
        return list(islice(self.rows(), most))

    def _plain(self, row: Row) -> Row:
        cells = row.cells[self.skipped :] if self.skipped else row.cells
        if self.skipped or any(type(cell) is str and cell[:1] == "'" for cell in cells):
            return Row(row.number, [_undone(cell) for cell in cells], row.fault)
        return row


def defused(cell: str) -> str:
    """A cell as no spreadsheet program takes it for a formula."""
    if cell.startswith(_DANGEROUS) and not cell[1:].replace(".", "", 1).isdecimal():
        return f"'{cell}"
    return cell


def _undone(cell: Cell) -> Cell:
    """The cell before it was defused."""
    if type(cell) is str and cell.startswith("'") and cell[1:].startswith(_DANGEROUS):
        return cell[1:].strip()
    return cell


def open_sheet(file: BinaryIO, *, sheet: str = "", heading_row: int = 0) -> Sheet:
    """The table in `file`, which must stay open and can be sought in. Raises Unreadable with a clear word.

    `sheet` chooses one by name, else it is the first that has headings; `heading_row` says on which line they stand (the
    lower one where they take two), else it is found.
    """
    table = _table(file)
    if sheet:
        table.choose(sheet)
    refused: list[Unreadable] = []
    for name in (table.sheet,) if sheet or not table.sheets else table.sheets:
        table.choose(name)
        try:
            return _opened(table, heading_row)
        except Unreadable as error:
            refused.append(error)
    raise refused[0]


def _opened(table: Table, heading_row: int) -> Sheet:
    first = list(islice(table.rows(), max(LOOKED_AT, heading_row)))
    if not first:
        raise Unreadable("这个表格是空的。", remedy="请检查导出的文件，要导入的工作表要有内容。")
    shown = _Top([row for row in first if not row.fault], table.merges(LOOKED_AT))
    bottom = shown.chosen(heading_row) if heading_row else shown.found()
    names = list(_names(shown.named(bottom, filled=bool(heading_row)), max(len(row.cells) for row in first)))
    skipped = 2 if len(names) > 2 and ours().issuperset(names[:2]) else 0
    return Sheet(table, tuple(names[skipped:]), bottom, skipped)


@cache
def ours() -> frozenset[str]:
    """What we ourselves put before rejected rows, in each language."""
    found = set()
    for code, _ in settings.LANGUAGES:
        with translation.override(code):
            found |= {gettext("第几行"), gettext("为什么没有导入")}
    return frozenset(found)


def _table(file: BinaryIO) -> Table:
    file.seek(0)
    head = file.read(512)
    if not head:
        raise Unreadable("这个文件是空的。", remedy=_TAKEN)
    if head.startswith(b"PK"):
        return Xlsx(file)
    if head.startswith(_OLE):
        raise Unreadable(
            "这是旧格式（xls）或者有密码的表格，不能导入。", remedy="请在 Excel 或者 WPS 里另存为 xlsx（去掉密码）。"
        )
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(_MARKUP):
        raise Unreadable(
            "这是网页，不是表格（有的系统把网页存成 xls）。", remedy="请用 Excel 或者 WPS 打开后另存为 xlsx。"
        )
    if head.startswith(_OTHERS):
        raise Unreadable("这不是表格文件。", remedy=_TAKEN)
    return Delimited(file)


class _Top:
    """The first lines of a table, with what is merged among them written into every cell."""

    def __init__(self, rows: Sequence[Row], merges: Iterable[Merge]) -> None:
        self._rows = {row.number: list(row.cells) for row in rows}
        self._merges = list(merges)
        for merge in self._merges:
            cells = self._rows.get(merge.top, [])
            if merge.left < len(cells) and merge.right - merge.left < 400:
                cells += [""] * (merge.right + 1 - len(cells))
                cells[merge.left : merge.right + 1] = [cells[merge.left]] * (merge.right + 1 - merge.left)

    def found(self) -> int:
        """The line of the headings: the first that holds names alone and is about as wide as the widest; else the widest
        of names."""
        widest = max(map(self._width, self._rows), default=0)
        fit = [number for number in self._rows if self._names_alone(number, min(2, widest))]
        wide = [number for number in fit if self._width(number) * 5 >= widest * 3]
        if fit:
            return self._lowest(wide[0] if wide else max(fit, key=self._width))
        raise Unreadable("没有找到表头。", remedy="请让第一行写上每一列的名称；已经有的，请检查它是不是短短的名称。")

    def chosen(self, number: int) -> int:
        """The line that somebody named, when it can be one of headings."""
        if not self._names_alone(number, 1):
            raise Unreadable("这一行不像列名：是空的，或者写着号码、日期、长句子。", remedy="请改成写着列名的那一行。")
        return max(
            [number, *(merge.bottom for merge in self._merges if merge.top == number and merge.bottom <= LOOKED_AT)]
        )

    def named(self, bottom: int, *, filled: bool) -> list[str]:
        """The names that stand on that line, below those that they share; `filled`: what is blank goes by the line above."""
        lower, upper = self._rows.get(bottom, []), self._above(bottom)
        across = {
            place
            for merge in self._merges
            if merge.top < bottom and merge.bottom < bottom and merge.right > merge.left
            for place in range(merge.left, merge.right + 1)
        }
        down = {
            place
            for merge in self._merges
            if merge.top < bottom <= merge.bottom
            for place in range(merge.left, merge.right + 1)
        }
        names = []
        for place in range(max(len(lower), len(upper))):
            name, over = (_name(cells[place]) if place < len(cells) else "" for cells in (lower, upper))
            if not name:
                name = over if filled or place in down or place in across else ""
            elif place in across and over and over != name:
                name = f"{over}{UNDER}{name}"
            names.append(name)
        return names

    def _above(self, bottom: int) -> list[Cell]:
        """The line above, when it holds names too: more than a title over the whole table."""
        return self._rows[bottom - 1] if self._names_alone(bottom - 1, 2) else []

    def _width(self, number: int) -> int:
        return sum(1 for cell in self._rows[number] if cell != "")

    def _names_alone(self, number: int, least: int) -> bool:
        cells = {cell for cell in self._rows.get(number, ()) if cell != ""}
        return len(cells) >= least and all(map(_like_a_name, cells))

    def _lowest(self, number: int) -> int:
        """The last line of headings that begin on this one: what is merged downwards says so, or names below a shared one."""
        begun = [merge for merge in self._merges if merge.top == number]
        lowest = max([number, *(merge.bottom for merge in begun if merge.bottom <= LOOKED_AT)])
        shared = any(merge.right > merge.left for merge in begun)
        if lowest == number and shared and self._names_alone(number + 1, 2):
            return number + 1
        return lowest


def _like_a_name(cell: Cell) -> bool:
    """Whether a cell may be the name of a column: short words, never a number, a date, an address of mail, a sentence."""
    if not isinstance(cell, str) or isinstance(cell, Broken):
        return False
    text = cell.strip()
    return len(text) <= LONGEST_NAME and not text.endswith("。") and "@" not in text and not _FIGURES.fullmatch(text)


def _name(cell: Cell) -> str:
    return " ".join(str(_undone(cell)).split())


def _names(given: Sequence[str], width: int) -> Iterator[str]:
    """The names, each once, and for columns without one their place; as many as the widest row has cells."""
    known, taken = set(given), set()
    for place in range(max(len(given), width)):
        name = given[place] if place < len(given) else ""
        name = name or f"第 {place + 1} 列"
        told, count = name, 1
        while told in taken or (count > 1 and told in known):
            count += 1
            told = f"{name} {count}"
        taken.add(told)
        yield told
