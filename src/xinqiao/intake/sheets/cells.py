"""What every table gives, whatever its format: rows of cells in a stream, and a clear word when it is not a table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Protocol

from django.utils.translation import gettext

from xinqiao.kernel.errors import BadInput

CHINA = timezone(timedelta(hours=8))  # a table that names no zone means China's time
DAY_0, DAY_0_1904 = datetime(1899, 12, 30, tzinfo=CHINA), datetime(1904, 1, 1, tzinfo=CHINA)
MOST_ROWS = 1_100_000
MOST_COLUMNS = 400
LONGEST_CELL = 100_000


class Broken(str):
    """A cell that holds no value: a formula without a result, an error such as #N/A. The text says which."""

    __slots__ = ()


Cell = str | datetime
"""A moment where the table knows that it is one; otherwise text, '' for nothing."""


@dataclass(frozen=True)
class Row:
    """One row as people count it: the first line of the file is 1. `fault` says why it cannot be told apart from others."""

    number: int
    cells: Sequence[Cell]
    fault: str = ""


@dataclass(frozen=True)
class Merge:
    """Cells that are shown as one: from line `top` to `bottom`, from column `left` to `right` (the first column is 0)."""

    top: int
    bottom: int
    left: int
    right: int


class Table(Protocol):
    """An opened table."""

    kind: str
    detail: str
    sheets: Sequence[str]
    sheet: str
    day_0: datetime

    def choose(self, sheet: str) -> None:
        """Read that one of `sheets`. Raises Unreadable when there is none of that name."""
        ...

    def merges(self, below: int) -> Sequence[Merge]:
        """What is merged in the first lines, up to line `below`."""
        ...

    def rows(self) -> Iterator[Row]:
        """All rows that hold anything, in order, read as they are asked for. Raises Unreadable in the middle."""
        ...

    def part(self) -> float:
        """How much of the file has been read, 0 to 1."""
        ...


class Unreadable(BadInput):
    """A file that is no table, or one that must not be opened."""

    code = "unreadable-sheet"

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__({"file": gettext(message)}, remedy=gettext(remedy) if remedy else "")


def checked(rows: Iterator[Row]) -> Iterator[Row]:
    """The rows, as long as there are not too many or too wide ones."""
    for place, row in enumerate(rows):
        if place > MOST_ROWS:
            raise Unreadable("表格超过 110 万行，一次放不下。", remedy="请分成几个文件，一个一个导入。")
        if len(row.cells) > MOST_COLUMNS:
            raise Unreadable("表格有的行超过 400 列，不像是登记表。", remedy="请只保留需要的列，再导出一次。")
        yield row


def too_long() -> Unreadable:
    """A cell that is longer than any message may be."""
    return Unreadable("有一格超过 10 万个字，没有导入。", remedy="请检查导出的分隔符、引号是否正确，或者把这一格缩短。")
