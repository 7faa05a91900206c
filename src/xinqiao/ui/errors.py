"""Pages that say what went wrong: the portal's dress for everybody, the desk's for staff, with a way back to their work.

What they say depends on who reads and on the kind of fault alone: a matter that is not theirs and one that is not there
read the same.
"""

from http import HTTPStatus
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader

from xinqiao.ui import faults

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
    """500, or 503 and 507 when the database is gone or the disk is full: a page that asks nothing of either.

    It says in both languages what to do next, and leads back to the form, where the browser has kept what was typed.
    """
    fault = faults.current()
    context = {
        "kind": fault.kind,
        "desk": _at_desk(request),
        "sent": request.method not in ("GET", "HEAD"),
        "again": _again(request),
        "nonce": str(getattr(request, "csp_nonce", "")),
    }
    response = HttpResponse(loader.get_template("500.html").render(context), status=fault.status)
    response["Cache-Control"] = "no-store"
    if fault.retry_after:
        response["Retry-After"] = str(fault.retry_after)
    return response


def _at_desk(request: HttpRequest) -> bool:
    """Who reads, as far as it is known: without a database nobody knows who is signed in."""
    return dress(request) == DESK or (not hasattr(request, "actor") and request.path.startswith("/desk/"))


def _again(request: HttpRequest) -> str:
    """The address of the form that was sent, or of the page that was asked for."""
    if request.method == "GET":
        return request.get_full_path()
    came = urlsplit(request.headers.get("Referer", ""))
    return came.path if came.netloc and came.netloc == request.META.get("HTTP_HOST") else ""


def _page(request: HttpRequest, template: str, status: int) -> HttpResponse:
    return render(request, template, status=status)
