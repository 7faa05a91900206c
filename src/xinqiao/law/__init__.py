"""The law as data and pure code: terms, procedures, parameters, calendars, acts. No tables, no time of day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from xinqiao.kernel.words import N_
from xinqiao.law import engine
from xinqiao.law.acts import Article, article
from xinqiao.law.diagrams import diagram
from xinqiao.law.engine import Procedure, event_of
from xinqiao.law.procedures import PROCEDURES
from xinqiao.law.terms import explain, term
from xinqiao.law.types import Actor, Decision, Facts, Option, Outlook, Refusal, Station

__all__ = [
    "Article",
    "EventKind",
    "article",
    "decide",
    "diagram",
    "event_label",
    "event_label_staff",
    "events",
    "explain",
    "first_state",
    "input_names",
    "lapse_step",
    "missed_step",
    "notice_texts",
    "options",
    "outlook",
    "procedures",
    "state_label",
    "stations",
    "term",
]

WITHDRAWN = Station("withdrawn", N_("撤回"), ("closed",))
_BESIDE = {"obligation.missed": N_("期限已过，还没有办")}


@dataclass(frozen=True)
class EventKind:
    """A kind of ledger entry: what the timeline says to the petitioner and to staff, and whether he sees that it happened."""

    event: str
    label: str
    public: bool
    staff: str


def decide(facts: Facts, step: str, inputs: Mapping[str, Any], actor: Actor, at: datetime) -> Decision | Refusal:
    """What `step` would do to the case, or why it may not be taken and what may. `at` is aware; nothing is written."""
    return engine.decide(PROCEDURES, facts, step, inputs, actor, at)


def options(facts: Facts, actor: Actor, at: datetime) -> list[Option]:
    """The steps open to `actor` now, the main ones first; those that must wait carry their reasons in `blocked`."""
    return engine.options(PROCEDURES[facts.procedure], facts, actor, at)


def input_names(facts: Facts, step: str) -> frozenset[str]:
    """The names of the inputs that `step` declares in this state, whoever takes it."""
    here = engine.edges_here(PROCEDURES[facts.procedure], facts.state)
    return frozenset(item.name for edge in here if edge.step == step for item in engine.needs(edge, facts))


def outlook(facts: Facts) -> Outlook:
    """What comes next, for the citizen: a sentence with {organ} and {due}, and the act whose date fills it."""
    return engine.outlook(PROCEDURES[facts.procedure], facts)


def procedures() -> tuple[Procedure, ...]:
    """All procedures."""
    return tuple(PROCEDURES.values())


def stations(procedure: str, cause: str = "") -> tuple[Station, ...]:
    """The stops on the citizen's line. What was taken back (`cause` of its end) was not answered: it stops there."""
    stops = PROCEDURES[procedure].stations
    return (stops[0], WITHDRAWN) if cause == "withdrawn" else stops


def first_state(procedure: str) -> str:
    """The state in which a case arrives in `procedure`."""
    return PROCEDURES[procedure].entry


def state_label(procedure: str, state: str, cause: str = "") -> str:
    """The state in plain words (a gettext id); `cause` tells a matter that was taken back from one that was answered."""
    return N_("已撤回") if cause == "withdrawn" else PROCEDURES[procedure].state(state).label


def events() -> tuple[EventKind, ...]:
    """Every event that a step can leave in the ledger, by name."""
    found = {
        event_of(p.name, e): EventKind(
            event_of(p.name, e), e.done or e.label, not e.private, e.staff or e.done or e.label
        )
        for p in PROCEDURES.values()
        for e in p.edges
    }
    found |= {event: EventKind(event, label, True, label) for event, label in _BESIDE.items()}
    return tuple(found[name] for name in sorted(found))


def notice_texts() -> frozenset[tuple[str, str]]:
    """Every (text, owner) that a step may send, apart from what depends on the single case."""
    return frozenset((n.text, n.to) for p in PROCEDURES.values() for e in p.edges for n in e.notices)


_EVENTS = {kind.event: kind for kind in events()}


def event_label(event: str) -> str:
    """What the timeline says to the petitioner for `event` (a gettext id). Raises KeyError for an event that no step leaves."""
    return _EVENTS[event].label


def event_label_staff(event: str) -> str:
    """What the timeline says to staff for `event` (a gettext id). Raises KeyError for an event that no step leaves."""
    return _EVENTS[event].staff


def lapse_step(facts: Facts, act: str) -> str:
    """The automatic step that follows when the window `act` runs out in this state; '' when nothing follows."""
    return _automatic(facts, "lapses", act)


def missed_step(facts: Facts, act: str) -> str:
    """The automatic step that follows when the duty `act` is missed in this state; '' when nothing follows."""
    return _automatic(facts, "misses", act)


def _automatic(facts: Facts, kind: str, act: str) -> str:
    here = engine.edges_here(PROCEDURES[facts.procedure], facts.state)
    return next((e.step for e in here if getattr(e, kind) == act), "")
