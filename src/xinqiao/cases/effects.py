"""What a step writes beside the law's decision. Domains register theirs when they are ready; all run in the step's transaction."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from xinqiao import law
from xinqiao.law import types as law_types
from xinqiao.people.actors import Actor

from .models import Case


@dataclass(frozen=True)
class Context:
    case: Case
    decision: law_types.Decision
    inputs: Mapping[str, Any]
    actor: Actor
    at: datetime
    seq: int


Effect = Callable[[Context], None]
_by_step: dict[str, list[Effect]] = {}
_always: list[Effect] = []


def register(step: str, effect: Effect) -> None:
    """Run `effect` after each step of that name. Registering the same effect twice has no effect."""
    known = _by_step.setdefault(step, [])
    if effect not in known:
        known.append(effect)


def register_always(effect: Effect) -> None:
    """Run `effect` after every step: it looks at the decision itself."""
    if effect not in _always:
        _always.append(effect)


def run(context: Context) -> None:
    """Run the effects of the step just written."""
    for effect in (*_by_step.get(context.decision.step, ()), *_always):
        effect(context)


_public = frozenset(kind.event for kind in law.events() if kind.public)


def is_public(event: str) -> bool:
    """Whether the petitioner sees that this happened. Internal working steps are not shown."""
    return event in _public
