"""What pages and commands read of imports. Only the office that brought a table sees it; rejected rows only who brought it."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext

from xinqiao.intake.models import SheetImport, SheetMapping, SheetReject
from xinqiao.kernel.errors import NotFound
from xinqiao.people import keys
from xinqiao.people.actors import Actor

from . import store
from .cells import Row
from .reading import open_sheet
from .services import may_import, own

MOST_LISTED = 30
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


@dataclass(frozen=True)
class Findings:
    """What a dry run found wrong: how often in which column, and the first faults by line and column."""

    columns: tuple[tuple[str, int], ...]
    rows: tuple[tuple[int, str, str], ...]


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
        return open_sheet(file).sample(most)


def findings_of(sheet: SheetImport) -> Findings:
    """What the last dry run found."""
    blob = bytes(sheet.findings)
    found: dict[str, Any] = json.loads(keys.decrypt("sealed", blob, sheet.id.bytes)) if blob else {}
    return Findings(
        tuple((str(name), int(count)) for name, count in found.get("columns", {}).items()),
        tuple((int(line), str(heading), str(what)) for line, heading, what in found.get("rows", ())),
    )


def rejects_csv(sheet: SheetImport) -> Iterator[bytes]:
    """The rows that were not taken in as a csv for spreadsheets: line, reasons, then the columns as they came. Nothing in
    it is run as a formula."""
    headings = [str(heading) for heading in sheet.table["headings"]]
    yield b"\xef\xbb\xbf" + _line([gettext("第几行"), gettext("为什么没有导入"), *map(_defused, headings)])
    for first in SheetReject.objects.filter(sheet=sheet).order_by("first_line").values_list("first_line", flat=True):
        kept = SheetReject.objects.get(sheet=sheet, first_line=first)
        plain = keys.decrypt("sealed", kept.rows, sheet.id.bytes + first.to_bytes(4, "big"))
        for line, faults, cells in json.loads(plain):
            reasons = gettext("；").join(
                f"{heading}{gettext('：')}{what}" if heading else what for heading, what in faults.items()
            )
            yield _line([str(line), _defused(reasons), *map(_defused, cells)])


def _line(cells: list[str]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerow(cells)
    return out.getvalue().encode()


def _defused(cell: str) -> str:
    if cell.startswith(_DANGEROUS) and not cell[1:].replace(".", "", 1).isdecimal():
        return f"'{cell}"
    return cell
