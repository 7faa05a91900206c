"""Taking a worklist away as a table: what the reader sees, with the same filters, and a trace of it."""

from dataclasses import replace

from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_http_methods

from xinqiao.desk import exporting, sheets
from xinqiao.desk.exporting import Wish
from xinqiao.desk.views.door import actor_of, staff
from xinqiao.desk.views.worklist import address, read_filters
from xinqiao.kernel.clock import day_of
from xinqiao.people import clock
from xinqiao.people.visitors import recent_sign_in, sign_in_again


@require_http_methods(["GET", "POST"])
@staff()
def export(request: HttpRequest) -> HttpResponseBase:
    """GET: the form. POST: the table, written as it is read. Persons are shown whole only after a sign-in just now."""
    actor, at = actor_of(request), clock.now()
    filters = replace(read_filters(request), after="")
    context = {
        "filters": filters,
        "here": address(filters),
        "most": exporting.MOST_REVEALED,
        "most_xlsx": sheets.MOST_XLSX_ROWS - 2,
    }
    if request.method == "GET":
        return render(request, "desk/export.html", context)
    wish = Wish(
        filters=filters,
        form="xlsx" if request.POST.get("form") == "xlsx" else "csv",
        personal=request.POST.get("personal") in {"masked", "whole"},
        reveal=request.POST.get("personal") == "whole",
        reason=request.POST.get("reason", "").strip()[:200],
    )
    if len(wish.reason) < 2:
        wrong = gettext("请写明导出来做什么，例如“周例会核对超期事项”。")
        return render(request, "desk/export.html", context | {"wish": wish, "wrong": wrong}, status=422)
    if wish.reveal and not recent_sign_in(request):
        return sign_in_again(request)
    exporting.begin(wish, actor=actor, at=at)
    head = exporting.head(wish)
    rows = exporting.rows(wish, actor=actor, at=at, language=get_language() or "zh-hans")
    title = gettext("工作台")
    pieces = sheets.csv_pieces(head, rows) if wish.form == "csv" else sheets.xlsx_pieces(title, head, rows)
    response = StreamingHttpResponse(pieces, content_type=sheets.TYPES[wish.form])
    response["Content-Disposition"] = f'attachment; filename="worklist-{day_of(at).isoformat()}.{wish.form}"'
    response["X-Accel-Buffering"] = "no"
    return response
