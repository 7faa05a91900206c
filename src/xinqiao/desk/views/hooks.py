"""Webhooks: which other systems are told of what. For administrators; the secret is shown once."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from xinqiao import law
from xinqiao.desk.views.door import actor_of, staff
from xinqiao.kernel.clock import utc_now
from xinqiao.kernel.errors import BadInput, NotFound
from xinqiao.notices import hooks
from xinqiao.people import clock
from xinqiao.people import selectors as people
from xinqiao.people.visitors import needs_recent_sign_in

FAMILIES = (
    ("intake.*", _("收到、登记、分类")),
    ("case.*", _("转送、签收、异议、撤回、评价等各类事项共有的步骤")),
    ("redress.*", _("申诉求决的办理")),
    ("inquiry.*", _("咨询和日常小事的办理")),
    ("suggestion.*", _("建议意见的办理")),
    ("guidance.*", _("告知途径")),
    ("obligation.*", _("期限已过，还没有办")),
)


@require_http_methods(["GET", "POST"])
@staff("admin")
@needs_recent_sign_in
def subscriptions(request: HttpRequest) -> HttpResponse:
    """GET: who is told. POST: another one; its secret stands on the answer and nowhere else."""
    if request.method == "GET":
        return _page(request, {})
    given = {name: request.POST.get(name, "").strip() for name in ("organ", "post", "url", "names")}
    families = request.POST.getlist("families")
    post_id = _number(given["post"]) if given["post"] else None
    try:
        made = hooks.subscription_make(
            organ_id=_number(given["organ"]),
            post_id=post_id,
            url=given["url"],
            events=[*families, *given["names"].split()],
            known=[kind.event for kind in law.events()],
            actor=actor_of(request),
            at=utc_now(),
        )
    except BadInput as error:
        return _page(request, given, families=families, wrong=error.fields, status=422)
    return _page(request, {}, made=made)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0


def _page(
    request: HttpRequest, given: dict[str, str], *, families: list[str] | None = None, status: int = 200, **more: Any
) -> HttpResponse:
    today = clock.today()
    organs = people.organs_of(on=today)
    rows = hooks.subscriptions()
    names = people.organ_names({row.organ_id for row in rows})
    context = {
        "rows": [(row, names.get(row.organ_id, "")) for row in rows],
        "organs": [(organ.pk, organ.name, given.get("organ") == str(organ.pk)) for organ in organs],
        "families": [(name, label, name in (families or [])) for name, label in FAMILIES],
        "given": given,
        **more,
    }
    response = render(request, "desk/hooks.html", context, status=status)
    response.headers["Cache-Control"] = "private, no-store"
    return response


@require_POST
@staff("admin")
@needs_recent_sign_in
def end(request: HttpRequest) -> HttpResponse:
    """Tell an address nothing any more."""
    try:
        subscription_id = UUID(request.POST.get("id", ""))
    except ValueError:
        raise NotFound() from None
    hooks.subscription_end(subscription_id=subscription_id, actor=actor_of(request), at=utc_now())
    messages.success(request, gettext("已停用，不再推送。"))
    return redirect("desk:hooks")
