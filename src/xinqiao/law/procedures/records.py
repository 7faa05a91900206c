"""Steps that keep the state: what is recorded, said, asked for, sealed or taken back while a case is on its way."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from xinqiao.kernel.words import N_
from xinqiao.law.engine import OFFICE, STAFF, UNIT, Edge, Opens, due_for, field_, tell
from xinqiao.law.procedures.guards import after, has, is_open, lacks, not_open, within
from xinqiao.law.procedures.joining import linking
from xinqiao.law.procedures.sealing import sealing
from xinqiao.law.procedures.succession import succession
from xinqiao.law.types import Actor, Choice, Decision, DocMove, Facts, Open, Settle


def _urged(facts: Facts, inputs: Mapping[str, Any], actor: Actor, at: datetime, decision: Decision) -> Decision:
    with_unit = facts.lead is not None and facts.procedure != "report"  # of a report the office answers
    owner = "lead" if with_unit else "office"
    due = due_for(facts, "urge.answer", decision.dates["urged"])
    return replace(
        decision, opens=(Open("urge.answer", owner, "duty", due, N_("回应催办")),), notices=tell("urged", owner)
    )


def _helped(facts: Facts, inputs: Mapping[str, Any], actor: Actor, at: datetime, decision: Decision) -> Decision:
    return replace(decision, settles=(Settle("assist", "met", f"assist:{actor.organ}"),))


def _recusal_asked(facts: Facts, inputs: Mapping[str, Any], actor: Actor, at: datetime, decision: Decision) -> Decision:
    owner = "lead" if facts.lead is not None else "office"
    due = due_for(facts, "recusal", decision.dates["recusal_asked"])
    return replace(decision, opens=(Open("recusal", owner, "duty", due, N_("决定是否回避")),))


VISIT_NEEDS = (
    field_("visited_on", N_("哪天去的"), "date"),
    field_("place", N_("在哪里"), "text"),
    field_("findings", N_("看到的情况"), "long"),
    field_("photos", N_("照片"), "files", required=False),
)


def records(states: tuple[str, ...], answered: tuple[str, ...] = ()) -> tuple[Edge, ...]:
    """What may be recorded or said in any of `states` without moving the case.

    In `answered` the answer has been made: there is nothing left to take back (local:withdraw).
    """
    unanswered = tuple(state for state in states if state not in answered)
    calls = (Choice("phone", N_("电话")), Choice("in_person", N_("当面")), Choice("message", N_("短信或者网上")))
    return (
        Edge(
            "note",
            states,
            "",
            STAFF,
            N_("内部备注"),
            ("local:note",),
            N_("只有工作人员看得到"),
            needs=(field_("text", N_("备注"), "long"),),
            shared=True,
            private=True,
        ),
        Edge(
            "contact",
            states,
            "",
            ("intake", "officer", "handler", "head", "assistant"),
            N_("记录联系"),
            ("xinfang-2022:28(1)",),
            N_("和来信人联系过，记下说了什么；有催办的，同时算作回应"),
            needs=(field_("way", N_("怎么联系的"), "choice", choices=calls), field_("words", N_("说了什么"), "long")),
            counts=("contacts",),
            flags=("contacted",),
            clears=("urged",),
            settles=("urge.answer",),
            shared=True,
            done=N_("工作人员与您联系"),
            staff=N_("与来信人联系"),
        ),
        Edge(
            "relay",
            states,
            "",
            OFFICE,
            N_("转告"),
            ("xinfang-2022:21(2)",),
            N_("来信人要求保密的，由信访部门居中转告"),
            needs=(field_("words", N_("转告的内容"), "long"),),
            notices=tell("relayed", "petitioner"),
            shared=True,
            done=N_("信访部门转告消息"),
            staff=N_("信访部门转告来信人"),
        ),
        Edge(
            "add_material",
            states,
            "",
            ("petitioner",),
            N_("补充材料"),
            ("xinfang-2022:19(1)",),
            N_("补充事实、理由、照片或者文件"),
            needs=(
                field_("words", N_("补充什么"), "long"),
                field_("files", N_("照片或者文件"), "files", required=False),
            ),
            notices=tell("material_added", "lead", "office"),
            counts=("materials",),
            shared=True,
            done=N_("您补充了材料"),
            staff=N_("来信人补充材料"),
        ),
        Edge(
            "correct_data",
            states,
            "",
            ("petitioner",),
            N_("更正我的信息"),
            ("xinfang-2022:21(2)", "pipl:46"),
            N_("电话、地址变了，或者当时写错了"),
            needs=(field_("what", N_("更正哪一项"), "text"), field_("words", N_("正确的是"), "text")),
            shared=True,
            done=N_("您更正了自己的信息"),
            staff=N_("来信人更正个人信息"),
        ),
        Edge(
            "urge",
            states,
            "",
            ("petitioner",),
            N_("催一下"),
            ("xinfang-2022:21(2)", "local:urge"),
            N_("承办单位 3 个工作日内要给您回音"),
            needs=(field_("words", N_("想说的话"), "long", required=False),),
            guards=(
                not_open("urge.answer", N_("您已经催过，正在等回音；超过期限系统会提醒他们的上级。")),
                lacks("withdrawing", N_("您已申请撤回，要继续办请先反悔撤回。")),
            ),
            dates=("urged",),
            flags=("urged",),
            counts=("urges",),
            effect=_urged,
            may_open=("urge.answer",),
            shared=True,
            done=N_("您催办了一次"),
            staff=N_("来信人催办"),
        ),
        Edge(
            "withdraw",
            unanswered,
            "",
            ("petitioner",),
            N_("撤回"),
            ("local:withdraw",),
            N_("答复作出以前可以撤回，只有您本人能撤回；7 天内可以反悔，不会算作“已解决”"),
            needs=(field_("words", N_("为什么撤回（可以不写）"), "long", required=False),),
            guards=(
                lacks("withdrawing", N_("您已经申请撤回。")),
                lacks("correcting", N_("答复已经作出，只是在更正笔误，不能再撤回。")),
            ),
            dates=("withdraw_asked",),
            flags=("withdrawing",),
            opens=(
                Opens("withdraw.undo", "petitioner", "withdraw.undo", "withdraw_asked", N_("可以反悔撤回"), "window"),
            ),
            notices=tell("withdraw_asked", "petitioner", "office"),
            shared=True,
            weight="danger",
            done=N_("您申请撤回"),
            staff=N_("来信人申请撤回"),
        ),
        Edge(
            "undo_withdraw",
            unanswered,
            "",
            ("petitioner",),
            N_("不撤回了，继续办"),
            ("local:withdraw",),
            guards=(
                has("withdrawing", N_("您没有申请撤回。")),
                _still_undoable,
            ),
            clears=("withdrawing",),
            settles=("withdraw.undo",),
            notices=tell("withdraw_undone", "office", "lead"),
            shared=True,
            weight="primary",
            done=N_("您反悔了撤回，事情继续办理"),
            staff=N_("来信人取消撤回，继续办理"),
        ),
        Edge(
            "finalise_withdrawal",
            unanswered,
            "closed",
            ("system",),
            N_("撤回生效"),
            ("local:withdraw",),
            guards=(
                has("withdrawing", N_("没有申请撤回。")),
                _undo_is_over,
            ),
            settles=(),
            closes="withdrawn",
            documents=(DocMove("withdrawal_note", "sealed"),),
            notices=tell("withdrawn", "petitioner", "lead"),
            shared=True,
            lapses="withdraw.undo",
            done=N_("撤回生效，按您的意愿结束"),
            staff=N_("撤回生效，按来信人的意愿结束"),
        ),
        *sealing(states),
        *linking(states),
        succession(states),
        Edge(
            "renew_code",
            (*states, "closed"),
            "",
            OFFICE,
            N_("换查询码"),
            ("xinfang-2022:21(2)", "local:renew_code"),
            N_("本人到窗口核对身份以后换，旧的马上作废；办结的事也可以换"),
            needs=(field_("reason", N_("为什么换"), "long"),),
            notices=tell("code_renewed", "petitioner"),
            shared=True,
            done=N_("换了新的查询码"),
            staff=N_("来信人换了查询码"),
        ),
        Edge(
            "declare_recusal",
            states,
            "",
            STAFF,
            N_("我应当回避"),
            ("xinfang-2022:28(3)",),
            N_("与这件事或者来信人有直接利害关系的，应当回避"),
            needs=(field_("reasons", N_("有什么关系"), "long"),),
            guards=(not_open("recusal", N_("已经有人提出回避，请先决定。")),),
            dates=("recusal_asked",),
            flags=("recusal",),
            effect=_recusal_asked,
            may_open=("recusal",),
            shared=True,
            private=True,
            recusal=True,
            staff=N_("工作人员提出应当回避"),
        ),
        Edge(
            "approve_recusal",
            states,
            "",
            ("head", "officer"),
            N_("决定回避，换人办理"),
            ("xinfang-2022:28(3)",),
            needs=(field_("handler", N_("换谁办理"), "post", required=False), field_("reasons", N_("决定"), "long")),
            guards=(is_open("recusal", N_("没有人提出回避。")),),
            settles=("recusal",),
            clears=("recusal",),
            assigns=("handler",),
            shared=True,
            private=True,
            recusal=True,
        ),
    )


def _still_undoable(facts: Facts, inputs: Mapping[str, Any], at: datetime) -> str:
    if "withdrawing" not in facts.flags:
        return ""
    return within("withdraw.undo", "withdraw_asked", N_("反悔的 7 天已经过了。您可以随时重新提出。"))(facts, inputs, at)


def _undo_is_over(facts: Facts, inputs: Mapping[str, Any], at: datetime) -> str:
    if "withdrawing" not in facts.flags:
        return ""
    return after("withdraw.undo", "withdraw_asked", N_("反悔的 7 天还没有过。"))(facts, inputs, at)


def unit_records(states: tuple[str, ...]) -> tuple[Edge, ...]:
    """What the unit records while it has the case: visits, who handles it, the part of assisting organs."""
    return (
        Edge(
            "assign_handler",
            states,
            "",
            ("head",),
            N_("指定承办人"),
            ("xinfang-2022:14(2)",),
            needs=(field_("handler", N_("承办人"), "post"), field_("words", N_("交代"), "long", required=False)),
            assigns=("handler",),
            shared=True,
            private=True,
        ),
        Edge(
            "hand_over",
            states,
            "",
            UNIT,
            N_("移交给同事"),
            ("local:hand_over",),
            N_("期限不变，手上的事一并移交"),
            needs=(field_("handler", N_("交给谁"), "post"), field_("reasons", N_("为什么移交，办到哪一步"), "long")),
            assigns=("handler",),
            shared=True,
            private=True,
        ),
        Edge(
            "site_visit",
            states,
            "",
            (*UNIT, "assistant"),
            N_("记录现场查看"),
            ("xinfang-2022:31(6)",),
            needs=VISIT_NEEDS,
            counts=("visits",),
            flags=("investigated",),
            shared=True,
            done=N_("工作人员到现场查看"),
            staff=N_("到现场查看"),
        ),
        Edge(
            "assist_report",
            states,
            "",
            ("assistant",),
            N_("提交协办情况"),
            ("local:assist",),
            needs=(field_("words", N_("协办情况"), "long"), field_("files", N_("材料"), "files", required=False)),
            guards=(is_open("assist", N_("没有要提交的协办情况。")),),
            effect=_helped,
            may_settle=("assist",),
            notices=tell("assist_done", "lead"),
            shared=True,
            private=True,
            weight="primary",
        ),
    )
