"""The office itself: a way back for a lost code, posts and the hand-over of open work, the rehearsal clock."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from xinqiao.cases import access, jobs, selectors
from xinqiao.cases import services as cases
from xinqiao.cases.models import Case
from xinqiao.desk.forms_entry import CorrectForm, HandOverForm, RegainForm
from xinqiao.desk.views.door import actor_of, staff
from xinqiao.intake import services as intake
from xinqiao.kernel.clock import day_of, start_of
from xinqiao.kernel.errors import BadInput, NotFound, Refused, XinqiaoError
from xinqiao.kernel.ids import normalise_number
from xinqiao.people import clock
from xinqiao.people import selectors as people
from xinqiao.people import services as vault
from xinqiao.people.actors import Actor
from xinqiao.people.models import AccessLog, Post
from xinqiao.people.visitors import needs_recent_sign_in
from xinqiao.ui.templatetags.xq import day_words

WRONG = 422
MOST_OPEN = 2000
MOST_LOOKS = 500


# --- a way back


@staff("clerk", "officer", "confidential")
@needs_recent_sign_in
def regain(request: HttpRequest) -> HttpResponse:
    """By number to the matter; then a new query code, shown once, or data put right. Both leave a record."""
    actor, at = actor_of(request), clock.now()
    typed = (request.POST.get("number") or request.GET.get("number") or "").strip()[:40]
    case = _by_number(actor, typed) if typed else None
    context: dict[str, Any] = {"typed": typed, "case": case, "missing": bool(typed) and case is None}
    if case is None:
        return render(request, "desk/regain.html", context, status=404 if typed else 200)
    wanted = request.POST.get("do", "") if request.method == "POST" else ""
    renew = RegainForm(request.POST if wanted == "renew" else None, prefix="renew")
    correct = CorrectForm(request.POST if wanted == "correct" else None, prefix="correct")
    try:
        if wanted == "renew" and renew.is_valid():
            given = renew.cleaned_data
            context["code"] = intake.code_renew(
                case=case,
                reason=given["reason"],
                identity_checked=given["identity_checked"],
                actor=actor,
                at=at,
                key=given["key"] or str(renew.initial["key"]),
            )
        elif wanted == "correct" and correct.is_valid():
            given = correct.cleaned_data
            intake.data_correct(
                case=case,
                field_name=given["field_name"],
                value=given["value"],
                reason=given["reason"],
                identity_checked=given["identity_checked"],
                actor=actor,
                at=at,
                key=given["key"] or str(correct.initial["key"]),
            )
            messages.success(request, gettext("已更正。案卷里留了记录，来信人能看到改过哪一项。"))
            return redirect(f"{reverse('desk:regain')}?number={case.number}")
    except XinqiaoError as error:
        if isinstance(error, NotFound):
            raise
        (renew if wanted == "renew" else correct).refuse(error)
    found = people.masked_many([case.person_id]) if case.person_id else {}
    context |= {"renew": renew, "correct": correct, "person": found.get(case.person_id) if case.person_id else None}
    wrong = (renew.is_bound and bool(renew.errors)) or (correct.is_bound and bool(correct.errors))
    return render(request, "desk/regain.html", context, status=WRONG if wrong else 200)


def _by_number(actor: Actor, typed: str) -> Case | None:
    number = normalise_number(typed)
    if not number:
        return None
    rows = access.visible(actor).select_related("office", "lead")
    exact = rows.filter(number=number) if "-" in number else rows.filter(number__startswith=f"{number}-")
    return exact.order_by("number").first()


# --- posts and hand-over


@require_GET
@staff("head", "officer", "handler", "admin")
def posts(request: HttpRequest) -> HttpResponse:
    """The posts of one's organ: who is away, who stands in, how much is open in each."""
    actor, today = actor_of(request), day_of(clock.now())
    here = people.posts_at(actor.organ_id or 0, today)
    holding = _open_by_post(actor)
    rows = [
        {"post": post, "away": _away(post, today), "open": holding.get(post.pk, 0), "mine": _may_give(post, actor)}
        for post in here
    ]
    return render(request, "desk/posts.html", {"rows": rows, "most": MOST_OPEN, "full": sum(holding.values())})


@require_GET
@staff("admin", "confidential")
def looks(request: HttpRequest) -> HttpResponse:
    """Who looked at what in a month: reveals, look-ups, sealed reads, exports; read through once a month."""
    today = day_of(clock.now())
    first = _month(request.GET.get("month", ""), today)
    after = (first + timedelta(days=32)).replace(day=1)
    rows = people.access_review(since=start_of(first), until=start_of(after), limit=MOST_LOOKS)
    numbers = selectors.numbers_for_review(ids=[row.case_id for row in rows if row.case_id])
    context = {
        "rows": [
            (row, AccessLog.Kind(row.kind).label, numbers.get(row.case_id, "") if row.case_id else "") for row in rows
        ],
        "first": first,
        "before": (first - timedelta(days=1)).replace(day=1),
        "before_key": f"{(first - timedelta(days=1)):%Y-%m}",
        "after": after if after <= today else None,
        "most": MOST_LOOKS if len(rows) == MOST_LOOKS else 0,
    }
    return render(request, "desk/looks.html", context)


def _month(text: str, today: date) -> date:
    """The first day of a month given as 2026-11; of this month when it cannot be read."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return today.replace(day=1)


def _open_by_post(actor: Actor) -> dict[int, int]:
    """How many open cases each post has in hand, among the first two thousand."""
    rows = access.visible(actor).filter(closed_at__isnull=True, handler__organ_id=actor.organ_id or 0)
    counted: dict[int, int] = {}
    for post_id in rows.order_by("id").values_list("handler_id", flat=True)[:MOST_OPEN]:
        counted[post_id] = counted.get(post_id, 0) + 1
    return counted


def _away(post: Post, today: date) -> bool:
    return post.leave_from is not None and post.leave_from <= today and (not post.leave_to or post.leave_to >= today)


def _may_give(post: Post, actor: Actor) -> bool:
    return actor.role == "head" or post.pk == actor.post_id


@staff("head", "handler")
def handover(request: HttpRequest) -> HttpResponse:
    """All open work of a post goes to another post of the organ: a step a case, with a result for each."""
    actor, at = actor_of(request), clock.now()
    here = [post for post in people.posts_at(actor.organ_id or 0, day_of(at)) if post.role in {"handler", "head"}]
    names = {post.pk: f"{post.account.name}　{post.title}" for post in here}
    givers = [(pk, names[pk]) for pk in names if actor.role == "head" or pk == actor.post_id]
    start = {"giver": request.GET.get("giver") or (givers[0][0] if len(givers) == 1 else "")}
    form = HandOverForm(
        request.POST if request.method == "POST" else None,
        givers=givers,
        takers=list(names.items()),
        initial=start,
    )
    context: dict[str, Any] = {"form": form}
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        held = access.visible(actor).filter(closed_at__isnull=True, handler_id=given["giver"], lead_id=actor.organ_id)
        found = list(held.order_by("id")[: cases.MOST_AT_ONCE + 1])
        chunk, more = found[: cases.MOST_AT_ONCE], len(found) > cases.MOST_AT_ONCE
        inputs = {"handler": given["taker"], "reasons": given["reasons"].strip()}
        context["results"] = _hand_over(chunk, inputs, actor=actor, at=at, key=given["key"] or form.initial["key"])
        context["done"] = sum(1 for one in context["results"] if not one["why"])
        context["more"] = more
        context["taker"] = names[given["taker"]]
    wrong = form.is_bound and "results" not in context
    return render(request, "desk/handover.html", context, status=WRONG if wrong else 200)


def _hand_over(
    chunk: Sequence[Case], inputs: dict[str, Any], *, actor: Actor, at: Any, key: str
) -> list[dict[str, Any]]:
    """All at once when all can; otherwise one by one, each with its reason."""
    if not chunk:
        return []
    moves = [cases.Move(case.id, "hand_over", inputs) for case in chunk]
    try:
        with transaction.atomic():
            cases.take_steps(moves, actor=actor, at=at, key=key)
        return [{"case": case, "why": ""} for case in chunk]
    except (Refused, BadInput):
        return [{"case": case, "why": _one(case.id, inputs, actor=actor, at=at, key=key)} for case in chunk]


def _one(case_id: UUID, inputs: dict[str, Any], *, actor: Actor, at: Any, key: str) -> str:
    try:
        with transaction.atomic():
            cases.take_step(
                case_id=case_id, step="hand_over", actor=actor, at=at, inputs=inputs, key=f"{key}/{case_id}"
            )
    except XinqiaoError as error:
        return gettext(error.message)
    return ""


# --- the rehearsal clock


@require_POST
@staff()
def move_clock(request: HttpRequest) -> HttpResponse:
    """Move the rehearsal's date, let the worker look at what falls due, and say so. Only in a demonstration."""
    if not people.demonstration():
        raise NotFound()
    actor, at = actor_of(request), clock.now()
    days, to = request.POST.get("days", ""), request.POST.get("to", "")
    before = selectors.due_counts(actor=actor, today=day_of(at))
    try:
        if days.isascii() and days.isdigit():
            now = vault.clock_move(days=int(days[:4]), actor=actor, at=at)
        else:
            now = vault.clock_move(to=_day(to), actor=actor, at=at)
    except (BadInput, Refused) as error:
        messages.error(request, gettext(error.message))
        return _back(request)
    jobs.watch_soon(now)
    after = selectors.due_counts(actor=actor, today=day_of(now))
    words = {"day": day_words(day_of(now)), "late": after["overdue"] - before["overdue"], "today": after["today"]}
    messages.success(
        request,
        gettext("现在是 %(day)s。您单位新超期 %(late)s 件，今天到期 %(today)s 件；颜色和提醒过一会儿就跟上。") % words,
    )
    return _back(request)


def _day(typed: str) -> date:
    try:
        day = parse_date(typed)
    except ValueError:
        day = None
    if day is None:
        raise BadInput({"to": "请选择要走到哪一天。"})
    return day


def _back(request: HttpRequest) -> HttpResponseRedirect:
    wanted = request.POST.get("next", "")
    fits = wanted.startswith("/desk/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return HttpResponseRedirect(wanted if fits else reverse("desk:worklist"))
