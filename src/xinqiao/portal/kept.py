"""The page of a matter, kept for a minute by the process that made it, behind the check of who asks.

Somebody who follows a matter opens its page again and again, and little has changed. Every request is checked first, as if nothing
were kept: the session, what it has proven, and the version of the matter in the database (cases.versions). Only a page made of that very
version, for eyes that see the same, in that language and look, on that day, is given again: with the token and the nonce of this
visitor. Nothing of a sealed matter is kept, nothing on a disk, nothing for longer than a minute.
"""

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.db import SessionStore
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token

from xinqiao.cases.versions import version_proven
from xinqiao.kernel.clock import day_of, utc_now
from xinqiao.ledger import batch
from xinqiao.people import access, proof
from xinqiao.portal.views.private import SEEN, TOUCH_SECONDS
from xinqiao.ui.context import ELDERS_COOKIE, THEME_COOKIE
from xinqiao.ui.middleware import language_of

SECONDS = 60.0
_PAGE = re.compile(r"/my/(\d{12}(?:-\d{1,2})?)/")
_SECRET = re.compile(r"[A-Za-z0-9]{32}")
_TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="([A-Za-z0-9]{64})"|"X-CSRFToken": "([A-Za-z0-9]{64})"')
_TOKEN_PLACE, _NONCE_PLACE = b"\0token\0", b"\0nonce\0"
_OTHERS = frozenset({"_auth_user_id", "_messages"})  # a session that says more than what was proven goes the long way
_LOOK = """
SELECT session_data, (SELECT clock_offset FROM people_instance WHERE id = 1)
FROM django_session WHERE session_key = %s AND expire_date > %s
"""


@dataclass(frozen=True)
class Page:
    """A page without what belongs to one visitor."""

    body: bytes
    headers: Mapping[str, str]
    match: Any
    until: float

    def answer(self, request: HttpRequest) -> HttpResponse:
        """The page with the token and the nonce of this visitor."""
        request.META["CSRF_COOKIE"] = request.COOKIES[settings.CSRF_COOKIE_NAME]
        request.resolver_match = self.match
        body = self.body.replace(_TOKEN_PLACE, get_token(request).encode())
        body = body.replace(_NONCE_PLACE, str(request.csp_nonce).encode())  # type: ignore[attr-defined]
        return HttpResponse(body, headers={**self.headers, "Content-Length": str(len(body))})


class Shelf:
    """Pages by key, the oldest first: a page leaves after a minute, or when there are too many."""

    def __init__(self) -> None:
        self._pages: OrderedDict[Hashable, Page] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable) -> Page | None:
        with self._lock:
            self._clear(time.monotonic())
            return self._pages.get(key)

    def put(self, key: Hashable, page: Page, most: int) -> None:
        with self._lock:
            self._clear(time.monotonic())
            self._pages.pop(key, None)
            self._pages[key] = page
            while len(self._pages) > most:
                self._pages.popitem(last=False)

    def clear(self) -> None:
        """Forget every page that has had its minute."""
        with self._lock:
            self._clear(time.monotonic())

    def empty(self) -> None:
        """Forget all pages."""
        with self._lock:
            self._pages.clear()

    def __len__(self) -> int:
        return len(self._pages)

    def _clear(self, now: float) -> None:
        while self._pages and next(iter(self._pages.values())).until < now:
            self._pages.popitem(last=False)


shelf = Shelf()


class KeptPagesMiddleware:
    """Stands after the content security policy (it gives the nonce) and before everything that asks the database."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        shelf.clear()
        most = int(settings.XINQIAO_KEPT_PAGES)
        number = _PAGE.fullmatch(request.path_info) if most and request.method == "GET" else None
        if number is None or request.META.get("QUERY_STRING") or "HTTP_HX_REQUEST" in request.META:
            return self.get_response(request)
        key = _key(request, number[1])
        if key is None:
            return self.get_response(request)
        page = shelf.get(key)
        if page is not None:
            return page.answer(request)
        response = self.get_response(request)
        made = _page(request, response)
        if made is not None:
            shelf.put(key, made, most)
        return response


def _key(request: HttpRequest, number: str) -> Hashable | None:
    """What the page of this request would be made of; None when it has to be made anew, or is nobody's to see."""
    cookies = request.COOKIES
    session_key = cookies.get(settings.SESSION_COOKIE_NAME, "")
    if (
        not session_key.isalnum()
        or cookies.get("messages")
        or not _SECRET.fullmatch(cookies.get(settings.CSRF_COOKIE_NAME, ""))
    ):
        return None
    nested, former = connection.in_atomic_block, access.current()
    try:
        rows = batch.rows(_LOOK, [session_key, utc_now()])
        if not rows:
            return None
        said, offset = rows[0]
        session = _SESSIONS.decode(said)
        here = time.time() - float(session.get(SEEN, 0.0))
        if not _OTHERS.isdisjoint(session) or not 0 <= here <= TOUCH_SECONDS:
            return None
        at = utc_now() + offset if offset else utc_now()
        proven = proof.cases_of(session, at)
        version = version_proven(proven, number, day_of(at)) if proven else None
        if nested:
            access.bind(former)
    except DatabaseError:  # the long way says it in a humane manner
        connection.close_if_unusable_or_obsolete()
        return None
    if version is None:
        return None
    look = (language_of(request), cookies.get(ELDERS_COOKIE, ""), cookies.get(THEME_COOKIE, ""))
    return (request.path_info, request.get_host(), proven, version, day_of(at), offset, look)


def _page(request: HttpRequest, response: HttpResponse) -> Page | None:
    """What may be kept of an answer: a whole page that speaks of nobody but the matter's petitioner."""
    if response.status_code != 200 or response.streaming or set(response.cookies) - {settings.CSRF_COOKIE_NAME}:
        return None
    body, nonce = response.content, getattr(request, "_csp_nonce", None)
    tokens = {one or other for one, other in _TOKEN.findall(body)}
    if len(tokens) != 1 or not nonce or b"\0" in body:
        return None
    body = body.replace(tokens.pop(), _TOKEN_PLACE).replace(nonce.encode(), _NONCE_PLACE)
    headers = {name: value for name, value in response.items() if name != "Content-Length"}
    return Page(body, headers, request.resolver_match, time.monotonic() + SECONDS)


_SESSIONS: SessionBase = SessionStore()
