"""An organ is abolished, merged or divided: whoever carries its functions on has the matter now (Art. 24 para 2)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from xinqiao.kernel.words import N_
from xinqiao.law.engine import Edge, field_, tell
from xinqiao.law.types import Actor, Decision, Facts, Settle


def _another(facts: Facts, inputs: Mapping[str, Any], at: datetime) -> Mapping[str, str]:
    return {"heir": N_("接办的单位不能就是撤销的单位。")} if inputs["heir"] == inputs["former"] else {}


def _succeeded(facts: Facts, inputs: Mapping[str, Any], actor: Actor, at: datetime, decision: Decision) -> Decision:
    """Every part that the organ had in the matter goes to its heir, with every term as it was. Nobody handles it yet."""
    gone, heir = inputs["former"], inputs["heir"]
    lead = heir if facts.lead == gone else facts.lead
    assists = frozenset(heir if organ == gone else organ for organ in facts.assists) - {lead}
    both = facts.assists & {gone, heir}  # what the lead does itself, or does already, it does not owe a second time
    spare = both - {heir} if len(both) == 2 and heir in assists else both - assists if heir not in assists else set()
    assigns: dict[str, Any] = {}
    told = tell("succeeded", "petitioner") if gone in (facts.lead, facts.office) else ()
    if facts.lead == gone:
        assigns |= {"lead": heir, "handler": None}
        told += tell("succeeded", "lead")
    if assists != facts.assists:
        assigns["assists"] = sorted(assists)
    if gone in facts.assists and heir in assists:
        told += tell("assist_asked", f"assist:{heir}")
    if facts.office == gone:
        told += tell("succeeded", "office")
    lifted = tuple(Settle("assist", "lifted", f"assist:{organ}") for organ in sorted(spare))
    settles = lifted if "assist" in facts.open_acts else ()
    return replace(decision, succeeds=(gone, heir), assigns=assigns, settles=settles, notices=told)


def succession(states: tuple[str, ...]) -> Edge:
    """The step by which a matter passes from an organ that is no more to its heir, in any of `states`."""
    return Edge(
        "succeed",
        states,
        "",
        ("system",),
        N_("机关变动，换单位接办"),
        ("xinfang-2022:24(2)",),
        needs=(field_("former", N_("撤销的单位"), "organ"), field_("heir", N_("继续行使职权的单位"), "organ")),
        checks=(_another,),
        counts=("successions",),
        effect=_succeeded,
        may_settle=("assist",),
        notices=tell("succeeded", "petitioner", "lead", "office"),
        shared=True,
        done=N_("原来的单位撤销，由继续行使职权的单位接办，期限不变"),
        staff=N_("机关撤销，由继续行使职权的单位接办"),
    )
