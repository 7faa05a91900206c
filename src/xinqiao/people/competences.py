"""The competence table as a file: out and in again. A file adds and ends lines; a line it does not name stays as it is."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext

from xinqiao.kernel.errors import BadInput
from xinqiao.kernel.words import N_
from xinqiao.people.actors import Actor
from xinqiao.people.administration import LATER, UNKNOWN_ORGAN, administrator, competence_wrong
from xinqiao.people.models import Competence, Organ

COLUMNS = ("organ_code", "organ", "content_code", "area_code", "role", "source", "valid_from", "valid_to")
"""`organ` is the organ's name, for readers: on the way in it is not looked at."""
REQUIRED = ("organ_code", "role", "source", "valid_from")
ROLES = {"主办": "lead", "协办": "assist"}
MOST_ROWS = 20_000
MOST_WRONG = 200
BAD_DAY = N_("日期请写成 2026-01-31 的样子。")


@dataclass(frozen=True)
class Wrong:
    """What is wrong in a line (the first below the headings is 2) and column of the file."""

    line: int
    column: str
    words: str


@dataclass(frozen=True)
class Taken:
    """What a file does or would do: lines added, lines whose end or source changes, lines that say what is so already."""

    added: int
    changed: int
    unchanged: int
    wrong: tuple[Wrong, ...]

    @property
    def whole(self) -> bool:
        return not self.wrong


def rows(*, on: date | None = None) -> Iterator[tuple[str, ...]]:
    """The table in the order of COLUMNS; only the lines that have not ended on a day when one is named."""
    found = Competence.objects.select_related("organ").order_by("content_code", "area_code", "role", "pk")
    for row in found.iterator(2000):
        if on is None or row.valid_to is None or row.valid_to > on:
            ended = row.valid_to.isoformat() if row.valid_to else ""
            yield (row.organ.code, row.organ.name, row.content_code, row.area_code, row.role, row.source,
                   row.valid_from.isoformat(), ended)  # fmt: skip


def competences_import(
    *, lines: Iterable[tuple[int, Mapping[str, str]]], dry_run: bool, actor: Actor, at: datetime
) -> Taken:
    """Take in lines of a file, as (line number, column → text): all of them or, when anything is wrong, none.

    A dry run says what would happen and changes nothing. Raises BadInput for a file without the columns or too long.
    """
    administrator(actor)
    given: list[tuple[int, Mapping[str, str]]] = []
    for number, line in lines:
        if not given and (missing := [name for name in REQUIRED if name not in line]):
            raise BadInput(
                {"file": gettext("缺少这些列：") + "、".join(missing)}, remedy=N_("请先导出一份，照它的表头填。")
            )
        given.append((number, line))
        if len(given) > MOST_ROWS:
            raise BadInput({"file": N_("一次最多两万行，请分成几个文件。")})
    if not given:
        raise BadInput({"file": N_("文件里没有数据行。")})
    with transaction.atomic():
        taken = _take(given)
        if dry_run or taken.wrong:
            transaction.set_rollback(True)
    return taken


def _take(given: Sequence[tuple[int, Mapping[str, str]]]) -> Taken:
    organs = dict(Organ.objects.values_list("code", "pk"))
    counts = {"added": 0, "changed": 0, "unchanged": 0}
    wrong: list[Wrong] = []
    for number, line in given:
        row, faults = _read(line, organs)
        if row is not None:
            outcome, faults = _put(row)
            if outcome:
                counts[outcome] += 1
        wrong += [Wrong(number, column, words) for column, words in faults.items()]
        if len(wrong) >= MOST_WRONG:
            break
    return Taken(wrong=tuple(wrong[:MOST_WRONG]), **counts)


def _read(line: Mapping[str, str], organs: Mapping[str, int]) -> tuple[Competence | None, dict[str, str]]:
    text = {name: (line.get(name) or "").strip().lstrip("'") for name in COLUMNS}
    days: dict[str, date | None] = {"valid_from": None, "valid_to": None}
    faults = {}
    for name in days:
        try:
            days[name] = date.fromisoformat(text[name][:10]) if text[name] else None
        except ValueError:
            faults[name] = BAD_DAY
    if not text["valid_from"]:
        faults["valid_from"] = BAD_DAY
    if text["organ_code"] not in organs:
        faults["organ_code"] = UNKNOWN_ORGAN
    if faults:
        return None, faults
    return Competence(
        organ_id=organs[text["organ_code"]], content_code=text["content_code"], area_code=text["area_code"],
        role=ROLES.get(text["role"], text["role"]), source=text["source"],
        valid_from=days["valid_from"] or date.min, valid_to=days["valid_to"],
    ), {}  # fmt: skip


def _put(row: Competence) -> tuple[str, dict[str, str]]:
    there = Competence.objects.filter(
        organ_id=row.organ_id, content_code=row.content_code, area_code=row.area_code, role=row.role,
        valid_from=row.valid_from,
    ).first()  # fmt: skip
    if there is None:
        faults = competence_wrong(row)
        if not faults:
            row.save(force_insert=True)
        return ("" if faults else "added"), _by_column(faults)
    if (there.source, there.valid_to) == (row.source, row.valid_to):
        return "unchanged", {}
    if row.valid_to is not None and row.valid_to <= row.valid_from:
        return "", {"valid_to": LATER}
    there.source, there.valid_to = row.source, row.valid_to
    faults = {name: words for name, words in competence_wrong(there).items() if name in {"source", "valid_from"}}
    if not faults:
        there.save(update_fields=["source", "valid_to"])
    return ("" if faults else "changed"), faults


def _by_column(faults: Mapping[str, str]) -> dict[str, str]:
    return {"organ_code" if name == "organ" else name: words for name, words in faults.items()}
