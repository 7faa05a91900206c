"""The front door: one field, and the ways on."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from xinqiao.intake import selectors as intake
from xinqiao.people import clock, proof
from xinqiao.people import selectors as people


@require_GET
def front(request: HttpRequest) -> HttpResponse:
    """What would you like to say? And: follow it, see how others fared, come or call, how long it takes."""
    known = bool(proof.case_ids(request, clock.now()))
    return render(request, "portal/front.html", {"known": known, "demonstration": people.demonstration()})


@require_GET
def how_long(request: HttpRequest) -> HttpResponse:
    """How long answers really took, as a piece of the front page."""
    return render(request, "portal/parts/how_long.html", {"figures": intake.how_long(at=clock.now())})
