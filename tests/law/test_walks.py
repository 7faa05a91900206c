"""Random walks: whatever people do and in whatever order, a case keeps a declared state, an owner and a next move."""

from datetime import timedelta
from functools import partial
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.law import drive
from tests.law.drive import Drive
from xinqiao import law
from xinqiao.kernel.clock import day_of
from xinqiao.law.engine import WINDOWS, edges_here
from xinqiao.law.procedures import PROCEDURES
from xinqiao.law.types import Decision, Input, Refusal

ROLES = ("petitioner", "intake", "officer", "handler", "head", "assistant", "arbiter", "discipline", "system")
ORGANS = (drive.UNIT, drive.OTHER, drive.ASSIST)
WITH_OFFICE = {"received", "registered", "sorted", "returned"}
WITH_UNIT = {"referred", "at_unit", "objected"}
WORKING = {"accepted", "drafted", "checked", "signed", "decided"}
LIVES = {  # where an obligation may be open, when it belongs to a stretch of the road
    "register": {"received"},
    "refer": WITH_OFFICE,
    "refer_again": WITH_OFFICE,
    "sign_for": {"referred", "dispatched"},
    "notice": WITH_UNIT,
    "objection": WITH_UNIT,
    "objection.answer": {"objected"},
    "rule": {"jurisdiction"},
    "decision": {*WITH_UNIT, *WORKING},
    "hear": WORKING,
    "extension": WORKING,
    "answer": {"at_unit"},
    "reply": {"studying", "drafted", "replied"},
    "serve": {"decided", "signed"},
    "execution": {"served"},
    "review.apply": {"served", "executed"},
    "evaluation": {"served", "executed", "answered", "informed"},
}
OPEN_OWNERS = {"lead", "office", "petitioner", "arbiter", "discipline"}


def fill(dice: Random, need: Input, at: Drive) -> Any:
    """A plausible value for one field."""
    if need.choices and need.kind == "choice":
        return dice.choice([c.value for c in need.choices])
    if need.kind == "demands":
        outcomes = dice.choices([c.value for c in need.choices], k=dice.randint(1, 3))
        return [{**drive.DEMAND, "outcome": outcome} for outcome in outcomes]
    return {
        "organ": dice.choice(ORGANS),
        "organs": dice.sample(ORGANS, dice.randint(0, 2)),
        "date": at.today - timedelta(days=dice.randint(0, 3)),
        "files": drive.FILES,
        "post": 7,
        "area": "330105",
        "content": "030800",
    }.get(need.kind, "依照职责分工，这件事应当由市政养护单位办理")


def move(dice: Random, case: Drive) -> None:
    """One try of anybody at anything that the state declares, and now and then at something it does not."""
    procedure = PROCEDURES[case.facts.procedure]
    edge = dice.choice(edges_here(procedure, case.facts.state))
    role = dice.choice(edge.by if dice.randint(0, 9) else ROLES)
    inputs = {n.name: fill(dice, n, case) for n in edge.needs if n.required or dice.randint(0, 1)}
    organ = drive.ASSIST if role == "assistant" else drive.UNIT
    answer = case.ask(edge.step, role, inputs, organ=organ)
    if isinstance(answer, Refusal):
        assert answer.reasons
        here = {e.step for e in edges_here(procedure, case.facts.state) if role in e.by}
        assert set(answer.allowed) <= here
        return
    before = set(case.open)
    case.apply(answer)
    check(case, answer, before)


def check(case: Drive, decision: Decision, before: set[str]) -> None:
    """What must hold after every step."""
    procedure = PROCEDURES[case.facts.procedure]
    state = procedure.state(case.facts.state)
    assert law.event_label(decision.event)
    assert law.state_label(procedure.name, state.key)
    assert {s.act for s in decision.settles} <= before | {o.act for o in decision.opens}
    assert len(case.open) == sum(not k.how for k in case.kept if not k.open.owner.startswith("assist")) + (
        "assist" in case.open
    ), "one open obligation for each act"
    assert case.facts.office is not None
    assert bool(case.closed) == state.end or case.closed == ""
    if state.end:
        assert not case.open, "nothing is owed after the end"
        assert not decision.opens
        return
    for owed in case.open.values():
        assert owed.owner in OPEN_OWNERS or owed.owner.startswith("assist:")
        if owed.owner == "lead":
            assert case.facts.lead is not None, "a duty of the lead organ needs a lead organ"
    for act in case.open:
        assert state.key in LIVES.get(act, {state.key}), f"{act} is still open in {state.key}"
    duties = set(case.open) - WINDOWS
    assert duties or case.waits_for, "an open case has a next obligation or a named party who is waited for"
    outlook = law.outlook(case.facts)
    assert outlook.text
    assert not outlook.act or outlook.act in case.open


ROADS = {
    "intake": drive.received,
    **{name: partial(drive.sorted_as, name) for name in PROCEDURES if name != "intake"},
    "returned": drive.returned,
    "disputed": drive.disputed,
    "accepted": drive.accepted,
    "decided": drive.decided,
    "served": drive.served,
    "not supported": partial(drive.served, "not_support"),
}


@pytest.mark.parametrize("road", ROADS)
@given(seed=st.integers(0, 2**32))
def test_a_random_walk_never_loses_a_case(road: str, seed: int) -> None:
    dice = Random(seed)
    case = ROADS[road]()
    for _ in range(50):
        if not edges_here(PROCEDURES[case.facts.procedure], case.facts.state):
            return
        move(dice, case)
        case.days(dice.choice([0, 0, 0, 1, 3, 10, 35]))
        for act in list(case.open):
            if case.open.get(act) and day_of(case.at) > case.open[act].due.due:
                watch(case, act)


def watch(case: Drive, act: str) -> None:
    """What the watcher does when a date has passed."""
    step = (law.lapse_step if act in WINDOWS else law.missed_step)(case.facts, act)
    if act in WINDOWS:
        assert step, f"nothing records the end of {act} in {case.facts.state}"
    if step:
        before = set(case.open)
        answer = case.ask(step, "system")
        if isinstance(answer, Decision):
            case.apply(answer)
            check(case, answer, before)
        else:
            assert act not in WINDOWS, answer
