"""Areas from a table (CSV, also gzipped): the tree of codes as published, effective from a day."""

import csv
import gzip
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from django.db import transaction

from xinqiao.kernel.errors import BadInput
from xinqiao.people.actors import Actor
from xinqiao.people.areas import area_chain, area_stem, within
from xinqiao.people.models import Area, Level, in_force

KINDS = re.compile(
    r"(特别行政区|维吾尔自治区|壮族自治区|回族自治区|自治区|自治州|自治县|街道办事处|街道|社区居委会|村委会|居委会|社区|新区"
    r"|省|市|区|县|镇|乡|村)$"
)
LEVEL_BY_LENGTH = {2: Level.PROVINCE, 4: Level.CITY, 6: Level.DISTRICT, 9: Level.STREET, 12: Level.COMMUNITY}
WIDE = (
    ("province_code", "province"),
    ("city_code", "city"),
    ("area_code", "area"),
    ("street_code", "street"),
    ("village_code", "village"),
)


@dataclass(frozen=True)
class AreasImported:
    """What an import did: rows added, ended because they changed or vanished, left as they were."""

    added: int
    ended: int
    unchanged: int


@dataclass(frozen=True)
class _Row:
    code: str
    name: str
    parent: str
    level: str
    full_name: str = ""


def stem_of(name: str) -> str:
    """A name without its kind, when two characters or more are left: 米市巷街道 → 米市巷."""
    short = KINDS.sub("", name)
    return short if len(short) >= 2 else name


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file, gzipped or not, UTF-8. Raises BadInput when it cannot be read."""
    try:
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    except (OSError, UnicodeDecodeError, csv.Error, EOFError) as error:
        raise BadInput({"file": f"{path} 读不出来：{error}"}, remedy="请给一个 UTF-8 编码的 CSV 文件。") from None


def _long(rows: Iterable[Mapping[str, str]]) -> list[_Row]:
    found: dict[str, _Row] = {}
    for line, row in enumerate(rows, start=2):
        code, name = (row.get("code") or "").strip(), (row.get("name") or "").strip()
        level = (row.get("level") or "").strip() or LEVEL_BY_LENGTH.get(len(area_stem(code)), "")
        if not re.fullmatch(r"\d{2,20}", code) or not name or level not in Level.values:
            raise BadInput({"file": f"第 {line} 行不对：需要 code（数字）、name 和 level。"})
        if code in found:
            raise BadInput({"file": f"第 {line} 行的代码 {code} 前面已经有了。"})
        parent = (row.get("parent_code") or "").strip()
        found[code] = _Row(code, name, parent, level, (row.get("full_name") or "").strip())
    return list(found.values())


def _wide(rows: Iterable[Mapping[str, str]]) -> list[_Row]:
    """One row per street or village that names all above it."""
    found: dict[str, _Row] = {}
    for line, row in enumerate(rows, start=2):
        parent = ""
        for code_key, name_key in WIDE:
            code, name = (row.get(code_key) or "").strip(), (row.get(name_key) or "").strip()
            if not code:
                continue
            if not re.fullmatch(r"\d{2,20}", code) or not name:
                raise BadInput({"file": f"第 {line} 行不对：{code_key} 要是数字，{name_key} 不能空。"})
            level = LEVEL_BY_LENGTH.get(len(code), Level.GRID)
            padded = code.ljust(6, "0") if len(code) < 6 else code
            found.setdefault(padded, _Row(padded, name, parent, level))
            parent = padded
    return list(found.values())


def parse(rows: list[dict[str, str]]) -> list[_Row]:
    """Rows in either of the two shapes: code,name[,full_name,level,parent_code] or city_code,city,area_code,area,…

    Raises BadInput naming the line.
    """
    if not rows:
        raise BadInput({"file": "文件里没有数据行。"})
    if "code" in rows[0]:
        return _long(rows)
    if "area_code" in rows[0] and "area" in rows[0]:
        return _wide(rows)
    raise BadInput({"file": "认不出表头：需要 code,name,… 或 city_code,city,area_code,area,…。"})


@transaction.atomic
def areas_import(
    *,
    rows: list[dict[str, str]],
    valid_from: date,
    actor: Actor,
    at: datetime,
    only_within: str = "",
    ends_missing: bool = False,
) -> AreasImported:
    """Bring the area tree to what `rows` say, from a day on. A changed name or parent ends the old row on that day.

    `only_within` takes that area, what lies in it and what stands above it. `ends_missing` also ends areas that lie below the rows' topmost areas but are not among them. The same file twice
    changes nothing. Raises BadInput for a broken file, or for a day before a row that it would change began.
    """
    wanted = {row.code: row for row in parse(rows)}
    if only_within:
        above = set(area_chain(only_within))
        wanted = {code: row for code, row in wanted.items() if code in above or within(code, only_within)}
    known = {area.code: area for area in Area.objects.select_for_update().filter(in_force(valid_from))}
    later = set(Area.objects.filter(code__in=wanted, valid_from__gt=valid_from).values_list("code", flat=True))
    if later:
        raise BadInput({"valid_from": f"{min(later)} 在这一天之后已有新的版本，请选更晚的日期。"})

    def full(row: _Row) -> str:
        if row.full_name:
            return row.full_name
        above = wanted.get(row.parent)
        if above is not None:
            return full(above) + row.name
        return (known[row.parent].full_name if row.parent in known else "") + row.name

    fresh: list[Area] = []
    ended: list[Area] = []
    unchanged = 0
    for row in wanted.values():
        area = known.get(row.code)
        new = Area(
            code=row.code, name=row.name, full_name=full(row), stem=stem_of(row.name), level=row.level,
            parent_code=row.parent, valid_from=valid_from,
        )  # fmt: skip
        if area is not None and (area.name, area.full_name, area.parent_code, area.level) == (
            new.name, new.full_name, new.parent_code, new.level,
        ):  # fmt: skip
            unchanged += 1
            continue
        if area is not None:
            ended.append(area)
        fresh.append(new)
    if ends_missing:
        tops = tuple(area_stem(code) for code, row in wanted.items() if row.parent not in wanted)
        ended += [area for code, area in known.items() if code not in wanted and code.startswith(tops)]
    for area in ended:
        if area.valid_from >= valid_from:
            raise BadInput({"valid_from": f"{area.code} 从 {area.valid_from} 才开始，请选更晚的日期。"})
        area.valid_to = valid_from
    Area.objects.bulk_update(ended, ["valid_to"], batch_size=2000)
    Area.objects.bulk_create(fresh, batch_size=2000)
    return AreasImported(len(fresh), len(ended), unchanged)
