"""The way into every page of the desk: staff only, absent and forbidden look the same."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponseBase

from xinqiao.cases import access
from xinqiao.cases.models import Case
from xinqiao.kernel.errors import NotFound
from xinqiao.people import clock
from xinqiao.people import services as vault
from xinqiao.people.actors import Actor

ONE_LOOK = timedelta(minutes=10)  # a file is read on several pages
View = Callable[..., HttpResponseBase]


def actor_of(request: HttpRequest) -> Actor:
    """Who asks: the signed-in account in its acting post."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def open_case(request: HttpRequest, number: str) -> Case:
    """The case of that number for this reader; a look into a sealed one leaves a trace. Raises NotFound."""
    actor = actor_of(request)
    case = access.get(actor, number)
    if case.sealed:
        vault.access_record(
            kind="sealed_read",
            reason="打开密封事项",
            actor=actor,
            at=clock.now(),
            case_id=case.id,
            person_id=None,
            sealed=True,
            again_after=ONE_LOOK,
            detail={"page": request.resolver_match.url_name if request.resolver_match else ""},
        )
    return case


def staff(*roles: str) -> Callable[[View], View]:
    """Only for staff in a post, of one of `roles` when any are named. Everybody else gets 404 (or the sign-in page)."""

    def wrap(view: View) -> View:
        @login_required
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            actor = actor_of(request)
            if actor.kind != "staff" or actor.post_id is None or (roles and actor.role not in roles):
                raise Http404
            try:
                response = view(request, *args, **kwargs)
            except NotFound as error:
                raise Http404 from error
            response.headers.setdefault("Cache-Control", "private, no-store")
            return response

        return guarded

    return wrap
