"""Steps that every kind of case shares: sealing, passing on, objecting, ruling, recording, urging, withdrawing, recusal."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from xinqiao.kernel.words import N_
from xinqiao.law.engine import OFFICE, STAFF, UNIT, Edge, Opens, due_for, field_, tell
from xinqiao.law.procedures.guards import after, has, is_open, lacks, not_open, open_to_all, within
from xinqiao.law.types import Actor, Choice, Decision, DocMove, Facts, Open, Settle

RETURNS_BEFORE_RULING = 2
REASONS = 10  # characters: an objection is "explained in detail" (Art. 23 para 3), one word is not

TRANSFER_STATES = ("sorted", "referred", "at_unit", "objected", "returned", "jurisdiction")


def _passed_on(facts: Facts, inputs: Mapping[str, Any], actor: Actor, at: datetime, decision: Decision) -> Decision:
    """Each assisting organ owes its part within its own term."""
    start = decision.dates["referred"]
    owed = tuple(
        Open("assist", f"assist:{organ}", "duty", due_for(facts, "assist", start), N_("提交协办情况"))
        for organ in inputs.get("assists") or ()
    )
    assigns = {**decision.assigns, "assists": list(inputs.get("assists") or ())}
    told = tuple(note for organ in assigns["assists"] for note in tell("assist_asked", f"assist:{organ}"))
    return replace(decision, opens=decision.opens + owed, assigns=assigns, notices=decision.notices + told)


def _lead_apart(facts: Facts, inputs: Mapping[str, Any], at: datetime) -> Mapping[str, str]:
    if inputs["lead"] in (inputs.get("assists") or ()):
        return {"assists": N_("主办单位不能同时是协办单位，请去掉一处。")}
    return {}


def _explained(facts: Facts, inputs: Mapping[str, Any], at: datetime) -> Mapping[str, str]:
    if len(str(inputs["reasons"]).strip()) < REASONS:
        return {"reasons": N_("请把理由写详细些：为什么不属于本单位职权，依据是什么。")}
    return {}


def _returned(facts: Facts, inputs: Mapping[str, Any], actor: Actor, at: datetime, decision: Decision) -> Decision:
    """The first return goes to another organ, the second to a ruling (no ping-pong)."""
    today = decision.dates["returned"]
    assigns: dict[str, Any] = {"lead": None, "assists": [], "handler": None}
    if facts.counts.get("returns", 0) + 1 < RETURNS_BEFORE_RULING:
        owed = Open("refer_again", "office", "duty", due_for(facts, "refer_again", today), N_("重新转送"))
        return replace(decision, opens=(owed,), assigns=assigns)
    owed = Open("rule", "arbiter", "duty", due_for(facts, "ruling", today), N_("裁定由谁受理"))
    return replace(
        decision,
        state="jurisdiction",
        opens=(owed,),
        assigns={**assigns, "ruling": inputs["arbiter"]},
        notices=tell("ruling_asked", "arbiter"),
    )


def _arbiter_named(facts: Facts, inputs: Mapping[str, Any], at: datetime) -> Mapping[str, str]:
    second = facts.counts.get("returns", 0) + 1 >= RETURNS_BEFORE_RULING
    if second and not inputs.get("arbiter"):
        return {"arbiter": N_("这是第二次退回，请选择裁定由谁受理的上级机关或者联席会议。")}
    return {}


_ORGANS = (
    field_("lead", N_("主办单位"), "organ", help=N_("依照职责有权处理这件事的单位")),
    field_("assists", N_("协办单位"), "organs", required=False),
)
_TASK = (
    field_("task", N_("请他们办什么"), "long", required=False, help=N_("写清要查什么、办什么、答复什么")),
    field_("content_code", N_("内容分类"), "content", required=False),
    field_("area_code", N_("问题属地"), "area", required=False),
)


def _arrival(notice: Opens) -> tuple[Opens, ...]:
    return (
        Opens("sign_for", "lead", "sign_for", "referred", N_("签收")),
        notice,
        Opens("objection", "lead", "objection", "referred", N_("不属于本单位职权的，可以提出异议"), "window"),
    )


NOTICE = Opens("notice", "lead", "notice", "referred", N_("书面告知是否受理"))


def transfer(notice: Opens = NOTICE) -> tuple[Edge, ...]:
    """From sorted to at_unit and all that may happen between (Arts. 22-24). `notice` is the duty that arrives with the case."""
    passed = {
        "needs": (*_ORGANS, *_TASK),
        "checks": (_lead_apart,),
        "documents": (DocMove("referral_slip", "sealed", fresh=True),),
        "dates": ("referred",),
        "assigns": ("lead", "content_code", "area_code"),
        "opens": _arrival(notice),
        "effect": _passed_on,
        "may_open": ("assist",),
        "notices": (*tell("referred", "lead"), *tell("passed_on", "petitioner")),
        "shared": True,
        "weight": "primary",
    }
    return (
        Edge(
            "refer",
            ("sorted",),
            "referred",
            ("officer",),
            N_("转送"),
            ("xinfang-2022:22", "xinfang-2022:22(2)"),
            N_("转给有权处理的单位，同时告诉来信人去向"),
            settles=("refer",),
            guards=(open_to_all,),
            done=N_("已转给承办单位"),
            **passed,
        ),
        Edge(
            "refer_again",
            ("returned",),
            "referred",
            ("officer",),
            N_("重新转送"),
            ("xinfang-2022:22", "xinfang-2022:23(3)"),
            N_("原单位说明不属于它的职权，请转给别的单位"),
            settles=("refer_again",),
            done=N_("已转给另一个单位"),
            **passed,
        ),
        Edge(
            "sign_for",
            ("referred",),
            "at_unit",
            UNIT,
            N_("签收"),
            ("xinfang-2022:23(3)",),
            N_("签收不改变期限：从转到本单位那天起算"),
            settles=("sign_for",),
            dates=("signed_for",),
            shared=True,
            weight="primary",
            done=N_("承办单位已签收"),
        ),
        Edge(
            "object",
            ("referred", "at_unit"),
            "objected",
            UNIT,
            N_("提出异议"),
            ("xinfang-2022:23(3)",),
            N_("不属于本单位职权的，5 个工作日内说明理由"),
            needs=(
                field_("reasons", N_("为什么不属于本单位职权"), "long"),
                field_("suggested", N_("建议转给哪个单位"), "organ", required=False),
            ),
            guards=(
                lacks("ruled", N_("由谁受理已经裁定，不能再提异议。")),
                within("objection", "referred", N_("提出异议的期限（5 个工作日）已经过了。")),
            ),
            checks=(_explained,),
            settles=("objection", "sign_for"),
            dates=("objected",),
            counts=("objections",),
            documents=(DocMove("objection", "sealed", fresh=True),),
            opens=(Opens("objection.answer", "office", "objection.answer", "objected", N_("核实异议")),),
            notices=tell("objected", "office"),
            shared=True,
            weight="danger",
            done=N_("承办单位提出异议，信访部门正在核实"),
        ),
        Edge(
            "accept_objection",
            ("objected",),
            "returned",
            ("officer",),
            N_("同意异议，收回"),
            ("xinfang-2022:23(3)", "xinfang-2022:24(1)"),
            N_("第二次退回必须提请裁定"),
            also=("jurisdiction",),
            needs=(
                field_("reasons", N_("核实情况"), "long"),
                field_("arbiter", N_("提请谁裁定"), "organ", required=False, help=N_("第二次退回时必填")),
            ),
            checks=(_arbiter_named,),
            settles=("objection.answer",),
            lifts=("notice", "sign_for", "assist"),
            dates=("returned",),
            counts=("returns",),
            flags=("returned",),
            effect=_returned,
            may_open=("refer_again", "rule"),
            shared=True,
            weight="primary",
            done=N_("异议成立，正在另选承办单位"),
        ),
        Edge(
            "reject_objection",
            ("objected",),
            "at_unit",
            ("officer",),
            N_("不同意异议"),
            ("xinfang-2022:23(3)",),
            N_("由该单位继续办，告知期限照旧"),
            needs=(field_("reasons", N_("理由"), "long"),),
            settles=("objection.answer",),
            flags=("ruled",),
            notices=tell("objection_rejected", "lead"),
            shared=True,
            done=N_("异议不成立，由原单位继续办理"),
        ),
        Edge(
            "negotiate",
            ("objected", "returned", "jurisdiction"),
            "",
            ("officer",),
            N_("记录协商"),
            ("xinfang-2022:24(1)",),
            N_("涉及几个单位的，先协商由谁受理"),
            needs=(field_("organs", N_("参加协商的单位"), "organs"), field_("outcome", N_("协商结果"), "long")),
            flags=("negotiated",),
            shared=True,
            private=True,
        ),
        Edge(
            "ask_ruling",
            ("returned",),
            "jurisdiction",
            ("officer",),
            N_("提请裁定"),
            ("xinfang-2022:24(1)",),
            N_("协商不成的，由共同上一级或者联席会议决定"),
            needs=(field_("arbiter", N_("提请谁裁定"), "organ"), field_("reasons", N_("争议在哪里"), "long")),
            guards=(has("negotiated", N_("先记录各单位协商的情况，再提请裁定。")),),
            settles=("refer_again",),
            dates=("ruling_asked",),
            assigns=(),
            effect=_ask_arbiter,
            may_open=("rule",),
            notices=tell("ruling_asked", "arbiter"),
            shared=True,
            done=N_("几个单位对由谁受理有争议，已提请裁定"),
        ),
        Edge(
            "rule",
            ("jurisdiction",),
            "referred",
            ("arbiter",),
            N_("裁定由谁受理"),
            ("xinfang-2022:24(1)", "xinfang-2022:24(2)"),
            N_("裁定后该单位不能再提异议"),
            needs=(*_ORGANS, field_("reasons", N_("裁定理由和依据"), "long")),
            checks=(_lead_apart,),
            settles=("rule",),
            dates=("referred", "ruled"),
            flags=("ruled",),
            assigns=("lead",),
            documents=(DocMove("jurisdiction_ruling", "sealed", fresh=True),),
            opens=(Opens("sign_for", "lead", "sign_for", "referred", N_("签收")), notice),
            effect=_passed_on,
            may_open=("assist",),
            notices=(*tell("ruled", "lead", "office"), *tell("passed_on", "petitioner")),
            shared=True,
            weight="primary",
            done=N_("已裁定由谁受理"),
        ),
        Edge(
            "lapse_objection",
            ("referred", "at_unit", "objected"),
            "",
            ("system",),
            N_("异议期已过"),
            ("xinfang-2022:23(3)",),
            guards=(
                is_open("objection", N_("没有开着的异议期。")),
                after("objection", "referred", N_("异议期还没有过。")),
            ),
            lifts=("objection",),
            shared=True,
            private=True,
            lapses="objection",
        ),
    )


def _ask_arbiter(facts: Facts, inputs: Mapping[str, Any], actor: Actor, at: datetime, decision: Decision) -> Decision:
    owed = Open("rule", "arbiter", "duty", due_for(facts, "ruling", decision.dates["ruling_asked"]), N_("裁定由谁受理"))
    return replace(decision, opens=(owed,), assigns={"ruling": inputs["arbiter"]})


def _urged(facts: Facts, inputs: Mapping[str, Any], actor: Actor, at: datetime, decision: Decision) -> Decision:
    owner = "lead" if facts.lead is not None else "office"
    due = due_for(facts, "urge.answer", decision.dates["urged"])
    return replace(
        decision, opens=(Open("urge.answer", owner, "duty", due, N_("回应催办")),), notices=tell("urged", owner)
    )


def _helped(facts: Facts, inputs: Mapping[str, Any], actor: Actor, at: datetime, decision: Decision) -> Decision:
    return replace(decision, settles=(Settle("assist", "met", f"assist:{actor.organ}"),))


def _sealed(facts: Facts, inputs: Mapping[str, Any], actor: Actor, at: datetime, decision: Decision) -> Decision:
    return replace(decision, seals=decision.step == "seal")


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


def records(states: tuple[str, ...]) -> tuple[Edge, ...]:
    """What may be recorded or said in any of `states` without moving the case."""
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
        ),
        Edge(
            "withdraw",
            states,
            "",
            ("petitioner",),
            N_("撤回"),
            ("local:withdraw",),
            N_("只有您本人能撤回；7 天内可以反悔，不会算作“已解决”"),
            needs=(field_("words", N_("为什么撤回（可以不写）"), "long", required=False),),
            guards=(lacks("withdrawing", N_("您已经申请撤回。")),),
            dates=("withdraw_asked",),
            flags=("withdrawing",),
            opens=(
                Opens("withdraw.undo", "petitioner", "withdraw.undo", "withdraw_asked", N_("可以反悔撤回"), "window"),
            ),
            notices=tell("withdraw_asked", "petitioner", "office"),
            shared=True,
            weight="danger",
            done=N_("您申请撤回"),
        ),
        Edge(
            "undo_withdraw",
            states,
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
        ),
        Edge(
            "finalise_withdrawal",
            states,
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
        ),
        Edge(
            "seal",
            states,
            "",
            (*OFFICE, "petitioner", "system"),
            N_("密封"),
            ("xinfang-2022:30(3)", "xinfang-2022:46"),
            N_("只留给指定的人看；涉及检举控告的应当密封"),
            needs=(field_("reasons", N_("为什么密封"), "long", required=False),),
            guards=(lambda facts, inputs, at: N_("已经密封。") if facts.sealed else "",),
            effect=_sealed,
            shared=True,
            private=True,
        ),
        Edge(
            "unseal",
            states,
            "",
            ("officer",),
            N_("解除密封"),
            ("xinfang-2022:30(3)",),
            N_("只有被指定的人能解除，理由留在案卷里"),
            needs=(field_("reasons", N_("为什么可以解除"), "long"),),
            guards=(lambda facts, inputs, at: "" if facts.sealed else N_("这件事没有密封。"),),
            effect=_sealed,
            shared=True,
            private=True,
            weight="danger",
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
