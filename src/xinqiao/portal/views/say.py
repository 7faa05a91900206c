"""Saying it: three screens in one form, and the receipt."""

from datetime import date
from typing import Any
from uuid import UUID

import segno
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, override
from django.views.decorators.http import require_GET, require_http_methods

from xinqiao import papers
from xinqiao.cases import selectors as case_selectors
from xinqiao.cases.models import Case, Obligation
from xinqiao.intake import selectors as intake
from xinqiao.intake.models import Submission
from xinqiao.intake.services import Receipt, code_of
from xinqiao.kernel.clock import day_of
from xinqiao.kernel.errors import BadInput, Conflict
from xinqiao.ledger.services import OTHER_CONTENT
from xinqiao.people import clock, proof
from xinqiao.people import selectors as people
from xinqiao.portal import matter, sending, visit
from xinqiao.portal.forms import SayForm
from xinqiao.portal.views.private import personal
from xinqiao.triage import selectors as triage
from xinqiao.ui.cites import cite_words
from xinqiao.ui.templatetags.xq import trace_words

WRONG, MOVED_ON = 422, 409


def _areas(on: date) -> list[tuple[str, Any]]:
    """Streets with their communities, as groups of a list; districts stand at the end for whoever does not know more."""
    rows = intake.places(on)
    districts = {row.code: row for row in rows if row.level == "district"}
    streets = [row for row in rows if row.level == "street"]
    below: dict[str, list[intake.Place]] = {}
    for row in rows:
        if row.level == "community":
            below.setdefault(row.parent_code, []).append(row)
    several = len({row.parent_code for row in streets}) > 1
    groups: list[tuple[str, Any]] = []
    for street in streets:
        above = districts.get(street.parent_code) if several else None
        whole = (street.code, gettext("%(street)s（不清楚哪个社区）") % {"street": street.name})
        name = f"{above.name} {street.name}" if above else street.name
        groups.append((name, [whole, *((c.code, c.name) for c in below.get(street.code, []))]))
    alone = [(d.code, gettext("%(district)s（不清楚哪个街道）") % {"district": d.name}) for d in districts.values()]
    return [*groups, (gettext("其他"), alone)] if alone else groups


@require_http_methods(["GET", "POST"])
@personal
def say(request: HttpRequest) -> HttpResponse:
    """The form; sent, it ends in a receipt. Whatever is wrong, nothing typed and no file is lost."""
    at = clock.now()
    areas = _areas(day_of(at))
    if request.method == "GET" or "begin" in request.POST:
        begun = request.POST.get("text", "")[:20_000]
        return _form(request, SayForm(areas=areas, initial={"text": begun}), [], begun=bool(begun))
    form = SayForm(request.POST, areas=areas)
    form.full_clean()
    given = form["key"].value() or str(form.initial["key"])
    carried = sending.carried(request)
    for where, error in carried.unfit:
        form.refuse(error, {"files": where})
    if not form.errors:
        try:
            receipt = sending.send(
                form,
                sending.uploads_of(carried),
                references=sending.references_of(request, carried),
                actor=visit.actor_of(request),
                at=at,
            )
        except BadInput as error:
            form.refuse(error, sending.wrong_names(form, error))
        except Conflict as error:
            if error.code == OTHER_CONTENT:
                form.renew()
                return _other_words(request, form, carried.keep(), key=given)
            form.refuse(error)
        else:
            carried.drop()
            return _received(request, receipt, key=given)
    return _form(request, form, carried.keep())


def _form(request: HttpRequest, form: SayForm, staged: list[Any], *, begun: bool = False) -> HttpResponse:
    wrong = form.is_bound
    context = {
        "form": form,
        "staged": staged,
        "begun": begun,
        "wrong": wrong,
        "screen": form.first_wrong_screen if wrong else 1,
    }
    return render(request, "portal/say.html", context, status=WRONG if wrong else 200)


def _other_words(request: HttpRequest, form: SayForm, staged: list[Any], *, key: str) -> HttpResponse:
    """The first sending was taken, and this one says something else: nothing is lost, and the person chooses what it is.

    The number is told only to the visit that has the receipt.
    """
    kept = next((one for one in visit.receipts(request) if one["key"] == key), None)
    found = case_selectors.cases_by_ids(actor=visit.actor_of(request), ids=[UUID(kept["case"])]) if kept else []
    context = {
        "form": form,
        "staged": staged,
        "wrong": True,
        "screen": 3,
        "before": {"number": kept["number"] if kept else "", "case": found[0] if found else None},
    }
    return render(request, "portal/say.html", context, status=MOVED_ON)


def _received(request: HttpRequest, receipt: Receipt, *, key: str) -> HttpResponseRedirect:
    proof.add(request, case_ids=[receipt.case.id], submission_ids=[receipt.submission.id], at=clock.now())
    visit.remember_receipt(request, key=key, number=receipt.number, case_id=receipt.case.id)
    return redirect("portal:receipt")


def _latest(request: HttpRequest) -> tuple[dict[str, Any], Case, Submission] | None:
    """The newest receipt of this visit that is still shown."""
    actor = visit.actor_of(request)
    for kept in visit.receipts(request):
        found = case_selectors.cases_by_ids(actor=actor, ids=[UUID(kept["case"])])
        submission = intake.submission_of(found[0]) if found else None
        if submission is not None:
            return kept, found[0], submission
    return None


def track_link(request: HttpRequest, number: str, code: str) -> str:
    """The address in the QR code: number and code stand in the fragment, which no server ever sees."""
    return f"{request.build_absolute_uri(reverse('portal:track'))}#{number}.{code}"


def _qr(link: str) -> SafeString:
    drawn = segno.make(link, error="m", micro=False).svg_inline(scale=4, border=2, omitsize=True, svgclass="xq-qr")
    return mark_safe(drawn)  # noqa: S308 - drawn by segno from our own address


def _first_duty(case: Case) -> Obligation | None:
    return case_selectors.case_file(case, public_only=True).next_duty


@require_GET
@personal
def receipt(request: HttpRequest) -> HttpResponse:
    """Number, code, QR; what happens next in three lines."""
    found = _latest(request)
    if found is None:
        return render(request, "portal/receipt_gone.html", status=404)
    kept, case, submission = found
    code = code_of(kept["key"])
    said = {} if submission.sealed else intake.words_of(submission)
    at = clock.now()
    today = day_of(at)
    words, area = said.get("text", "")[:400], case.area_code
    near = triage.knowledge_find(words=words, today=today, area_code=area, public_only=True, limit=3) if said else []
    context = {
        "number": submission.number,
        "code": code,
        "qr": _qr(track_link(request, submission.number, code)),
        "case": case,
        "submission": submission,
        "view": matter.view(case, matter.material(case, at=at).answer(), actor=visit.actor_of(request), at=at),
        "near": near,
    }
    return render(request, "portal/receipt.html", context)


@require_GET
@personal
def receipt_pdf(request: HttpRequest) -> HttpResponse:
    """The receipt on paper. It is drawn now and kept nowhere, because the code stands on it."""
    found = _latest(request)
    if found is None:
        return render(request, "portal/receipt_gone.html", status=404)
    kept, case, submission = found
    with override("zh-hans"):  # papers are written in the language of the law
        facts = _facts(request, case, submission, code_of(kept["key"]))
    response = HttpResponse(papers.render_pdf(papers.compose("receipt", facts)), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="xinqiao-{submission.number}.pdf"'
    return response


def _facts(request: HttpRequest, case: Case, submission: Submission, code: str) -> dict[str, Any]:
    """What the receipt on paper says."""
    due = _first_duty(case)
    facts: dict[str, Any] = {
        "organ": case.office.name,
        "issued_on": day_of(submission.received_at),
        "case_number": submission.number,
        "query_code": code,
        "received_on": day_of(submission.received_at),
        "channel": "网上",
        "track_url": track_link(request, submission.number, code),
        "sealed": submission.sealed,
        "demonstration": people.demonstration(),
        "who_sees": [str(line) for line in who_sees(submission, case)],
        "contact": {"phone": case.office.phone, "address": case.office.address, "hours": case.office.hours},
    }
    if not submission.sealed and submission.title:
        facts["about"] = submission.title
    if due is not None:
        facts["due"] = {
            "day": due.due,
            "why": [trace_words(line) for line in matter.trace(due)],
            "cites": [cite_words(cite) for cite in due.cites],
            "provisional": due.provisional,
        }
    return facts


def who_sees(submission: Submission, case: Case) -> list[str]:
    """Who learns who it is, in plain lines."""
    if submission.sealed:
        return [gettext("只有指定的保密专员和有权处理的机关。被反映的人和单位看不到、查不到，也不会被告知。")]
    if submission.reporter == Submission.Reporter.ANONYMOUS:
        return [gettext("您没有留姓名，谁也看不到您是谁。")]
    office = gettext("%(office)s的接待和办理人员。") % {"office": case.office.name}
    if submission.confidential:
        return [office, gettext("承办单位只看到事情，看不到您是谁；需要联系时由信访部门转告。")]
    return [office, gettext("承办单位指定的承办人，因为法律要求他们告知您、听您陈述。每次查看都写明理由，您都能看到。")]
