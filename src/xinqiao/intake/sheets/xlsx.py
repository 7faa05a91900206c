"""xlsx in a stream and in constant memory: the sheet's XML goes through expat chunk by chunk, row by row.

Shared strings beyond a few megabytes are put aside encrypted under a key that dies with the reader. Nothing is ever
evaluated: of a formula the stored result counts. Bombs, document types, broken XML and endless tokens are refused.
"""

import re
import tempfile
import weakref
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, BinaryIO
from xml.parsers import expat

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .cells import DAY_0, DAY_0_1904, LONGEST_CELL, Broken, Cell, Merge, Row, Unreadable, checked, too_long

CHUNK = 256 * 1024
MOST_BEHIND = 4 * 1024 * 1024
MOST_PARTS = 5_000
MOST_BYTES = 12 * 1024**3
SMALL_PART = 32 * 1024**2
BOMB = 250  # a real sheet shrinks 5 to 60 times
BLOCK = 512
BLOCKS_IN_MEMORY = 64
_DATES = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_DATE_CODE = re.compile(r"[ymdhs年月日时分秒]", re.IGNORECASE)
_NOT_CODE = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.')
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_BROKEN = "这个 xlsx 文件坏了，读不下去。"
_AGAIN = "请用 Excel 或者 WPS 打开后另存一份，再导入。"
_MERGE = re.compile(rb'mergeCell [^>]{0,200}?ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
MOST_SEARCHED = 256 * 1024**2  # what is merged stands behind the rows: in larger sheets columns go by their place


class Xlsx:
    """The first sheet that is not hidden, until another one is chosen."""

    kind = "xlsx"

    def __init__(self, file: BinaryIO) -> None:
        self._zip = _opened(file)
        names = set(self._zip.namelist())
        if "xl/workbook.xml" not in names:
            raise Unreadable("这是压缩文件，不是 xlsx 表格。", remedy="请解压后导入里面的 xlsx 或者 csv。")
        if any(name.endswith("vbaProject.bin") for name in names):
            raise Unreadable("这个表格带有宏（程序），不能导入。", remedy="请另存为不带宏的 xlsx 或者 csv。")
        self._paths, from_1904 = _shown_sheets(self._zip)
        self.day_0 = DAY_0_1904 if from_1904 else DAY_0
        self.sheets: Sequence[str] = tuple(self._paths)
        self.choose(self.sheets[0])
        self._dates = _date_styles(self._zip) if "xl/styles.xml" in names else frozenset()
        self._strings = _Strings()
        if "xl/sharedStrings.xml" in names:
            _read_strings(self._zip, self._strings)
        self._fed = 0

    def choose(self, sheet: str) -> None:
        """Read the sheet of that name."""
        if sheet not in self._paths:
            raise Unreadable("这个表格里没有叫这个名字的工作表，或者它是隐藏的。", remedy="请另选一个工作表。")
        try:
            self._sheet = self._zip.getinfo(self._paths[sheet])
        except KeyError:
            raise Unreadable(_BROKEN, remedy=_AGAIN) from None
        self.sheet = self.detail = sheet

    def merges(self, below: int) -> list[Merge]:
        """From the end of the sheet, where they stand."""
        if self._sheet.file_size > MOST_SEARCHED:
            return []
        found: set[tuple[bytes, ...]] = set()
        held = b""
        try:
            with self._zip.open(self._sheet) as stream:
                while chunk := stream.read(CHUNK):
                    held = held[-400:] + chunk
                    if b"mergeCell " in held:
                        found.update(ref for ref in _MERGE.findall(held) if int(ref[1]) <= below)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError):
            raise Unreadable(_BROKEN, remedy=_AGAIN) from None
        return sorted(
            (
                Merge(int(top), int(bottom), _place(left.decode()), _place(right.decode()))
                for left, top, right, bottom in found
            ),
            key=lambda merge: (merge.top, merge.left),
        )

    def rows(self) -> Iterator[Row]:
        """Rows with anything in them."""
        return checked(self._rows())

    def part(self) -> float:
        """By the bytes of the sheet."""
        return min(1.0, self._fed / self._sheet.file_size) if self._sheet.file_size else 1.0

    def _rows(self) -> Iterator[Row]:
        reader = _SheetReader(self._strings, self._dates, self.day_0)
        self._fed = 0
        for fed in _feed(self._zip, self._sheet, reader.parser):
            self._fed = fed
            yield from reader.ready
            reader.ready.clear()


def _opened(file: BinaryIO) -> zipfile.ZipFile:
    file.seek(0)
    try:
        opened = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise Unreadable(_BROKEN, remedy=_AGAIN) from None
    parts = opened.infolist()
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_BYTES:
        raise _bomb()
    for part in parts:
        if part.flag_bits & 1:
            raise Unreadable("这个表格有密码，打不开。", remedy="请去掉密码后再导入。")
        if part.file_size > SMALL_PART and part.file_size > BOMB * max(1, part.compress_size):
            raise _bomb()
    return opened


def _bomb() -> Unreadable:
    return Unreadable("这个文件解开后大得反常，为安全起见没有打开。", remedy="请重新导出，或者另存为 csv 再导入。")


def _feed(source: zipfile.ZipFile, part: zipfile.ZipInfo, parser: expat.XMLParserType) -> Iterator[int]:
    """Feed a part to `parser`; yields how many bytes went in so far."""

    def refuse(*_: Any) -> None:
        raise Unreadable("这个 xlsx 文件里有不该有的声明（DTD），为安全起见没有打开。", remedy=_AGAIN)

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.buffer_text = True
    fed = 0
    try:
        with source.open(part) as stream:
            while chunk := stream.read(CHUNK):
                parser.Parse(chunk, False)
                fed += len(chunk)
                if fed - parser.CurrentByteIndex > MOST_BEHIND:
                    raise too_long()
                yield fed
            parser.Parse(b"", True)
        yield fed
    except (expat.ExpatError, zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError):
        raise Unreadable(_BROKEN, remedy=_AGAIN) from None


def _whole(source: zipfile.ZipFile, name: str, started: Callable[[str, dict[str, str]], None]) -> None:
    """Read a small part of the file through one handler."""
    part = source.getinfo(name)
    if part.file_size > SMALL_PART:
        raise _bomb()
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda tag, given: started(tag.rpartition(":")[2], given)
    for _ in _feed(source, part, parser):
        pass


def _shown_sheets(source: zipfile.ZipFile) -> tuple[dict[str, str], bool]:
    """The sheets that are not hidden, name by name with their parts of the file; and whether years count from 1904."""
    sheets: list[dict[str, str]] = []
    targets: dict[str, str] = {}
    drawings: set[str] = set()
    from_1904 = False

    def in_workbook(tag: str, given: dict[str, str]) -> None:
        nonlocal from_1904
        if tag == "sheet":
            sheets.append({key.rpartition(":")[2]: value for key, value in given.items()})
        elif tag == "workbookPr":
            from_1904 = given.get("date1904") in ("1", "true")

    def in_relations(tag: str, given: dict[str, str]) -> None:
        if tag == "Relationship":
            targets[given.get("Id", "")] = given.get("Target", "")
            if given.get("Type", "").endswith(("/chartsheet", "/dialogsheet")):
                drawings.add(given.get("Id", ""))

    _whole(source, "xl/workbook.xml", in_workbook)
    if "xl/_rels/workbook.xml.rels" in source.namelist():
        _whole(source, "xl/_rels/workbook.xml.rels", in_relations)
    paths: dict[str, str] = {}
    for sheet in sheets:
        if sheet.get("state", "visible") == "visible" and sheet.get("id", "") not in drawings:
            target = targets.get(sheet.get("id", ""), "worksheets/sheet1.xml")
            path = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            paths.setdefault(" ".join(sheet.get("name", "").split())[:80], path)
    if not paths:
        raise Unreadable("这个 xlsx 文件里没有工作表。", remedy=_AGAIN)
    return paths, from_1904


def _date_styles(source: zipfile.ZipFile) -> frozenset[str]:
    """The numbers of the cell styles that show a date."""
    formats: dict[str, bool] = {str(number): True for number in _DATES}
    styles: list[str] = []
    inside = False

    def started(tag: str, given: dict[str, str]) -> None:
        nonlocal inside
        if tag == "numFmt":
            code = _NOT_CODE.sub("", given.get("formatCode", ""))
            formats[given.get("numFmtId", "")] = bool(_DATE_CODE.search(code)) and code.lower() != "general"
        elif tag in ("cellXfs", "cellStyles", "cellStyleXfs", "dxfs"):
            inside = tag == "cellXfs"
        elif tag == "xf" and inside:
            styles.append(given.get("numFmtId", "0"))

    _whole(source, "xl/styles.xml", started)
    return frozenset(str(place) for place, number in enumerate(styles) if formats.get(number))


class _Strings:
    """The shared strings by number: the first blocks in memory, the rest encrypted in a nameless file."""

    def __init__(self) -> None:
        self._block: list[str] = []
        self._kept: OrderedDict[int, list[str]] = OrderedDict()
        self._places: list[tuple[int, int]] = []
        self._file: Any = None
        self._cipher = AESGCM(AESGCM.generate_key(256))

    def add(self, text: str) -> None:
        """One more string."""
        self._block.append(text)
        if len(self._block) == BLOCK:
            self._put_aside()

    def __getitem__(self, number: int) -> str:
        place, inside = divmod(number, BLOCK)
        if place == len(self._places):
            return self._block[inside]
        block = self._kept.get(place)
        if block is None:
            block = self._fetch(place)
        return block[inside]

    def _put_aside(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the reader
            weakref.finalize(self, self._file.close)
        number = len(self._places)
        sealed = self._cipher.encrypt(number.to_bytes(12, "big"), "\0".join(self._block).encode(), None)
        self._places.append((self._file.seek(0, 2), len(sealed)))
        self._file.write(sealed)
        self._keep(number, self._block)
        self._block = []

    def _keep(self, number: int, block: list[str]) -> None:
        self._kept[number] = block
        if len(self._kept) > BLOCKS_IN_MEMORY:
            self._kept.popitem(last=False)

    def _fetch(self, place: int) -> list[str]:
        offset, length = self._places[place]
        self._file.seek(offset)
        plain = self._cipher.decrypt(place.to_bytes(12, "big"), self._file.read(length), None)
        block = plain.decode().split("\0")
        self._keep(place, block)
        return block


def _read_strings(source: zipfile.ZipFile, strings: _Strings) -> None:
    parser = expat.ParserCreate()
    pieces: list[str] = []
    taking, phonetic, length = False, False, 0

    def started(tag: str, given: dict[str, str]) -> None:
        nonlocal taking, phonetic, length
        name = tag.rpartition(":")[2]
        if name == "si":
            pieces.clear()
            length = 0
        elif name == "rPh":
            phonetic = True
        elif name == "t":
            taking = not phonetic

    def said(text: str) -> None:
        nonlocal length
        if taking:
            length += len(text)
            if length > LONGEST_CELL:
                raise too_long()
            pieces.append(text)

    def ended(tag: str) -> None:
        nonlocal taking, phonetic
        name = tag.rpartition(":")[2]
        if name == "t":
            taking = False
        elif name == "rPh":
            phonetic = False
        elif name == "si":
            strings.add("".join(pieces).replace("\0", ""))

    parser.StartElementHandler, parser.CharacterDataHandler, parser.EndElementHandler = started, said, ended
    for _ in _feed(source, source.getinfo("xl/sharedStrings.xml"), parser):
        pass


class _SheetReader:
    """Collects the rows that are whole in `ready`."""

    def __init__(self, strings: _Strings, dates: frozenset[str], day_0: datetime) -> None:
        self.ready: list[Row] = []
        self.parser = expat.ParserCreate()
        self._strings, self._dates, self._day_0 = strings, dates, day_0
        self._columns: dict[str, int] = {}
        self._cells: list[Cell] = []
        self._number = 0
        self._at, self._next, self._type, self._style = 0, 0, "n", ""
        self._taking, self._formula = False, False
        self._pieces: list[str] = []
        self._length = 0
        self.parser.StartElementHandler = self._started
        self.parser.EndElementHandler = self._ended

    def _started(self, tag: str, given: dict[str, str]) -> None:
        if ":" in tag:
            tag = tag.rpartition(":")[2]
        if tag == "c":
            ref = given.get("r")
            self._at = self._column(ref) if ref else self._next
            self._next = self._at + 1
            self._type, self._style = given.get("t", "n"), given.get("s", "")
            self._pieces.clear()
            self._length, self._formula = 0, False
        elif tag == "v" or tag == "t":
            self.parser.CharacterDataHandler = self._said
        elif tag == "f":
            self._formula = True
        elif tag == "rPh":
            self._taking = True
        elif tag == "row":
            number = given.get("r", "")
            self._number = int(number) if number.isdecimal() else self._number + 1
            self._cells, self._next = [], 0

    def _said(self, text: str) -> None:
        if self._taking:
            return
        self._length += len(text)
        if self._length > LONGEST_CELL:
            raise too_long()
        self._pieces.append(text)

    def _ended(self, tag: str) -> None:
        if ":" in tag:
            tag = tag.rpartition(":")[2]
        if tag == "v" or tag == "t":
            self.parser.CharacterDataHandler = None
        elif tag == "c":
            cell = self._value()
            if cell != "":
                while len(self._cells) < self._at:
                    self._cells.append("")
                self._cells.append(cell)
        elif tag == "rPh":
            self._taking = False
        elif tag == "row" and self._cells:
            self.ready.append(Row(self._number, self._cells))

    def _column(self, ref: str) -> int:
        letters = ref.rstrip("0123456789")
        known = self._columns.get(letters)
        if known is None:
            known = self._columns[letters] = _place(letters)
        return known

    def _value(self) -> Cell:
        raw = "".join(self._pieces)
        kind = self._type
        if kind == "s":
            try:
                return _plain(self._strings[int(raw)])
            except (ValueError, IndexError):
                raise Unreadable(_BROKEN, remedy=_AGAIN) from None
        if kind == "n":
            return self._figure(raw)
        if kind == "inlineStr" or kind == "str":
            return _plain(raw)
        if kind == "b":
            return "是" if raw == "1" else "否"
        if kind == "e":
            return Broken(raw)
        if kind == "d":
            return raw.strip()
        return _plain(raw)

    def _figure(self, raw: str) -> Cell:
        if not raw:
            return Broken("=") if self._formula else ""
        if self._style in self._dates:
            try:
                return _moment(float(raw), self._day_0)
            except (ValueError, OverflowError):
                return raw
        return figure(raw)


def _place(letters: str) -> int:
    """The place of a column by its letters: A is 0."""
    place = 0
    for letter in letters[:3].upper():
        place = place * 26 + ord(letter) - 64
    return max(0, min(place - 1, 20_000))


def figure(raw: str) -> str:
    """A number as people write it: 1.3812345678E10 is 13812345678, 3.0 is 3."""
    if raw.isdecimal():
        return raw
    try:
        value = float(raw)
    except ValueError:
        return raw.strip()
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _moment(days: float, day_0: datetime) -> datetime:
    return day_0 + timedelta(seconds=round(days * 86_400))


def _plain(text: str) -> str:
    if "_x" in text:
        text = _ESCAPE.sub(_escaped, text)
    return text.replace("\0", "").strip()


def _escaped(found: re.Match[str]) -> str:
    code = int(found[1], 16)
    return "\ufffd" if 0xD800 <= code <= 0xDFFF else chr(code)
