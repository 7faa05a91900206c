"""What can be taken back, and until when: cases that a lawyer reads (steps/withdrawal.yaml), and what an answer does to it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.law import drive
from tests.law.drive import Drive
from xinqiao import law
from xinqiao.law.procedures import PROCEDURES

ROWS: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "steps/withdrawal.yaml").read_text("utf-8"))


def _drafted() -> Drive:
    case = drive.accepted()
    case.take("hear", "handler", way="phone", heard_on=case.today, statement="说了经过")
    case.take("investigate", "handler", way="现场查看", findings="属实")
    drive.drafted(case)
    return case


def _checked() -> Drive:
    case = _drafted()
    case.take("check_decision", "handler")
    return case


def _signed() -> Drive:
    case = _checked()
    case.take("sign_decision", "head")
    return case


def _executed() -> Drive:
    case = drive.served()
    case.take("execute", "handler", result="修好了", evidence=drive.FILES)
    return case


def _closed() -> Drive:
    case = _executed()
    case.take("rate_unit", "petitioner", score="satisfied")
    case.take("close", "officer")
    return case


def _recalled() -> Drive:
    case = drive.served()
    case.take("recall_decision", "head", reasons="认定有误")
    return case


def _answered() -> Drive:
    case = drive.sorted_as("inquiry")
    case.take("answer", "officer", reply="明天就修", way="phone")
    return case


def _studying() -> Drive:
    case = drive.at_unit("suggestion")
    case.take("study", "handler")
    return case


def _replied() -> Drive:
    case = _studying()
    case.take("draft_reply", "handler", outcome="adopt", reply="采纳")
    case.take("sign_reply", "head")
    return case


def _suggestion_served() -> Drive:
    case = _replied()
    case.take("serve", "handler", method="in_person", served_on=case.today, proof=drive.FILES)
    return case


def _informed() -> Drive:
    case = drive.sorted_as("guidance")
    case.take("inform", "officer", path="litigation", body="区人民法院", how="带身份证", basis="行政诉讼法")
    return case


ROADS: dict[str, Callable[[], Drive]] = {
    "received": drive.received,
    "redress.sorted": lambda: drive.sorted_as("redress"),
    "redress.at_unit": drive.at_unit,
    "redress.accepted": drive.accepted,
    "redress.drafted": _drafted,
    "redress.checked": _checked,
    "redress.signed": _signed,
    "redress.decided": drive.decided,
    "redress.served": drive.served,
    "redress.executed": _executed,
    "redress.recalled": _recalled,
    "redress.closed": _closed,
    "inquiry.sorted": lambda: drive.sorted_as("inquiry"),
    "inquiry.answered": _answered,
    "suggestion.studying": _studying,
    "suggestion.replied": _replied,
    "suggestion.served": _suggestion_served,
    "guidance.sorted": lambda: drive.sorted_as("guidance"),
    "guidance.informed": _informed,
    "report.sorted": lambda: drive.sorted_as("report"),
}


@pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])
def test_the_petitioner_may_withdraw_until_the_answer_is_made(row: dict[str, Any]) -> None:
    case = ROADS[row["at"]]()
    law.article(row["cite"])
    assert row["why"]
    assert ("withdraw" in case.options("petitioner")) is row["may"]
    if row["may"]:
        case.take("withdraw", "petitioner")
        assert "undo_withdraw" in case.options("petitioner")
    else:
        assert case.refuse("withdraw", "petitioner").reasons


ANSWERS: list[tuple[str, Callable[[], Drive], str, str, dict[str, Any]]] = [
    ("redress", _signed, "seal_decision", "handler", {"scan": drive.FILES}),
    ("inquiry", lambda: drive.sorted_as("inquiry"), "answer", "officer", {"reply": "明天就修", "way": "phone"}),
    (
        "guidance",
        lambda: drive.sorted_as("guidance"),
        "inform",
        "officer",
        {"path": "litigation", "body": "区人民法院", "how": "带身份证", "basis": "行政诉讼法"},
    ),
    ("on the spot", drive.received, "answer_on_spot", "intake", {"reply": "明天就修"}),
]


@pytest.mark.parametrize("answer", ANSWERS, ids=[one[0] for one in ANSWERS])
def test_an_answer_made_in_the_meantime_stands_and_the_withdrawal_falls_away(answer: Any) -> None:
    _, road, step, role, inputs = answer
    case = road()
    case.take("withdraw", "petitioner")
    case.days(2)
    case.take(step, role, inputs)
    assert "withdrawing" not in case.facts.flags
    assert "withdraw.undo" not in case.open
    assert case.closed != "withdrawn"
    case.days(30)
    assert case.refuse("finalise_withdrawal", "system").reasons


def test_a_supported_decision_is_executed_although_its_petitioner_had_asked_to_withdraw() -> None:
    case = _signed()
    case.take("withdraw", "petitioner")
    case.take("seal_decision", "handler", scan=drive.FILES)
    case.take("serve", "handler", method="in_person", served_on=case.today, proof=drive.FILES)
    case.days(8)
    assert case.refuse("finalise_withdrawal", "system").reasons
    assert {"execution", "review.apply", "evaluation"} <= set(case.open)


def test_no_answered_state_of_any_procedure_offers_withdrawal() -> None:
    answered = {"decided", "served", "executed", "answered", "replied", "informed", "feedback", "transferred", "closed"}
    for procedure in PROCEDURES.values():
        for edge in procedure.edges:
            if edge.step in {"withdraw", "undo_withdraw", "finalise_withdrawal"}:
                assert not answered & set(edge.frm), f"{procedure.name}.{edge.step}"


@pytest.mark.parametrize("kind", law.events(), ids=lambda kind: kind.event)
def test_every_event_speaks_to_the_petitioner_and_to_staff_in_their_own_words(kind: law.EventKind) -> None:
    assert kind.label
    assert law.event_label(kind.event) == kind.label
    assert kind.staff
    assert law.event_label_staff(kind.event) == kind.staff
    assert not set(kind.staff) & set("您你我"), kind.staff


@pytest.mark.parametrize("road", [_closed, _replied], ids=["closed", "open"])
def test_a_lost_query_code_is_renewed_whether_the_case_is_open_or_closed(road: Callable[[], Drive]) -> None:
    case = road()
    state = case.facts.state
    case.take("renew_code", "intake", reason="查询码遗失")
    assert case.facts.state == state
    assert case.refuse("renew_code", "handler", reason="查询码遗失").reasons
