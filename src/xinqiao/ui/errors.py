"""Pages that say what went wrong: the portal's dress for everybody, the desk's for staff, with a way back to their work.

What they say depends on who reads and on the kind of fault alone: a matter that is not theirs and one that is not there
read the same.
"""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader

DESK, PORTAL = "ui/message_desk.html", "ui/message.html"


def dress(request: HttpRequest) -> str:
    """The base of a message to who sends this request; asks nothing of the database."""
    actor = getattr(request, "actor", None)
    return DESK if actor is not None and actor.kind == "staff" else PORTAL


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400."""
    return _page(request, "400.html", HTTPStatus.BAD_REQUEST)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403, in the words of 404: what is not allowed is not there."""
    return _page(request, "403.html", HTTPStatus.FORBIDDEN)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    return _page(request, "404.html", HTTPStatus.NOT_FOUND)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form whose token is missing or too old."""
    return _page(request, "403_csrf.html", HTTPStatus.FORBIDDEN)


def too_many(request: HttpRequest) -> HttpResponse:
    """429."""
    return _page(request, "429.html", HTTPStatus.TOO_MANY_REQUESTS)


def server_error(request: HttpRequest) -> HttpResponse:
    """500: a page that needs neither the database nor the request's context."""
    name = "500_desk.html" if dress(request) == DESK else "500.html"
    return HttpResponse(loader.get_template(name).render(), status=HTTPStatus.INTERNAL_SERVER_ERROR)


def _page(request: HttpRequest, template: str, status: int) -> HttpResponse:
    return render(request, template, status=status)
