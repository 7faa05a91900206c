"""One transaction for each request, bound to who sends it; and the door of the desk.

Order in settings.MIDDLEWARE: TransactionMiddleware before SessionMiddleware (sessions and sign-in are read and written
inside the transaction), ActorMiddleware after AuthenticationMiddleware, DeskMiddleware after it.
"""

import time
from collections.abc import Callable

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from xinqiao.kernel.clock import day_of
from xinqiao.ledger.prepared import planned
from xinqiao.people import access, clock, proof
from xinqiao.people.actors import CITIZEN, Actor
from xinqiao.people.presence import LOCKED_KEY, SEEN_KEY, left_alone
from xinqiao.people.selectors import acting_posts, staff_actor
from xinqiao.people.visitors import last_sign_in, sign_in_again

GetResponse = Callable[[HttpRequest], HttpResponse]
POST_KEY = "xinqiao_post"
WITHOUT_DATABASE = ("/healthz",)
DESK = "/desk/"
ACCOUNT = "/desk/account/"
STAFF_PREFIXES = (DESK, "/ui/guide")
TOUCH_SECONDS = 60


class TransactionMiddleware:
    """Opens the request's transaction; rolls it back for an answer of 500 and above."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path in WITHOUT_DATABASE:
            return self.get_response(request)
        nested, former = connection.in_atomic_block, access.current()
        with clock.cached():
            try:
                with transaction.atomic():
                    if nested:
                        access.bind(None)
                    response = self.get_response(request)
                    if response.status_code >= 500:
                        transaction.set_rollback(True)
                if nested:
                    access.bind(former)
                return response
            finally:
                access.remember(former)


class ActorMiddleware:
    """Sets `request.actor` and binds the transaction to it: staff below /desk/, a citizen with their proofs elsewhere."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path in WITHOUT_DATABASE:
            request.actor = CITIZEN()  # type: ignore[attr-defined]
            return self.get_response(request)
        with planned():
            request.actor = actor_of(request)  # type: ignore[attr-defined]
        access.bind(request.actor, with_next=True)  # type: ignore[attr-defined]
        return self.get_response(request)


def actor_of(request: HttpRequest) -> Actor:
    """Who sends this request."""
    prefixes = tuple(getattr(settings, "XINQIAO_STAFF_PREFIXES", STAFF_PREFIXES))
    if request.path.startswith(prefixes) and request.user.is_authenticated:
        chosen = request.session.get(POST_KEY)
        today = day_of(clock.now())
        posts = acting_posts(request.user.pk, today)
        request.acting_posts = posts  # type: ignore[attr-defined]
        return staff_actor(request.user.pk, request.user.name, today, chosen, posts)
    if settings.SESSION_COOKIE_NAME in request.COOKIES and proof.KEY in request.session:  # what brings the clock along
        return proof.actor(request, clock.now())
    return CITIZEN()


class DeskMiddleware:
    """The door of the desk: signed in, with a second factor where it is required, and not left alone for too long."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(DESK):
            turned = _account_door(request) if request.path.startswith(ACCOUNT) else _desk_door(request)
            if turned is not None:
                return turned
        return self.get_response(request)


def _desk_door(request: HttpRequest) -> HttpResponse | None:
    if not request.user.is_authenticated or _locked(request):
        return sign_in_again(request)
    if request.user.one_time_until is not None:
        return HttpResponseRedirect(reverse("account_change_password"))
    if getattr(settings, "STAFF_TOTP_REQUIRED", False) and not is_mfa_enabled(request.user):
        return HttpResponseRedirect(reverse("mfa_activate_totp"))
    if request.actor.post_id is None:  # type: ignore[attr-defined]
        return HttpResponseRedirect(reverse("people-posts"))
    return None


def _account_door(request: HttpRequest) -> HttpResponse | None:
    always = {
        reverse(name) for name in ("account_login", "account_logout", "account_reauthenticate", "mfa_reauthenticate")
    }
    if request.user.is_authenticated and request.path not in always and _locked(request):
        return sign_in_again(request)
    changing = reverse("account_change_password")
    given = request.user.is_authenticated and request.user.one_time_until is not None
    if given and request.path not in always and request.path != changing:
        return HttpResponseRedirect(changing)
    return None


def _locked(request: HttpRequest) -> bool:
    """Whether the desk was left alone for DESK_IDLE_SECONDS and the password has not been given since.

    Requests with the header X-Live (a page that refreshes by itself) do not count as somebody being there.
    """
    now = time.time()
    seen = float(request.session.get(SEEN_KEY, 0.0))
    if left_alone(request.session, last_sign_in(request), now):
        request.session.setdefault(LOCKED_KEY, now)
        return True
    request.session.pop(LOCKED_KEY, None)
    if now - seen > TOUCH_SECONDS and "X-Live" not in request.headers:
        request.session[SEEN_KEY] = now
    return False
