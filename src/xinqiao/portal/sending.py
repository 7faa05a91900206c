"""From the form of three screens to a submission: who stands where, and what was chosen for it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from xinqiao.files import staging
from xinqiao.intake import services as intake
from xinqiao.intake.models import Submission
from xinqiao.intake.senders import who_of
from xinqiao.intake.services import MOST_REPRESENTATIVES, PersonData, Receipt, Upload, Words
from xinqiao.people.actors import Actor
from xinqiao.portal.forms import SayForm

SHELF = staging.Shelf("portal")
UPLOADS = {"photos": "photo", "papers": "paper", "authority": "authority"}


def carried(request: HttpRequest) -> staging.Carried:
    """The uploads of this request. A file that waits and was ticked to be left out is forgotten."""
    return staging.collect(
        SHELF,
        tokens=request.POST.getlist("staged"),
        without=request.POST.getlist("staged_without"),
        files={where: request.FILES.getlist(where) for where in UPLOADS},
        kinds=UPLOADS,
    )


def uploads_of(carried: staging.Carried) -> list[Upload]:
    """What intake takes, in the order they were added."""
    return [Upload(name, data, kind) for kind, name, data in carried.all()]


def references_of(request: HttpRequest, carried: staging.Carried) -> list[str]:
    """What stands for the uploads of this request: the same form sent twice says the same, also when they wait no more."""
    left_out = set(request.POST.getlist("staged_without"))
    return carried.references([token for token in request.POST.getlist("staged") if token not in left_out])


def send(
    form: SayForm, uploads: Sequence[Upload], *, references: Sequence[str] = (), actor: Actor, at: datetime
) -> Receipt:
    """Hand a form that was cleaned to intake. Raises what intake raises."""
    given = form.cleaned_data
    return intake.receive(
        channel="portal",
        said=Words(text=given["text"], place=given["place"].strip(), area_code=given["area"]),
        who=who_of(given),
        uploads=uploads,
        references=references,
        actor=actor,
        at=at,
        key=given["key"] or str(form.initial["key"]),
    )


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
