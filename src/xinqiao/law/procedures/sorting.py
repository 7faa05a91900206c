"""Which road a matter takes, and the states that every road shares until a unit has it in hand."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from xinqiao.kernel.words import N_
from xinqiao.law.engine import Edge, State, due_for, field_, tell
from xinqiao.law.types import Actor, Choice, Decision, Facts, Open, Settle

ROUTES = {
    "redress": ("redress", "sorted"),
    "inquiry": ("inquiry", "sorted"),
    "suggestion": ("suggestion", "sorted"),
    "report": ("report", "sorted"),
    "guidance": ("guidance", "sorted"),
}
ROUTE_CHOICES = (
    Choice("redress", N_("申诉求决：由有权处理的单位办理")),
    Choice("inquiry", N_("咨询、日常小事：尽快答复")),
    Choice("suggestion", N_("建议意见：研究后回复")),
    Choice("report", N_("检举控告：密封移送")),
    Choice("guidance", N_("法律规定走别的途径：告知路径")),
)
ROUTE = field_("route", N_("这是什么事"), "choice", choices=ROUTE_CHOICES)
SORTING = (
    ROUTE,
    field_("title", N_("一句话概括"), "text", required=False),
    field_("content_code", N_("内容分类"), "content", required=False),
    field_("area_code", N_("问题属地"), "area", required=False),
    field_("reasons", N_("这样分类的理由"), "long", required=False),
)


# What the petitioner said of an answer does not hold for the next one.
JUDGED = (
    "rated_unit",
    "rated_office",
    "satisfied_unit",
    "satisfied_office",
    "lapsed_evaluation",
    "lapsed_review.apply",
)


def seals_reports(facts: Facts, inputs: Mapping[str, Any], actor: Actor, at: datetime, decision: Decision) -> Decision:
    """What is sorted as a report is sealed in the same step (Art. 30 para 3)."""
    if decision.procedure != "report":
        return decision
    decision = replace(decision, seals=True)
    if "withdraw.undo" not in facts.open_acts:
        return decision
    return replace(  # a report does not end by being taken back
        decision,
        settles=(*decision.settles, Settle("withdraw.undo", "lifted")),
        flags_cleared=decision.flags_cleared | {"withdrawing"},
        notices=(*decision.notices, *tell("progress", "petitioner")),
    )


def _sorted_again(facts: Facts, inputs: Mapping[str, Any], actor: Actor, at: datetime, decision: Decision) -> Decision:
    """A matter that goes back to sorting is owed a new way at once."""
    decision = seals_reports(facts, inputs, actor, at, decision)
    if facts.open_acts & {"refer", "refer_again"}:
        return decision
    due = due_for(facts, "refer_again", decision.dates["sorted"])
    return replace(decision, opens=(Open("refer_again", "office", "duty", due, N_("重新转送")),))


def reclassify(*states: str) -> Edge:
    """Sorting again, as long as no unit has the matter in hand. The received date stays."""
    return Edge(
        "reclassify",
        states,
        "",
        ("officer",),
        N_("改分类"),
        ("xinfang-2022:22", "xinfang-2022:31"),
        N_("承办单位办理以前可以改；收到的日子不变"),
        needs=(ROUTE, *SORTING[1:-1], field_("reasons", N_("为什么改"), "long")),
        dates=("sorted",),
        assigns=("title", "content_code", "area_code"),
        turn="route",
        routes=ROUTES,
        effect=_sorted_again,
        may_open=("refer_again",),
        lifts=("evaluation",),
        clears=JUDGED,
        shared=True,
        done=N_("重新分清了由哪条路办理"),
    )


PROPOSE_CLASS = Edge(
    "propose_class",
    ("at_unit",),
    "",
    ("handler",),
    N_("建议改分类"),
    ("xinfang-2022:31",),
    N_("信访部门会核对；不属于本单位职权的，请同时提出异议"),
    needs=(ROUTE, field_("reasons", N_("理由"), "long")),
    flags=("class_proposed",),
    notices=tell("progress", "office"),
    shared=True,
    private=True,
)


def transfer_states(first: str = N_("已登记，待转送")) -> tuple[State, ...]:
    """The states from sorted to at_unit."""
    return (
        State(
            "sorted",
            first,
            "office",
            N_("您的来件正在转给有权处理的单位。"),
            (
                ("refer_again", N_("您的来件最晚{due}转给另一个单位。")),
                ("refer", N_("您的来件最晚{due}转给有权处理的单位，并告诉您去向。")),
            ),
        ),
        State(
            "referred",
            N_("已转送，待签收"),
            "lead",
            N_("您的来件已转给{organ}。"),
            (("notice", N_("您的来件已转给{organ}，他们最晚{due}书面告诉您是否受理、怎样办理。")),),
        ),
        State(
            "at_unit",
            N_("承办单位已签收"),
            "lead",
            N_("{organ}已经收到您的来件。"),
            (("notice", N_("{organ}已经收到您的来件，最晚{due}书面告诉您是否受理、怎样办理。")),),
        ),
        State(
            "objected",
            N_("承办单位有异议"),
            "office",
            N_("{organ}认为这件事不归他们管，信访部门正在核实。"),
            (("objection.answer", N_("{organ}认为这件事不归他们管，信访部门最晚{due}核实清楚。")),),
        ),
        State(
            "returned",
            N_("退回，待重新转送"),
            "office",
            N_("信访部门正在把您的来件转给另一个单位。"),
            (("refer_again", N_("信访部门最晚{due}把您的来件转给另一个单位。")),),
        ),
        State(
            "jurisdiction",
            N_("待裁定由谁受理"),
            "arbiter",
            N_("几个单位对由谁受理有争议，上级正在裁定。"),
            (("rule", N_("几个单位对由谁受理有争议，上级最晚{due}裁定由谁办。")),),
        ),
    )
