"""What was told to whom, and whether it went out; in a demonstration also what citizens' phones show."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from xinqiao.cases import access as case_access
from xinqiao.desk.views.door import actor_of, staff
from xinqiao.kernel.errors import BadInput
from xinqiao.notices import selectors, services
from xinqiao.people import access, clock
from xinqiao.people import selectors as people
from xinqiao.people.actors import SYSTEM

STATES = (("", _("全部")), ("waiting", _("等待发送")), ("set_aside", _("已搁置")), ("failed", _("没有地址")))
MANAGERS = ("admin", "officer")


@require_GET
@staff()
def notices(request: HttpRequest) -> HttpResponse:
    """Messages to one's organ or about its cases, newest first. `show=phones`: those on citizens' phones."""
    actor = actor_of(request)
    demonstration = people.demonstration()
    phones = demonstration and request.GET.get("show") == "phones"
    state = request.GET.get("state", "")
    state = state if state in {key for key, _label in STATES} else ""
    before = _uuid(request.GET.get("before", ""))
    if phones:
        with access.acting(SYSTEM("demonstration")):
            page = selectors.demonstration_page(before=before)
    else:
        mine = case_access.visible(actor).values("id")
        page = selectors.notices_page(actor=actor, cases=mine, state=state, before=before)
    numbers = _numbers(request, [row.message.case_id for row in page.rows])
    context = {
        "rows": [{"shown": row, "number": numbers.get(row.message.case_id)} for row in page.rows],
        "more": page.next_before,
        "phones": phones,
        "demonstration": demonstration,
        "state": state,
        "states": STATES,
        "manages": actor.role == "admin",
        "waiting": selectors.waiting() if actor.role in MANAGERS else None,
        "outbox": selectors.outbox() if actor.role in MANAGERS else None,
    }
    return render(request, "desk/notices.html", context)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _numbers(request: HttpRequest, case_ids: list[UUID | None]) -> dict[UUID | None, str]:
    wanted = [one for one in case_ids if one is not None]
    rows = case_access.visible(actor_of(request)).filter(id__in=wanted) if wanted else None
    return dict(rows.values_list("id", "number")) if rows is not None else {}


@require_POST
@staff("admin")
def act(request: HttpRequest) -> HttpResponse:
    """Try a delivery again, set a message aside, stop or open the outbox."""
    actor, at = actor_of(request), clock.now()
    done: dict[str, Any] = {
        "retry": lambda given: services.delivery_retry(delivery_id=given, actor=actor, at=at),
        "set_aside": lambda given: services.message_set_aside(message_id=given, actor=actor, at=at),
    }
    wanted, given = request.POST.get("do", ""), _uuid(request.POST.get("id", ""))
    if wanted in done and given is not None:
        done[wanted](given)
        messages.success(request, gettext("已办好。"))
    elif wanted == "resume":
        services.outbox_resume(actor=actor, at=at)
        messages.success(request, gettext("发件箱已打开，等着的消息现在就发。"))
    elif wanted == "pause":
        try:
            services.outbox_pause(reason=_reason(request), actor=actor, at=at)
        except BadInput as error:
            messages.error(request, gettext(error.message))
        else:
            messages.success(request, gettext("发件箱已暂停，什么都不会发出去。"))
    return redirect("desk:notices")


def _reason(request: HttpRequest) -> str:
    reason = request.POST.get("reason", "").strip()[:200]
    if not reason:
        raise BadInput({"reason": "请写明为什么暂停。"})
    return reason
