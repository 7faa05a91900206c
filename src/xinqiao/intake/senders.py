"""Who stands on a submission, read from the fields that the forms of portal, window and hotline share."""

from collections.abc import Mapping
from typing import Any

from xinqiao.intake.models import Party, Submission
from xinqiao.intake.services import MOST_REPRESENTATIVES, PersonData, Who


def who_of(given: Mapping[str, Any]) -> Who:
    """Who says it, the one who speaks first. `given` is what a form has cleaned: reporter, name, phone, address, firm, ward,
    principal, name_2 and phone_2 and so on (Art. 20: at most five), joint_count, confidential, about_official.
    """
    reporter = given["reporter"] or Submission.Reporter.PERSON
    people = [] if reporter == Submission.Reporter.ANONYMOUS else _people(reporter, given)
    joint = reporter == Submission.Reporter.JOINT
    return Who(
        reporter=reporter,
        people=people,
        joint_count=max(given.get("joint_count") or len(people), len(people), 1) if joint else 1,
        confidential=given["confidential"],
        about_official=given["about_official"],
    )


def _people(reporter: str, given: Mapping[str, Any]) -> list[tuple[str, PersonData]]:
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
