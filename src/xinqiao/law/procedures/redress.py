"""Claims that belong to the petition procedure: Art. 31(6), with Arts. 32, 34 and 35 up to the review window."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from xinqiao.kernel.clock import day_of
from xinqiao.kernel.words import N_
from xinqiao.law.engine import UNIT, Edge, Procedure, State, due_for, field_, tell
from xinqiao.law.procedures.closing import ANSWER_MADE, SERVICE, check_service, close, lapse, rating, served_day
from xinqiao.law.procedures.guards import (
    after,
    before_expiry,
    clock_start,
    decision_due,
    has,
    is_open,
    lacks,
    not_open,
)
from xinqiao.law.procedures.joining import MAIN, WITH_MAIN, answering, follows
from xinqiao.law.procedures.records import records, unit_records
from xinqiao.law.procedures.sorting import JUDGED, PROPOSE_CLASS, reclassify, transfer_states
from xinqiao.law.procedures.transfer import transfer
from xinqiao.law.types import Actor, Choice, Decision, DocMove, Facts, Input, Open, Settle, Station

SUPPORT = Choice("support", N_("支持"))
EXPLAIN = Choice("explain", N_("合理但缺少依据，作出解释"))
NOT_SUPPORT = Choice("not_support", N_("不支持"))
OUTCOMES = (SUPPORT, EXPLAIN, NOT_SUPPORT)
OVERALL = (SUPPORT, Choice("partly", N_("部分支持")), EXPLAIN, NOT_SUPPORT)
EXTENSIONS = (
    Choice("10", N_("10 天")),
    Choice("15", N_("15 天")),
    Choice("20", N_("20 天")),
    Choice("30", N_("30 天")),
)
EXECUTIONS = (
    Choice("7", N_("7 天")),
    Choice("15", N_("15 天")),
    Choice("30", N_("30 天")),
    Choice("60", N_("60 天")),
    Choice("90", N_("90 天")),
)
HEARD_BY = (
    Choice("in_person", N_("当面听取")),
    Choice("phone", N_("电话听取")),
    Choice("online", N_("网上听取")),
    Choice("attempts", N_("多次联系不上，记录联系经过")),
)

_BY = N_("{organ}正在办理，最晚{due}给您书面答复。")
_AGAIN = N_("更正后的处理意见书最晚{due}送给您。")
# fmt: off
STATES = (
    *transfer_states(),
    State("accepted", N_("正在办理"), "lead", N_("{organ}正在调查办理。"), (("decision", _BY),)),
    State("drafted", N_("正在办理，意见书核稿"), "lead", N_("{organ}正在核对处理意见。"), (("decision", _BY),)),
    State("checked", N_("正在办理，意见书待签发"), "lead", N_("{organ}的负责人正在审签处理意见。"), (("decision", _BY),)),
    State("signed", N_("意见书待用印"), "lead", N_("处理意见已签发，正在盖章。"), (("serve", _AGAIN), ("decision", _BY))),
    State("decided", N_("意见书待送达"), "lead", N_("处理意见书已经作出，正在送给您。"),
          (("serve", _AGAIN), ("decision", N_("处理意见书已经作出，最晚{due}送给您。")))),
    State("served", N_("已答复"), "petitioner", N_("处理意见书已送达，请您看一看、评一评。"),
          (("execution", N_("您的请求得到支持，{organ}最晚{due}落实到位。")),
           ("review.apply", N_("处理意见书已送达。您要是不服，{due}以前可以申请复查。")))),
    State("executed", N_("已落实"), "petitioner", N_("答应您的事已经落实，请您看一看、评一评。"),
          (("review.apply", N_("答应您的事已经落实。您要是不服处理意见，{due}以前可以申请复查。")),)),
    State("closed", N_("已办结"), "", N_("这件事已经办结。有新的事实、理由或者证据，随时可以再提。"), end=True),
)
# fmt: on
WORKING = ("accepted", "drafted", "checked", "signed", "decided")
OPEN = tuple(s.key for s in STATES if not s.end)
IN_UNIT = ("at_unit", *WORKING, "served", "executed")


def _accepted(facts: Facts, inputs: Mapping[str, Any], actor: Actor, at: datetime, decision: Decision) -> Decision:
    start = clock_start(facts, day_of(at))
    due = due_for(facts, "decision", start)
    owed = (
        Open("hear", "lead", "duty", due, N_("听取信访人陈述事实和理由")),
        *(
            ()
            if "decision" in facts.open_acts
            else (Open("decision", "lead", "duty", due, N_("出具处理意见书并送达")),)
        ),
    )
    return replace(decision, opens=owed, dates={**decision.dates, "clock": start})


def _clock_started(facts: Facts, inputs: Mapping[str, Any], actor: Actor, at: datetime, decision: Decision) -> Decision:
    start = clock_start(facts, day_of(at))
    owed = Open("decision", "lead", "duty", due_for(facts, "decision", start), N_("出具处理意见书并送达"))
    return replace(decision, opens=(owed,), dates={"clock": start})


def _extension_asked(
    facts: Facts, inputs: Mapping[str, Any], actor: Actor, at: datetime, decision: Decision
) -> Decision:
    more = int(inputs["days"]) - facts.counts.get("asked_days", 0)
    owed = Open("extension", "lead", "duty", decision_due(facts), N_("决定是否延期"))
    return replace(decision, opens=(owed,), counts_added={"asked_days": more})


def _extended(facts: Facts, inputs: Mapping[str, Any], actor: Actor, at: datetime, decision: Decision) -> Decision:
    days = facts.counts["asked_days"]
    due = decision_due(replace(facts, counts={**facts.counts, "extension_days": days}))
    titles = {"decision": N_("出具处理意见书并送达"), "hear": N_("听取信访人陈述事实和理由")}
    moved = tuple(act for act in titles if act in facts.open_acts)
    return replace(
        decision,
        settles=(*decision.settles, *(Settle(act, "lifted") for act in moved)),
        opens=tuple(Open(act, "lead", "duty", due, titles[act]) for act in moved),
        counts_added={"extension_days": days},
    )


def _drafted(facts: Facts, inputs: Mapping[str, Any], actor: Actor, at: datetime, decision: Decision) -> Decision:
    supported = inputs["outcome"] in SUPPORTED
    days = int(inputs["execution_days"]) if supported else 0
    return replace(
        decision,
        flags_set=frozenset({"supported"} if supported else ()),
        flags_cleared=frozenset(() if supported else {"supported"}),
        counts_added={"execution_days": days - facts.counts.get("execution_days", 0)},
    )


def _with_main(facts: Facts, inputs: Mapping[str, Any], actor: Actor, at: datetime, decision: Decision) -> Decision:
    """The main matter's decision, signed for all, becomes this one's; where seals are put on by hand it waits for its own."""
    decision = _drafted(facts, inputs, actor, at, decision)
    return _to_be_stamped(replace(decision, notices=())) if facts.stamped else decision


def _to_be_stamped(decision: Decision) -> Decision:
    """The new paper is signed, not yet made: it is printed, stamped and scanned back first."""
    dates = {name: day for name, day in decision.dates.items() if name != "decided"}
    return replace(decision, state="signed", documents=(DocMove("decision", "signed", fresh=True),), dates=dates)


SUPPORTED = frozenset({"support", "partly"})


def _consistent(facts: Facts, inputs: Mapping[str, Any], at: datetime) -> Mapping[str, str]:
    """The overall opinion follows from the single ones; what is supported names the remedy and its term (Art. 32)."""
    each = {row["outcome"] for row in inputs["demands"]}
    fits = {
        "support": each == {"support"},
        "partly": "support" in each and len(each) > 1,
        "explain": "support" not in each and "explain" in each,
        "not_support": each == {"not_support"},
    }
    wrong = {}
    if not fits[inputs["outcome"]]:
        wrong["outcome"] = N_("总的意见和各项诉求的意见对不上，请核对。")
    if inputs["outcome"] in SUPPORTED:
        if not str(inputs.get("remedy") or "").strip():
            wrong["remedy"] = N_("支持的，请写明怎样落实。")
        if not inputs.get("execution_days"):
            wrong["execution_days"] = N_("支持的，请选择落实的期限。")
    return wrong


def _served(facts: Facts, inputs: Mapping[str, Any], actor: Actor, at: datetime, decision: Decision) -> Decision:
    """Service ends the decision's term and starts the petitioner's windows; what was supported must now be done."""
    decision = served_day(inputs, decision, *(act for act in ("decision", "serve") if act in facts.open_acts))
    day = decision.dates["served"]
    review = due_for(facts, "review.apply", day)
    opens = [
        Open("review.apply", "petitioner", "window", review, N_("不服的，可以申请复查")),
        Open("evaluation", "petitioner", "window", due_for(facts, "evaluation", day), N_("可以评价")),
    ]
    if "supported" in facts.flags:
        due = due_for(facts, "execution", day, facts.counts["execution_days"])
        opens.append(Open("execution", "lead", "duty", due, N_("落实支持的意见")))
    return replace(decision, opens=tuple(opens), dates={**decision.dates, "review_until": review.due})


def _recalled(facts: Facts, inputs: Mapping[str, Any], actor: Actor, at: datetime, decision: Decision) -> Decision:
    """A recalled decision was none: it is owed again, by the old date."""
    if "decision" in facts.open_acts:
        return decision
    owed = Open("decision", "lead", "duty", decision_due(facts), N_("重新出具处理意见书并送达"))
    return replace(decision, opens=(owed,))


def _corrected(facts: Facts, inputs: Mapping[str, Any], actor: Actor, at: datetime, decision: Decision) -> Decision:
    """A corrected paper gets its seal like the first one and must be served again; the windows run anew from then."""
    if facts.stamped:
        decision = replace(_to_be_stamped(decision), flags_set=decision.flags_set | {"correcting"})
    if "decision" in facts.open_acts:
        return decision
    due = due_for(facts, "serve.again", day_of(at))
    return replace(decision, opens=(Open("serve", "lead", "duty", due, N_("送达更正后的意见书")),))


def _review_done(facts: Facts, inputs: Mapping[str, Any], at: datetime) -> str:
    if "review.apply" not in facts.open_acts or "satisfied_unit" in facts.flags:
        return ""
    return N_("申请复查的期限还没有过，来信人也没有表示满意，现在不能办结。")


def _must_execute(facts: Facts, inputs: Mapping[str, Any], at: datetime) -> str:
    return N_("支持的意见还没有落实并附证据，不能办结。") if "execution" in facts.open_acts else ""


_NOT_CORRECTING = lacks("correcting", N_("意见书正在更正笔误，请先用印。"))
_HEARD = has("heard", N_("作出处理意见以前，必须听取信访人陈述事实和理由；联系不上的，要记录联系经过。"))
_INVESTIGATED = has("investigated", N_("作出处理意见以前，必须调查核实并留下记录。"))
_SCAN = Input(
    "scan", N_("盖章后的扫描件"), "files", required=True, help=N_("先打印，盖章，再扫描或者拍照传上来"), stamped=True
)
_DECISION = (
    field_("demands", N_("各项诉求"), "demands", choices=OUTCOMES),
    field_("outcome", N_("总的意见"), "choice", choices=OVERALL),
    field_("opinion", N_("处理意见"), "long", required=False, help=N_("概括的话；各项的意见写在上面")),
    field_("remedy", N_("怎样落实"), "long", required=False, help=N_("支持的必填")),
    field_("execution_days", N_("送达后多少天内落实"), "choice", required=False, choices=EXECUTIONS),
)
_AFTER = ("review.apply", "evaluation", "execution", "serve")

# fmt: off
EDGES = (
    *transfer(),
    reclassify("sorted", "returned"),
    PROPOSE_CLASS,
    Edge(
        "accept", ("at_unit",), "accepted", UNIT, N_("受理并告知"), ("xinfang-2022:23(3)", "xinfang-2022:34"),
        N_("书面告诉来信人：已受理，怎样办，什么时候答复"),
        needs=(field_("process", N_("告诉来信人怎样办理"), "long", required=False),),
        settles=("notice",), lifts=("objection",), dates=("accepted",), flags=("accepted",),
        documents=(DocMove("acceptance_notice", "sealed"),), effect=_accepted, may_open=("hear", "decision"),
        notices=tell("accepted", "petitioner"), weight="primary", done=N_("已受理"),
    ),
    Edge(
        "start_clock", ("at_unit", "referred"), "", ("system",), N_("告知期满，开始计算办理期限"), ("xinfang-2022:34",),
        guards=(
            is_open("notice", N_("已经告知。")), not_open("decision", N_("已经起算。")),
            after("notice", "referred", N_("告知期还没有满。")),
        ),
        effect=_clock_started, may_open=("decision",), misses="notice", done=N_("承办单位没有按期告知，办理期限从告知期满起算"),
    ),
    Edge(
        "hear", WORKING[:1], "", UNIT, N_("记录听取陈述"), ("xinfang-2022:31(6)",), N_("作出意见以前必须做"),
        needs=(field_("way", N_("怎样听取的"), "choice", choices=HEARD_BY), field_("heard_on", N_("哪天"), "date"),
               field_("statement", N_("来信人陈述的事实和理由，或者联系经过"), "long")),
        settles=("hear",), flags=("heard",), weight="primary", done=N_("工作人员听取了您的陈述"),
        staff=N_("听取来信人陈述"),
    ),
    Edge(
        "investigate", WORKING[:1], "", (*UNIT, "assistant"), N_("记录调查核实"), ("xinfang-2022:31(6)",),
        needs=(field_("way", N_("查了什么、问了谁"), "long"), field_("findings", N_("查明的情况"), "long"),
               field_("files", N_("材料"), "files", required=False)),
        flags=("investigated",), counts=("inquiries",), done=N_("承办单位调查核实"),
    ),
    Edge(
        "ask_extension", WORKING[:3], "", UNIT, N_("申请延期"), ("xinfang-2022:34",), N_("情况复杂的，届满以前由负责人批准，只能一次"),
        needs=(field_("days", N_("延长多少天"), "choice", choices=EXTENSIONS), field_("reasons", N_("为什么复杂"), "long")),
        guards=(lacks("extended", N_("已经延长过一次，不能再延。")), not_open("extension", N_("已经申请，等负责人决定。")), before_expiry),
        effect=_extension_asked, may_open=("extension",), notices=tell("extension_asked", "lead"), private=True,
    ),
    Edge(
        "approve_extension", WORKING[:3], "", ("head",), N_("批准延期并告知"), ("xinfang-2022:34",), N_("同时把理由告诉来信人"),
        needs=(field_("reasons", N_("告诉来信人的理由"), "long"),),
        guards=(is_open("extension", N_("没有人申请延期。")), before_expiry), settles=("extension",), flags=("extended",),
        dates=("extended",), documents=(DocMove("extension_notice", "sealed"),), effect=_extended, may_open=("decision", "hear"),
        may_settle=("decision", "hear"), notices=tell("extended", "petitioner"), weight="primary", done=N_("办理期限延长"),
    ),
    Edge(
        "refuse_extension", WORKING[:3], "", ("head",), N_("不批准延期"), ("xinfang-2022:34",),
        needs=(field_("reasons", N_("理由"), "long"),), guards=(is_open("extension", N_("没有人申请延期。")),),
        settles=("extension",), private=True,
    ),
    Edge(
        "draft_decision", ("accepted",), "drafted", UNIT, N_("起草处理意见书"), ("xinfang-2022:31(6)", "xinfang-2022:32"),
        N_("每一项诉求都要写明事实、理由、依据和意见"),
        needs=_DECISION,
        guards=(_HEARD, _INVESTIGATED), checks=(_consistent,), documents=(DocMove("decision", "drafted"),), effect=_drafted,
        weight="primary", private=True,
    ),
    Edge(
        "check_decision", ("drafted",), "checked", UNIT, N_("核稿通过"), ("xinfang-2022:32",),
        needs=(field_("remarks", N_("核稿意见"), "long", required=False),), documents=(DocMove("decision", "checked"),),
        weight="primary", private=True,
    ),
    Edge(
        "return_draft", ("drafted", "checked"), "accepted", UNIT, N_("退回修改"), ("xinfang-2022:32",),
        needs=(field_("reasons", N_("改哪里"), "long"),), private=True,
    ),
    Edge(
        "sign_decision", ("checked",), "signed", ("head",), N_("签发"), ("xinfang-2022:32",),
        needs=(field_("remarks", N_("签发意见"), "long", required=False),), guards=(_HEARD, _INVESTIGATED),
        documents=(DocMove("decision", "signed"),), dates=("signed",), weight="primary", private=True,
    ),
    Edge(
        "seal_decision", ("signed",), "decided", UNIT, N_("用印"), ("xinfang-2022:32",), N_("电子印章，或者打印盖章后扫描传回"),
        needs=(_SCAN,), documents=(DocMove("decision", "sealed"),),
        dates=("decided",), notices=tell("decided", "petitioner"), weight="primary",
        lifts=ANSWER_MADE["lifts"], clears=(*ANSWER_MADE["clears"], "correcting"), done=N_("处理意见书已作出"),
    ),
    Edge(
        "answer_with_main", WORKING[:4], "decided", UNIT, N_("随主件一并答复"), ("xinfang-2022:31(6)", "xinfang-2022:32", "local:link"),
        needs=(MAIN, *_DECISION), guards=(follows, _HEARD, _NOT_CORRECTING), checks=(_consistent,), documents=(DocMove("decision", "sealed", fresh=True),),
        dates=("signed", "decided"), effect=_with_main, also=("redress:signed",), notices=tell("decided", "petitioner"),
        **ANSWER_MADE, joined=True, done=WITH_MAIN,
    ),
    answering(("decided", "served", "executed"), UNIT, "xinfang-2022:32"),
    Edge(
        "serve", ("decided",), "served", UNIT, N_("登记送达"), ("xinfang-2022:34", "xinfang-2022:35", "minsu:service"),
        N_("送达才算办结；复查期限从来信人收到那天起算"), needs=SERVICE, checks=(check_service("decided"),), lifts=("extension", "hear", "assist"),
        documents=(DocMove("decision", "served"), DocMove("service_proof", "sealed", fresh=True)), effect=_served,
        may_open=("review.apply", "evaluation", "execution"), may_settle=("decision", "serve"),
        notices=tell("served", "petitioner"), weight="primary", done=N_("处理意见书已送达"),
    ),
    Edge(
        "recall_decision", ("decided", "served"), "accepted", ("head",), N_("撤回意见书重新办理"), ("local:recall",),
        N_("发现有错的自己纠正；原来的留在案卷里，期限不变"), needs=(field_("reasons", N_("错在哪里"), "long"),), lifts=_AFTER,
        documents=(DocMove("decision", "recalled"),), flags=("recalled",), clears=JUDGED, counts=("recalls",), effect=_recalled,
        may_open=("decision",), notices=tell("recalled", "petitioner"), weight="danger", done=N_("处理意见书撤回，重新办理"),
    ),
    Edge(
        "correct_decision", ("decided", "served"), "decided", ("head",), N_("更正笔误"), ("local:correct",),
        N_("只改笔误；改意见要撤回重办。更正后重新用印、送达"),
        needs=(field_("what", N_("哪里写错了"), "long"), field_("correction", N_("更正为"), "long")), lifts=_AFTER,
        documents=(DocMove("decision", "sealed", fresh=True),), dates=("signed", "decided"), flags=("corrected",), clears=JUDGED,
        counts=("corrections",), effect=_corrected, also=("redress:signed",), may_open=("serve",), notices=tell("recalled", "petitioner"), done=N_("处理意见书更正笔误"),
    ),
    Edge(
        "report_execution", ("served",), "", UNIT, N_("记录落实进展"), ("xinfang-2022:32(2)",),
        needs=(field_("words", N_("进展"), "long"), field_("files", N_("材料"), "files", required=False)),
        guards=(is_open("execution", N_("没有要落实的意见。")),), done=N_("落实有了进展"),
    ),
    Edge(
        "execute", ("served",), "executed", UNIT, N_("落实到位"), ("xinfang-2022:32(2)",), N_("附上证据，没有证据不能算落实"),
        needs=(field_("result", N_("落实了什么"), "long"), field_("evidence", N_("证据"), "files")),
        guards=(is_open("execution", N_("没有要落实的意见。")),), settles=("execution",), dates=("executed",), flags=("executed",),
        notices=(*tell("executed", "petitioner"), *tell("progress", "office")), weight="primary", done=N_("支持的意见已经落实"),
    ),
    *rating("served", "executed"),
    lapse("review.apply", "lapse_review", "served", "xinfang-2022:35", N_("申请复查的期限已过"), "served", "executed"),
    lapse("evaluation", "lapse_evaluation", "served", "local:evaluation", N_("评价期已过"), "served", "executed"),
    close(("served", "executed"), (_must_execute, _review_done), "answered", "xinfang-2022:34", "xinfang-2022:32(2)"),
    *unit_records(IN_UNIT),
    *records(OPEN, ("decided", "served", "executed")),
)

# fmt: on
PROCEDURE = Procedure(
    "redress",
    N_("申诉求决（信访程序）"),
    STATES,
    (
        Station("received", N_("收到"), ("sorted",)),
        Station("passed", N_("转送"), ("referred", "at_unit", "objected", "returned", "jurisdiction")),
        Station("handling", N_("办理"), WORKING[:4]),
        Station("answered", N_("答复"), ("decided", "served")),
        Station("executed", N_("落实"), ("executed",)),
        Station("closed", N_("办结"), ("closed",)),
    ),
    EDGES,
    "sorted",
)
