"""Pages that everybody may read: how others fared, how to come, what to do when something is lost, rights."""

from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from xinqiao.intake import selectors as intake
from xinqiao.kernel.clock import day_of
from xinqiao.people import clock
from xinqiao.people import selectors as people
from xinqiao.people.models import Organ
from xinqiao.triage import selectors as triage
from xinqiao.ui.cites import article_words, cite_words

MOST_WORDS = 60
ALL = 200

# Which article stands behind which right; the sentences stand in the template, in the same order.
RIGHTS = (
    "xinfang-2022:17",
    "xinfang-2022:21(2)",
    "xinfang-2022:22",
    "xinfang-2022:23",
    "xinfang-2022:28(3)",
    "xinfang-2022:30(3)",
    "xinfang-2022:32",
    "xinfang-2022:34",
    "xinfang-2022:35",
    "xinfang-2022:36",
)


@require_GET
def knowledge(request: HttpRequest) -> HttpResponse:
    """「看看别人怎么办」: entries for everybody, found by words."""
    words = request.GET.get("q", "")[:MOST_WORDS]
    entries = triage.knowledge_find(
        words=words, today=day_of(clock.now()), public_only=True, limit=20 if words.strip() else ALL
    )
    return render(request, "portal/knowledge.html", {"entries": entries, "words": words})


@require_GET
def knowledge_entry(request: HttpRequest, slug: str) -> HttpResponse:
    """One entry: the question, the answer in plain words, who is competent, the basis."""
    entry = triage.knowledge_of(slug=slug, today=day_of(clock.now()))
    if entry is None:
        raise Http404
    return render(request, "portal/knowledge_entry.html", {"entry": entry})


def _reachable(at: datetime, *kinds: str) -> list[Organ]:
    """Organs of these kinds that one can go to or call."""
    return [organ for organ in people.organs_of(on=day_of(at), kinds=kinds) if organ.address or organ.phone]


@require_GET
def how(request: HttpRequest) -> HttpResponse:
    """Coming in person or calling: address, telephone, hours; how long things took."""
    at = clock.now()
    organs = _reachable(at, "petition_office", "hotline")
    context = {
        "offices": [organ for organ in organs if organ.kind == "petition_office"],
        "hotlines": [organ for organ in organs if organ.kind == "hotline"],
        "figures": intake.how_long(at=at),
    }
    return render(request, "portal/how.html", context)


@require_GET
def lost(request: HttpRequest) -> HttpResponse:
    """Number, code or telephone lost: the ways back."""
    return render(request, "portal/lost.html", {"offices": _reachable(clock.now(), "petition_office")})


@require_GET
def rights(request: HttpRequest) -> HttpResponse:
    """What one may ask for, with the articles."""
    articles = [{"cite": cite_words(cite), "text": article_words(cite)} for cite in RIGHTS]
    return render(request, "portal/rights.html", {"articles": articles})
