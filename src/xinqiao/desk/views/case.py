"""The case file on one page, and the steps that may be taken on it."""

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from xinqiao.cases import access, rehearsal, services
from xinqiao.cases.models import Case
from xinqiao.desk import casebook, outgoing, sources
from xinqiao.desk.views.door import actor_of, open_case, staff
from xinqiao.desk.views.moved import done_already, moved_on, say_done
from xinqiao.files import selectors as files
from xinqiao.files import staging
from xinqiao.intake import selectors as intake
from xinqiao.kernel.clock import day_of
from xinqiao.kernel.errors import BadInput, Conflict, NotFound, Refused
from xinqiao.law.types import Option
from xinqiao.ledger.prepared import planned
from xinqiao.people import clock
from xinqiao.people import selectors as people
from xinqiao.people import services as vault
from xinqiao.people.visitors import recent_sign_in, sign_in_again
from xinqiao.triage import selectors as triage
from xinqiao.ui.forms import PREFIX, StepForm

PREFILLED = {"link": ("other", "kind"), "unlink": ("other", "kind")}  # what an address may fill in beforehand
PASSED_ON = frozenset({"redress", "inquiry", "suggestion"})
KINDS = {"citizen": _("来信人"), "staff": _("工作人员"), "note": _("内部备注"), "system": _("系统")}
REVEALABLE = (("name", "姓名"), ("phone", "电话"), ("address", "地址"), ("id_number", "证件号码"), ("email", "邮箱"))


@require_GET
@staff()
@planned()
def case_page(request: HttpRequest, number: str) -> HttpResponse:
    """The whole file."""
    case = open_case(request, number)
    return render(request, "desk/case.html", _file(request, case))


def _file(request: HttpRequest, case: Case) -> dict[str, Any]:
    actor, at = actor_of(request), clock.now()
    today = day_of(at)
    submission = intake.submission_of(case)
    parties = intake.parties_of(submission) if submission else []
    proposal = None
    if case.state == "sorted" and case.procedure in PASSED_ON:
        proposal = people.competent_organs(case.content_code, case.area_code, today)
    book = casebook.book(case, actor=actor, at=at)
    may_see = access.may_see_identity(case, actor, stepped_back=book.recused)
    masked = people.masked_many([party.person_id for party in parties]) if may_see else {}
    blobs = [blob for blob in files.blobs_for_staff(case.id, identity=may_see) if blob.kind != "document"]
    theirs = {reverse("desk:file", args=[case.number, blob.pk]) for blob in blobs}
    lines = [replace(one, papers=tuple(p for p in one.papers if p["url"] in theirs)) for one in book.lines]
    only = request.GET.get("only", "")
    linked, more_linked = casebook.linked(case, actor=actor, before=_key(request, "linked"))
    return {
        "case": case,
        "book": book,
        "lines": [one for one in lines if one.kind == only] if only in KINDS else lines,
        "kinds": [(key, label, key == only) for key, label in KINDS.items()],
        "only": only if only in KINDS else "",
        "submission": submission,
        "said": intake.words_of(submission) if submission else {},
        "parties": [(party, masked.get(party.person_id)) for party in parties],
        "may_see_identity": may_see,
        "revealable": REVEALABLE,
        "blobs": blobs,
        "area": people.area_at(case.area_code, case.received_on) if case.area_code else None,
        "content": triage.content_name(case.content_code),
        "proposal": proposal,
        "linked": linked,
        "more_linked": more_linked,
        "followers": casebook.followers(case, actor=actor, at=at, after=_key(request, "followers")),
        "may_link": any(one.step == "link" and not one.blocked for one in book.options),
        "knowledge": []
        if case.sealed
        else triage.knowledge_find(words=case.title, today=today, area_code=case.area_code, limit=3),
        "today": today,
    }


def _key(request: HttpRequest, name: str) -> int:
    """The key of a page in the address; 0 when there is none, or none that is one."""
    given = request.GET.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 18 else 0


@require_GET
@staff()
@planned()
def peek(request: HttpRequest, number: str) -> HttpResponse:
    """The case beside the worklist, in short."""
    case, at = open_case(request, number), clock.now()
    submission = intake.submission_of(case)
    context = {
        "case": case,
        "book": casebook.book(case, actor=actor_of(request), at=at),
        "said": intake.words_of(submission) if submission and not case.sealed else {},
        "today": day_of(at),
    }
    return render(request, "desk/parts/peek.html", context)


@staff()
def do(request: HttpRequest, number: str, step: str) -> HttpResponse:
    """GET: the step's form (in place with htmx, else on a page). POST: take it, or with `preview` show what would go out."""
    actor, at = actor_of(request), clock.now()
    case = open_case(request, number)
    posted = request.method == "POST"
    option = next((one for one in services.options(case=case, actor=actor, at=at) if one.step == step), None)
    if option is None:
        if not posted:
            raise NotFound()
        return _to_case(request, case) if done_already(request, case, step) else moved_on(request, case)
    proposal = None
    if case.procedure in PASSED_ON and any(item.name == "lead" for item in option.inputs):
        proposal = people.competent_organs(case.content_code, case.area_code, day_of(at))
    form = StepForm(
        casebook.shown(option),
        sources.of(option, case, day_of(at)),
        request.POST if posted else None,
        request.FILES if posted else None,
        initial=casebook.initial(option, case, proposal)
        | casebook.dates_initial(option, day_of(at))
        | {name: request.GET[name][:40] for name in PREFILLED.get(step, ()) if name in request.GET},
    )
    rehearsed, carried = None, None
    if posted:
        carried = _carried(request, case, option)
        form.hold(one for one, _ in carried.waiting)
        for where, error in carried.unfit:
            form.refuse(error, {"files": where})
    if carried is not None and form.is_valid():
        uploads = _uploads(carried)
        try:
            if request.POST.get("preview"):
                rehearsed = rehearsal.rehearse(
                    case_id=case.id, step=step, actor=actor, at=at, inputs=form.inputs(), uploads=uploads
                )
            else:
                services.take_step(
                    case_id=case.id,
                    step=step,
                    actor=actor,
                    at=at,
                    inputs=form.inputs(),
                    uploads=uploads,
                    key=form.form_key,
                )
                carried.drop()
                say_done(request, case, step, option.label)
                return _to_case(request, case)
        except Conflict:
            return moved_on(request, case)
        except (BadInput, Refused) as error:
            if isinstance(error, Refused) and Case.objects.get(pk=case.pk).head_seq != case.head_seq:
                return moved_on(request, case)
            form.refuse(error)
    if carried is not None:
        form.hold(carried.keep())
    drafts = list(case.documents.filter(live=True, number__isnull=True)) if option.documents else []
    context = {
        "case": case,
        "form": form,
        "option": casebook.shown(option),
        "proposal": proposal,
        "to_stamp": outgoing.to_stamp(option, case, drafts),
        "outgoing": outgoing.of(option, case, drafts),
        "preview": outgoing.can_be_rehearsed(option),
        "rehearsed": rehearsed and outgoing.pictures(rehearsed),
        "action": reverse("desk:do", args=[case.number, step]),
    }
    partial = request.headers.get("HX-Request") == "true"
    status = 422 if posted and rehearsed is None else 200
    return render(request, "desk/parts/do.html" if partial else "desk/do.html", context, status=status)


def _carried(request: HttpRequest, case: Case, option: Option) -> staging.Carried:
    """The files of this sending, and those that wait from the last try of the same account at the same step."""
    names = [item.name for item in option.inputs if item.kind == "files"]
    return staging.collect(
        staging.Shelf("desk", f"{actor_of(request).account}:step:{case.pk}:{option.step}"),
        tokens=request.POST.getlist("staged"),
        without=request.POST.getlist("staged_without"),
        files={name: request.FILES.getlist(f"{PREFIX}-{name}") for name in names},
    )


def _uploads(carried: staging.Carried) -> dict[str, list[services.Upload]]:
    found: dict[str, list[services.Upload]] = {}
    for kind, name, data in carried.all():
        found.setdefault(kind, []).append(services.Upload(name, data, kind))
    return found


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
    """Show the petitioner's data for a reason, which they can read. Masked again on the next page.

    The password must have been given lately: an unlocked desk alone reveals nobody.
    """
    actor, at = actor_of(request), clock.now()
    case = open_case(request, number)
    if not access.may_see_identity(case, actor) or case.person_id is None:
        raise NotFound()
    if not recent_sign_in(request):
        return sign_in_again(request)
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
        messages.error(request, gettext("；").join(gettext(text) for text in error.fields.values()))
        return redirect("desk:case", number=case.number)
    labels = dict(REVEALABLE)
    context = _file(request, case) | {
        "revealed": [(gettext(labels.get(name, name)), value) for name, value in plain.items() if value],
        "revealed_of": person_id,
    }
    return render(request, "desk/case.html", context)
