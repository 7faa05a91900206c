"""Where a newcomer to the demonstration begins: the tours, the sign-ins, numbers and codes to try. Nowhere else than there."""

from collections.abc import Sequence

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_GET

from xinqiao.demo import selectors, tours
from xinqiao.people.selectors import demonstration


@require_GET
def start(request: HttpRequest) -> HttpResponse:
    """All tours, all sign-ins worth trying, cases to follow. Raises Http404 outside a demonstration."""
    _only_there()
    context = {
        "tours": tours.TOURS,
        "sign_ins": selectors.sign_ins(),
        "password": selectors.password(),
        "examples": selectors.examples(),
    }
    return render(request, "demo/start.html", context)


@require_GET
def tour(request: HttpRequest, key: str) -> HttpResponse:
    """One tour: its stops in order, each with the way there. Raises Http404 for another name or outside a demonstration."""
    _only_there()
    try:
        chosen = tours.tour(key)
    except KeyError:
        raise Http404 from None
    work = selectors.work_to_try(chosen.login) if chosen.login else ""
    examples = [] if chosen.login else selectors.examples()
    context = {
        "tour": chosen,
        "stops": [(stop, _way(stop, work, examples)) for stop in chosen.stops],
        "sign_in": next((one for one in selectors.sign_ins() if one.login == chosen.login), None),
        "password": selectors.password(),
        "examples": examples,
    }
    return render(request, "demo/tour.html", context)


def _only_there() -> None:
    if not demonstration():
        raise Http404


def _way(stop: tours.Stop, work: str, examples: Sequence[selectors.Example]) -> str:
    """The address of a stop; '' for a page that one only reaches by going on from the one before."""
    try:
        if stop.page == "desk:case":
            return reverse(stop.page, args=[work]) + _place(stop) if work else ""
        if stop.page == "portal:matter":
            going = next((one for one in examples if one.situation == "urged"), None)
            return f"{reverse('portal:track')}#{going.number}.{going.code}" if going else ""
        if stop.page == "portal:receipt":
            return ""
        return reverse(stop.page) + _place(stop)
    except NoReverseMatch:
        return ""


def _place(stop: tours.Stop) -> str:
    """Where on its page a stop points, when that has a name of its own."""
    return stop.anchor if stop.anchor.startswith("#") else ""
