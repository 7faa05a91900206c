"""Looking back: what a step that was taken long ago did, and what the law finds wanting in it. Nothing is refused for that."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from xinqiao.law import engine
from xinqiao.law.procedures import PROCEDURES
from xinqiao.law.types import Actor, Decision, Facts, Refusal


@dataclass(frozen=True)
class Audited:
    """The step's effect as the law has it, without papers and messages: those were sent then, or never.

    `wanting` names what the law asked for and the record does not show (gettext ids).
    """

    decision: Decision
    wanting: tuple[str, ...]


def audit(facts: Facts, step: str, inputs: Mapping[str, Any], actor: Actor, at: datetime) -> Audited | Refusal:
    """Look at `step` as it was taken on a past day: terms and effects are the law's own; guards that did not hold and inputs
    that are missing are named instead of enforced. Refused only where the procedure knows no such step for these roles.
    """
    here = engine.edges_here(PROCEDURES[facts.procedure], facts.state)
    edge = next((e for e in here if e.step == step and set(e.by) & actor.roles), None)
    if edge is None:
        return Refusal(step, (engine._why_not(PROCEDURES[facts.procedure], facts, step, here),))
    reasons = [reason for guard in edge.guards if (reason := guard(facts, inputs, at))]
    labels = {need.name: need.label for need in edge.needs}
    missing = [labels.get(name, name) for name in engine._wrong_inputs(edge, facts, inputs, at)]
    carried = engine._carry_out(PROCEDURES[facts.procedure], edge, facts, inputs, actor, at)
    decision = engine._settled_up(PROCEDURES, carried, facts)
    if decision.documents or decision.notices:
        decision = replace(decision, documents=(), notices=())
    return Audited(decision, (*reasons, *missing))
