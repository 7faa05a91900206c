"""The case file on one page, and the steps that may be taken on it."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from xinqiao.cases import access, services
from xinqiao.cases.models import Case
from xinqiao.desk import casebook, sources
from xinqiao.desk.views.door import actor_of, staff
from xinqiao.files import selectors as files
from xinqiao.intake import selectors as intake
from xinqiao.kernel.clock import day_of
from xinqiao.kernel.errors import BadInput, Conflict, NotFound, Refused
from xinqiao.people import clock
from xinqiao.people import selectors as people
from xinqiao.people import services as vault
from xinqiao.people.actors import Actor
from xinqiao.triage import selectors as triage
from xinqiao.ui.forms import StepForm

REVEALABLE = (("name", "姓名"), ("phone", "电话"), ("address", "地址"), ("id_number", "证件号码"), ("email", "邮箱"))


@require_GET
@staff()
def case_page(request: HttpRequest, number: str) -> HttpResponse:
    """The whole file."""
    actor, at = actor_of(request), clock.now()
    case = access.get(actor, number)
    return render(request, "desk/case.html", _file(request, case, actor, at))


def _file(request: HttpRequest, case: Case, actor: Actor, at: Any) -> dict[str, Any]:
    if case.sealed:
        vault.access_record(
            kind="sealed_read", reason="", actor=actor, at=at, case_id=case.id, person_id=None, sealed=True, detail={}
        )
    submission = intake.submission_of(case)
    parties = intake.parties_of(submission) if submission else []
    proposal = None
    if case.state == "sorted" and case.procedure in {"redress", "inquiry", "suggestion"}:
        proposal = people.competent_organs(case.content_code, case.area_code, day_of(at))
    masked = people.masked_many([party.person_id for party in parties])
    blobs = list(files.blobs_of_case(case.id))
    area = people.area_at(case.area_code, case.received_on) if case.area_code else None
    return {
        "case": case,
        "book": casebook.book(case, actor=actor, at=at),
        "submission": submission,
        "said": intake.words_of(submission) if submission else {},
        "parties": [(party, masked.get(party.person_id)) for party in parties],
        "may_see_identity": access.may_see_identity(case, actor),
        "revealable": REVEALABLE,
        "blobs": [blob for blob in blobs if blob.kind != "document"],
        "area": area,
        "content": triage.content_name(case.content_code),
        "proposal": proposal,
        "knowledge": [] if case.sealed else triage.knowledge_find(words=case.title, today=day_of(at), limit=3),
        "today": day_of(at),
    }


@require_GET
@staff()
def peek(request: HttpRequest, number: str) -> HttpResponse:
    """The case beside the worklist, in short."""
    actor, at = actor_of(request), clock.now()
    case = access.get(actor, number)
    submission = intake.submission_of(case)
    context = {
        "case": case,
        "book": casebook.book(case, actor=actor, at=at),
        "said": intake.words_of(submission) if submission and not case.sealed else {},
        "today": day_of(at),
    }
    return render(request, "desk/parts/peek.html", context)


@staff()
def do(request: HttpRequest, number: str, step: str) -> HttpResponse:
    """GET: the step's form (in place with htmx, else on a page). POST: take it."""
    actor, at = actor_of(request), clock.now()
    case = access.get(actor, number)
    option = next((one for one in services.options(case=case, actor=actor, at=at) if one.step == step), None)
    if option is None:
        if request.method == "POST":  # the same form sent twice, or somebody was quicker
            messages.info(request, gettext("这件事刚刚有了新的进展，请看最新的情况。"))
            return _to_case(request, case)
        raise NotFound()
    proposal = None
    if any(item.name == "lead" for item in option.inputs) and case.procedure != "report":
        proposal = people.competent_organs(case.content_code, case.area_code, day_of(at))
    form = StepForm(
        casebook.shown(option),
        sources.of(option, case, day_of(at)),
        request.POST if request.method == "POST" else None,
        request.FILES if request.method == "POST" else None,
        initial=casebook.initial(option, case, proposal) | casebook.dates_initial(option, day_of(at)),
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.take_step(
                case_id=case.id,
                step=step,
                actor=actor,
                at=at,
                inputs=form.inputs(),
                uploads=_uploads(form),
                key=form.form_key,
            )
        except (BadInput, Refused) as error:
            form.refuse(error)
        except Conflict as error:
            messages.info(request, gettext(error.message))
            return _to_case(request, case)
        else:
            messages.success(request, gettext("已办好：%(what)s。") % {"what": gettext(option.label)})
            return _to_case(request, case)
    context = {
        "case": case,
        "form": form,
        "option": casebook.shown(option),
        "proposal": proposal,
        "action": reverse("desk:do", args=[case.number, step]),
    }
    partial = request.headers.get("HX-Request") == "true"
    status = 422 if request.method == "POST" else 200
    return render(request, "desk/parts/do.html" if partial else "desk/do.html", context, status=status)


def _uploads(form: StepForm) -> dict[str, list[services.Upload]]:
    return {
        name: [services.Upload(one.name or "", one.read(), name) for one in given]
        for name, given in form.uploads().items()
        if given
    }


def _to_case(request: HttpRequest, case: Case) -> HttpResponse:
    """Back to the file when it can still be seen, else to the worklist (it was passed on or sealed)."""
    seen = access.visible(actor_of(request)).filter(pk=case.pk).exists()
    url = reverse("desk:case", args=[case.number]) if seen else reverse("desk:worklist")
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)


@require_POST
@staff()
def reveal(request: HttpRequest, number: str) -> HttpResponse:
    """Show the petitioner's data for a reason, which they can read. Masked again on the next page."""
    actor, at = actor_of(request), clock.now()
    case = access.get(actor, number)
    if not access.may_see_identity(case, actor) or case.person_id is None:
        raise NotFound()
    submission = intake.submission_of(case)
    parties = intake.parties_of(submission) if submission else []
    wanted = request.POST.get("person", str(case.person_id))
    person_id = next((p.person_id for p in parties if str(p.person_id) == wanted), case.person_id)
    try:
        plain = vault.person_reveal(
            person=person_id,
            fields=request.POST.getlist("fields"),
            reason=request.POST.get("reason", ""),
            actor=actor,
            at=at,
            case_id=case.id,
        )
    except BadInput as error:
        messages.error(request, "；".join(gettext(text) for text in error.fields.values()))
        return redirect("desk:case", number=case.number)
    labels = dict(REVEALABLE)
    context = _file(request, case, actor, at) | {
        "revealed": [(gettext(labels.get(name, name)), value) for name, value in plain.items() if value],
        "revealed_of": person_id,
    }
    return render(request, "desk/case.html", context)
