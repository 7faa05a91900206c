"""Text tables: csv and its relatives, whatever the encoding, the delimiter and the ends of lines.

A quote that is opened and not closed makes many lines one cell. Such a row is noticed and refused alone; the lines below it
are read again, each for itself: what is plainly a row of this table is one, what is not is refused too. Nothing is swallowed.
"""

import codecs
import csv
import io
import re
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import BinaryIO

from django.utils.translation import gettext

from .cells import DAY_0, LONGEST_CELL, Merge, Row, Unreadable, checked, too_long

DELIMITERS = (",", "\t", ";", "|")
CHUNK = 1024 * 1024
SAMPLE = 64 * 1024
SHORT = 30
_DIGITS = re.compile(r"\d+")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class Delimited:
    """A text table. The whole file is decoded once beforehand, so that a wrong guess is found before the first row counts."""

    kind = "csv"
    sheets: Sequence[str] = ()
    sheet = ""
    day_0 = DAY_0

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = file.seek(0, io.SEEK_END)
        self._encoding = _encoding(file)
        file.seek(0)
        sample = codecs.getincrementaldecoder(self._encoding)().decode(file.read(SAMPLE))
        self._delimiter, self._width = _delimiter(sample)
        self.detail = f"{self._encoding} {self._delimiter!r}"

    def choose(self, sheet: str) -> None:
        """A text table has no sheets."""
        if sheet:
            raise Unreadable("csv 文件里没有工作表可选。", remedy="请不要写工作表的名字。")

    def merges(self, below: int) -> list[Merge]:
        """Text has nothing merged."""
        return []

    def rows(self) -> Iterator[Row]:
        """Rows with anything in them. Raises Unreadable for a line beyond all measure."""
        return checked(self._rows())

    def part(self) -> float:
        """By the bytes read."""
        return min(1.0, self._file.tell() / self._size) if self._size else 1.0

    def _rows(self) -> Iterator[Row]:
        self._file.seek(0)
        text = io.TextIOWrapper(_Kept(self._file), encoding=self._encoding, newline="")  # type: ignore[type-var]
        before = csv.field_size_limit(LONGEST_CELL)
        try:
            yield from self._told_apart(_Lines(text))
        except csv.Error:
            raise Unreadable(
                "这个文件的引号或者换行不成对，读不下去。", remedy="请在原系统里重新导出 csv 或者 xlsx。"
            ) from None
        finally:
            csv.field_size_limit(before)

    def _told_apart(self, lines: "_Lines") -> Iterator[Row]:
        reader, number = csv.reader(lines, delimiter=self._delimiter), 0
        good: list[str] = []
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                if "field larger" not in str(error):
                    raise
                if len(lines.taken) < 2:
                    raise too_long() from None
                cells = []
            number += 1
            fault = ""
            if (len(lines.taken) > 1 or lines.ended) and self._swallowed(cells, lines, good):
                fault = gettext("这一行有一个引号没有成对（文件第 {line} 行）。请补上引号，或者重新导出后再导入。")
            elif lines.again and not self._like(cells, good):
                fault = gettext("它上面有一个引号没有成对，这一行是不是单独一行，分不清（文件第 {line} 行）。请核对。")
            if fault:
                cells = self._split(lines.taken[0])
                fault = fault.format(line=lines.first)
                lines.give_back()
            if (not fault and len(cells) == self._width) or not any(map(_form, good)):
                good = cells
            lines.begin()
            if any(cells):
                yield Row(number, [cell.strip() for cell in cells], fault)

    def _split(self, line: str) -> list[str]:
        return next(csv.reader([line.replace('"', "")[:LONGEST_CELL]], delimiter=self._delimiter), [])

    def _swallowed(self, cells: Sequence[str], lines: "_Lines", good: Sequence[str]) -> bool:
        """Whether a row that took several lines, or the last one, took them by a quote that stands alone."""
        if not cells:  # a cell beyond all measure
            return True
        whole = True
        try:
            list(csv.reader(lines.taken, delimiter=self._delimiter, strict=True))
        except csv.Error:
            whole = False
        if len(lines.taken) == 1:
            return not whole
        inner = [line for cell in cells if "\n" in cell or "\r" in cell for line in cell.splitlines()[1:]]
        known = [other if _form(other) else mine for mine, other in zip_longest(cells, good, fillvalue="")]
        like = any(self._like(self._split(line), known) for line in inner)
        return like or (not whole and (lines.ended or len(cells) != self._width))

    def _like(self, cells: Sequence[str], good: Sequence[str]) -> bool:
        """Whether these are the cells of a row of this table: as many, and figures where the others have figures of that form."""
        if len(cells) != self._width or self._width < 2:
            return False
        forms = [(_form(cell), _form(other)) for cell, other in zip(cells, good, strict=False)]
        told = [form == other for form, other in forms if "9" in other]
        return any(told) if told else self._width > 2


class _Lines:
    """The lines of a text one by one, those of the row at hand kept so that they can be read again."""

    def __init__(self, text: Iterator[str]) -> None:
        self._text = _without_nul(text)
        self._waiting: deque[str] = deque()
        self._line = 0
        self.taken: list[str] = []
        self.first, self.again, self.ended = 1, False, False

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        if self._waiting:
            if not self.taken:
                self.again = True
            line = self._waiting.popleft()
        else:
            try:
                line = next(self._text)
            except StopIteration:
                self.ended = True
                raise
        self._line += 1
        self.taken.append(line)
        return line

    def begin(self) -> None:
        """A new row begins."""
        self.taken.clear()
        self.first, self.again, self.ended = self._line + 1, False, False

    def give_back(self) -> None:
        """All but the first line of this row are read again, as rows of their own."""
        rest = self.taken[1:]
        self._waiting.extendleft(reversed(rest))
        self._line -= len(rest)


def _form(cell: str) -> str:
    """What a short cell looks like, whatever its figures: 2026-03-02 is 9-9-9. Nothing for words."""
    text = cell.strip()
    if not text or len(text) > SHORT or not any(map(str.isdecimal, text)):
        return ""
    return _DIGITS.sub("9", text)


class _Kept(io.BufferedIOBase):
    """A file that stays open when the text over it is let go."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        return self._file.read(-1 if size is None else size)

    def read1(self, size: int = -1, /) -> bytes:
        return self._file.read(size)


def _without_nul(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        if len(line) > LONGEST_CELL * 100:
            raise too_long()
        yield line.replace("\0", "") if "\0" in line else line


def _encoding(file: BinaryIO) -> str:
    file.seek(0)
    head = file.read(4)
    for mark, name in _MARKS:
        if head.startswith(mark):
            if _decodes(file, name):
                return name
            break
    else:
        for name in ("utf-8", "gb18030"):
            if _decodes(file, name):
                return name
    raise Unreadable("这个文件不是表格，或者文字编码认不出来。", remedy="请导出 xlsx，或者 UTF-8、GB18030 编码的 csv。")


def _decodes(file: BinaryIO, encoding: str) -> bool:
    """Whether all of it is text in that encoding, without the control characters that only programs and pictures have."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while chunk := file.read(CHUNK):
            text = decoder.decode(chunk)
            if len(text) > 16 and sum(map(text.count, _CONTROLS)) > len(text) // 100:
                return False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


_CONTROLS = tuple(chr(code) for code in range(32) if chr(code) not in "\t\n\r\f\x1a\x1b\x0b\0")


def _delimiter(sample: str) -> tuple[str, int]:
    """The delimiter that gives the most columns, the same number in most rows; and how many."""
    best, score, width = ",", 0.0, 1
    for delimiter in DELIMITERS:
        try:
            rows = [r for r in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter) if any(r)][:50]
        except csv.Error:
            continue
        widths = [len(row) for row in rows[:-1] or rows]
        if not widths or max(widths) < 2:
            continue
        usual = max(set(widths), key=widths.count)
        found = widths.count(usual) / len(widths) * usual if usual > 1 else 0.0
        if found > score:
            best, score, width = delimiter, found, usual
    return best, width
