"""Suggestions and opinions: studied, adopted in whole or part or not, and answered (Art. 29). No review follows."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from xinqiao.kernel.words import N_
from xinqiao.law.engine import UNIT, Edge, Opens, Procedure, State, due_for, field_, tell
from xinqiao.law.procedures.closing import ANSWER_MADE, SERVICE, check_service, close, lapse, rating, served_day
from xinqiao.law.procedures.guards import not_open
from xinqiao.law.procedures.joining import MAIN, WITH_MAIN, answering, follows
from xinqiao.law.procedures.records import records, unit_records
from xinqiao.law.procedures.sorting import PROPOSE_CLASS, reclassify, transfer_states
from xinqiao.law.procedures.transfer import transfer
from xinqiao.law.types import Actor, Choice, Decision, DocMove, Facts, Open, Station

_REPLY = N_("{organ}正在研究您的建议，最晚{due}回复您。")
# fmt: off
STATES = (
    *transfer_states(),
    State("studying", N_("正在研究"), "lead", N_("{organ}正在研究您的建议。"), (("reply", _REPLY),)),
    State("drafted", N_("回复待签发"), "lead", N_("{organ}正在审签给您的回复。"), (("reply", _REPLY),)),
    State("replied", N_("回复待送达"), "lead", N_("回复已经作出，正在送给您。"), (("reply", N_("回复已经作出，最晚{due}送给您。")),)),
    State("served", N_("已回复"), "petitioner", N_("建议已经回复，谢谢您。"), (("evaluation", N_("建议已经回复，谢谢您。{due}以前可以评价。")),)),
    State("closed", N_("已办结"), "", N_("这件建议已经办结，谢谢您。"), end=True),
)
# fmt: on
OPEN = tuple(s.key for s in STATES if not s.end)
ADOPTION = (Choice("adopt", N_("采纳")), Choice("partly", N_("部分采纳")), Choice("not", N_("不采纳")))


def _reasoned(facts: Facts, inputs: Mapping[str, Any], at: datetime) -> Mapping[str, str]:
    if inputs["outcome"] != "adopt" and not str(inputs.get("reasons") or "").strip():
        return {"reasons": N_("没有全部采纳的，请说明理由。")}
    return {}


def _served(facts: Facts, inputs: Mapping[str, Any], actor: Actor, at: datetime, decision: Decision) -> Decision:
    decision = served_day(inputs, decision, "reply")
    due = due_for(facts, "evaluation", decision.dates["served"])
    return replace(decision, opens=(Open("evaluation", "petitioner", "window", due, N_("可以评价")),))


_REPLIED = (
    field_("outcome", N_("是否采纳"), "choice", choices=ADOPTION),
    field_("reply", N_("回复内容"), "long"),
    field_("reasons", N_("理由"), "long", required=False, when=N_("没有全部采纳要写")),
    field_("measures", N_("采纳后怎样落实"), "long", required=False),
)

# fmt: off
EDGES = (
    *transfer(Opens("notice", "lead", "suggestion.notice", "referred", N_("书面告知建议已收到"))),
    reclassify("sorted", "returned"),
    PROPOSE_CLASS,
    Edge(
        "study", ("at_unit",), "studying", UNIT, N_("开始研究并告知"), ("xinfang-2022:23(3)", "xinfang-2022:29(1)"),
        N_("书面告诉提建议的人：已收到，怎样研究"), needs=(field_("process", N_("告诉来信人怎样研究"), "long", required=False),),
        settles=("notice",), lifts=("objection",), dates=("accepted",), documents=(DocMove("acceptance_notice", "sealed"),),
        opens=(Opens("reply", "lead", "suggestion.reply", "accepted", N_("回复建议")),), notices=tell("progress", "petitioner"),
        weight="primary", done=N_("已开始研究您的建议"), staff=N_("开始研究建议"),
    ),
    Edge(
        "draft_reply", ("studying",), "drafted", UNIT, N_("起草回复"), ("xinfang-2022:29(1)",),
        needs=_REPLIED,
        checks=(_reasoned,), documents=(DocMove("suggestion_reply", "drafted"),), weight="primary", private=True,
    ),
    Edge(
        "return_draft", ("drafted",), "studying", UNIT, N_("退回修改"), ("xinfang-2022:29(1)",),
        needs=(field_("reasons", N_("改哪里"), "long"),), private=True,
    ),
    Edge(
        "sign_reply", ("drafted",), "replied", ("head",), N_("签发回复"), ("xinfang-2022:29(1)",),
        documents=(DocMove("suggestion_reply", "sealed"),), dates=("decided",), weight="primary", done=N_("回复已经作出"), **ANSWER_MADE,
    ),
    Edge(
        "answer_with_main", ("studying", "drafted"), "replied", UNIT, N_("随主件一并答复"), ("xinfang-2022:29(1)", "local:link"),
        needs=(MAIN, *_REPLIED), guards=(follows,), checks=(_reasoned,), documents=(DocMove("suggestion_reply", "sealed", fresh=True),),
        dates=("decided",), joined=True, done=WITH_MAIN, **ANSWER_MADE,
    ),
    answering(("replied", "served"), UNIT, "xinfang-2022:29(1)"),
    Edge(
        "serve", ("replied",), "served", UNIT, N_("登记送达"), ("xinfang-2022:29(1)", "minsu:service"), needs=SERVICE,
        guards=(not_open("notice", N_("还没有告知。")),), checks=(check_service("decided"),),
        documents=(DocMove("suggestion_reply", "served"),), lifts=("assist",),
        effect=_served, may_settle=("reply",), may_open=("evaluation",),
        weight="primary", notices=tell("reply", "petitioner"), done=N_("回复已送达"),
    ),
    *rating("served"),
    lapse("evaluation", "lapse_evaluation", "served", "local:evaluation", N_("评价期已过"), "served"),
    close(("served",), (), "replied", "xinfang-2022:29(1)"),
    *unit_records(("at_unit", "studying", "drafted", "replied", "served")),
    *records(OPEN, ("replied", "served")),
)

# fmt: on
PROCEDURE = Procedure(
    "suggestion",
    N_("建议意见"),
    STATES,
    (
        Station("received", N_("收到"), ("sorted",)),
        Station("passed", N_("转送"), ("referred", "at_unit", "objected", "returned", "jurisdiction")),
        Station("handling", N_("研究"), ("studying", "drafted")),
        Station("answered", N_("回复"), ("replied", "served")),
        Station("closed", N_("办结"), ("closed",)),
    ),
    EDGES,
    "sorted",
)
