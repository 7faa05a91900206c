"""A sealed case does not exist for those who are not named on it: two walls, each tried alone."""

import pytest
from django.db import connection
from tests.support.world import MORNING, World, days

from xinqiao.cases import access, selectors
from xinqiao.cases.models import Case, Document, Obligation, Record
from xinqiao.intake import services as intake
from xinqiao.intake.models import Submission
from xinqiao.kernel.errors import NotFound
from xinqiao.ledger.models import Entry
from xinqiao.people.access import acting
from xinqiao.people.actors import CITIZEN

SAID = intake.Words(text="城管局一位科长收了沙场老板的烟酒，对夜里偷运渣土不管。", area_code="330105003")
WHO = intake.Who(
    reporter="person", people=[("petitioner", intake.PersonData(name="吴声", phone="19900005678"))], about_official=True
)


def _report(world: World) -> intake.Receipt:
    return world.receive(said=SAID, who=WHO)


def test_only_the_appointed_keeper_finds_what_the_citizen_sealed(world: World) -> None:
    receipt = _report(world)
    with acting(world.actor("keeper")):
        case = access.get(world.actor("keeper"), receipt.case.number)
        assert case.title == "保密事项"
    for login in ("officer", "window", "cg.handler", "cg.head", "discipline", "other"):
        with acting(world.actor(login)), pytest.raises(NotFound):
            access.get(world.actor(login), receipt.case.number)


def test_the_database_says_no_even_when_the_application_forgets_to_ask(world: World) -> None:
    receipt = _report(world)
    with acting(world.actor("officer")):
        assert not Case.objects.filter(pk=receipt.case.id).exists()
        for model in (Obligation, Record, Document):
            assert not model.objects.filter(case_id=receipt.case.id).exists()
        assert not Entry.objects.filter(case_id=receipt.case.id).exists()
        assert not Submission.objects.filter(number=receipt.number).exists()
    with acting(CITIZEN()):
        assert not Case.objects.exists()


def test_without_an_actor_there_are_no_rows(world: World) -> None:
    world.receive()
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('xinqiao.actor', '', true)")
    assert not Case.objects.exists()
    assert not Submission.objects.exists()


def test_the_words_of_a_sealed_case_are_not_in_the_database_in_plain(world: World) -> None:
    receipt = _report(world)
    with acting(world.actor("keeper")):
        submission = Submission.objects.get(number=receipt.number)
        assert submission.words is None
        assert "沙场".encode() not in bytes(submission.words_sealed)
        assert submission.title == ""


def test_a_report_is_handed_over_to_the_discipline_organ_and_the_reported_unit_never_sees_it(world: World) -> None:
    receipt = _report(world)
    case = receipt.case
    world.step(case, "classify", "keeper", at=MORNING, route="report")
    world.step(
        case, "hand_over_report", "keeper", at=MORNING + days(1), lead=world.organs["jw"].pk, reasons="按干部管理权限"
    )
    with acting(world.actor("discipline")):
        assert access.get(world.actor("discipline"), case.number).sealed
    for login in ("cg.head", "cg.handler", "officer"):
        actor = world.actor(login)
        with acting(actor):
            assert selectors.worklist(actor=actor, filters=selectors.Filters(view="all")).rows == []
            assert sum(selectors.due_counts(actor=actor, today=MORNING.date()).values()) == 0


def test_a_case_sealed_later_disappears_from_those_who_saw_it(world: World) -> None:
    case = world.receive().case
    world.step(case, "note", "officer", at=MORNING, text="疑似反映干部作风")
    world.step(case, "seal", "officer", at=MORNING)
    with acting(world.actor("officer")), pytest.raises(NotFound):
        access.get(world.actor("officer"), case.number)
    with acting(world.actor("keeper")):
        found = access.get(world.actor("keeper"), case.number)
        assert found.title == "保密事项"
        assert all(r.words is None for r in found.records.all())
