"""From the entry form to a registered matter: uploads that outlive an error, and the step that follows at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest

from xinqiao.cases import services as cases
from xinqiao.desk.forms_entry import EntryForm
from xinqiao.files.checks import inspect
from xinqiao.intake import selectors as intake_found
from xinqiao.intake import services as intake
from xinqiao.intake import staging
from xinqiao.intake.models import Contact
from xinqiao.intake.services import Receipt, Upload
from xinqiao.kernel.errors import BadInput, NotFound, Refused
from xinqiao.people.actors import Actor

CHANNELS = {"call": "hotline", "visit": "window", "letter": "letter"}
ENDS = ("register", "answer", "dispatch")
MOST_FILES = 20


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
    form: EntryForm, end: str, *, contact: Contact, uploads: Sequence[Upload], actor: Actor, at: datetime
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


@dataclass
class Carried:
    """The uploads of one sending: those that waited from the last try, those that came now, and what is unfit."""

    waiting: list[tuple[staging.Staged, bytes]] = field(default_factory=list)
    fresh: list[tuple[str, bytes]] = field(default_factory=list)
    unfit: list[BadInput] = field(default_factory=list)

    def uploads(self) -> list[Upload]:
        """What intake takes."""
        old = [Upload(one.name, data, one.kind) for one, data in self.waiting]
        return old + [Upload(name, data, "paper") for name, data in self.fresh]

    def keep(self) -> list[staging.Staged]:
        """Put the new ones away until the next try; returns all that wait."""
        kept = [one for one, _ in self.waiting]
        return kept + [staging.put(name=name, kind="paper", data=data) for name, data in self.fresh]

    def drop(self) -> None:
        """They have arrived."""
        for one, _ in self.waiting:
            staging.drop(one.token)


def carried(request: HttpRequest) -> Carried:
    """The uploads of this request; one that waits and was ticked to be left out is forgotten."""
    found = Carried()
    left_out = set(request.POST.getlist("staged_without"))
    for token in request.POST.getlist("staged")[:MOST_FILES]:
        if token in left_out:
            staging.drop(token)
        elif (kept := staging.get(token)) is not None:
            found.waiting.append(kept)
    for one in request.FILES.getlist("papers"):
        if not one.size:
            continue
        name, data = one.name or "", one.read()
        try:
            inspect(name, data)
        except BadInput as error:
            found.unfit.append(error)
        else:
            found.fresh.append((name, data))
    return found


def places(on: date) -> list[tuple[str, str]]:
    """Streets and communities as one list to type into: 小河街道 长征桥社区."""
    rows = intake_found.places(on)
    names = {row.code: row.name for row in rows if row.level == "street"}
    return [
        (row.code, f"{names[row.parent_code]} {row.name}" if row.parent_code in names else row.name) for row in rows
    ]
