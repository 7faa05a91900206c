"""Finding matters: results while typing, filters in the address, searches kept under a name."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from xinqiao import law
from xinqiao.cases import search as finding
from xinqiao.cases import searches
from xinqiao.desk import casebook, sources
from xinqiao.desk.views.door import actor_of, staff
from xinqiao.intake import selectors as intake
from xinqiao.kernel.clock import day_of
from xinqiao.kernel.errors import BadInput
from xinqiao.people import clock
from xinqiao.triage import selectors as triage

ASKED = ("q", "place", "organ", "state", "content", "kind", "from", "to")
LONGEST = 80
TYPED = "search_name"


@dataclass(frozen=True)
class Asked:
    """What the address asks for: its own words, and the query they make."""

    given: dict[str, str]
    query: finding.Query

    @property
    def narrowed(self) -> bool:
        return any(value for name, value in self.given.items() if name != "q")

    def address(self, **more: str) -> str:
        """The query string; empty fields are left out."""
        kept = {name: value for name, value in (self.given | more).items() if value}
        return f"?{urlencode(kept)}" if kept else "?"


def read(given: Any) -> Asked:
    """The search of an address or of a sent form; what cannot be read is left out."""
    found = {name: str(given.get(name, "")).replace("\0", "").strip()[:LONGEST] for name in ASKED}
    if not (found["organ"].isascii() and found["organ"].isdigit() and len(found["organ"]) < 10):
        found["organ"] = ""
    days = {name: _day(found[name]) for name in ("from", "to")}
    found |= {name: day.isoformat() if day else "" for name, day in days.items()}
    query = finding.Query(
        words=found["q"],
        place=found["place"],
        organ_id=int(found["organ"]) if found["organ"] else None,
        state=found["state"],
        content=found["content"],
        kind=found["kind"],
        received_from=days["from"],
        received_to=days["to"],
    )
    return Asked(found, query)


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


@require_GET
@staff()
def search(request: HttpRequest) -> HttpResponse:
    """The page, or with htmx what was found only."""
    actor, today = actor_of(request), day_of(clock.now())
    asked = read(request.GET)
    after = request.GET.get("after", "")[:LONGEST]
    page = finding.Page()
    if any(asked.given.values()):
        try:
            page = finding.find(actor, asked.query, after=after)
        except ValueError:  # a page key that somebody typed
            after = ""
            page = finding.find(actor, asked.query)
    context: dict[str, Any] = {
        "asked": asked,
        "hits": [_shown(hit) for hit in page.hits],
        "note": page.note,
        "more": asked.address(after=page.next) if page.next else "",
        "first": asked.address() if after else "",
        "empty": not any(asked.given.values()),
        "name": request.session.pop(TYPED, "") if TYPED in request.session else "",
    }
    if request.headers.get("HX-Target") == "xq-found":
        part = render(request, "desk/parts/found.html", context)
        if page.note:  # perhaps somebody's number: it does not go into the browser's history
            part["HX-Push-Url"] = "false"
        return part
    states: dict[str, str] = {}
    for procedure in law.procedures():
        for state in procedure.states:
            states.setdefault(state.key, gettext(state.label))
    context |= {
        "saved": [(row, read(row.query).address()) for row in searches.saved_searches(actor)],
        "kinds": [(p.name, gettext(p.label)) for p in law.procedures()],
        "states": list(states.items()),
        "areas": [(area.code, area.name) for area in intake.places(today, ["street"])],
        "contents": triage.content_heads(),
        "organs": sources.organs(today, sources.LEADING, f"{actor.area_code[:6]}"),
    }
    return render(request, "desk/search.html", context)


def _shown(hit: finding.Hit) -> dict[str, Any]:
    case = hit.case
    return {
        "case": case,
        "snippet": hit.snippet,
        "state": gettext(law.state_label(case.procedure, case.state, case.closed_cause)),
        "procedure": gettext(casebook.procedure_label(case.procedure)),
        "marks": casebook.marks(case),
    }


@require_POST
@staff()
def save(request: HttpRequest) -> HttpResponse:
    """Keep what is being looked for under a name; it stands beside the list from then on."""
    asked = read(request.POST)
    if note := finding.advice(asked.query):
        messages.error(request, note)
        return _back(asked)
    try:
        row = searches.search_save(
            name=request.POST.get("name", ""), query=asked.given, actor=actor_of(request), at=clock.now()
        )
        messages.success(request, gettext("已保存为“%(name)s”，以后在“查找”里点一下就行。") % {"name": row.name})
    except BadInput as error:
        messages.error(request, gettext("；").join(gettext(text) for text in error.fields.values()))
        request.session[TYPED] = request.POST.get("name", "")[
            : searches.MOST_NAME
        ]  # not in the address: it may be anybody's
    return _back(asked)


def _back(asked: Asked) -> HttpResponse:
    return HttpResponseRedirect(reverse("desk:search") + asked.address())


@require_POST
@staff()
def forget(request: HttpRequest, search_id: int) -> HttpResponse:
    """Delete one's own saved search."""
    searches.search_delete(search_id=search_id, actor=actor_of(request))
    messages.success(request, gettext("已删除。"))
    return redirect("desk:search")
