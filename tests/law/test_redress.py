"""Claims under Art. 31(6): acceptance, hearing, extension, decision, service, execution, rating and the end."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from tests.law import drive
from tests.law.drive import FILES, UNIT, Drive
from xinqiao import law
from xinqiao.kernel.clock import day_of
from xinqiao.law.types import Actor

LONG = "这条路的路灯由市政中心养护，不归街道管"
SERVE: dict[str, Any] = {"method": "in_person", "proof": FILES}


def test_acceptance_starts_the_clock() -> None:
    case = drive.at_unit().on(date(2026, 3, 10))
    case.take("accept", "handler", process="先看现场，再答复")
    assert case.open["decision"].due.start == date(2026, 3, 10)
    assert case.open["hear"].due.due == case.open["decision"].due.due
    assert "notice" not in case.open


def test_without_acceptance_the_clock_runs_from_the_end_of_the_notice_term() -> None:
    early = drive.at_unit().on(date(2026, 3, 17))
    assert "还没有满" in early.refuse("start_clock", "system").reasons[0]
    case = drive.at_unit().on(date(2026, 3, 18))
    assert law.missed_step(case.facts, "notice") == "start_clock"
    case.take("start_clock", "system")
    assert case.open["decision"].due.start == date(2026, 3, 17)
    case.on(date(2026, 4, 1)).take("accept", "handler")
    assert case.open["decision"].due.start == date(2026, 3, 17)
    late = drive.at_unit().on(date(2026, 4, 1))
    late.take("accept", "handler")
    assert late.open["decision"].due.start == date(2026, 3, 17)


def test_no_decision_without_hearing_and_investigating() -> None:
    case = drive.accepted()
    refusal = case.refuse("draft_decision", "handler", outcome="support", demands=[drive.DEMAND])
    assert len(refusal.reasons) == 2
    assert refusal.cites == ("xinfang-2022:31(6)", "xinfang-2022:32")
    assert {"hear", "investigate"} <= set(refusal.allowed)
    blocked = {o.step: o.blocked for o in law.options(case.facts, Actor(frozenset({"handler"}), UNIT), case.at)}
    assert blocked["draft_decision"]
    case.take("hear", "handler", way="attempts", heard_on=case.today, statement="三天打了五次电话，没有人接")
    case.take("site_visit", "handler", visited_on=case.today, place="南门", findings="三盏灯不亮")
    drive.drafted(case)


@pytest.mark.parametrize(
    ("outcome", "demands", "fits"),
    [
        ("support", ["support"], True),
        ("support", ["support", "explain"], False),
        ("partly", ["support", "not_support"], True),
        ("partly", ["support"], False),
        ("explain", ["explain", "not_support"], True),
        ("explain", ["not_support"], False),
        ("not_support", ["not_support"], True),
        ("not_support", ["explain"], False),
    ],
)
def test_the_opinion_follows_from_the_demands(outcome: str, demands: list[str], fits: bool) -> None:
    case = drive.accepted()
    case.take("hear", "handler", way="phone", heard_on=case.today, statement="说了")
    case.take("investigate", "handler", way="查档", findings="属实")
    inputs = {
        "outcome": outcome,
        "demands": [{**drive.DEMAND, "outcome": o} for o in demands],
        "remedy": "修好",
        "execution_days": "30",
    }
    if fits:
        case.take("draft_decision", "handler", inputs)
        assert ("supported" in case.facts.flags) == ("support" in demands)
    else:
        assert "outcome" in case.refuse("draft_decision", "handler", inputs).fields


def test_what_is_supported_names_remedy_and_term() -> None:
    case = drive.accepted()
    case.take("hear", "handler", way="phone", heard_on=case.today, statement="说了")
    case.take("investigate", "handler", way="查档", findings="属实")
    wrong = case.refuse("draft_decision", "handler", outcome="support", demands=[drive.DEMAND], remedy=" ")
    assert set(wrong.fields) == {"remedy", "execution_days"}


def test_a_draft_goes_back_and_comes_again() -> None:
    case = drive.accepted()
    case.take("hear", "handler", way="phone", heard_on=case.today, statement="说了")
    case.take("investigate", "handler", way="查档", findings="属实")
    drive.drafted(case)
    case.take("return_draft", "head", reasons="依据写完整")
    drive.drafted(case, "not_support")
    assert "supported" not in case.facts.flags
    assert case.facts.counts["execution_days"] == 0


def extended(days: str = "30") -> Drive:
    case = drive.accepted()
    case.take("ask_extension", "handler", days=days, reasons="需要鉴定")
    case.take("approve_extension", "head", reasons="需要鉴定，结果要等")
    return case


def test_an_extension_is_granted_once_by_the_head_and_before_the_end() -> None:
    case = extended("15")
    assert case.open["decision"].due.due == date(2026, 5, 18)
    assert case.open["hear"].due.due == date(2026, 5, 18)
    assert case.facts.documents["extension_notice"] == "sealed"
    assert ("extended", "petitioner") in {(n.text, n.to) for n in case.decisions[-1].notices}
    assert "已经延长过一次" in case.refuse("ask_extension", "handler", days="10", reasons="还要").reasons[0]
    assert "head" not in {r for r in ("handler",) if "approve_extension" in case.options(r)}
    last = drive.accepted().on(date(2026, 5, 6))  # 60 days end on Labour Day, the day after the holiday is in time
    last.take("ask_extension", "handler", days="30", reasons="需要鉴定")
    late = drive.accepted().on(date(2026, 5, 7))
    assert "已经过了" in late.refuse("ask_extension", "handler", days="30", reasons="需要鉴定").reasons[0]
    last.on(date(2026, 5, 7))
    assert "已经过了" in last.refuse("approve_extension", "head", reasons="晚了").reasons[0]
    last.take("refuse_extension", "head", reasons="申请太晚")
    assert "extension" not in last.open


def test_an_extension_after_the_hearing_moves_the_decision_only() -> None:
    case = drive.accepted()
    case.take("hear", "handler", way="phone", heard_on=case.today, statement="说了")
    case.take("ask_extension", "handler", days="30", reasons="需要鉴定")
    case.take("approve_extension", "head", reasons="需要鉴定")
    assert set(case.open) == {"decision"}


def test_service_opens_the_citizens_windows() -> None:
    case = drive.decided()
    case.days(3).take("serve", "handler", SERVE, served_on=case.today.isoformat())
    assert set(case.open) == {"review.apply", "evaluation", "execution"}
    assert case.open["review.apply"].due.start == case.today
    assert case.open["execution"].due.due_unrolled == case.today + timedelta(days=15)
    assert [(s.act, s.on) for s in case.decisions[-1].settles] == [("decision", case.today)]
    assert case.facts.dates["review_until"] == case.open["review.apply"].due.due


@pytest.mark.parametrize(
    ("inputs", "field"),
    [
        ({"method": "in_person"}, "proof"),
        ({"method": "post"}, "proof"),
        ({"method": "refused"}, "proof"),
        ({"method": "announcement"}, "published_on"),
        ({"method": "announcement", "published_on": "2026-03-02", "served_on": "2026-03-31"}, "served_on"),
        ({"method": "electronic", "served_on": "2026-03-01"}, "served_on"),
        ({"method": "electronic", "served_on": "2026-06-01"}, "served_on"),
        ({"method": "electronic", "served_on": "昨天"}, "served_on"),
        ({"method": "by_hand"}, "method"),
    ],
)
def test_service_must_be_proven(inputs: dict[str, Any], field: str) -> None:
    case = drive.decided().on(date(2026, 4, 20))
    assert field in case.refuse("serve", "handler", {"served_on": case.today, **inputs}).fields


def test_other_ways_of_service() -> None:
    announced = drive.decided().on(date(2026, 4, 20))
    announced.take("serve", "handler", method="announcement", published_on=date(2026, 3, 2), served_on=date(2026, 4, 1))
    assert announced.facts.dates["served"] == date(2026, 4, 1)
    drive.decided().take("serve", "handler", method="electronic", served_on=drive.START.date())


def test_what_was_supported_is_done_before_the_end() -> None:
    case = drive.served()
    assert "落实" in case.refuse("close", "officer").reasons[0]
    case.take("report_execution", "handler", words="灯具已订货")
    assert "evidence" in case.refuse("execute", "handler", result="修好了").fields
    case.take("execute", "handler", result="修好了", evidence=FILES)
    assert "复查的期限" in case.refuse("close", "officer").reasons[0]
    case.take("rate_unit", "petitioner", score="satisfied")
    case.take("close", "officer")
    assert case.closed == "answered"


def test_a_case_closes_when_the_windows_are_over_and_nothing_is_barred() -> None:
    case = drive.served("not_support")
    case.on(date(2026, 4, 1))
    assert "还没有过" in case.refuse("lapse_review", "system").reasons[0]
    case.on(date(2026, 4, 2))
    case.take(law.lapse_step(case.facts, "review.apply"), "system")
    case.take(law.lapse_step(case.facts, "evaluation"), "system")
    assert case.waits_for == "petitioner"
    case.take("close", "head")
    assert law.lapse_step(case.facts, "evaluation") == ""


def test_unit_and_office_are_rated_apart_and_once() -> None:
    case = drive.served("not_support")
    assert "reasons" in case.refuse("rate_unit", "petitioner", score="not").fields
    case.take("rate_unit", "petitioner", score="not", reasons="没有说清依据")
    assert "evaluation" in case.open
    assert "评价过" in case.refuse("rate_unit", "petitioner", score="satisfied").reasons[0]
    case.take("rate_office", "petitioner", score="satisfied")
    assert "evaluation" not in case.open
    assert "satisfied_unit" not in case.facts.flags
    assert "别的岗位" in case.refuse("rate_office", "officer", score="satisfied").reasons[0]
    late = drive.served("not_support").on(date(2026, 4, 2))
    assert "评价期" in late.refuse("rate_unit", "petitioner", score="satisfied").reasons[0]


def test_a_wrong_decision_is_recalled_and_owed_again() -> None:
    case = drive.served()
    due = next(k.open.due.due for k in case.kept if k.open.act == "decision")
    case.take("recall_decision", "head", reasons="漏了一项诉求")
    assert (case.facts.state, "decision" in case.facts.documents) == ("accepted", False)
    assert {act: o.due.due for act, o in case.open.items()} == {"decision": due}
    early = drive.decided()
    early.take("recall_decision", "head", reasons="依据引错")
    assert set(early.open) == {"decision"}


def test_a_slip_is_corrected_and_served_again() -> None:
    case = drive.served("not_support")
    case.take("correct_decision", "head", what="门牌号", correction="12 号")
    assert (case.facts.state, set(case.open)) == ("signed", {"serve"})  # the new paper is not made before it is stamped
    assert set(case.refuse("seal_decision", "handler").fields) == {"scan"}
    assert case.refuse("serve", "handler", SERVE, served_on=case.today).reasons
    assert case.refuse("withdraw", "petitioner").reasons  # the answer was made; only its paper is put right
    case.take("seal_decision", "handler", scan=drive.FILES)
    assert (case.facts.state, "correcting" in case.facts.flags) == ("decided", False)
    case.take("correct_decision", "head", what="日期", correction="3 月 2 日")
    assert set(case.open) == {"serve"}
    case.take("seal_decision", "handler", scan=drive.FILES)
    case.days(2).take("serve", "handler", SERVE, served_on=case.today)
    assert case.open["review.apply"].due.start == case.today
    early = drive.decided()
    early.take("correct_decision", "head", what="门牌号", correction="12 号")
    assert (early.facts.state, set(early.open)) == ("signed", {"decision"})


def test_where_seals_are_electronic_a_corrected_paper_is_made_at_once() -> None:
    case = drive.served("not_support")
    case.facts = replace(case.facts, stamped=False)
    case.days(1).take("correct_decision", "head", what="门牌号", correction="12 号")
    assert (case.facts.state, set(case.open)) == ("decided", {"serve"})
    assert case.facts.dates["decided"] == case.today
    assert "correcting" not in case.facts.flags


def test_an_extended_and_recalled_decision_keeps_the_extended_date() -> None:
    case = extended()
    due = case.open["decision"].due.due
    case.take("hear", "handler", way="phone", heard_on=case.today, statement="说了")
    case.take("investigate", "handler", way="查档", findings="属实")
    drive.drafted(case, "not_support")
    for step, role in (("check_decision", "handler"), ("sign_decision", "head"), ("seal_decision", "handler")):
        case.take(step, role, scan=drive.FILES)
    case.take("serve", "handler", SERVE, served_on=case.today)
    case.take("recall_decision", "head", reasons="漏了一项诉求")
    assert case.open["decision"].due.due == due


@pytest.mark.parametrize(
    "demands", ["路灯", [{**drive.DEMAND, "basis": " "}], [{**drive.DEMAND, "outcome": "maybe"}], ["路灯"]]
)
def test_each_demand_is_whole(demands: Any) -> None:
    case = drive.accepted()
    case.take("hear", "handler", way="phone", heard_on=case.today, statement="说了")
    case.take("investigate", "handler", way="查档", findings="属实")
    assert "demands" in case.refuse("draft_decision", "handler", outcome="support", demands=demands).fields


def test_old_law_does_not_reach_into_new_procedures() -> None:
    case = drive.sorted_as("redress")
    old = date(2021, 3, 1)
    case.facts = drive.replace(case.facts, version=old)
    case.take("refer", "officer", lead=UNIT)
    assert "xinfang-2022:23(3)" in case.open["objection"].due.cites


def test_the_clock_parameter_can_be_answered_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    from xinqiao.law.parameters import Value
    from xinqiao.law.procedures import guards

    monkeypatch.setattr(guards, "value", lambda name, day: Value(day, None, False, "xinfang-2022:34"))
    case = drive.at_unit().on(date(2026, 4, 1))
    case.take("accept", "handler")
    assert case.open["decision"].due.start == day_of(case.at)


def test_where_seals_are_put_on_by_hand_the_stamped_scan_is_demanded() -> None:
    case = drive.accepted()
    case.take("hear", "handler", way="phone", heard_on=case.today, statement="说了")
    case.take("investigate", "handler", way="查档", findings="属实")
    drive.drafted(case, "not_support")
    case.take("check_decision", "handler")
    case.take("sign_decision", "head")
    assert set(case.refuse("seal_decision", "handler").fields) == {"scan"}
    assert set(case.refuse("seal_decision", "handler", scan=[]).fields) == {"scan"}
    handler = Actor(frozenset({"handler"}), drive.UNIT)

    def asked() -> list[str]:
        return [
            i.name for o in law.options(case.facts, handler, case.at) if o.step == "seal_decision" for i in o.inputs
        ]

    assert asked() == ["scan"]
    case.facts = replace(case.facts, stamped=False)
    assert asked() == []
    assert law.input_names(case.facts, "seal_decision") == frozenset()
    assert case.take("seal_decision", "handler").state == "decided"
