"""Keys for programs on one's own account page: made and revoked by the holder of the post, after the password."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from xinqiao.kernel.clock import day_of, utc_now
from xinqiao.kernel.errors import BadInput, NotFound
from xinqiao.people import clock, selectors, tokens
from xinqiao.people.visitors import needs_recent_sign_in

DAYS = (7, 30, 90, 180, 365)


@login_required
@require_http_methods(["GET", "POST"])
@needs_recent_sign_in
def token_page(request: HttpRequest) -> HttpResponse:
    """GET: my tokens. POST: make one; it is shown on the answer and nowhere else."""
    if request.method == "GET":
        return _page(request, {"days": str(tokens.USUAL_DAYS)})
    given = {name: request.POST.get(name, "") for name in ("post", "name", "days")}
    scopes = request.POST.getlist("scopes")
    try:
        issued = tokens.token_create(
            post_id=_number(given["post"]),
            name=given["name"],
            scopes=scopes,
            days=_number(given["days"]),
            actor=request.actor,  # type: ignore[attr-defined]
            at=utc_now(),
            on=day_of(clock.now()),
        )
    except NotFound as error:
        raise Http404 from error
    except BadInput as error:
        return _page(request, given, scopes=scopes, wrong=error.fields, status=422)
    return _page(request, {"days": str(tokens.USUAL_DAYS)}, issued=issued)


def _page(
    request: HttpRequest, given: dict[str, str], *, scopes: list[str] | None = None, status: int = 200, **more: Any
) -> HttpResponse:
    account_id = request.user.pk or 0
    now = utc_now()
    rows = [(token, token.revoked_at is None and token.expires_at > now) for token in tokens.tokens_of(account_id)]
    posts = [one.post for one in selectors.acting_posts(account_id, day_of(clock.now())) if one.own]
    chosen = ["read"] if scopes is None else scopes
    context = {
        "rows": [(token, living, [gettext(tokens.SCOPES[scope]) for scope in token.scopes]) for token, living in rows],
        "posts": posts,
        "scopes": [(name, gettext(label), name in chosen) for name, label in tokens.SCOPES.items()],
        "days": DAYS,
        "given": given,
        **more,
    }
    response = render(request, "people/tokens.html", context, status=status)
    response.headers["Cache-Control"] = "private, no-store"
    return response


@login_required
@require_POST
@needs_recent_sign_in
def token_end(request: HttpRequest) -> HttpResponse:
    """Revoke one of my tokens, at once."""
    prefix = request.POST.get("prefix", "")
    found = next((one for one in tokens.tokens_of(request.user.pk or 0) if one.prefix == prefix), None)
    if found is None:
        raise Http404
    tokens.token_revoke(token_id=found.pk, actor=request.actor, at=utc_now())  # type: ignore[attr-defined]
    messages.success(request, gettext("已停用，用它的程序马上进不来了。"))
    return HttpResponseRedirect(reverse("people-tokens"))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
