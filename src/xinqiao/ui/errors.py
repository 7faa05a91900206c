"""Pages that say what went wrong: the portal's dress for everybody, the desk's for staff, with a way back to their work.

What they say depends on who reads and on the kind of fault alone: a matter that is not theirs and one that is not there
read the same.
"""

import time
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader

from xinqiao.files.services import MEGABYTE, MOST_BYTES
from xinqiao.people.presence import left_alone
from xinqiao.people.visitors import last_sign_in
from xinqiao.ui import faults

TABLES = "/desk/import/"
DESK, PORTAL = "ui/message_desk.html", "ui/message.html"


def dress(request: HttpRequest) -> str:
    """The base of a message to who sends this request: the desk's for staff who are signed in and have not left it alone,
    wherever they are; the portal's for everybody else."""
    return DESK if _at_work(request) or _signed_in(request) else PORTAL


def _at_work(request: HttpRequest) -> bool:
    """Whether the request came to the desk, and from staff."""
    actor = getattr(request, "actor", None)
    return actor is not None and actor.kind == "staff"


def _signed_in(request: HttpRequest) -> bool:
    """Whether somebody of the staff, who is signed in, asks for something outside the desk."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES or not hasattr(request, "user"):
        return False
    return request.user.is_authenticated and not left_alone(request.session, last_sign_in(request), time.time())


def _seems_signed_in(request: HttpRequest) -> bool:
    """The same, as far as what was read of the session already tells: asks nothing of the database."""
    known = getattr(getattr(request, "session", None), "_session_cache", None) or {}
    return SESSION_KEY in known and not left_alone(known, 0.0, time.time())


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


def too_large(request: HttpRequest, most: int) -> HttpResponse:
    """413 for what carries more than `most` bytes and was not read."""
    table = request.path == TABLES
    words = {"most": most // MEGABYTE, "files": MOST_BYTES // MEGABYTE, "table": table, "again": _again(request)}
    return _page(request, "413.html", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, words)


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
    }
    response = HttpResponse(loader.get_template("500.html").render(context), status=fault.status)
    response["Cache-Control"] = "no-store"
    if fault.retry_after:
        response["Retry-After"] = str(fault.retry_after)
    return response


def _at_desk(request: HttpRequest) -> bool:
    """Who reads, as far as it is known: without a database nobody knows who is signed in."""
    if not hasattr(request, "actor"):
        return request.path.startswith("/desk/")
    return _at_work(request) or _seems_signed_in(request)


def _again(request: HttpRequest) -> str:
    """The address of the form that was sent, or of the page that was asked for."""
    if request.method == "GET":
        return request.get_full_path()
    came = urlsplit(request.headers.get("Referer", ""))
    return came.path if came.netloc and came.netloc == request.META.get("HTTP_HOST") else ""


def _page(request: HttpRequest, template: str, status: int, words: dict[str, Any] | None = None) -> HttpResponse:
    return render(request, template, {"dress": dress(request), **(words or {})}, status=status)
