"""Window and hotline: a call or visit is opened, what is said is written down, and it ends answered or registered."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from xinqiao import law, papers
from xinqiao.cases import access
from xinqiao.cases import selectors as case_found
from xinqiao.cases.models import Case
from xinqiao.desk import casebook, entering, sources
from xinqiao.desk.forms_entry import EntryForm
from xinqiao.desk.views.door import actor_of, staff
from xinqiao.files import selectors as files
from xinqiao.intake import selectors as intake
from xinqiao.intake import services
from xinqiao.intake.models import Contact
from xinqiao.kernel.clock import day_of
from xinqiao.kernel.errors import BadInput, Conflict, NotFound, Refused
from xinqiao.people import clock
from xinqiao.people import selectors as people
from xinqiao.triage import selectors as triage

ROLES = ("clerk", "officer")
SHOWN = "xinqiao_entry"  # the receipt that is shown now: number and contact, never the code
WRONG = 422


@staff(*ROLES)
def entry(request: HttpRequest) -> HttpResponse:
    """GET: begin a call, a visit or a letter, or go on with one. POST `kind`: open it."""
    actor, at = actor_of(request), clock.now()
    if request.method == "POST":
        request.session.pop(SHOWN, None)
        try:
            contact = services.contact_open(kind=request.POST.get("kind", ""), actor=actor, at=at)
        except BadInput as error:
            messages.error(request, gettext(error.message))
            return redirect("desk:entry")
        return redirect("desk:entry-form", contact_id=contact.pk)
    return render(request, "desk/entry_start.html", {"contacts": intake.open_contacts(actor)})


def _contact(request: HttpRequest, contact_id: UUID) -> Contact:
    contact = intake.contact_of(contact_id, actor_of(request))
    if contact is None:
        raise NotFound()
    return contact


def _blank(request: HttpRequest, at: datetime, *args: Any) -> EntryForm:
    on = day_of(at)
    return EntryForm(
        *args,
        places=entering.places(on),
        contents=triage.content_choices(),
        organs=sources.organs(on, sources.LEADING, actor_of(request).area_code[:6]),
    )


@staff(*ROLES)
def entry_form(request: HttpRequest, contact_id: UUID) -> HttpResponse:
    """The form beside what is known. POST `end`: register, answer, dispatch or drop; whatever is wrong, nothing is lost."""
    actor, at = actor_of(request), clock.now()
    contact = _contact(request, contact_id)
    if contact.closed_at is not None:
        if request.session.get(SHOWN, {}).get("contact") == str(contact.pk):
            if request.method == "POST" and request.POST.get("end") != "drop":
                return _sent_again(request, contact, at)
            return redirect("desk:entry-receipt", contact_id=contact.pk)
        messages.info(request, gettext("这次接待已经结束。"))
        return redirect("desk:entry")
    if request.method != "POST":
        return _show(request, _blank(request, at), contact)
    end = request.POST.get("end", "register")
    if end == "drop":
        services.contact_close(contact_id=contact.pk, outcome="dropped", actor=actor, at=at)
        messages.info(request, gettext("这次接待已结束，没有登记。"), extra_tags=f"entry:{contact.pk}")
        return redirect("desk:entry")
    form = _blank(request, at, request.POST)
    form.full_clean()
    carried = entering.carried(request, contact, actor)
    for where, error in carried.unfit:
        form.refuse(error, {"files": where})
    if form.is_valid():
        try:
            entered = entering.enter(
                form,
                end if end in entering.ENDS else "register",
                contact=contact,
                uploads=entering.uploads_of(carried),
                references=entering.references_of(request, carried),
                actor=actor,
                at=at,
            )
        except (BadInput, Conflict) as wrong:
            form.refuse(wrong)
        else:
            carried.drop()
            _remember(request, contact, entered)
            return redirect("desk:entry-receipt", contact_id=contact.pk)
    form.hold(carried.keep())
    return _show(request, form, contact, end=end)


def _sent_again(request: HttpRequest, contact: Contact, at: datetime) -> HttpResponse:
    """The form of a contact that was registered comes once more: the same leads to its receipt, a change is not lost."""
    form, actor = _blank(request, at, request.POST), actor_of(request)
    form.full_clean()
    carried = entering.carried(request, contact, actor)
    if form.is_valid() and entering.changed(request, form, contact=contact, carried=carried, actor=actor):
        form.refuse(
            Conflict(
                "这次接待已经登记，没有改动；这一次和上一次填的不一样，还没有登记。您填的都还在下面。",
                remedy="是同一件事：把新的内容抄到那一件的备注里。是另一件事：请另开一次接待登记。",
            )
        )
        form.hold(carried.keep())
        return _show(request, form, contact)
    return redirect("desk:entry-receipt", contact_id=contact.pk)


def _show(request: HttpRequest, form: EntryForm, contact: Contact, end: str = "") -> HttpResponse:
    context = {"form": form, "contact": contact, "end": end}
    return render(request, "desk/entry.html", context, status=WRONG if form.is_bound else 200)


def _remember(request: HttpRequest, contact: Contact, entered: entering.Entered) -> None:
    case = entered.receipt.case
    request.session[SHOWN] = {
        "contact": str(contact.pk),
        "number": entered.receipt.number,
        "case": case.number,
        "office": case.office_id,
        "sealed": entered.receipt.submission.sealed,
        "done": entered.done,
        "why": entered.why,
        "at": case.received_at.isoformat(),
    }


@require_POST
@staff(*ROLES)
def beside(request: HttpRequest, contact_id: UUID) -> HttpResponse:
    """What may help while typing: knowledge, like matters, who is competent. Sent in the body: words stay out of logs."""
    actor, at = actor_of(request), clock.now()
    contact = _contact(request, contact_id)
    text, area = request.POST.get("text", "")[:600], request.POST.get("area", "")[:15]
    content = request.POST.get("content", "")[:6]
    today = day_of(at)
    context = {
        "contact": contact,
        "typed": bool(text.strip()),
        "place": area,
        "knowledge": triage.knowledge_find(words=text, today=today, area_code=area, limit=4) if text.strip() else [],
        "alike": [_line(case) for case in triage.alike(said=text, area_code=area, actor=actor, at=at)],
        "proposal": people.competent_organs(content, area, today) if content else None,
    }
    return render(request, "desk/parts/entry_beside.html", context)


@require_POST
@staff(*ROLES)
def caller(request: HttpRequest, contact_id: UUID) -> HttpResponse:
    """The caller's earlier matters by their whole number: inside this open contact only, and on the access log."""
    actor, at = actor_of(request), clock.now()
    phone = request.POST.get("phone", "")[:40]
    context: dict[str, Any] = {"asked": bool(phone.strip())}
    if phone.strip():
        try:
            found = services.caller_matters(contact_id=contact_id, phone=phone, actor=actor, at=at)
            context["matters"] = [_line(case) for case in found]
        except (BadInput, Refused) as error:
            context["wrong"] = gettext(error.message)
    return render(request, "desk/parts/entry_caller.html", context)


def _line(case: Case) -> dict[str, Any]:
    return {"case": case, "state": gettext(law.state_label(case.procedure, case.state, case.closed_cause))}


def _shown(request: HttpRequest, contact_id: UUID) -> dict[str, Any]:
    kept: dict[str, Any] | None = request.session.get(SHOWN)
    if kept is None or kept["contact"] != str(contact_id):
        raise NotFound()
    return kept


@require_GET
@staff(*ROLES)
def receipt(request: HttpRequest, contact_id: UUID) -> HttpResponse:
    """Number and code to read out or print; gone when the next call begins."""
    actor, at = actor_of(request), clock.now()
    try:
        kept = _shown(request, contact_id)
    except NotFound:
        messages.info(request, gettext("这张回执已经收起。查询码只显示一次；丢了可以在这里换新的。"))
        return redirect("desk:regain")
    contact = _contact(request, contact_id)
    case = access.visible(actor).select_related("lead", "office").filter(number=kept["case"]).first()
    submission = intake.submission_of(case) if case else None
    file = case_found.case_file(case) if case else None
    context = {
        "kept": kept,
        "contact": contact,
        "code": services.code_of(entering.key_of(contact.pk)),
        "case": case,
        "seconds": submission.entered_seconds if submission else None,
        "duty": casebook.duty(file.next_duty, case) if case and file and file.next_duty else None,
        "state": gettext(law.state_label(case.procedure, case.state, case.closed_cause)) if case else "",
        "today": day_of(at),
    }
    return render(request, "desk/entry_receipt.html", context)


@require_GET
@staff(*ROLES)
def receipt_pdf(request: HttpRequest, contact_id: UUID) -> HttpResponse:
    """The receipt on paper, drawn now and kept nowhere, because the code stands on it."""
    kept, contact = _shown(request, contact_id), _contact(request, contact_id)
    code = services.code_of(entering.key_of(contact.pk))
    case = access.visible(actor_of(request)).filter(number=kept["case"]).first()
    office = next(one for one in people.organs_of(on=day_of(clock.now())) if one.pk == kept["office"])
    received = day_of(datetime.fromisoformat(kept["at"]))
    track = request.build_absolute_uri(reverse("portal:track"))
    facts: dict[str, Any] = {
        "organ": office.name,
        "issued_on": received,
        "case_number": kept["number"],
        "query_code": code,
        "received_on": received,
        "channel": casebook.CHANNELS[entering.CHANNELS[contact.kind]],
        "track_url": f"{track}#{kept['number']}.{code}",
        "sealed": kept["sealed"],
        "demonstration": people.demonstration(),
        "contact": {"phone": office.phone, "address": office.address, "hours": office.hours},
    }
    if case is not None and not case.sealed:
        facts["about"] = case.title
        duty = case_found.case_file(case, public_only=True).next_duty
        if duty is not None:
            facts["due"] = {"day": duty.due, "provisional": duty.provisional}
    return _pdf(papers.compose("receipt", facts), f"xinqiao-{kept['number']}.pdf")


@require_GET
@staff(*ROLES)
def registration(request: HttpRequest, number: str) -> HttpResponse:
    """The registration sheet (信访事项登记表) with the words as told; identity masked as everywhere."""
    actor = actor_of(request)
    case = access.get(actor, number)
    submission = intake.submission_of(case)
    if submission is None or case.sealed:
        raise NotFound()
    said, parties = intake.words_of(submission), intake.parties_of(submission)
    masked = people.masked_many([party.person_id for party in parties])
    area = people.area_at(case.area_code, case.received_on) if case.area_code else None
    words = [said.get("text", ""), f"希望：{said['wish']}" if said.get("wish") else ""]
    if said.get("read_back"):
        words.append("以上记录已向本人复述，本人确认无误。")
    names = [" ".join(filter(None, (who.name, who.phone))) for p in parties if (who := masked.get(p.person_id))]
    facts: dict[str, Any] = {
        "organ": case.office.name,
        "issued_on": day_of(submission.received_at),
        "case_number": case.number,
        "received_on": day_of(submission.received_at),
        "channel": casebook.CHANNELS.get(submission.channel, ""),
        "words": "\n".join(line for line in words if line) or "原话已按规定销毁。",
        "about": case.title,
        "place": " ".join(filter(None, (area.full_name if area else "", said.get("place", "")))),
        "content": triage.content_name(case.content_code),
        "route": gettext(casebook.procedure_label(case.procedure)),
        "petitioner": names[0] if names else "",
        "representatives": names[1:],
        "registered_by": submission.contact.account.name if submission.contact else "",
        "materials": [blob.name for blob in files.blobs_of_case(case.id) if blob.kind != "document"],
        "demonstration": people.demonstration(),
        "seal": "none",
    }
    paper = papers.compose("registration", {name: value for name, value in facts.items() if value not in ("", [])})
    return _pdf(paper, f"xinqiao-{case.number}-registration.pdf")


def _pdf(paper: papers.Paper, name: str) -> HttpResponse:
    response = HttpResponse(papers.render_pdf(paper), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    return response
