"""The worklist: everything of one's organ, ordered by what is due; filters in the address; bulk steps with a result a case."""

from dataclasses import fields, replace
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from xinqiao import law
from xinqiao.cases import access, selectors, services
from xinqiao.cases.selectors import Filters
from xinqiao.desk import casebook, sources
from xinqiao.desk.views.door import actor_of, staff
from xinqiao.intake import selectors as intake
from xinqiao.kernel.clock import day_of
from xinqiao.kernel.errors import Refused, XinqiaoError
from xinqiao.law.types import Option
from xinqiao.people import clock
from xinqiao.people.actors import Actor
from xinqiao.triage import selectors as triage
from xinqiao.ui.forms import StepForm

VIEWS = (
    ("due", _("按期限办")),
    ("mine", _("我承办的")),
    ("waiting", _("等别人的")),
    ("all", _("全部事项")),
    ("closed", _("已办结")),
)
MARKS = (("urged", _("已催办")), ("returned", _("退回过")), ("extended", _("已延期")), ("sealed", _("密封")))
COLOURS = (("red", _("超期")), ("yellow", _("临近")), ("green", _("正常")))


def read_filters(request: HttpRequest) -> Filters:
    """The filters of an address; what cannot be read is left out."""
    given = {f.name: request.GET.get(f.name, "").strip()[:80] for f in fields(Filters) if f.name in request.GET}
    until = given.pop("until", "")
    filters = Filters(**given)
    try:
        filters = replace(filters, until=parse_date(until) if until else None)
    except ValueError:
        pass
    if filters.view not in {key for key, _label in VIEWS}:
        filters = replace(filters, view="due")
    return filters


def address(filters: Filters, **change: Any) -> str:
    """The query string of `filters` with `change`; empty ones are left out."""
    known = {f.name: getattr(filters, f.name) for f in fields(Filters)} | {"after": ""} | change
    kept = {name: value for name, value in known.items() if value and (name, value) != ("view", "due")}
    return f"?{urlencode(kept)}" if kept else "?"


def _page(actor: Actor, filters: Filters) -> selectors.Page:
    try:
        return selectors.worklist(actor=actor, filters=filters)
    except ValueError:  # a page key that somebody typed
        return selectors.worklist(actor=actor, filters=replace(filters, after=""))


@require_GET
@staff()
def worklist(request: HttpRequest) -> HttpResponse:
    """The page, or with htmx its rows only."""
    actor, at = actor_of(request), clock.now()
    filters = read_filters(request)
    page = _page(actor, filters)
    rows = [
        {
            "case": row.case,
            "duty": row.obligation,
            "state": gettext(law.state_label(row.case.procedure, row.case.state)),
            "procedure": gettext(casebook.procedure_label(row.case.procedure)),
            "marks": casebook.marks(row.case),
            "title": gettext(row.obligation.title) if row.obligation else "",
        }
        for row in page.rows
    ]
    today = day_of(at)
    counts = selectors.due_counts(actor=actor, today=today)
    context = {
        "rows": rows,
        "filters": filters,
        "more": address(filters, after=page.after) if page.after else "",
        "here": address(filters, after=filters.after),
        "views": [(key, label, address(Filters(view=key))) for key, label in VIEWS],
        "quick": [
            ("late", _("超期"), counts["overdue"], address(Filters(colour="red"))),
            ("near", _("今天到期"), counts["today"], address(Filters(until=today))),
            ("near", _("临近"), counts["near"], address(Filters(colour="yellow"))),
        ],
        "marks": MARKS,
        "colours": COLOURS,
        "procedures": [(p.name, gettext(p.label)) for p in law.procedures()],
        "areas": [(area.code, area.name) for area in intake.places(today) if area.level == "street"],
        "contents": [choice for choice in triage.content_choices() if "/" not in choice[1]],
        "filtered": address(filters) != address(Filters(view=filters.view)),
        "plain": address(Filters(view=filters.view)),
    }
    partial = request.headers.get("HX-Request") and request.headers.get("HX-Target") == "xq-rows"
    return render(request, "desk/parts/rows.html" if partial else "desk/worklist.html", context)


@require_POST
@staff()
def bulk(request: HttpRequest) -> HttpResponse:
    """One step for several cases: first the form, then a result for each case. A case that cannot take it says why."""
    actor, at = actor_of(request), clock.now()
    numbers = list(dict.fromkeys(request.POST.getlist("case")))[: services.MOST_AT_ONCE]
    cases = list(access.visible(actor).filter(number__in=numbers).select_related("office", "lead").order_by("number"))
    common = _common(cases, actor, at)
    step = request.POST.get("step", "")
    option = next((one for one in common if one.step == step), None)
    context: dict[str, Any] = {"cases": cases, "options": common, "option": option}
    if option is not None and cases:
        form = StepForm(
            casebook.shown(option),
            sources.of(option, cases[0], day_of(at)),
            request.POST if request.POST.get("go") else None,
            initial=casebook.dates_initial(option, day_of(at)),
        )
        context["form"] = form
        if request.POST.get("go") and form.is_valid():
            context["results"] = [_take(case, option, form, actor, at) for case in cases]
            context["done"] = sum(1 for result in context["results"] if result["ok"])
    status = 422 if request.POST.get("go") and "results" not in context else 200
    return render(request, "desk/bulk.html", context, status=status)


def _common(cases: list[Any], actor: Actor, at: Any) -> list[Option]:
    """The steps that every chosen case offers, without files: those belong to one case."""
    offered: list[dict[str, Option]] = [
        {
            option.step: option
            for option in services.options(case=case, actor=actor, at=at)
            if not option.blocked and not any(item.kind in {"files", "demands"} for item in option.inputs)
        }
        for case in cases
    ]
    if not offered:
        return []
    return [option for step, option in offered[0].items() if all(step in other for other in offered[1:])]


def _take(case: Any, option: Option, form: StepForm, actor: Actor, at: Any) -> dict[str, Any]:
    key = f"{form.form_key}/{case.number}"
    try:
        services.take_step(
            case_id=case.id, step=option.step, actor=actor, at=at, inputs=form.inputs(), key=key
        )
    except XinqiaoError as error:
        words = gettext(error.message) if not isinstance(error, Refused) else error.message
        return {"case": case, "ok": False, "why": words}
    return {"case": case, "ok": True, "why": ""}
