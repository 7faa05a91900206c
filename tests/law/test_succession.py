"""An organ is no more: whoever carries its functions on has its part of the matter, every date as it was (Art. 24)."""

from typing import Any

import pytest

from tests.law import drive
from tests.law.drive import ASSIST, OFFICE, OTHER, UNIT
from xinqiao import law
from xinqiao.law.types import NoticeSpec


def test_the_lead_goes_to_the_heir_and_no_term_moves() -> None:
    case = drive.accepted()
    before = {act: owed.due.due for act, owed in case.open.items()}
    decision = case.take("succeed", "system", former=UNIT, heir=OTHER)
    assert (case.facts.lead, case.facts.state) == (OTHER, "accepted")
    assert decision.assigns["handler"] is None
    assert decision.succeeds == (UNIT, OTHER)
    assert decision.cites == ("xinfang-2022:24(2)",)
    assert {act: owed.due.due for act, owed in case.open.items()} == before
    assert set(decision.notices) == {NoticeSpec("succeeded", "petitioner"), NoticeSpec("succeeded", "lead")}


def test_an_assisting_part_goes_over_with_its_duty() -> None:
    case = drive.at_unit(assists=[ASSIST])
    case.take("succeed", "system", former=ASSIST, heir=OTHER)
    assert case.facts.assists == {OTHER}
    assert case.open["assist"].owner == f"assist:{OTHER}"
    assert case.facts.lead == UNIT


@pytest.mark.parametrize(
    ("gone", "heir", "assists", "left"),
    [
        (ASSIST, UNIT, [ASSIST], set()),  # the lead does not assist itself
        (UNIT, ASSIST, [ASSIST], set()),  # whoever assisted leads now
        (ASSIST, OTHER, [ASSIST, OTHER], {OTHER}),  # two parts become one
    ],
)
def test_nobody_owes_the_same_part_twice(gone: int, heir: int, assists: list[int], left: set[int]) -> None:
    case = drive.at_unit(assists=assists)
    case.take("succeed", "system", former=gone, heir=heir)
    assert case.facts.assists == left
    assert [kept.open.owner for kept in case.kept if kept.open.act == "assist" and not kept.how] == [
        f"assist:{organ}" for organ in left
    ]


def test_the_petition_office_too_may_have_an_heir() -> None:
    case = drive.received()
    decision = case.take("succeed", "system", former=OFFICE, heir=OTHER)
    assert case.facts.office == OTHER
    assert NoticeSpec("succeeded", "office") in decision.notices


def test_nobody_but_the_system_hands_on_and_nobody_inherits_from_himself() -> None:
    case = drive.accepted()
    for role in ("officer", "head", "petitioner", "handler"):
        case.refuse("succeed", role, former=UNIT, heir=OTHER)
    assert "heir" in case.refuse("succeed", "system", former=UNIT, heir=UNIT).fields
    assert "succeed" not in case.options("head")


@pytest.mark.parametrize("procedure", [p.name for p in law.procedures()])
def test_a_matter_can_pass_on_in_every_open_state(procedure: str) -> None:
    found: Any = next(p for p in law.procedures() if p.name == procedure)
    (edge,) = [edge for edge in found.edges if edge.step == "succeed"]
    assert set(edge.frm) == {state.key for state in found.states if not state.end}
    assert law.event_label("case.succeed") != law.event_label_staff("case.succeed")
