"""Steps that every case shares, what is checked of an input, and what people are told."""

from datetime import date
from typing import Any

import pytest

from tests.law import drive
from tests.law.drive import FILES, UNIT
from xinqiao import law
from xinqiao.law.types import Actor

LONG = "这条路的路灯由市政中心养护，不归街道管"
SERVE: dict[str, Any] = {"method": "in_person", "proof": FILES}


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
