"""The worklist: everything of one's organ, ordered by what is due; filters in the address; bulk steps with a result a case."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from xinqiao import law
from xinqiao.cases import access, searches, selectors, services
from xinqiao.cases.models import Case
from xinqiao.cases.selectors import Filters
from xinqiao.desk import casebook, outgoing, sources
from xinqiao.desk.exporting import SHOWN
from xinqiao.desk.views import search
from xinqiao.desk.views.door import actor_of, staff
from xinqiao.intake import selectors as intake
from xinqiao.kernel.clock import day_of
from xinqiao.kernel.errors import XinqiaoError
from xinqiao.law.types import Option
from xinqiao.ledger.prepared import planned
from xinqiao.people import clock
from xinqiao.people.actors import Actor
from xinqiao.triage import selectors as triage
from xinqiao.ui.forms import StepForm
from xinqiao.ui.templatetags.xq import day_words

VIEWS = (
    ("due", _("按期限办")),
    ("mine", _("我承办的")),
    ("waiting", _("等别人的")),
    ("all", _("全部事项")),
    ("closed", _("已办结")),
)
MARKS = (
    ("urged", _("已催办")),
    ("returned", _("退回过")),
    ("extended", _("已延期")),
    ("sealed", pgettext_lazy("mark", "密封")),
)
COLOURS = (("red", _("超期")), ("yellow", _("临近")), ("green", _("正常")))
_PLACE = "NUMBER"

WORDS = ("view", "procedure", "state", "colour", "area", "content", "mark", "number", "after")


def read_filters(request: HttpRequest) -> Filters:
    """The filters of an address; what cannot be read is left out."""
    given = {name: request.GET.get(name, "").replace("\0", "").strip()[:80] for name in WORDS}
    filters = Filters(**given, since=_day(request.GET.get("since", "")), until=_day(request.GET.get("until", "")))
    return filters if filters.view in {key for key, _label in VIEWS} else replace(filters, view="due")


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


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
@planned()
def worklist(request: HttpRequest) -> HttpResponse:
    """The page, or with htmx its rows only."""
    actor, today = actor_of(request), day_of(clock.now())
    filters = read_filters(request)
    page = _page(actor, filters)
    filters = page.filters
    case_address = reverse("desk:case", args=[_PLACE])
    context: dict[str, Any] = {
        "rows": [_shown(row, case_address, today) for row in page.rows],
        "headings": SHOWN,
        "filters": filters,
        "more": address(filters, after=page.after) if page.after else "",
        "first": address(filters, after="") if filters.after else "",
        "here": address(filters),
        "filtered": address(filters, after="") != address(Filters(view=filters.view)),
        "plain": address(Filters(view=filters.view)),
    }
    counts = selectors.due_counts(actor=actor, today=today)
    day = timedelta(days=1)
    quick = (
        ("late", _("超期"), counts["overdue"], Filters(until=today - day)),
        ("near", _("今天到期"), counts["today"], Filters(since=today, until=today)),
        ("near", _("临近"), counts["near"], Filters(since=today + day, colour="yellow")),
    )
    context |= {
        "views": [(key, label, address(Filters(view=key))) for key, label in VIEWS],
        "quick": [(mood, label, count, address(to), to == filters) for mood, label, count, to in quick],
    }
    if request.headers.get("HX-Target") == "xq-rows":
        return render(request, "desk/parts/refresh.html", context)
    context |= {
        "saved": [(row.name, search.read(row.query).address()) for row in searches.saved_searches(actor)],
        "marks": MARKS,
        "colours": COLOURS,
        "procedures": [(p.name, gettext(p.label)) for p in law.procedures()],
        "areas": [(area.code, area.name) for area in intake.places(today, ["street"])],
        "contents": triage.content_heads(),
    }
    return render(request, "desk/worklist.html", context)


def _shown(row: selectors.Row, address_of: str, today: date) -> dict[str, Any]:
    """A line; `address_of` is the address of a case, in which _PLACE stands for its number."""
    return {
        "case": row.case,
        "url": address_of.replace(_PLACE, row.case.number),
        "duty": row.obligation,
        "received": day_words(day_of(row.case.received_at), today, weekday=False),
        "state": gettext(law.state_label(row.case.procedure, row.case.state, row.case.closed_cause)),
        "procedure": gettext(casebook.procedure_label(row.case.procedure)),
        "marks": casebook.marks(row.case),
        "title": gettext(row.obligation.title) if row.obligation else "",
    }


@require_POST
@staff()
def bulk(request: HttpRequest) -> HttpResponse:
    """One step for several cases: first the form, then a result for each case. A case that cannot take it says why."""
    actor, at = actor_of(request), clock.now()
    numbers = list(dict.fromkeys(request.POST.getlist("case")))[: services.MOST_AT_ONCE]
    cases = list(access.visible(actor).filter(number__in=numbers).select_related("office", "lead").order_by("number"))
    offered = _offered(cases, actor, at)
    common = (
        [option for option in offered[0].values() if all(option.step in other for other in offered)] if cases else []
    )
    go = bool(request.POST.get("go"))
    step = request.POST.get("step", "")
    # Once the form was filled in, a case that has moved on meanwhile gets its refusal, and the others their step.
    option = next((o[step] for o in offered if step in o and (go or o[step] in common)), None)
    context: dict[str, Any] = {"cases": cases, "options": common, "option": option, "absent": len(numbers) - len(cases)}
    status = 200
    if option is None and go:
        context["moved"] = bool(cases)
    elif option is not None:
        form = StepForm(
            casebook.shown(option),
            sources.of(option, cases[0], day_of(at)),
            request.POST if go else None,
            initial=casebook.dates_initial(option, day_of(at)),
        )
        context["form"] = form
        context["outgoing"] = outgoing.of(option, cases[0])
        if go and form.is_valid():
            results = [_take(case, option, form, actor, at) for case in cases]
            context |= {"results": results, "done": sum(1 for result in results if result["ok"])}
        elif go:
            status = 422
    return render(request, "desk/bulk.html", context, status=status)


def _offered(cases: Sequence[Case], actor: Actor, at: datetime) -> list[dict[str, Option]]:
    """The steps that each case offers, by name; without those that need files or demands: they belong to one case."""
    options = services.options_of(cases, actor=actor, at=at)
    return [
        {
            option.step: option
            for option in options[case.id]
            if not option.blocked
            and not any(item.kind in {"files", "demands"} and item.required for item in option.inputs)
        }
        for case in cases
    ]


def _take(case: Case, option: Option, form: StepForm, actor: Actor, at: datetime) -> dict[str, Any]:
    try:
        services.take_step(
            case_id=case.id,
            step=option.step,
            actor=actor,
            at=at,
            inputs=form.inputs(),
            key=f"{form.form_key}/{case.number}",
        )
    except XinqiaoError as error:
        return {"case": case, "ok": False, "why": gettext(error.message)}
    return {"case": case, "ok": True, "why": ""}
