"""Stories of single cases: what each step does, what it refuses and why, and on which day it stops being possible."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.law import drive
from tests.law.drive import ARBITER, ASSIST, DISCIPLINE, FILES, OTHER, UNIT, Drive
from xinqiao import law
from xinqiao.kernel.clock import day_of
from xinqiao.law.types import Actor

LONG = "这条路的路灯由市政中心养护，不归街道管"
SERVE: dict[str, Any] = {"method": "in_person", "proof": FILES}


def test_receiving_opens_two_duties_of_the_office() -> None:
    case = drive.received()
    assert {act: o.owner for act, o in case.open.items()} == {"register": "office", "refer": "office"}
    assert case.open["refer"].due.due == date(2026, 3, 17)
    assert law.outlook(case.facts).act == "register"


def test_what_can_be_said_at_once_is_answered_and_closed() -> None:
    case = drive.received()
    case.take("answer_on_spot", "intake", reply="带身份证到社区就能办")
    assert (case.facts.procedure, case.facts.state, case.closed) == ("inquiry", "closed", "answered_on_spot")
    assert not case.open
    assert case.options("petitioner") == ["rate_unit", "rate_office"]


def test_the_tree_leaves_call() -> None:
    """A call at ten, dispatched by text message, looked at on site, explained by telephone, satisfied, closed at eleven."""
    case = drive.sorted_as("inquiry")
    case.take("dispatch", "intake", lead=UNIT, task="树叶发黄，请到现场看看")
    assert [(n.text, n.to) for n in case.decisions[-1].notices] == [("dispatched", "lead"), ("passed_on", "petitioner")]
    case.at += timedelta(minutes=10)
    case.take("sign_for", "handler")
    case.take("site_visit", "handler", visited_on=case.today, place="小区南门", findings="铺石头压住了树根")
    case.take("answer", "handler", reply="下午挪开石头，浇水养护", way="phone")
    assert case.waits_for == "office"
    case.refuse("close", "intake")
    case.take("return_visit", "intake", resolved="yes", words="满意")
    case.at += timedelta(minutes=40)
    case.take("close", "intake")
    assert case.closed == "answered"
    assert not case.open
    case.take("rate_unit", "petitioner", score="satisfied")


def test_a_call_that_was_not_solved_is_done_again() -> None:
    case = drive.sorted_as("inquiry")
    case.take("dispatch", "intake", lead=UNIT)
    case.take("sign_for", "handler")
    case.take("answer", "handler", reply="已安排", way="phone")
    case.take("return_visit", "intake", resolved="unreached")
    case.take("return_visit", "intake", resolved="no", words="还是没人来")
    case.take("redo", "intake", reasons="没有人到现场")
    assert case.facts.state == "at_unit"
    assert case.open["answer"].owner == "lead"
    case.take("send_back", "handler", reasons="不归我们管")
    assert case.facts.lead is None
    case.take("answer", "officer", reply="由我们协调", way="phone")
    assert "没有派给单位" in case.refuse("redo", "intake", reasons="再办").reasons[0]


def test_who_does_not_want_simple_handling_gets_the_formal_road() -> None:
    case = drive.sorted_as("inquiry")
    case.take("dispatch", "intake", lead=UNIT)
    case.take("urge", "petitioner")
    case.take("ask_formal", "petitioner", reasons="要书面意见")
    assert (case.facts.procedure, case.facts.state, case.facts.lead) == ("redress", "sorted", None)
    assert case.open["refer"].due.start == case.facts.received_on
    assert case.open["urge.answer"].owner == "office"


@pytest.mark.parametrize("channel", ["hotline", "window"])
def test_a_wrong_sort_is_put_right_before_a_unit_has_it(channel: str) -> None:
    case = drive.sorted_as("suggestion")
    case.take("reclassify", "officer", route="redress", reasons="是求决，不是建议")
    assert (case.facts.procedure, case.facts.state) == ("redress", "sorted")
    assert case.open["refer"].due.start == case.facts.received_on


def test_a_path_that_led_nowhere_is_sorted_again() -> None:
    case = drive.sorted_as("guidance")
    case.take(
        "inform", "officer", path="arbitration", body="区劳动仲裁院", how="带合同去立案窗口", basis="劳动争议调解仲裁法"
    )
    assert case.facts.documents["path_notice"] == "sealed"
    case.take("reclassify", "officer", route="redress", reasons="仲裁院不受理")
    assert list(case.open) == ["refer_again"]


def test_a_report_is_sealed_and_handed_over() -> None:
    case = drive.received()
    case.take("register", "intake")
    case.take("withdraw", "petitioner")
    sorted_ = case.take("classify", "officer", route="report")
    assert sorted_.seals is True
    assert "withdraw.undo" not in case.open
    assert "withdraw" not in case.options("petitioner")
    case.take("hand_over_report", "officer", lead=DISCIPLINE, reasons="区管干部，按权限移送")
    assert (case.facts.state, case.waits_for, case.facts.lead) == ("transferred", "discipline", DISCIPLINE)
    assert {n.text for d in case.decisions[-1:] for n in d.notices} == {"progress"}
    case.take("record_feedback", "discipline", feedback="已了解核实")
    case.take("close", "officer")
    assert case.closed == "transferred"


def test_a_report_that_nobody_takes_back_is_sealed_too() -> None:
    case = drive.sorted_as("report")
    assert case.facts.sealed
    assert list(case.open) == ["refer"]


def test_sealed_matters_are_not_passed_on_before_a_named_person_unseals_them() -> None:
    case = drive.sorted_as("redress")
    assert case.take("seal", "petitioner").seals is True
    assert "已经密封" in case.refuse("seal", "officer").reasons[0]
    assert "密封" in case.refuse("refer", "officer", lead=UNIT).reasons[0]
    assert case.take("unseal", "officer", title="路灯不亮", reasons="不涉及公职人员").seals is False
    assert "没有密封" in case.refuse("unseal", "officer", title="x", reasons="x").reasons[0]
    case.take("refer", "officer", lead=UNIT)


def test_referral_opens_what_the_unit_owes_from_the_day_of_arrival() -> None:
    case = drive.sorted_as("redress")
    case.take("refer", "officer", lead=UNIT, assists=[ASSIST], task="查清路灯归谁管")
    owed = {(o.act, o.owner): o for o in (k.open for k in case.kept if not k.how)}
    assert owed["notice", "lead"].due.due == date(2026, 3, 17)
    assert owed["objection", "lead"].kind == "window"
    assert owed["assist", f"assist:{ASSIST}"].due.due == date(2026, 3, 23)
    case.days(2).take("sign_for", "handler")
    assert case.open["notice"].due.start == date(2026, 3, 2)
    case.take("assist_report", "assistant", organ=ASSIST, words="已提供管线图")
    assert "assist" not in case.open


def test_the_lead_organ_does_not_assist_itself() -> None:
    case = drive.sorted_as("redress")
    assert "assists" in case.refuse("refer", "officer", lead=UNIT, assists=[UNIT]).fields


def test_an_objection_comes_within_five_working_days_and_with_reasons() -> None:
    case = drive.at_unit()
    assert "reasons" in case.refuse("object", "handler", reasons="不归我管").fields
    case.on(date(2026, 3, 9))
    case.take("object", "handler", reasons=LONG)
    late = drive.at_unit().on(date(2026, 3, 10))
    assert "5 个工作日" in late.refuse("object", "handler", reasons=LONG).reasons[0]
    late.take("lapse_objection", "system")
    assert "objection" not in late.open


def test_the_second_return_goes_to_a_ruling() -> None:
    case = drive.at_unit()
    case.take("urge", "petitioner", words="快一点")
    case.take("declare_recusal", "handler", reasons="来信人是我表哥")
    case.take("object", "handler", reasons=LONG)
    case.take("negotiate", "officer", organs=[UNIT, OTHER], outcome="都说不归自己管")
    case.take("accept_objection", "officer", reasons="属实")
    assert (case.facts.state, case.facts.lead) == ("returned", None)
    assert {act: o.owner for act, o in case.open.items()} == {"urge.answer": "office", "refer_again": "office"}
    case.take("refer_again", "officer", lead=OTHER)
    case.take("object", "handler", reasons=LONG, organ=OTHER)
    assert "arbiter" in case.refuse("accept_objection", "officer", reasons="属实").fields
    case.take("accept_objection", "officer", reasons="属实", arbiter=ARBITER)
    assert (case.facts.state, case.decisions[-1].assigns["ruling"]) == ("jurisdiction", ARBITER)
    case.take("rule", "arbiter", lead=UNIT, assists=[OTHER], reasons="按三定方案由你单位办理")
    assert case.facts.documents["jurisdiction_ruling"] == "sealed"
    case.take("sign_for", "handler")
    assert "已经裁定" in case.refuse("object", "handler", reasons=LONG).reasons[0]


def test_an_objection_that_does_not_hold_leaves_the_unit_in_charge() -> None:
    case = drive.at_unit()
    case.take("object", "handler", reasons=LONG)
    case.take("reject_objection", "officer", reasons="三定方案写明归你单位")
    assert case.facts.state == "at_unit"
    assert "notice" in case.open


def test_a_dispute_is_ruled_on_after_negotiation() -> None:
    case = drive.at_unit()
    case.take("object", "handler", reasons=LONG)
    case.take("accept_objection", "officer", reasons="属实")
    assert "协商" in case.refuse("ask_ruling", "officer", arbiter=ARBITER, reasons="都不管").reasons[0]
    case.take("negotiate", "officer", organs=[UNIT, OTHER], outcome="协商不成")
    case.take("ask_ruling", "officer", arbiter=ARBITER, reasons="都说不归自己管")
    assert case.open["rule"].owner == "arbiter"


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
    assert set(case.open) == {"serve"}
    case.take("correct_decision", "head", what="日期", correction="3 月 2 日")
    assert set(case.open) == {"serve"}
    case.days(2).take("serve", "handler", SERVE, served_on=case.today)
    assert case.open["review.apply"].due.start == case.today
    early = drive.decided()
    early.take("correct_decision", "head", what="门牌号", correction="12 号")
    assert set(early.open) == {"decision"}


def test_an_extended_and_recalled_decision_keeps_the_extended_date() -> None:
    case = extended()
    due = case.open["decision"].due.due
    case.take("hear", "handler", way="phone", heard_on=case.today, statement="说了")
    case.take("investigate", "handler", way="查档", findings="属实")
    drive.drafted(case, "not_support")
    for step, role in (("check_decision", "handler"), ("sign_decision", "head"), ("seal_decision", "handler")):
        case.take(step, role)
    case.take("serve", "handler", SERVE, served_on=case.today)
    case.take("recall_decision", "head", reasons="漏了一项诉求")
    assert case.open["decision"].due.due == due


def test_a_suggestion_is_studied_and_answered() -> None:
    case = drive.at_unit("suggestion")
    assert case.open["notice"].due.term == "suggestion.notice"
    case.take("study", "handler")
    assert "reasons" in case.refuse("draft_reply", "handler", outcome="partly", reply="采纳一部分").fields
    case.take("draft_reply", "handler", outcome="adopt", reply="采纳")
    case.take("return_draft", "head", reasons="写明时间")
    case.take("draft_reply", "handler", outcome="not", reply="感谢", reasons="已有安排")
    case.take("sign_reply", "head")
    case.take("serve", "handler", SERVE, served_on=case.today)
    assert set(case.open) == {"evaluation"}
    case.take("close", "officer")
    assert case.closed == "replied"


def test_urging_is_answered_and_not_repeated_before() -> None:
    case = drive.at_unit()
    case.take("urge", "petitioner")
    assert case.open["urge.answer"].owner == "lead"
    assert "已经催过" in case.refuse("urge", "petitioner").reasons[0]
    case.take("contact", "handler", way="phone", words="下周给答复")
    assert "urge.answer" not in case.open
    case.take("urge", "petitioner")


def test_withdrawing_is_the_citizens_alone_and_can_be_undone_for_seven_days() -> None:
    case = drive.accepted()
    assert "别的岗位" in case.refuse("withdraw", "officer").reasons[0]
    assert "没有申请撤回" in case.refuse("undo_withdraw", "petitioner").reasons[0]
    assert "没有申请撤回" in case.refuse("finalise_withdrawal", "system").reasons[0]
    case.take("withdraw", "petitioner")
    assert law.outlook(case.facts).act == "withdraw.undo"
    assert "已申请撤回" in case.refuse("urge", "petitioner").reasons[0]
    case.on(date(2026, 3, 9))
    assert "还没有过" in case.refuse("finalise_withdrawal", "system").reasons[0]
    case.take("undo_withdraw", "petitioner")
    assert case.facts.state == "accepted"
    assert "decision" in case.open
    case.take("withdraw", "petitioner")
    case.on(date(2026, 3, 17))
    assert "已经过了" in case.refuse("undo_withdraw", "petitioner").reasons[0]
    case.take(law.lapse_step(case.facts, "withdraw.undo"), "system")
    assert (case.closed, case.open) == ("withdrawn", {})
    assert "rate_unit" not in case.options("petitioner")


def test_recusal_stops_everything_but_itself() -> None:
    case = drive.at_unit()
    case.take("declare_recusal", "handler", reasons="来信人是我表哥")
    refusal = case.refuse("accept", "handler", recused=True)
    assert "回避" in refusal.reasons[0]
    assert refusal.cites == ("xinfang-2022:28(3)",)
    assert refusal.allowed == ()
    assert (
        law.options(case.facts, Actor(frozenset({"handler"}), UNIT, recused=True), case.at)[0].step == "declare_recusal"
    )
    case.take("approve_recusal", "head", handler=8, reasons="同意")
    assert case.decisions[-1].assigns == {"handler": 8}
    assert "没有人提出回避" in case.refuse("approve_recusal", "head", reasons="同意").reasons[0]
    office = drive.received()
    office.take("declare_recusal", "intake", reasons="认识")
    assert office.open["recusal"].owner == "office"


def test_records_keep_the_state() -> None:
    case = drive.at_unit()
    for step, role, inputs in (
        ("note", "handler", {"text": "下周去现场"}),
        ("relay", "officer", {"words": "请补充照片"}),
        ("add_material", "petitioner", {"words": "补充照片", "files": FILES}),
        ("correct_data", "petitioner", {"what": "电话", "words": "换号了"}),
        ("renew_code", "intake", {"reason": "查询码遗失"}),
        ("assign_handler", "head", {"handler": 7}),
        ("hand_over", "handler", {"handler": 8, "reasons": "休假"}),
        ("propose_class", "handler", {"route": "suggestion", "reasons": "是建议"}),
    ):
        case.take(step, role, inputs)
        assert case.facts.state == "at_unit"


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({}, "请填写这一项。"),
        ({"text": "   "}, "请填写这一项。"),
        ({"text": 7}, "请用文字填写。"),
        ({"text": "长" * 8001}, "写得太长了，请缩短一些。"),
    ],
)
def test_what_is_typed_is_checked_by_field(inputs: dict[str, Any], said: str) -> None:
    refusal = drive.at_unit().refuse("note", "handler", inputs)
    assert refusal.fields == {"text": said}


def test_optional_text_may_be_blank() -> None:
    drive.at_unit().take("accept", "handler", process="  ")


@pytest.mark.parametrize(
    "demands", ["路灯", [{**drive.DEMAND, "basis": " "}], [{**drive.DEMAND, "outcome": "maybe"}], ["路灯"]]
)
def test_each_demand_is_whole(demands: Any) -> None:
    case = drive.accepted()
    case.take("hear", "handler", way="phone", heard_on=case.today, statement="说了")
    case.take("investigate", "handler", way="查档", findings="属实")
    assert "demands" in case.refuse("draft_decision", "handler", outcome="support", demands=demands).fields


def test_a_refusal_says_what_would_be_allowed() -> None:
    case = drive.received()
    early = case.refuse("classify", "handler", route="redress")
    assert early.reasons == ("这一步要由别的岗位来做。",)
    assert "note" in early.allowed
    assert "classify" not in early.allowed
    assert case.refuse("fly", "officer").reasons == ("这类事项没有这一步。",)
    late = case.refuse("receive", "intake")
    assert late.reasons == ("这件事现在还不到这一步，或者已经过了这一步。",)
    assert "register" in late.allowed


def test_options_put_the_main_step_first() -> None:
    case = drive.at_unit()
    shown = law.options(case.facts, Actor(frozenset({"handler", "head"}), UNIT), case.at)
    assert shown[0].step == "accept"
    assert shown[0].documents == ("acceptance_notice",)
    assert shown[0].notices == ("accepted",)
    assert [bool(o.blocked) for o in shown] == sorted(bool(o.blocked) for o in shown)


def test_the_outlook_is_a_sentence_with_a_date() -> None:
    case = drive.accepted()
    assert law.outlook(case.facts).text == "{organ}正在办理，最晚{due}给您书面答复。"
    closed = drive.received()
    closed.take("answer_on_spot", "intake", reply="可以办")
    assert law.outlook(closed.facts).act == ""


def test_labels_and_stations() -> None:
    assert law.state_label("redress", "accepted") == "正在办理"
    assert law.first_state("redress") == "sorted"
    assert [s.key for s in law.stations("redress")] == [
        "received",
        "passed",
        "handling",
        "answered",
        "executed",
        "closed",
    ]
    assert {p.name for p in law.procedures()} == {"intake", "redress", "inquiry", "suggestion", "report", "guidance"}
    assert law.event_label("redress.accept") == "已受理"
    assert law.event_label("obligation.missed")
    kinds = {kind.event: kind for kind in law.events()}
    assert not kinds["case.note"].public
    assert kinds["redress.accept"].public
    assert ("accepted", "petitioner") in law.notice_texts()


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
