"""What was told to whom, and whether it went out; in a demonstration also what citizens' phones show."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from xinqiao.cases import access as case_access
from xinqiao.cases import selectors as case_selectors
from xinqiao.desk.views.door import actor_of, staff
from xinqiao.kernel.errors import BadInput
from xinqiao.notices import selectors, services
from xinqiao.notices.selectors import Shown
from xinqiao.people import access, clock
from xinqiao.people import selectors as people
from xinqiao.people.actors import SYSTEM

STATES = (("", _("全部")), ("waiting", _("等待发送")), ("set_aside", _("已搁置")), ("failed", _("没有地址")))
MANAGERS = ("admin", "officer")


@require_GET
@staff()
def notices(request: HttpRequest) -> HttpResponse:
    """Messages to one's organ and in its name, newest first; the petition office reads all about its cases. `show=phones`: those on citizens' phones."""
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
        mine = case_access.visible(actor)
        page = selectors.notices_page(
            actor=actor,
            cases=mine.values("id"),
            watched=mine.filter(office_id=actor.organ_id).values("id"),
            state=state,
            before=before,
        )
    context = {
        "rows": _rows(request, page.rows, own=not phones),
        "more": page.next_before,
        "phones": phones,
        "demonstration": demonstration,
        "state": state,
        "states": STATES,
        "manages": actor.role == "admin",
        "waiting": selectors.waiting() if actor.role in MANAGERS else None,
        "held": selectors.held_up() if actor.role in MANAGERS else [],
        "unfrozen": case_selectors.papers_unfrozen(clock.now()) if actor.role in MANAGERS else None,
        "outbox": selectors.outbox() if actor.role in MANAGERS else None,
    }
    return render(request, "desk/notices.html", context)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _rows(request: HttpRequest, rows: Sequence[Shown], *, own: bool) -> list[dict[str, Any]]:
    """Each message with its case, in whose name it went, and the masked address of a petitioner whom one may know."""
    actor = actor_of(request)
    ids = {row.message.case_id for row in rows if row.message.case_id}
    cases = {case.pk: case for case in case_access.visible(actor).filter(id__in=ids)} if ids else {}
    names = people.organ_names({row.message.sender_id for row in rows if row.message.sender_id}) if own else {}
    known = case_access.identities_seen(cases.values(), actor) if own else set()
    persons = {row.message.person_id for row in rows if row.message.person_id and row.message.case_id in known}
    masked = people.masked_many(persons) if persons else {}
    found = []
    for row in rows:
        message = row.message
        case = cases.get(message.case_id) if message.case_id else None
        who = masked.get(message.person_id) if message.person_id and message.case_id in known else None
        mailed = any(one.channel == "smtp" for one in row.deliveries)
        found.append(
            {
                "shown": row,
                "ways": [(one, selectors.why(one.last_error)) for one in row.deliveries],
                "number": case.number if case else None,
                "sender": names.get(message.sender_id, "") if message.sender_id else "",
                "address": ((who.email if mailed else "") or who.phone) if who else "",
                "withheld": message.to_kind == "petitioner" and own and who is None,
                "on_page": message.to_kind == "petitioner" and all(one.channel == "page" for one in row.deliveries),
            }
        )
    return found


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
