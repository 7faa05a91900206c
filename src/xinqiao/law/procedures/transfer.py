"""From a sorted matter to a unit that has it: passing on, signing, objecting, negotiating, ruling (Arts. 22-24)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from xinqiao.kernel.words import N_
from xinqiao.law.engine import UNIT, Edge, Opens, due_for, field_, tell
from xinqiao.law.procedures.guards import after, has, is_open, lacks, open_to_all, within
from xinqiao.law.procedures.sealing import without_lead
from xinqiao.law.types import Actor, Decision, DocMove, Facts, Open

RETURNS_BEFORE_RULING = 2
REASONS = 10  # characters: an objection is "explained in detail" (Art. 23 para 3), one word is not


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
    decision = without_lead(facts, decision)
    if facts.counts.get("returns", 0) + 1 < RETURNS_BEFORE_RULING:
        owed = Open("refer_again", "office", "duty", due_for(facts, "refer_again", today), N_("重新转送"))
        return replace(decision, opens=(*decision.opens, owed))
    owed = Open("rule", "arbiter", "duty", due_for(facts, "ruling", today), N_("裁定由谁受理"))
    return replace(
        decision,
        state="jurisdiction",
        opens=(*decision.opens, owed),
        assigns={**decision.assigns, "ruling": inputs["arbiter"]},
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
    passed: dict[str, Any] = {
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
            settles=("refer", "refer_again"),
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
            guards=(open_to_all,),
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
                field_("arbiter", N_("提请谁裁定"), "organ", required=False, when=N_("第二次退回要填")),
            ),
            checks=(_arbiter_named,),
            settles=("objection.answer",),
            lifts=("notice", "sign_for", "assist", "decision"),
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
