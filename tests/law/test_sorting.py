"""From the first word to a unit that has the matter: sorting, sealing, passing on, objecting, ruling, answering at once."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.law import drive
from tests.law.drive import ARBITER, ASSIST, DISCIPLINE, FILES, OTHER, UNIT
from xinqiao import law

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


def test_a_matter_sealed_late_is_taken_from_the_unit() -> None:
    case = drive.accepted()
    case.take("urge", "petitioner")
    assert "别的岗位" in case.refuse("seal", "petitioner").reasons[0]
    assert case.take("seal", "officer", reasons="反映承办单位负责人").seals is True
    assert (case.facts.state, case.facts.lead) == ("sorted", None)
    assert {act: o.owner for act, o in case.open.items()} == {"refer_again": "office", "urge.answer": "office"}
    case.take("reclassify", "officer", route="report", reasons="是检举控告")
    assert "不能解除密封" in case.refuse("unseal", "officer", title="x", reasons="x").reasons[0]
    case.take("hand_over_report", "officer", lead=DISCIPLINE, reasons="按管理权限")
    assert set(case.open) == {"urge.answer"}


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
