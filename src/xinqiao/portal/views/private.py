"""What every personal page of the portal has in common: nothing is stored by the browser, and a visit left alone ends."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase

from xinqiao.kernel.errors import NotFound
from xinqiao.people import access, proof
from xinqiao.people.actors import CITIZEN
from xinqiao.portal import visit

SEEN = "portal_seen"
IDLE_SECONDS = 1800
TOUCH_SECONDS = 60

View = Callable[..., HttpResponseBase]


def personal(view: View) -> View:
    """Decorator: half an hour without a page ends the visit; the answer is kept nowhere and no address leaks from it."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        _end_when_idle(request)
        try:
            response = view(request, *args, **kwargs)
        except NotFound as error:
            raise Http404 from error
        response["Cache-Control"] = "no-store, private"
        response["Referrer-Policy"] = "same-origin"
        response["X-Robots-Tag"] = "noindex, noarchive"
        return response

    return guarded


def _end_when_idle(request: HttpRequest) -> None:
    if proof.KEY not in request.session:
        return
    now = time.time()
    seen = float(request.session.get(SEEN, now))
    if now - seen > IDLE_SECONDS:
        end_visit(request)
    elif now - seen > TOUCH_SECONDS or SEEN not in request.session:
        request.session[SEEN] = now


def end_visit(request: HttpRequest) -> None:
    """Forget everything about this visit. Somebody of the staff who looks at the portal stays signed in at the desk."""
    proof.forget(request)
    for name in (SEEN, visit.RECEIPTS, visit.DONE, visit.MARK):
        request.session.pop(name, None)
    request.actor = CITIZEN()  # type: ignore[attr-defined]
    access.bind(CITIZEN())
