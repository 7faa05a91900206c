"""The page of one case, what its petitioner does there, papers and proof."""

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods

from xinqiao.cases import access as case_access
from xinqiao.cases import documents
from xinqiao.cases import selectors as case_selectors
from xinqiao.cases import services as cases
from xinqiao.cases.models import Case
from xinqiao.files import selectors as files
from xinqiao.files import staging
from xinqiao.files.serving import blob_serve
from xinqiao.intake import selectors as intake
from xinqiao.intake.services import PersonData, person_faults
from xinqiao.kernel.clock import day_of
from xinqiao.kernel.errors import BadInput, Conflict, NotFound, Refused
from xinqiao.law.types import Option
from xinqiao.ledger import batch
from xinqiao.ledger import selectors as ledger
from xinqiao.ledger.services import OTHER_CONTENT
from xinqiao.ledger.verify import verify
from xinqiao.people import clock, keys
from xinqiao.people import selectors as people
from xinqiao.people import services as vault
from xinqiao.portal import matter as reading
from xinqiao.portal import visit
from xinqiao.portal.forms import CORRECTABLE, CorrectForm
from xinqiao.portal.views.private import personal
from xinqiao.portal.views.say import who_sees
from xinqiao.ui.forms import PREFIX, StepForm

WRONG, MOVED_ON = 422, 409


def _case(request: HttpRequest, number: str) -> Case:
    """The case of that number, or the only one of that submission. Raises NotFound for whoever has not proven it."""
    items = case_access.proven(visit.actor_of(request), number)
    if len(items) != 1:
        raise NotFound()
    return items[0]


@require_GET
@personal
def matter(request: HttpRequest, number: str) -> HttpResponse:
    """Who has it, what happened, what comes next by when and why, what I may do now."""
    actor, at = visit.actor_of(request), clock.now()
    items = case_access.proven(actor, number)
    if not items:
        raise NotFound()
    if len(items) > 1:
        return redirect("portal:mine")
    case = items[0]
    material, submission, looks, blobs, proven_on = batch.together(
        reading.material(case, at=at),
        intake.submission_asked(case),
        people.access_asked(case.id),
        files.petitioners_blobs(case.id),
        ledger.proof_day(case.id, day_of(at)),
    ).answer()
    context: dict[str, Any] = {
        "case": case,
        "view": reading.view(case, material, actor=actor, at=at),
        "submission": submission,
        "said": intake.words_of(submission) if submission else {},
        "who_sees": who_sees(submission, case) if submission else [],
        "looks": looks,
        "blobs": blobs,
        "proven_on": proven_on,
    }
    return render(request, "portal/matter.html", context)


@require_http_methods(["GET", "POST"])
@personal
def do(request: HttpRequest, number: str, step: str) -> HttpResponse:
    """One act of the petitioner, on a page of its own: the form comes from the procedure."""
    case, actor, at = _case(request, number), visit.actor_of(request), clock.now()
    option = next((one for one in cases.options(case=case, actor=actor, at=at) if one.step == step), None)
    if option is None or option.blocked:
        if request.method == "POST" and visit.was_done(request, request.POST.get("in-key", "")):
            return _already(request, case)
        return _not_now(request, case, option)
    if step == reading.CORRECT:
        return _correct(request, case, option)
    if request.method == "GET" or "begin" in request.POST:  # words that were typed elsewhere come along
        begun = {"words": request.POST.get("words", "")[:20_000]}
        return _step_page(request, case, option, StepForm(option, {}, initial=begun), status=200)
    form = StepForm(option, {}, request.POST, request.FILES)
    carried = _carried(request, case, option)
    if visit.was_done(request, form.form_key) and len(carried.waiting) < len(_staged(request)):
        return _already(request, case)  # the files that waited went with it
    form.hold(one for one, _ in carried.waiting)
    for where, error in carried.unfit:
        form.refuse(error, {"files": where})
    if form.is_valid():
        try:
            taken = cases.take_step(
                case_id=case.id,
                step=step,
                actor=actor,
                at=at,
                inputs=form.inputs(),
                uploads=_uploads(carried),
                key=form.form_key,
            )
        except (BadInput, Refused) as error:
            form.refuse(_named(error, form))
        except Conflict as error:
            form.add_error(None, _changed() if error.code == OTHER_CONTENT else _moved_on())
            form.renew()
        else:
            carried.drop()
            if taken.replayed:
                return _already(request, case, step)
            return _done(request, case, option, form.form_key)
    form.hold(carried.keep())
    return _step_page(request, case, option, form, status=WRONG)


def _moved_on() -> str:
    return gettext("这件事刚刚有了新的进展。您写的和选的都还在，请看一眼，再提交一次。")


def _changed() -> str:
    return gettext(
        "刚才那一次已经办好了。这一次和那一次不一样，还没有办；您写的和选的都还在。要再办一次，请核对后提交。"
    )


def _staged(request: HttpRequest) -> set[str]:
    return set(request.POST.getlist("staged")) - set(request.POST.getlist("staged_without"))


def _carried(request: HttpRequest, case: Case, option: Option) -> staging.Carried:
    """The files of this sending, and those that wait from the last try of the same visit at the same step."""
    names = [item.name for item in option.inputs if item.kind == "files"]
    return staging.collect(
        staging.Shelf("portal", f"{visit.mark(request)}:step:{case.pk}:{option.step}"),
        tokens=request.POST.getlist("staged"),
        without=request.POST.getlist("staged_without"),
        files={name: request.FILES.getlist(f"{PREFIX}-{name}") for name in names},
    )


def _uploads(carried: staging.Carried) -> dict[str, list[cases.Upload]]:
    """The files of a step by input."""
    found: dict[str, list[cases.Upload]] = {}
    for field, name, data in carried.all():
        found.setdefault(field, []).append(cases.Upload(name, data, "paper"))
    return found


def _named(error: BadInput | Refused, form: StepForm) -> BadInput | Refused:
    """A refused file belongs to the input of files that this form has, whatever it is called."""
    if isinstance(error, BadInput) and "files" in error.fields and "files" not in form.fields:
        upload = next(iter(form.uploads()), "files")
        return BadInput({upload if k == "files" else k: v for k, v in error.fields.items()}, remedy=error.remedy)
    return error


def _step_page(request: HttpRequest, case: Case, option: Option, form: Any, *, status: int) -> HttpResponse:
    context = {
        "case": case,
        "option": option,
        "form": form,
        "act": reading.act(case, option),
        "action": reverse("portal:do", args=[case.number, option.step]),
        "back": reverse("portal:matter", args=[case.number]),
        "cites": [reading.cite_words(cite) for cite in option.cites],
    }
    return render(request, "portal/do.html", context, status=status)


def _draft(case: Case, step: str) -> str:
    """The key under which the browser keeps what is typed for a step."""
    return f"do:{step}:{case.number}"


def _done(request: HttpRequest, case: Case, option: Option, key: str) -> HttpResponseRedirect:
    visit.remember_done(request, key)
    words = gettext("已经办好：%(what)s。") % {"what": gettext(option.label)}
    messages.success(request, words, extra_tags=_draft(case, option.step))
    return redirect("portal:matter", number=case.number)


def _already(request: HttpRequest, case: Case, step: str = "") -> HttpResponseRedirect:
    """Done before. `step` when it is known that nothing was changed since: then its draft goes."""
    messages.info(request, gettext("这一步刚才已经办好了，没有重复。"), extra_tags=_draft(case, step) if step else "")
    return redirect("portal:matter", number=case.number)


def _not_now(request: HttpRequest, case: Case, option: Option | None) -> HttpResponseRedirect:
    reasons = "".join(gettext(reason) for reason in option.blocked) if option else ""
    messages.info(request, reasons or gettext("这件事现在不能这样办。现在能做的都列在下面。"))
    return redirect("portal:matter", number=case.number)


def _correct(request: HttpRequest, case: Case, option: Option) -> HttpResponse:
    """One's own data go into the vault; the file of the case keeps only that they were put right."""
    actor, at = visit.actor_of(request), clock.now()
    form = CorrectForm(request.POST or None)
    if request.method == "GET" or not form.is_valid():
        return _step_page(request, case, option, form, status=200 if request.method == "GET" else WRONG)
    what, key = form.cleaned_data["what"], form.cleaned_data["key"] or str(form.initial["key"])
    said = keys.code_hash(
        form.cleaned_data["value"], f"{key}|{what}"
    ).hex()  # what was put right, not to be read from the session
    if visit.was_done(request, key):
        if visit.was_done(request, said):
            return _already(request, case, option.step)
        form.add_error(None, _changed())
        form.renew()
        return _step_page(request, case, option, form, status=MOVED_ON)
    if case.person_id is None:
        form.add_error(None, gettext("这件事没有留姓名，没有可更正的信息。想留下姓名，请到窗口或者打电话办理。"))
        return _step_page(request, case, option, form, status=WRONG)
    fault = person_faults(PersonData(**{what: form.cleaned_data["value"]})).get(what)
    if fault:
        form.add_error("value", gettext(fault))
        return _step_page(request, case, option, form, status=WRONG)
    inputs = {"what": str(dict(CORRECTABLE)[what]), "words": gettext("新的内容已存入身份信息库。")}
    value = {what: form.cleaned_data["value"]}
    try:
        with transaction.atomic():
            cases.take_step(case_id=case.id, step=option.step, actor=actor, at=at, inputs=inputs, key=key)
            vault.person_correct(person=case.person_id, actor=actor, at=at, case_id=case.id, **value)
    except BadInput as error:
        form.add_error("value", gettext("；").join(gettext(text) for text in error.fields.values()))
        return _step_page(request, case, option, form, status=WRONG)
    except Refused as error:
        form.add_error(None, gettext(error.message))
        return _step_page(request, case, option, form, status=WRONG)
    except Conflict:
        return _already(request, case)
    visit.remember_done(request, said)
    return _done(request, case, option, key)


@require_GET
@personal
def proof(request: HttpRequest, number: str) -> HttpResponse:
    """The path that proves one's file against the published anchor, as a file; before the first anchor: when there will be one."""
    case = _case(request, number)
    found = ledger.proof(case.id, day_of(clock.now()))
    if "download" in request.GET and found is not None:
        response = HttpResponse(json.dumps(found, indent=2, ensure_ascii=False) + "\n", content_type="application/json")
        response["Content-Disposition"] = f'attachment; filename="xinqiao-proof-{case.number}.json"'
        return response
    report = verify(case.id, heads=[(case.id, case.head_seq, bytes(case.head_hash))])
    return render(
        request,
        "portal/proof.html",
        {"case": case, "proof": found, "report": report, "head": bytes(case.head_hash).hex()},
    )


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound() from None


@require_GET
@personal
def attachment(request: HttpRequest, number: str, blob_id: str) -> HttpResponse:
    """A file of one's own matter."""
    case = _case(request, number)
    blob = files.blobs_for_petitioner(case.id).filter(pk=_uuid(blob_id)).first()
    if blob is None:
        raise NotFound()
    served = blob_serve(blob, thumbnail="thumb" in request.GET, download="download" in request.GET)
    return HttpResponse(served.data, headers=served.headers)


@require_GET
@personal
def paper(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """An issued paper as PDF (or DOCX), frozen when it is first asked for."""
    actor, at = visit.actor_of(request), clock.now()
    document = case_selectors.document_of(actor=actor, document_id=document_id)
    if document is None:
        raise Http404
    form = "docx" if "docx" in request.GET else "pdf"
    document = documents.document_render(document=document, form=form, actor=actor, at=at)
    wanted = document.docx if form == "docx" else document.pdf
    if wanted is None:
        raise Http404
    served = blob_serve(files.blob_get(wanted), derivative=False, download=True)
    return HttpResponse(served.data, headers=served.headers)
