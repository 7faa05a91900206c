"""Calls and visits: taking in what is said, the caller's earlier matters, a way back for a lost code."""

from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from tests.support.world import MORNING, World, days

from xinqiao.cases import access as case_access
from xinqiao.cases.models import Case, Record, SealGrant
from xinqiao.intake import selectors, services
from xinqiao.intake.models import Submission
from xinqiao.intake.services import PersonData, Who, Words
from xinqiao.kernel.errors import BadInput, Conflict, NotFound, Refused
from xinqiao.people import access
from xinqiao.people.actors import CITIZEN, SYSTEM
from xinqiao.people.models import AccessLog

pytestmark = pytest.mark.django_db
CALLER = Who(reporter="person", people=[("petitioner", PersonData(name="柏怀瑾", phone="19900001000"))])


def test_a_contact_is_open_until_its_clerk_ends_it(world: World) -> None:
    clerk, other = world.actor("window"), world.actor("officer")
    with access.acting(clerk):
        contact = services.contact_open(kind="call", actor=clerk, at=MORNING)
        assert [one.pk for one in selectors.open_contacts(clerk)] == [contact.pk]
        assert selectors.contact_of(contact.pk, other) is None
        with pytest.raises(NotFound):
            services.contact_close(contact_id=contact.pk, outcome="dropped", actor=other, at=MORNING)
        services.contact_close(contact_id=contact.pk, outcome="dropped", actor=clerk, at=MORNING)
        assert selectors.open_contacts(clerk) == []
        assert selectors.contact_of(contact.pk, clerk) is not None
        with pytest.raises(BadInput):
            services.contact_open(kind="dream", actor=clerk, at=MORNING)


def test_earlier_matters_show_inside_the_open_contact_only_and_leave_a_trace(world: World) -> None:
    case = world.receive(who=CALLER).case
    clerk = world.actor("window")
    with access.acting(clerk):
        contact = services.contact_open(kind="call", actor=clerk, at=MORNING)
        found = services.caller_matters(contact_id=contact.pk, phone="199 0000 1000", actor=clerk, at=MORNING)
        assert [one.pk for one in found] == [case.pk]
        log = AccessLog.objects.get(kind="lookup")
        assert log.detail["contact"] == str(contact.pk)
        with pytest.raises(BadInput) as wrong:
            services.caller_matters(contact_id=contact.pk, phone="199", actor=clerk, at=MORNING)
        assert "phone" in wrong.value.fields
        services.contact_close(contact_id=contact.pk, outcome="registered", actor=clerk, at=MORNING)
        with pytest.raises(NotFound):
            services.caller_matters(contact_id=contact.pk, phone="19900001000", actor=clerk, at=MORNING)


def test_a_unit_cannot_look_anybody_up(world: World) -> None:
    handler = world.actor("cg.handler")
    with access.acting(handler):
        contact = services.contact_open(kind="call", actor=handler, at=MORNING)
        with pytest.raises(Refused):
            services.caller_matters(contact_id=contact.pk, phone="19900001000", actor=handler, at=MORNING)


def test_sealed_matters_are_never_among_the_earlier_ones(world: World) -> None:
    who = Who(reporter="person", people=CALLER.people, about_official=True)
    world.receive(who=who, said=Words(text="城管局有人收了店家的钱。"))
    clerk = world.actor("window")
    with access.acting(clerk):
        contact = services.contact_open(kind="visit", actor=clerk, at=MORNING)
        assert services.caller_matters(contact_id=contact.pk, phone="19900001000", actor=clerk, at=MORNING) == []


def test_a_clerk_takes_a_sealed_matter_in_and_sees_nothing_of_it_afterwards(world: World) -> None:
    clerk = world.actor("window")
    who = Who(reporter="person", people=CALLER.people, about_official=True)
    key = str(uuid4())
    said = Words(text="城管局有人收了店家的钱。", read_back=True)
    receipt = world.receive(actor=clerk, channel="window", who=who, said=said, key=key)
    assert len(receipt.code) == 10
    with access.acting(clerk):
        assert not Case.objects.filter(pk=receipt.case.pk).exists()
        assert not SealGrant.objects.filter(account_id=clerk.account_id).exists()
    keeper = world.actor("keeper")
    with access.acting(keeper):
        case = case_access.get(keeper, f"{receipt.number}-1")
        assert case.state == "registered"
        submission = selectors.submission_of(case)
        assert submission is not None
        assert selectors.words_of(submission)["read_back"] is True
    with pytest.raises(Conflict):
        world.receive(actor=clerk, channel="window", who=who, said=said, key=key)


def test_entered_seconds_and_contact_stay_with_the_submission(world: World) -> None:
    clerk = world.actor("window")
    with access.acting(clerk):
        contact = services.contact_open(kind="call", actor=clerk, at=MORNING)
    receipt = world.receive(actor=clerk, channel="hotline", contact=contact, entered_seconds=148)
    with access.acting(clerk):
        kept = Submission.objects.get(number=receipt.number)
        assert (kept.entered_seconds, kept.contact_id) == (148, contact.pk)


def test_a_new_code_opens_and_the_old_one_does_not(world: World) -> None:
    receipt = world.receive()
    clerk = world.actor("window")
    key = str(uuid4())
    with access.acting(clerk):
        wanted = {"case": receipt.case, "actor": clerk, "at": MORNING + days(3)}
        with pytest.raises(BadInput) as wrong:
            services.code_renew(reason=" ", identity_checked=False, key=key, **wanted)
        assert set(wrong.value.fields) == {"reason", "identity_checked"}
        code = services.code_renew(reason="查询码遗失", identity_checked=True, key=key, **wanted)
        assert code != receipt.code
        again = services.code_renew(reason="查询码遗失", identity_checked=True, key=key, **wanted)
        assert again == code
    with access.acting(CITIZEN()):
        at = MORNING + days(3)
        assert selectors.prove(number=receipt.number, code=receipt.code, ip="", at=at) is None
        assert selectors.prove(number=receipt.number, code=code, ip="", at=at) is not None


def test_a_phone_put_right_at_the_window_finds_the_matter_and_leaves_a_note(world: World) -> None:
    receipt = world.receive(who=CALLER)
    clerk = world.actor("window")
    with access.acting(clerk):
        wanted = {"case": receipt.case, "actor": clerk, "at": MORNING, "field_name": "phone", "key": str(uuid4())}
        with pytest.raises(BadInput) as wrong:
            services.data_correct(value="199", reason="", identity_checked=False, **wanted)
        assert set(wrong.value.fields) == {"value", "reason", "identity_checked"}
        services.data_correct(value="199 0000 2000", reason="手机号换了", identity_checked=True, **wanted)
        again = {"reason": "手机号换了", "identity_checked": True, **wanted}
        services.data_correct(value="19900002000", **again)
        with pytest.raises(Conflict), transaction.atomic():
            services.data_correct(value="19900003000", **again)
        contact = services.contact_open(kind="visit", actor=clerk, at=MORNING)
        ask = {"contact_id": contact.pk, "actor": clerk, "at": MORNING}
        assert len(services.caller_matters(phone="19900002000", **ask)) == 1
        assert services.caller_matters(phone="19900001000", **ask) == []
    with access.acting(SYSTEM("test")):
        assert AccessLog.objects.filter(kind="correct", case_id=receipt.case.pk).exists()
        note = Record.objects.get(case=receipt.case, step="note")
        assert not note.public
        assert "19900002000" not in str(note.words)


def test_a_number_that_was_drawn_twice_is_drawn_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first = world.receive()
    lots = iter([first.number, first.number, "300000000007"])
    monkeypatch.setattr(services, "new_number", lambda: next(lots))
    second = world.receive()
    assert second.number == "300000000007"
    monkeypatch.setattr(services, "new_number", lambda: first.number)
    with pytest.raises(IntegrityError):
        world.receive()
