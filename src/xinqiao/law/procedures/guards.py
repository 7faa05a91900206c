"""Conditions of steps, each with its plain reason. A guard reads only the facts and the time."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from xinqiao.kernel.clock import day_of
from xinqiao.kernel.words import N_
from xinqiao.law.engine import due_for, governing
from xinqiao.law.parameters import value
from xinqiao.law.types import Due, Facts, Guard


def has(flag: str, reason: str) -> Guard:
    """The case carries `flag`."""
    return lambda facts, inputs, at: "" if flag in facts.flags else reason


def lacks(flag: str, reason: str) -> Guard:
    """The case does not carry `flag`."""
    return lambda facts, inputs, at: reason if flag in facts.flags else ""


def is_open(act: str, reason: str) -> Guard:
    """The obligation `act` is open."""
    return lambda facts, inputs, at: "" if act in facts.open_acts else reason


def not_open(act: str, reason: str) -> Guard:
    """The obligation `act` is not open."""
    return lambda facts, inputs, at: reason if act in facts.open_acts else ""


def within(term: str, start: str, reason: str) -> Guard:
    """Today is not later than the end of `term` that runs from the case's day `start`."""
    return lambda facts, inputs, at: "" if _reached(facts, start) and not _over(facts, term, start, at) else reason


def after(term: str, start: str, reason: str) -> Guard:
    """`term`, running from the case's day `start`, is over."""
    return lambda facts, inputs, at: "" if _reached(facts, start) and _over(facts, term, start, at) else reason


def _reached(facts: Facts, start: str) -> bool:
    return start in facts.dates


def _over(facts: Facts, term: str, start: str, at: datetime) -> bool:
    return day_of(at) > due_for(facts, term, facts.dates[start]).due


def open_to_all(facts: Facts, inputs: Mapping[str, Any], at: datetime) -> str:
    """The case is not sealed."""
    return N_("这件事已密封，要先由指定的人解除密封。") if facts.sealed else ""


def clock_start(facts: Facts, today: date) -> date:
    """The day from which the decision is counted: acceptance, but never later than the end of the notice term.

    Without a record of acceptance the clock runs from the last day of the notice term (parameter clock.without_acceptance).
    """
    if "clock" in facts.dates:
        return facts.dates["clock"]
    if not value("clock.without_acceptance", governing(facts)).value:
        return today
    return min(today, due_for(facts, "notice", facts.dates["referred"]).due)


def decision_due(facts: Facts) -> Due:
    """By when the decision is owed as things stand, extension included."""
    days = facts.counts.get("extension_days", 0)
    start = facts.dates["clock"]
    if not days:
        return due_for(facts, "decision", start)
    return due_for(facts, "extension", start, due_for(facts, "decision", start).length + days)


def before_expiry(facts: Facts, inputs: Mapping[str, Any], at: datetime) -> str:
    """The decision's term is not over yet (Art. 34: an extension comes before the end, not after it)."""
    over = day_of(at) > decision_due(facts).due
    return N_("办理期限已经过了，不能再延期，请尽快作出处理意见并说明原因。") if over else ""


def as_day(value: Any) -> date:
    """A day given as a date or as ISO text."""
    return value if isinstance(value, date) else date.fromisoformat(value)
