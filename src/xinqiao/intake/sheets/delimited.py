"""Text tables: csv and its relatives, whatever the encoding, the delimiter and the ends of lines."""

import codecs
import csv
import io
from collections.abc import Iterator
from typing import BinaryIO

from .cells import LONGEST_CELL, Row, Unreadable, checked, too_long

DELIMITERS = (",", "\t", ";", "|")
CHUNK = 1024 * 1024
SAMPLE = 64 * 1024
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class Delimited:
    """A text table. The whole file is decoded once beforehand, so that a wrong guess is found before the first row counts."""

    kind = "csv"

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = file.seek(0, io.SEEK_END)
        self._encoding = _encoding(file)
        file.seek(0)
        sample = codecs.getincrementaldecoder(self._encoding)().decode(file.read(SAMPLE))
        self._delimiter = _delimiter(sample)
        self.detail = f"{self._encoding} {self._delimiter!r}"

    def rows(self) -> Iterator[Row]:
        """Rows with anything in them. Raises Unreadable for a cell beyond all measure."""
        return checked(self._rows())

    def part(self) -> float:
        """By the bytes read."""
        return min(1.0, self._file.tell() / self._size) if self._size else 1.0

    def _rows(self) -> Iterator[Row]:
        self._file.seek(0)
        text = io.TextIOWrapper(_Kept(self._file), encoding=self._encoding, newline="")  # type: ignore[type-var]
        before = csv.field_size_limit(LONGEST_CELL)
        try:
            for number, cells in enumerate(csv.reader(_without_nul(text), delimiter=self._delimiter), 1):
                if any(cells):
                    yield Row(number, [cell.strip() for cell in cells])
        except csv.Error as error:
            if "field larger" in str(error):
                raise too_long() from None
            raise Unreadable(
                "这个文件的引号或者换行不成对，读不下去。", remedy="请在原系统里重新导出 csv 或者 xlsx。"
            ) from None
        finally:
            csv.field_size_limit(before)


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


def _delimiter(sample: str) -> str:
    """The delimiter that gives the most columns, the same number in most rows."""
    best, score = ",", 0.0
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
            best, score = delimiter, found
    return best
