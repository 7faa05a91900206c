"""Following one's matter: by number and query code, by a code sent to the phone; leaving a shared phone."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinqiao import law
from xinqiao.intake import selectors as intake
from xinqiao.kernel.errors import BadInput, Slowed
from xinqiao.people import access, clock, proof
from xinqiao.people import services as people
from xinqiao.people.actors import CITIZEN
from xinqiao.people.visitors import client_ip
from xinqiao.portal import visit
from xinqiao.portal.forms import PhoneForm, TrackForm
from xinqiao.portal.views.private import end_visit, personal

WRONG, SLOW = 422, 429


def waiting_words(seconds: int) -> str:
    """「请等 2 分钟再试」: how long somebody must wait, in words."""
    if seconds < 60:
        return ngettext("请等 %(n)d 秒再试。", "请等 %(n)d 秒再试。", seconds) % {"n": seconds}
    minutes = -(-seconds // 60)
    if minutes < 90:
        return ngettext("请等 %(n)d 分钟再试。", "请等 %(n)d 分钟再试。", minutes) % {"n": minutes}
    hours = -(-minutes // 60)
    return ngettext("请过 %(n)d 小时再试。", "请过 %(n)d 小时再试。", hours) % {"n": hours}


def _slowed(request: HttpRequest, template: str, context: dict[str, Any], error: Slowed) -> HttpResponse:
    context |= {"slowed": gettext(error.message), "wait": waiting_words(error.seconds), "seconds": error.seconds}
    response = render(request, template, context, status=SLOW)
    response["Retry-After"] = str(error.seconds)
    return response


@require_http_methods(["GET", "POST"])
@personal
def track(request: HttpRequest) -> HttpResponse:
    """Number and code. A wrong number and a wrong code get the same answer."""
    form = TrackForm(request.POST or None)
    if request.method == "GET":
        return render(request, "portal/track.html", {"form": form, "known": bool(visit.actor_of(request).case_ids)})
    at = clock.now()
    if not form.is_valid():
        return render(request, "portal/track.html", {"form": form}, status=WRONG)
    number, code = form.cleaned_data["number"], form.cleaned_data["code"]
    for name, given, most in (("number", number, 12), ("code", code, 10)):
        missing = _too_short(name, given, most)
        if missing:
            form.add_error(name, missing)
    if form.errors:
        return render(request, "portal/track.html", {"form": form}, status=WRONG)
    try:
        found = intake.prove(number=number, code=code, ip=client_ip(request), at=at)
    except Slowed as error:
        return _slowed(request, "portal/track.html", {"form": form}, error)
    if found is None:
        return render(request, "portal/track.html", {"form": form, "unknown": True}, status=WRONG)
    proof.add(request, case_ids=found.case_ids, submission_ids=[found.submission_id], at=at)
    return redirect("portal:matter", number=found.number)


def _too_short(name: str, given: str, most: int) -> str:
    digits = sum(character.isdecimal() for character in given)
    if not given.strip():
        return gettext("请填写编号。") if name == "number" else gettext("请填写查询码。")
    if digits < most:
        word = (
            gettext("编号少了 %(n)d 位，编号是 12 位数字。")
            if name == "number"
            else gettext("查询码少了 %(n)d 位，查询码是 10 位数字。")
        )
        return word % {"n": most - digits}
    return ""


@require_http_methods(["GET", "POST"])
@personal
def phone(request: HttpRequest) -> HttpResponse:
    """A code sent to the phone that was given when speaking opens what is one's own, sealed matters left out."""
    form = PhoneForm(request.POST or None)
    context: dict[str, Any] = {"form": form, "sent": "check" in request.POST}
    if request.method == "GET" or not form.is_valid():
        return render(request, "portal/phone.html", context, status=200 if request.method == "GET" else WRONG)
    at, actor, ip = clock.now(), visit.actor_of(request), client_ip(request)
    given = form.cleaned_data
    try:
        if "check" not in request.POST:
            people.phone_code_send(phone=given["phone"], ip=ip, actor=actor, at=at)
            return render(
                request, "portal/phone.html", {"form": PhoneForm(initial={"phone": given["phone"]}), "sent": True}
            )
        proven = people.phone_code_check(phone=given["phone"], code=given["code"], ip=ip, actor=actor, at=at)
    except Slowed as error:
        return _slowed(request, "portal/phone.html", context, error)
    except BadInput as error:
        for name, words in error.fields.items():
            form.add_error(name if name in form.fields else None, gettext(words))
        return render(request, "portal/phone.html", context, status=WRONG)
    if proven is None:
        form.add_error("code", gettext("验证码不对，或者已经过了 5 分钟。请核对短信，或者再要一次。"))
        return render(request, "portal/phone.html", context, status=WRONG)
    case_ids = intake.case_ids_of(proven.person_ids)
    access.bind(CITIZEN(case_ids))
    open_ids = intake.open_ones(case_ids)
    access.bind(CITIZEN(open_ids))
    proof.add(request, case_ids=open_ids, submission_ids=intake.submission_ids_of(open_ids), at=at)
    return redirect("portal:mine")


@require_GET
@personal
def mine(request: HttpRequest) -> HttpResponse:
    """One's own matters, as far as they were proven in this visit."""
    rows = [
        {
            "case": case,
            "state": law.state_label(case.procedure, case.state, case.closed_cause),
            "organ": case.lead or case.office,
        }
        for case in intake.own_cases(visit.actor_of(request))
    ]
    return render(request, "portal/mine.html", {"rows": rows})


@require_POST
@personal
def leave(request: HttpRequest) -> HttpResponseRedirect:
    """End the visit: on a shared phone nothing stays behind."""
    end_visit(request)
    messages.success(request, gettext("已经退出，这台手机上什么也没有留下。"))
    return redirect("portal:front")
