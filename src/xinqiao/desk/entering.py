"""From the entry form to a registered matter: its uploads, and the step that follows at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest

from xinqiao.cases import services as cases
from xinqiao.desk.forms_entry import EntryForm
from xinqiao.files import staging
from xinqiao.intake import selectors as intake_found
from xinqiao.intake import services as intake
from xinqiao.intake.models import Contact
from xinqiao.intake.services import Receipt, Upload
from xinqiao.kernel.errors import Conflict, NotFound, Refused
from xinqiao.ledger.services import OTHER_CONTENT
from xinqiao.people.actors import Actor

CHANNELS = {"call": "hotline", "visit": "window", "letter": "letter"}
ENDS = ("register", "answer", "dispatch")


@dataclass(frozen=True)
class Entered:
    """What became of it. `done` is register, answer or dispatch; `why` says why the wished end was not reached."""

    receipt: Receipt
    done: str
    why: str = ""


def key_of(contact_id: UUID) -> str:
    """One contact registers one matter: the same form sent twice is the same request."""
    return f"entry/{contact_id}"


def enter(
    form: EntryForm,
    end: str,
    *,
    contact: Contact,
    uploads: Sequence[Upload],
    references: Sequence[str] = (),
    actor: Actor,
    at: datetime,
) -> Entered:
    """Register what the form says, then answer or dispatch when that was asked for, then end the contact.

    A wrong input undoes all of it (BadInput by field). What the procedure does not allow leaves the matter registered.
    """
    key = key_of(contact.pk)
    with transaction.atomic():
        receipt = intake.receive(
            channel=CHANNELS[contact.kind],
            said=form.said(),
            who=form.who(),
            uploads=uploads,
            references=references,
            contact=contact,
            entered_seconds=form.entered_seconds(),
            actor=actor,
            at=at,
            key=key,
        )
        done, why = "register", ""
        try:
            with transaction.atomic():
                for step, inputs in _steps(form, end):
                    cases.take_step(
                        case_id=receipt.case.id, step=step, actor=actor, at=at, inputs=inputs, key=f"{key}/{step}"
                    )
                done = end
        except (Refused, NotFound) as error:
            why = "" if receipt.submission.sealed else error.message
        outcome = "answered" if done == "answer" else "registered"
        intake.contact_close(contact_id=contact.pk, outcome=outcome, actor=actor, at=at)
    return Entered(receipt, done, why)


def changed(request: HttpRequest, form: EntryForm, *, contact: Contact, carried: staging.Carried, actor: Actor) -> bool:
    """Whether a form that is sent again says something else than what was registered of this contact."""
    try:
        intake.receipt_again(
            channel=CHANNELS[contact.kind],
            said=form.said(),
            who=form.who(),
            uploads=uploads_of(carried),
            references=references_of(request, carried),
            actor=actor,
            key=key_of(contact.pk),
        )
    except Conflict as error:
        return error.code == OTHER_CONTENT
    return False


def _steps(form: EntryForm, end: str) -> list[tuple[str, Mapping[str, Any]]]:
    given = form.cleaned_data
    if end == "answer":
        return [("answer_on_spot", _filled(reply=given["reply"], knowledge=given["knowledge"]))]
    if end == "dispatch":
        sorting = _filled(title=given["title"], content_code=given["content"], area_code=given["area"])
        return [
            ("classify", {"route": "inquiry", **sorting}),
            ("dispatch", _filled(lead=given["lead"], task=given["task"])),
        ]
    return []


def _filled(**given: Any) -> dict[str, Any]:
    return {name: value.strip() if isinstance(value, str) else value for name, value in given.items() if value}


def carried(request: HttpRequest, contact: Contact, actor: Actor) -> staging.Carried:
    """The uploads of this request; one that waits and was ticked to be left out is forgotten."""
    return staging.collect(
        staging.Shelf("desk", f"{actor.account}:entry:{contact.pk}"),
        tokens=request.POST.getlist("staged"),
        without=request.POST.getlist("staged_without"),
        files={"papers": request.FILES.getlist("papers")},
        kinds={"papers": "paper"},
    )


def references_of(request: HttpRequest, carried: staging.Carried) -> list[str]:
    """What stands for the uploads of this request, also when they wait no more."""
    left_out = set(request.POST.getlist("staged_without"))
    return carried.references([token for token in request.POST.getlist("staged") if token not in left_out])


def uploads_of(carried: staging.Carried) -> list[Upload]:
    """What intake takes."""
    return [Upload(name, data, kind) for kind, name, data in carried.all()]


def places(on: date) -> list[tuple[str, str]]:
    """Streets and communities as one list to type into: 小河街道 长征桥社区."""
    rows = intake_found.places(on)
    names = {row.code: row.name for row in rows if row.level == "street"}
    return [
        (row.code, f"{names[row.parent_code]} {row.name}" if row.parent_code in names else row.name) for row in rows
    ]
