"""Opening a table: what it is (by content, never by name), where its headings are, and its rows below them."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from .cells import Row, Table, Unreadable
from .delimited import Delimited
from .xlsx import Xlsx

LOOKED_AT = 10
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
_TAKEN = "可以导入的是 xlsx 和 csv（UTF-8 或者 GB18030）。"


@dataclass(frozen=True)
class Sheet:
    """A table with its headings. `heading_row` is the line on which they stand."""

    table: Table
    headings: tuple[str, ...]
    heading_row: int

    def rows(self) -> Iterator[Row]:
        """The rows below the headings."""
        return (row for row in self.table.rows() if row.number > self.heading_row)

    def sample(self, most: int = 200) -> list[Row]:
        """The first rows below the headings."""
        return list(islice(self.rows(), most))


def open_sheet(file: BinaryIO) -> Sheet:
    """The table in `file`, which must stay open and can be sought in. Raises Unreadable with a clear word."""
    table = _table(file)
    first = list(islice(table.rows(), LOOKED_AT))
    if not first:
        raise Unreadable("这个表格是空的。", remedy="请检查导出的文件，第一个工作表要有内容。")
    heading = _heading(first)
    names = tuple(_names(heading))
    if not any(names):
        raise Unreadable("没有找到表头。", remedy="请让第一行写上每一列的名称。")
    return Sheet(table, names, heading.number)


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


def _heading(first: list[Row]) -> Row:
    """The first row that is about as wide as the widest: above it stand titles and remarks."""
    widths = [sum(1 for cell in row.cells if cell != "") for row in first]
    widest = max(widths)
    return next(row for row, width in zip(first, widths, strict=True) if width * 5 >= widest * 3)


def _names(row: Row) -> Iterator[str]:
    seen: dict[str, int] = {}
    for cell in row.cells:
        name = " ".join(str(cell).split())[:80]
        if not name:
            yield ""
            continue
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name} {seen[name]}"
