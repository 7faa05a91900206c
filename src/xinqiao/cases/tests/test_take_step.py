"""The one door: what a step writes, who may take it, and that the same request has one effect."""

from datetime import timedelta

import pytest

from tests.support.world import MORNING, World, days
from xinqiao.cases import access, selectors, services
from xinqiao.cases.models import Obligation, Record
from xinqiao.kernel.errors import BadInput, Conflict, NotFound, Refused
from xinqiao.ledger import verify
from xinqiao.people.access import acting


def _referred(world: World):
    receipt = world.receive()
    case = receipt.case
    world.step(case, "classify", "officer", at=MORNING + timedelta(hours=1), route="redress", content_code="030800")
    return world.step(
        case, "refer", "officer", at=MORNING + timedelta(hours=2), lead=world.organs["cg"].pk, assists=[world.organs["jd"].pk]
    )


def test_receiving_registers_at_once_and_opens_the_referral_duty(world: World) -> None:
    receipt = world.receive()
    with acting(world.actor("officer")):
        case = access.get(world.actor("officer"), f"{receipt.number}-1")
        assert case.state == "registered"
        duty = case.obligations.get(settled_at__isnull=True)
        assert duty.act == "refer"
        assert duty.due_unrolled == MORNING.date() + timedelta(days=15)
        assert duty.leading
        assert [line["text"] for line in duty.trace]
        assert case.head_seq == 2


def test_the_same_request_twice_has_one_effect(world: World) -> None:
    first = world.receive(key="again")
    second = world.receive(key="again")
    assert (second.number, second.code, second.replayed) == (first.number, first.code, True)
    case = first.case
    world.step(case, "note", "officer", at=MORNING, key="k", text="先看看")
    world.step(case, "note", "officer", at=MORNING, key="k", text="先看看")
    with acting(world.actor("officer")):
        assert Record.objects.filter(case=case, step="note").count() == 1
    with pytest.raises(Conflict):
        world.step(case, "note", "officer", at=MORNING, key="k", text="别的话")


def test_a_step_that_is_not_declared_is_refused_and_says_what_is_allowed(world: World) -> None:
    case = world.receive().case
    with pytest.raises(Refused) as refusal:
        world.step(case, "serve", "officer", at=MORNING)
    assert "classify" in refusal.value.allowed


def test_missing_input_is_named_by_field(world: World) -> None:
    case = world.receive().case
    with pytest.raises(BadInput) as bad:
        world.step(case, "classify", "officer", at=MORNING)
    assert "route" in bad.value.fields


def test_strangers_find_nothing(world: World) -> None:
    case = world.receive().case
    for login in ("other", "cg.handler", "zj.head", "discipline", "arbiter"):
        with acting(world.actor(login)), pytest.raises(NotFound):
            access.get(world.actor(login), case.number)
    with pytest.raises(NotFound):
        world.step(case, "note", "other", at=MORNING, text="看看")


def test_the_road_of_a_redress_case_to_service_and_rating(world: World) -> None:
    case = _referred(world)
    assert case.lead == world.organs["cg"]
    at = MORNING + days(1)
    world.step(case, "sign_for", "cg.handler", at=at)
    world.step(case, "accept", "cg.handler", at=at + days(1))
    world.step(
        case, "hear", "cg.handler", at=at + days(3),
        heard_on=(at + days(3)).date(), way="in_person", words="来信人说路灯坏了三周。",
    )
    with acting(world.actor("cg.handler")):
        row = selectors.worklist(actor=world.actor("cg.handler"), filters=selectors.Filters()).rows[0]
    assert row.case.id == case.id
    assert row.obligation is not None


def test_worklist_has_one_row_per_case_led_by_the_earliest_duty(world: World) -> None:
    case = _referred(world)
    actor = world.actor("cg.handler")
    with acting(actor):
        page = selectors.worklist(actor=actor, filters=selectors.Filters())
        assert [row.case.id for row in page.rows] == [case.id]
        earliest = Obligation.objects.filter(case=case, organ_id=actor.organ_id, settled_at__isnull=True, kind="duty")
        assert page.rows[0].obligation.due == min(o.due for o in earliest)


def test_bulk_steps_are_all_or_none(world: World) -> None:
    first, second = world.receive().case, world.receive().case
    actor = world.actor("officer")
    moves = [
        services.Move(first.id, "note", {"text": "一"}),
        services.Move(second.id, "note", {}),
    ]
    with pytest.raises(BadInput), acting(actor):
        services.take_steps(moves, actor=actor, at=MORNING, key="bulk")
    with acting(actor):
        assert not Record.objects.filter(step="note").exists()


def test_every_chain_verifies(world: World, as_role) -> None:
    _referred(world)
    with as_role("seal"):
        report = verify.verify()
    assert report.ok
