"""Lists that the forms of steps choose from, read once a request and only when the form needs them."""

from collections.abc import Sequence
from datetime import date

from xinqiao.cases.models import Case
from xinqiao.intake import selectors as intake
from xinqiao.law.types import Option
from xinqiao.people import selectors as people
from xinqiao.people.models import Organ
from xinqiao.triage import selectors as triage

Choices = Sequence[tuple[str | int, str]]

LEADING = ("department", "street", "petition_office", "government")
ARBITERS = ("conference", "government")


def of(option: Option, case: Case, on: date) -> dict[str, Choices]:
    """The choices for `option`'s inputs on `case`, by the input's name or kind."""
    found: dict[str, Choices] = {}
    kinds = {item.kind for item in option.inputs}
    names = {item.name for item in option.inputs}
    if kinds & {"organ", "organs"}:
        found["organ"] = found["organs"] = organs(on, LEADING, case.jurisdiction)
        if "arbiter" in names:
            found["arbiter"] = organs(on, ARBITERS, _city(case))
        if case.procedure == "report":
            found["lead"] = organs(on, (Organ.Kind.DISCIPLINE,), _city(case))
    if "post" in kinds:
        organ_id = case.lead_id or case.office_id
        found["post"] = [
            (post.pk, f"{post.account.name}　{post.title}")
            for post in people.posts_at(organ_id, on)
            if post.role != "admin"
        ]
    if "area" in kinds:
        found["area"] = [(area.code, area.full_name) for area in intake.places(on)]
    if "content" in kinds:
        found["content"] = triage.content_choices()
    return found


def organs(on: date, kinds: Sequence[str], area_code: str) -> Choices:
    """Organs in force of these kinds in an area as (id, name)."""
    return [(organ.pk, organ.name) for organ in people.organs_of(on=on, kinds=kinds, area_code=area_code)]


def _city(case: Case) -> str:
    """The city to which the petition office belongs: its superiors rule and receive."""
    return f"{case.jurisdiction[:4]}00"
