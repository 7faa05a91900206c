"""Sealing: only named persons see the case. A unit that had it loses it, because those reported may sit there (Art. 30)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from xinqiao.kernel.words import N_
from xinqiao.law.engine import OFFICE, Edge, due_for, field_
from xinqiao.law.types import Actor, Decision, Facts, Open, Settle

AT_OFFICE = ("received", "registered", "sorted", "returned")
IN_HAND = (
    "referred",
    "dispatched",
    "at_unit",
    "objected",
    "jurisdiction",
    "accepted",
    "drafted",
    "checked",
    "signed",
    "studying",
)
WHY = field_("reasons", N_("为什么密封"), "long", required=False)
CITES = ("xinfang-2022:30(3)", "xinfang-2022:46")


def without_lead(facts: Facts, decision: Decision) -> Decision:
    """The decision with the matter taken from its unit: what the unit still owed a citizen falls back on the office."""
    settles, opens = decision.settles, decision.opens
    if "urge.answer" in facts.open_acts:
        due = due_for(facts, "urge.answer", facts.dates["urged"])
        settles = (*settles, Settle("urge.answer", "lifted"))
        opens = (*opens, Open("urge.answer", "office", "duty", due, N_("回应催办")))
    if "recusal" in facts.open_acts:
        settles = (*settles, Settle("recusal", "lifted"))
    assigns = {**decision.assigns, "lead": None, "handler": None, "assists": []}
    return replace(decision, settles=settles, opens=opens, assigns=assigns)


def _sealed(facts: Facts, inputs: Mapping[str, Any], actor: Actor, at: datetime, decision: Decision) -> Decision:
    return replace(decision, seals=decision.step == "seal")


def _called_back(facts: Facts, inputs: Mapping[str, Any], actor: Actor, at: datetime, decision: Decision) -> Decision:
    """The office takes the case back, lifts what the unit owed and owes it a new way."""
    kept = {"withdraw.undo", "urge.answer", "recusal"}
    lifted = tuple(Settle(act, "lifted") for act in sorted(facts.open_acts - kept))
    due = due_for(facts, "refer_again", decision.dates["returned"])
    owed = Open("refer_again", "office", "duty", due, N_("重新转送"))
    return without_lead(facts, replace(decision, settles=lifted, opens=(owed,), seals=True))


def _is_open(facts: Facts, inputs: Mapping[str, Any], at: datetime) -> str:
    return N_("已经密封。") if facts.sealed else ""


def _may_be_opened(facts: Facts, inputs: Mapping[str, Any], at: datetime) -> str:
    if facts.procedure == "report":
        return N_("检举控告不能解除密封；分错了的，请先改分类。")
    return "" if facts.sealed else N_("这件事没有密封。")


def sealing(states: tuple[str, ...]) -> tuple[Edge, ...]:
    """Sealing and unsealing in those of `states` where they mean something."""
    early = tuple(s for s in states if s in AT_OFFICE)
    late = tuple(s for s in states if s in IN_HAND)
    shared: dict[str, Any] = {"shared": True, "private": True}
    return (
        Edge(
            "seal",
            early,
            "",
            (*OFFICE, "petitioner", "system"),
            N_("密封"),
            CITES,
            N_("只留给指定的人看；涉及检举控告的应当密封"),
            needs=(WHY,),
            guards=(_is_open,),
            done=N_("密封，只有指定的人看得到"),
            effect=_sealed,
            **shared,
        ),
        Edge(
            "seal",
            late,
            "sorted",
            ("officer",),
            N_("收回并密封"),
            CITES,
            N_("承办单位从此看不到；收回以后请改分类移送，或者换单位"),
            needs=(WHY,),
            guards=(_is_open,),
            done=N_("密封，只有指定的人看得到"),
            dates=("returned",),
            effect=_called_back,
            may_open=("refer_again", "urge.answer"),
            weight="danger",
            **shared,
        ),
        Edge(
            "unseal",
            states,
            "",
            ("officer",),
            N_("解除密封"),
            ("xinfang-2022:30(3)",),
            N_("只有被指定的人能解除，理由留在案卷里"),
            needs=(field_("title", N_("解除以后的标题"), "text"), field_("reasons", N_("为什么可以解除"), "long")),
            guards=(_may_be_opened,),
            effect=_sealed,
            weight="danger",
            **shared,
        ),
    )
