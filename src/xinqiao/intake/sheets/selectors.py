"""What pages and commands read of imports. Only the office that brought a table sees it; rejected rows only who brought it."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import translation
from django.utils.translation import get_language, gettext

from xinqiao.intake.models import SheetImport, SheetMapping, SheetReject
from xinqiao.kernel.errors import NotFound
from xinqiao.people import keys
from xinqiao.people.access import acting
from xinqiao.people.actors import Actor

from . import store
from .cells import Row
from .reading import defused
from .services import may_import, own, reopened

MOST_LISTED = 30


@dataclass(frozen=True)
class Findings:
    """What a dry run found wrong: how often in which column, and the first faults by line and column of `total`; and what would
    not be kept whole."""

    columns: tuple[tuple[str, int], ...]
    rows: tuple[tuple[int, str, str], ...]
    notes: tuple[tuple[int, str, str], ...] = ()
    total: int = 0


def sheet_get(*, sheet_id: UUID, actor: Actor) -> SheetImport:
    """An import of the actor's office. Raises NotFound."""
    if not may_import(actor):
        raise NotFound()
    sheet = SheetImport.objects.select_related("account").filter(own(actor), pk=sheet_id).first()
    if sheet is None:
        raise NotFound()
    return sheet


def sheets_of(*, actor: Actor) -> list[SheetImport]:
    """The latest imports of the actor's office, newest first. Raises NotFound for others."""
    if not may_import(actor):
        raise NotFound()
    rows = SheetImport.objects.select_related("account").filter(own(actor)).defer("findings")
    return list(rows.order_by("-created_at")[:MOST_LISTED])


def mappings_of(*, actor: Actor) -> list[SheetMapping]:
    """The mappings that the office has kept, and those kept at the machine; by name."""
    return list(SheetMapping.objects.filter(own(actor) | Q(organ=None)).order_by("name"))


def sample_of(sheet: SheetImport, most: int = 5) -> list[Row]:
    """The first rows of a table that waits. Raises Unreadable when its file is gone."""
    with store.opened(sheet.id) as file:
        return reopened(sheet, file).sample(most)


def findings_of(sheet: SheetImport) -> Findings:
    """What the last dry run found."""
    blob = bytes(sheet.findings)
    found: dict[str, Any] = json.loads(keys.decrypt("sealed", blob, sheet.id.bytes)) if blob else {}
    return Findings(
        tuple((str(name), int(count)) for name, count in found.get("columns", {}).items()),
        _told(found.get("rows", ())),
        _told(found.get("notes", ())),
        int(found.get("total", len(found.get("rows", ())))),
    )


def _told(rows: Iterable[tuple[int, str, str]]) -> tuple[tuple[int, str, str], ...]:
    return tuple((int(line), str(heading), str(what)) for line, heading, what in rows)


def rejects_csv(sheet: SheetImport, *, actor: Actor) -> Iterator[bytes]:
    """The rows that were not taken in as a csv for spreadsheets, piece by piece, each read in a transaction of its own: line,
    reasons, then the columns as they came. Nothing in it is run as a formula. Taken in again it is the table without what
    was put before it."""
    language = get_language() or "zh-hans"
    headings = [str(heading) for heading in sheet.table["headings"]]
    yield b"\xef\xbb\xbf" + _line([gettext("第几行"), gettext("为什么没有导入"), *map(defused, headings)])
    after = -1
    while True:
        with acting(actor), translation.override(language):
            kept = SheetReject.objects.filter(sheet=sheet, first_line__gt=after).order_by("first_line").first()
            if kept is None:
                return
            after = kept.first_line
            plain = keys.decrypt("sealed", kept.rows, sheet.id.bytes + after.to_bytes(4, "big"))
            piece = b"".join(
                _line([str(line), defused(_reasons(faults)), *map(defused, cells)])
                for line, faults, cells in json.loads(plain)
            )
        yield piece


def _reasons(faults: Mapping[str, str]) -> str:
    return gettext("；").join(
        f"{heading}{gettext('：')}{what}" if heading else what for heading, what in faults.items()
    )


def _line(cells: list[str]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerow(cells)
    return out.getvalue().encode()
