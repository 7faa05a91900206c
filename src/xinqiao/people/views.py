"""Pages of one's own account at the desk: posts, deputy and leave, sessions."""

from datetime import date
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from xinqiao.kernel.clock import day_of
from xinqiao.kernel.errors import BadInput, NotFound, Refused
from xinqiao.people import changes, clock, selectors, services
from xinqiao.people.middleware import POST_KEY


def _where_to(request: HttpRequest) -> str:
    wanted = request.POST.get("next", "")
    return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else "/desk/"


@login_required
def posts(request: HttpRequest) -> HttpResponse:
    """GET: my posts, who stands in, when I am away. POST `post`: go on working in that post."""
    at = clock.now()
    account_id = request.user.pk or 0
    if request.method == "POST":
        try:
            choice = services.post_switch(account_id=account_id, post_id=_number(request.POST.get("post")), at=at)
        except NotFound as error:
            raise Http404 from error
        request.session[POST_KEY] = choice.post.pk
        return HttpResponseRedirect(_where_to(request))
    return _posts_page(request)


def _posts_page(request: HttpRequest, status: int = 200, **more: Any) -> HttpResponse:
    on = day_of(clock.now())
    choices = selectors.acting_posts(request.user.pk or 0, on)
    rows = [{"choice": choice, "colleagues": _colleagues(choice, on) if choice.own else []} for choice in choices]
    context = {
        "rows": rows,
        "today": on,
        "changes": changes.changes_for(request.user.pk or 0),
        "stands_in": changes.stood_in_by(request.user.pk or 0, on),
        **more,
    }
    return render(request, "people/posts.html", context, status=status)


@login_required
@require_POST
def changes_seen(request: HttpRequest) -> HttpResponse:
    """The message about deputies and leave was read: it goes from the desk, and stays on the page of the posts."""
    services.post_changes_seen(account_id=request.user.pk or 0, last=_number(request.POST.get("last")))
    return HttpResponseRedirect(_where_to(request))


def _colleagues(choice: selectors.ActingPost, on: date) -> list[Any]:
    here = selectors.posts_at(choice.post.organ_id, on)
    return [post for post in here if post.account_id != choice.post.account_id]


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 18 else 0


@login_required
@require_POST
def leave(request: HttpRequest, post_id: int) -> HttpResponse:
    """Name who stands in for a post and when its holder is away; empty days end the leave."""
    at = clock.now()
    actor = request.actor  # type: ignore[attr-defined]
    first, last = request.POST.get("leave_from", ""), request.POST.get("leave_to", "")
    deputy = _number(request.POST.get("deputy")) or None
    try:
        wrong = {
            name: gettext("请按 2026-01-31 的样子填写日期。")
            for name, text in (("leave_from", first), ("leave_to", last))
            if text and _day(text) is None
        }
        if wrong:
            raise BadInput(wrong)
        if deputy is None:  # first the leave ends, then the deputy goes
            services.post_set_leave(post_id=post_id, leave_from=_day(first), leave_to=_day(last), actor=actor, at=at)
            services.post_set_deputy(post_id=post_id, deputy_id=None, actor=actor, at=at)
        else:
            services.post_set_deputy(post_id=post_id, deputy_id=deputy, actor=actor, at=at)
            services.post_set_leave(post_id=post_id, leave_from=_day(first), leave_to=_day(last), actor=actor, at=at)
    except NotFound as error:
        raise Http404 from error
    except BadInput as error:
        return _posts_page(
            request,
            422,
            wrong={name: gettext(text) for name, text in error.fields.items()},
            wrong_post=post_id,
            given=request.POST,
        )
    except Refused as error:
        return _posts_page(
            request,
            422,
            wrong={"leave_from": f"{gettext(error.message)} {gettext(error.remedy)}"},
            wrong_post=post_id,
            given=request.POST,
        )
    messages.success(request, gettext("已保存。"))
    return HttpResponseRedirect(reverse("people-posts"))


def _day(text: str) -> date | None:
    try:
        return parse_date(text) if text else None
    except ValueError:
        return None


@login_required
@require_POST
def session_end(request: HttpRequest) -> HttpResponse:
    """End one of my own sessions, on whatever machine it is."""
    chosen = UserSession.objects.filter(user_id=request.user.pk, pk=_number(request.POST.get("session"))).first()
    if chosen is None:
        raise Http404
    chosen.end()
    return HttpResponseRedirect(reverse("usersessions_list"))
