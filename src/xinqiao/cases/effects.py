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
_checks: list[Effect] = []
_by_step: dict[str, list[Effect]] = {}
_on_sealing: list[Effect] = []


def register(step: str, effect: Effect) -> None:
    """Run `effect` after each step of that name. Registering the same effect twice has no effect."""
    known = _by_step.setdefault(step, [])
    if effect not in known:
        known.append(effect)


def register_sealing(effect: Effect) -> None:
    """Run `effect` after every step that seals or unseals."""
    if effect not in _on_sealing:
        _on_sealing.append(effect)


def register_check(check: Effect) -> None:
    """Run `check` before anything of a step is written: it raises BadInput where the inputs do not fit what is stored."""
    if check not in _checks:
        _checks.append(check)


def check(context: Context) -> None:
    """Look at a step that the law allows, before it is written. Raises BadInput."""
    for one in _checks:
        one(context)


def of(decision: law_types.Decision) -> list[Effect]:
    """The effects of the step, to be run when it is written."""
    found = list(_by_step.get(decision.step, ()))
    return found if decision.seals is None else [*found, *_on_sealing]


_public = frozenset(kind.event for kind in law.events() if kind.public)


def is_public(event: str) -> bool:
    """Whether the petitioner sees that this happened. Internal working steps are not shown."""
    return event in _public
