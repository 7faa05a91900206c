"""Importing a table: upload, say which column is which, try, take in, fetch what was not taken in."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from xinqiao.cases import lexemes
from xinqiao.desk.views.door import actor_of, staff
from xinqiao.intake.models import SheetImport, Submission
from xinqiao.intake.sheets import mapping, selectors, services
from xinqiao.intake.sheets.cells import Cell
from xinqiao.kernel.errors import BadInput, Conflict
from xinqiao.people import clock, identity
from xinqiao.people import services as vault
from xinqiao.people.visitors import recent_sign_in, sign_in_again

WRONG = 422
LONGEST_SAMPLE = 60
SHOWN_FAULTS = 100
LOWEST_HEADING = 50
HIDDEN: dict[str, Callable[[str], str]] = {
    "name": identity.mask_name,
    "phone": identity.mask_phone,
    "id_number": identity.mask_id_number,
    "email": identity.mask_email,
    "address": identity.mask_address,
    "firm": identity.mask_firm,
}
SHOWN = frozenset({"number", "received", "answered", "closed"})
State = SheetImport.State


@staff("officer", "admin")
def imports(request: HttpRequest) -> HttpResponse:
    """The office's imports, and the place to upload the next table."""
    actor, at = actor_of(request), clock.now()
    rows = selectors.sheets_of(actor=actor)
    trouble: BadInput | None = None
    if request.method == "POST":
        given = request.FILES.get("file")
        try:
            if given is None:
                raise BadInput({"file": gettext("请先选择文件。")})
            made = services.sheet_upload(name=given.name or "", chunks=given.chunks(), actor=actor, at=at)
            return redirect("desk:import", sheet_id=made.pk)
        except BadInput as error:
            trouble = error
    context = {"rows": rows, "trouble": trouble, "trouble_text": trouble.fields.get("file", "") if trouble else ""}
    return render(request, "desk/imports.html", context, status=WRONG if trouble else 200)


@staff("officer", "admin")
def sheet(request: HttpRequest, sheet_id: UUID) -> HttpResponse:
    """One import where it stands: columns to check, a bar while it runs, the result."""
    actor, at = actor_of(request), clock.now()
    found = selectors.sheet_get(sheet_id=sheet_id, actor=actor)
    wrong: dict[str, str] = {}
    if request.method == "POST":
        wanted = request.POST.get("do", "")
        try:
            if wanted in ("columns", "check"):
                columns = _columns(request, found)
                save_as = request.POST.get("save_as", "")
                services.sheet_columns(sheet_id=sheet_id, columns=columns, save_as=save_as, actor=actor, at=at)
                services.sheet_start(sheet_id=sheet_id, dry=True, actor=actor, at=at)
            elif wanted == "reread":
                _reread(request, sheet_id)
            elif wanted == "run":
                services.sheet_start(sheet_id=sheet_id, dry=False, actor=actor, at=at)
            elif wanted == "stop":
                services.sheet_stop(sheet_id=sheet_id, actor=actor, at=at)
            elif wanted == "drop":
                services.sheet_drop(sheet_id=sheet_id, actor=actor, at=at)
                messages.success(request, gettext("上传的文件已经删除。"))
                return redirect("desk:imports")
            return redirect("desk:import", sheet_id=sheet_id)
        except BadInput as error:
            wrong = {_label(name): f"{message}{error.remedy}" for name, message in error.fields.items()}
        except Conflict as error:
            wrong = {"": gettext(error.message)}
    context = _standing(found, actor.account_id)
    if found.state in (State.MAPPING, State.CHECKED):
        try:
            context |= _mapping(request, found)
        except BadInput as error:  # the file has been swept away meanwhile
            context["gone"] = f"{error.message}{error.remedy}"
    context["wrong"] = wrong
    return render(request, "desk/import.html", context, status=WRONG if wrong else 200)


@require_GET
@staff("officer", "admin")
def standing(request: HttpRequest, sheet_id: UUID) -> HttpResponse:
    """How far it has come: the part of the page that is fetched again while the worker is busy."""
    actor = actor_of(request)
    found = selectors.sheet_get(sheet_id=sheet_id, actor=actor)
    if found.state not in services.WORKING:
        response = HttpResponse(status=204)
        response["HX-Refresh"] = "true"
        return response
    return render(request, "desk/parts/import_standing.html", _standing(found, actor.account_id))


@require_GET
@staff("officer", "admin")
def rejects(request: HttpRequest, sheet_id: UUID) -> HttpResponseBase:
    """What was not taken in, with reasons; only for who brought it, and logged."""
    actor, at = actor_of(request), clock.now()
    found = selectors.sheet_get(sheet_id=sheet_id, actor=actor)
    if found.account_id != actor.account_id or not found.rejected:
        raise Http404
    if not recent_sign_in(request):
        return sign_in_again(request)
    vault.access_record(
        kind="export",
        reason="下载导入时退回的行",
        actor=actor,
        at=at,
        detail={"import": str(found.pk), "rows": found.rejected},
    )
    pieces = selectors.rejects_csv(found, actor=actor)
    response = StreamingHttpResponse(pieces, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="rejects-{found.created_at:%Y%m%d}.csv"'
    response["X-Content-Type-Options"] = "nosniff"
    response["X-Accel-Buffering"] = "no"
    return response


def _label(name: str) -> str:
    return gettext(mapping.BY_NAME[name].label) if name in mapping.BY_NAME else ""


def _reread(request: HttpRequest, sheet_id: UUID) -> None:
    """Another sheet, or headings on another line, as was asked."""
    given = request.POST.get("heading_row", "").strip()
    if given and not (given.isdecimal() and 1 <= int(given[:6]) <= LOWEST_HEADING):
        raise BadInput({"heading_row": gettext("列名在第几行，请填 1 到 50 的数字；不填就由系统找。")})
    services.sheet_reread(
        sheet_id=sheet_id,
        page=request.POST.get("page", ""),
        heading_row=int(given or 0),
        actor=actor_of(request),
        at=clock.now(),
    )


def _columns(request: HttpRequest, found: SheetImport) -> mapping.Columns:
    """The mapping that was sent: for each column of the table what it is."""
    fields: dict[str, list[str]] = {}
    for place, heading in enumerate(found.table["headings"]):
        wanted = request.POST.get(f"column-{place}", "")
        if heading and wanted in mapping.BY_NAME:
            fields.setdefault(wanted, []).append(heading)
    order = request.POST.get("day_order", "mdy")
    channel = request.POST.get("channel", "sheet")
    return mapping.Columns(
        {name: tuple(headings) for name, headings in fields.items()},
        order if order in mapping.DAY_ORDERS else "mdy",
        channel if channel in Submission.Channel.values else "sheet",
    )


def _mapping(request: HttpRequest, found: SheetImport) -> dict[str, Any]:
    kept = selectors.mappings_of(actor=actor_of(request))
    chosen = next((one for one in kept if str(one.pk) == request.GET.get("mapping", "")), None)
    columns = mapping.columns_of(chosen.columns if chosen else found.columns)
    sent = request.POST if request.POST.get("do") in ("columns", "check") else None
    if sent is not None:
        columns = _columns(request, found)
    by_heading = {heading: name for name, headings in columns.fields.items() for heading in headings}
    guessed = {
        heading: name
        for name, headings in mapping.guess(found.table["headings"]).fields.items()
        for heading in headings
    }
    mine = found.account_id == actor_of(request).account_id
    sample = selectors.sample_of(found, 3) if mine else []
    rows = [
        {
            "place": place,
            "heading": heading,
            "label": gettext("第 {n} 列").format(n=place + 1) if heading == f"第 {place + 1} 列" else heading,
            "chosen": by_heading.get(heading, ""),
            "sample": [
                _shown(row.cells[place], {by_heading.get(heading, ""), guessed.get(heading, "")})
                for row in sample
                if place < len(row.cells)
            ],
        }
        for place, heading in enumerate(found.table["headings"])
        if heading
    ]
    page, pages = found.table.get("sheet", ""), found.table.get("sheets", [])
    reread = request.POST if request.POST.get("do") == "reread" else None
    return {
        "page": reread.get("page", page) if reread else page,
        "pages": pages,
        "read_page": page,
        "other_pages": [each for each in pages if each != page],
        "heading_row": reread.get("heading_row", "") if reread else found.table.get("said_row") or "",
        "found_row": found.table["heading_row"],
        "lowest_heading": LOWEST_HEADING,
        "save_as": sent.get("save_as", "") if sent is not None else chosen.name if chosen else "",
        "columns": rows,
        "unmapped": sum(1 for row in rows if not row["chosen"]),
        "choices": mapping.FIELDS,
        "day_order": columns.day_order,
        "channel": columns.channel,
        "channels": Submission.Channel.choices,
        "kept": kept,
        "chosen": chosen,
    }


def _shown(cell: Cell, kinds: set[str]) -> str:
    """A cell as it may be seen without a reason: persons masked, long numbers in words too."""
    text = str(cell)
    for kind in kinds & HIDDEN.keys():
        return HIDDEN[kind](text)[:LONGEST_SAMPLE]
    return (text if kinds & SHOWN else lexemes.masked(text))[:LONGEST_SAMPLE]


def _standing(found: SheetImport, account_id: int | None) -> dict[str, Any]:
    dry = found.state == State.CHECKING
    findings = selectors.findings_of(found) if found.state == State.CHECKED else None
    mine = found.account_id == account_id
    return {
        "sheet": found,
        "working": found.state in services.WORKING,
        "dry": dry,
        "percent": int(found.part * 100),
        "rows_so_far": found.checked_rows if dry else found.rows,
        "good": max(0, found.checked_rows - found.checked_wrong - found.already),
        "findings": findings,
        "faults": findings.rows[:SHOWN_FAULTS] if findings and mine else (),
        "more_faults": bool(findings and findings.total > SHOWN_FAULTS),
        "notes": findings.notes[:SHOWN_FAULTS] if findings and mine else (),
        "mine": mine,
        "speed": int(found.rows / found.seconds) if found.seconds > 0 else 0,
    }
