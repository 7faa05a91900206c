"""From the form of three screens to a submission: who stands where, and uploads that outlive an error."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest

from xinqiao.files.checks import MEGABYTE, inspect
from xinqiao.files.services import MOST_BYTES, MOST_FILES
from xinqiao.intake import services as intake
from xinqiao.intake import staging
from xinqiao.intake.models import Party, Submission
from xinqiao.intake.services import PersonData, Receipt, Upload, Who, Words
from xinqiao.kernel.errors import BadInput
from xinqiao.people.actors import Actor
from xinqiao.portal.forms import MOST_REPRESENTATIVES, SayForm

UPLOADS = {"photos": "photo", "papers": "paper", "authority": "authority"}


@dataclass
class Carried:
    """The uploads of one sending: those that waited from the last try and those that came with this one."""

    waiting: list[tuple[staging.Staged, bytes]] = field(default_factory=list)
    fresh: list[tuple[str, str, bytes]] = field(default_factory=list)  # field, name, data
    unfit: list[tuple[str, BadInput]] = field(default_factory=list)  # field, what is wrong with a file of it

    def uploads(self) -> list[Upload]:
        """What intake takes, in the order they were added."""
        old = [Upload(one.name, data, one.kind) for one, data in self.waiting]
        return old + [Upload(name, data, UPLOADS[where]) for where, name, data in self.fresh]

    def keep(self) -> list[staging.Staged]:
        """Put the new ones away until the next try; returns all that wait."""
        kept = [one for one, _ in self.waiting]
        return kept + [staging.put(name=name, kind=UPLOADS[where], data=data) for where, name, data in self.fresh]

    def drop(self) -> None:
        """They have arrived: nothing needs to wait any more."""
        for one, _ in self.waiting:
            staging.drop(one.token)


def carried(request: HttpRequest) -> Carried:
    """The uploads of this request. A file that waits and was ticked to be left out is forgotten."""
    found = Carried()
    left_out = set(request.POST.getlist("staged_without"))
    for token in request.POST.getlist("staged")[:MOST_FILES]:
        if token in left_out:
            staging.drop(token)
        elif (kept := staging.get(token)) is not None:
            found.waiting.append(kept)
    room = MOST_BYTES - sum(kept.size for kept, _ in found.waiting)
    for where in UPLOADS:
        for one in _files(request, where):
            room -= one.size or 0
            if room < 0:
                found.unfit.append((where, _too_much()))
                return found
            name, data = one.name or "", one.read()
            try:
                inspect(name, data)
            except BadInput as error:
                found.unfit.append((where, error))
            else:
                found.fresh.append((where, name, data))
    return found


def _too_much() -> BadInput:
    """More than one submission may carry: nothing of it is read."""
    return BadInput(
        {"files": f"照片和材料合计超过 {MOST_BYTES // MEGABYTE} MB 的上限。"},
        remedy="请少选几个，其余可以在登记后从进度页补充。您写的内容都还在。",
    )


def _files(request: HttpRequest, where: str) -> Iterable[UploadedFile]:
    return (one for one in request.FILES.getlist(where) if one.size)


def send(form: SayForm, uploads: Sequence[Upload], *, actor: Actor, at: datetime) -> Receipt:
    """Hand a form that was cleaned to intake. Raises what intake raises."""
    given = form.cleaned_data
    reporter = given["reporter"] or Submission.Reporter.PERSON
    joint = reporter == Submission.Reporter.JOINT
    people = _people(reporter, given)
    return intake.receive(
        channel="portal",
        said=Words(text=given["text"], place=given["place"].strip(), area_code=given["area"]),
        who=Who(
            reporter=reporter,
            people=people,
            joint_count=max(given.get("joint_count") or len(people), len(people), 1) if joint else 1,
            confidential=given["confidential"],
            about_official=given["about_official"],
        ),
        uploads=uploads,
        actor=actor,
        at=at,
        key=given["key"] or str(form.initial["key"]),
    )


def _people(reporter: str, given: dict[str, Any]) -> list[tuple[str, PersonData]]:
    """Who stands on the submission, the one who sends it first."""
    if reporter == Submission.Reporter.ANONYMOUS:
        return []
    firm = given["firm"].strip() if reporter == Submission.Reporter.FIRM else ""
    own = PersonData(name=given["name"], phone=given["phone"], address=given["address"], firm=firm)
    people: list[tuple[str, PersonData]] = [(Party.Role.PETITIONER, own)]
    if reporter == Submission.Reporter.GUARDIAN and given["ward"].strip():
        people.append((Party.Role.WARD, PersonData(name=given["ward"])))
    if reporter == Submission.Reporter.ATTORNEY and given["principal"].strip():
        people.append((Party.Role.PRINCIPAL, PersonData(name=given["principal"])))
    if reporter == Submission.Reporter.JOINT:
        for place in range(2, MOST_REPRESENTATIVES + 1):
            name, phone = given[f"name_{place}"].strip(), given[f"phone_{place}"].strip()
            if name or phone:
                people.append((Party.Role.REPRESENTATIVE, PersonData(name=name, phone=phone)))
    return people


def wrong_names(form: SayForm, error: Any) -> dict[str, str]:
    """Which field of this form a refused field of intake is: a wrong number may be another representative's."""
    names = {"people": "joint_count", "area_code": "area", "files": "photos"}
    phone = (getattr(error, "fields", None) or {}).get("phone")
    if phone and form.cleaned_data.get("reporter") == Submission.Reporter.JOINT:
        for place in ("", *(f"_{n}" for n in range(2, MOST_REPRESENTATIVES + 1))):
            if intake.person_faults(PersonData(phone=form.cleaned_data[f"phone{place}"])).get("phone") == phone:
                names["phone"] = f"phone{place}"
                break
    return names
