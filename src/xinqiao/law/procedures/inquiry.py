"""Inquiries and small daily matters: sent on, looked at, answered, asked back, closed, within the hour if all goes well.

The terms are those of simplified handling (简易办理): sign within 3 working days, answer within 10, each further hop 1.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from xinqiao.kernel.words import N_
from xinqiao.law.engine import OFFICE, UNIT, Edge, Opens, Procedure, State, due_for, field_, tell
from xinqiao.law.procedures.closing import ANSWER_MADE, close, lapse, rating
from xinqiao.law.procedures.guards import open_to_all
from xinqiao.law.procedures.joining import MAIN, WITH_MAIN, answering, follows
from xinqiao.law.procedures.records import records, unit_records
from xinqiao.law.procedures.sealing import without_lead
from xinqiao.law.procedures.sorting import JUDGED, PROPOSE_CLASS, reclassify
from xinqiao.law.types import Actor, Choice, Decision, Facts, Open, Station

# fmt: off
STATES = (
    State("sorted", N_("已登记，待派单"), "office", N_("您的来件正在派给办理的人。"),
          (("refer_again", N_("您的来件最晚{due}重新派给办理的人。")), ("refer", N_("您的来件最晚{due}派给办理的人，一般当天就派。")))),
    State("dispatched", N_("已派单，待签收"), "lead", N_("已派给{organ}。"), (("sign_for", N_("已派给{organ}，最晚{due}签收。")),)),
    State("at_unit", N_("正在办理"), "lead", N_("{organ}正在办理。"), (("answer", N_("{organ}正在办理，最晚{due}答复您。")),)),
    State("answered", N_("已答复"), "office", N_("已经答复您。满意不满意，请您说一声。"),
          (("evaluation", N_("已经答复您。满意不满意，{due}以前请您说一声。")),)),
    State("closed", N_("已办结"), "", N_("这件事已经办结。有新的情况随时可以再提。"), end=True),
)
# fmt: on
OPEN = tuple(s.key for s in STATES if not s.end)
WAYS = (
    Choice("phone", N_("电话")),
    Choice("in_person", N_("当面")),
    Choice("message", N_("短信或者网上")),
    Choice("written", N_("书面")),
)
RESOLVED = {"yes": {"asked_back", "resolved"}, "no": {"asked_back", "unresolved"}, "unreached": {"unreached"}}


def _asked_back(facts: Facts, inputs: Mapping[str, Any], actor: Actor, at: datetime, decision: Decision) -> Decision:
    flags = RESOLVED[inputs["resolved"]]
    return replace(
        decision, flags_set=frozenset(flags), flags_cleared=frozenset({"resolved", "unresolved", "unreached"} - flags)
    )


def _ordinary(facts: Facts, inputs: Mapping[str, Any], actor: Actor, at: datetime, decision: Decision) -> Decision:
    """Back to the office to be passed on in the ordinary way; the term of referral runs from the original receipt."""
    due = due_for(facts, "referral", facts.received_on)
    decision = replace(
        decision,
        procedure="redress",
        state="sorted",
        opens=(Open("refer", "office", "duty", due, N_("转送有权处理的单位")),),
    )
    return without_lead(facts, decision)


def _listened(facts: Facts, inputs: Mapping[str, Any], at: datetime) -> str:
    if facts.flags & {"asked_back", "rated_unit", "lapsed_evaluation"}:
        return ""
    return N_("先回访，或者等来信人评价，再办结。")


def _has_unit(facts: Facts, inputs: Mapping[str, Any], at: datetime) -> str:
    return "" if facts.lead is not None else N_("这件事没有派给单位，请直接再答复一次。")


_REPLY = (
    field_("reply", N_("答复内容"), "long"),
    field_("way", N_("怎么答复的"), "choice", choices=WAYS),
    field_("knowledge", N_("依据的知识条目"), "text", required=False),
)
_ANSWERED: dict[str, Any] = {
    "dates": ("answered", "served"),
    "opens": (Opens("evaluation", "petitioner", "evaluation", "served", N_("可以评价"), "window"),),
    "notices": tell("answered", "petitioner"),
    "weight": "primary",
    "done": N_("已答复"),
    **ANSWER_MADE,
}

# fmt: off
EDGES = (
    Edge(
        "dispatch", ("sorted",), "dispatched", OFFICE, N_("派单"), ("xinfang-2022:22(2)", "jianyi-2016:hop"),
        N_("短信通知办理的人，点开就能签收"),
        needs=(field_("lead", N_("派给哪个单位"), "organ"), field_("handler", N_("派给谁"), "post", required=False),
               field_("task", N_("请他办什么"), "long", required=False), field_("content_code", N_("内容分类"), "content", required=False),
               field_("area_code", N_("问题属地"), "area", required=False)),
        guards=(open_to_all,), settles=("refer", "refer_again"), dates=("referred",),
        assigns=("lead", "handler", "content_code", "area_code"),
        opens=(Opens("sign_for", "lead", "simplified.accept", "referred", N_("签收")),),
        notices=(*tell("dispatched", "lead"), *tell("passed_on", "petitioner")), weight="primary", done=N_("已派给办理单位"),
    ),
    Edge(
        "sign_for", ("dispatched",), "at_unit", UNIT, N_("签收"), ("jianyi-2016:accept", "jianyi-2016:answer"),
        settles=("sign_for",), dates=("signed_for", "accepted"),
        opens=(Opens("answer", "lead", "simplified.answer", "accepted", N_("答复")),), shared=True, weight="primary",
        done=N_("办理单位已签收"),
    ),
    Edge(
        "send_back", ("dispatched", "at_unit"), "sorted", UNIT, N_("退回：不归本单位"), ("xinfang-2022:23(3)", "jianyi-2016:hop"),
        needs=(field_("reasons", N_("为什么不归本单位"), "long"),), lifts=("sign_for", "answer", "assist"), dates=("returned",),
        counts=("returns",), flags=("returned",),
        opens=(Opens("refer_again", "office", "simplified.hop", "returned", N_("重新派单")),),
        effect=lambda facts, inputs, actor, at, decision: without_lead(facts, decision),
        notices=tell("objected", "office"), done=N_("退回信访部门，重新派单"),
    ),
    Edge(
        "answer", ("sorted",), "answered", OFFICE, N_("直接答复"), ("xinfang-2022:23(2)", "jianyi-2016:answer"), needs=_REPLY,
        settles=("refer", "refer_again"), **{**_ANSWERED, "weight": "plain"},
    ),
    Edge("answer", ("at_unit",), "answered", UNIT, N_("答复"), ("jianyi-2016:answer",), needs=_REPLY, settles=("answer",), **_ANSWERED),
    Edge(
        "answer_with_main", ("sorted", "dispatched", "at_unit"), "answered", (*OFFICE, *UNIT), N_("随主件一并答复"),
        ("jianyi-2016:answer", "local:link"), needs=(MAIN, *_REPLY), guards=(follows,), settles=("answer",), joined=True,
        **{**_ANSWERED, "weight": "plain", "done": WITH_MAIN, "lifts": (*_ANSWERED["lifts"], "refer", "refer_again", "sign_for")},
    ),
    answering(("answered",), (*OFFICE, *UNIT), "jianyi-2016:answer"),
    Edge(
        "return_visit", ("answered",), "", OFFICE, N_("回访"), ("jianyi-2016:answer", "local:evaluation"),
        N_("问一问解决没有；回访不是评价，评价只能由来信人自己做"),
        needs=(field_("resolved", N_("来信人说"), "choice", choices=(
                   Choice("yes", N_("解决了")), Choice("no", N_("没有解决")), Choice("unreached", N_("没有联系上")))),
               field_("words", N_("原话"), "long", required=False)),
        counts=("return_visits",), effect=_asked_back, weight="primary", done=N_("工作人员回访"),
    ),
    Edge(
        "redo", ("answered",), "at_unit", OFFICE, N_("没有解决，请再办"), ("xinfang-2022:28(1)",),
        needs=(field_("reasons", N_("还差什么"), "long"),), guards=(_has_unit,), lifts=("evaluation",), dates=("redone",), counts=("redos",),
        clears=("asked_back", "resolved", "unresolved", *JUDGED),
        opens=(Opens("answer", "lead", "simplified.answer", "redone", N_("再次答复")),), notices=tell("progress", "lead"),
        done=N_("没有解决，请办理单位再办"),
    ),
    Edge(
        "ask_formal", ("dispatched", "at_unit", "answered"), "", ("petitioner", "officer"), N_("改走信访程序"),
        ("xinfang-2022:31(6)", "jianyi-2016:ordinary"), N_("不愿意简易办理的，可以要求正式办理，要有书面意见"),
        needs=(field_("reasons", N_("为什么"), "long", required=False),), lifts=("sign_for", "answer", "evaluation", "assist"),
        dates=("sorted",), clears=JUDGED, effect=_ordinary, also=("redress:sorted",), may_open=("refer",), notices=tell("objected", "office"),
        done=N_("改按信访程序正式办理"),
    ),
    close(("answered",), (_listened,), "answered", "jianyi-2016:answer", by=(*OFFICE, "head")),
    *rating("answered"),
    lapse("evaluation", "lapse_evaluation", "served", "local:evaluation", N_("评价期已过"), "answered"),
    reclassify("sorted"),
    PROPOSE_CLASS,
    *unit_records(("dispatched", "at_unit", "answered")),
    *records(OPEN, ("answered",)),
)

# fmt: on
PROCEDURE = Procedure(
    "inquiry",
    N_("咨询和日常小事（简易办理）"),
    STATES,
    (
        Station("received", N_("收到"), ("sorted",)),
        Station("passed", N_("派单"), ("dispatched",)),
        Station("handling", N_("办理"), ("at_unit",)),
        Station("answered", N_("答复"), ("answered",)),
        Station("closed", N_("办结"), ("closed",)),
    ),
    EDGES,
    "sorted",
)
