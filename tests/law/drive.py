"""A case without a database: applies the law's decisions as the case room does, for walks and stories."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from xinqiao import law
from xinqiao.kernel.clock import SHANGHAI, day_of
from xinqiao.law.types import Actor, Decision, Facts, Open, Refusal

OFFICE, UNIT, OTHER, ASSIST, ARBITER, DISCIPLINE = 1, 2, 3, 4, 5, 6
START = datetime(2026, 3, 2, 9, 0, tzinfo=SHANGHAI)
FILES = ["file"]
DEMAND = {
    "demand": "修好路灯",
    "facts": "三盏路灯不亮",
    "reasons": "属于养护范围",
    "basis": "城市照明管理规定第二十条",
    "outcome": "support",
}


@dataclass
class Kept:
    """An obligation as the case keeps it."""

    open: Open
    how: str = ""


@dataclass
class Drive:
    """A case, the clock and what it owes."""

    at: datetime = START
    facts: Facts = field(default_factory=lambda: Facts("intake", START.date(), "", "330105", START.date(), OFFICE))
    kept: list[Kept] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    waits_for: str = ""
    closed: str = ""
    decisions: list[Decision] = field(default_factory=list)

    def days(self, count: int) -> "Drive":
        """Let days pass."""
        self.at += timedelta(days=count)
        return self

    def on(self, day: date) -> "Drive":
        """Go to ten o'clock of `day`."""
        self.at = datetime.combine(day, time(10), SHANGHAI)
        return self

    @property
    def open(self) -> dict[str, Open]:
        return {k.open.act: k.open for k in self.kept if not k.how}

    def ask(self, step: str, role: str, inputs: Mapping[str, Any] | None = None, **more: Any) -> Decision | Refusal:
        """What the law says to `step` by somebody in `role`."""
        actor = Actor(frozenset({role}), more.pop("organ", UNIT), more.pop("recused", False))
        return law.decide(self.facts, step, {**(inputs or {}), **more}, actor, self.at)

    def take(self, step: str, role: str, inputs: Mapping[str, Any] | None = None, **more: Any) -> Decision:
        """Take a step that must be allowed."""
        answer = self.ask(step, role, inputs, **more)
        assert isinstance(answer, Decision), answer
        self.apply(answer)
        return answer

    def refuse(self, step: str, role: str, inputs: Mapping[str, Any] | None = None, **more: Any) -> Refusal:
        """Try a step that must be refused."""
        answer = self.ask(step, role, inputs, **more)
        assert isinstance(answer, Refusal), answer
        return answer

    def options(self, role: str) -> list[str]:
        """The steps that somebody in `role` could take now."""
        return [o.step for o in law.options(self.facts, Actor(frozenset({role}), UNIT), self.at) if not o.blocked]

    def apply(self, decision: Decision) -> None:
        """Write a decision, in the order of the case room: assign, settle, then open."""
        f = self.facts
        for settle in decision.settles:
            for kept in self.kept:
                if kept.open.act == settle.act and not kept.how and settle.owner in ("", kept.open.owner):
                    kept.how = settle.how
        if decision.succeeds:
            gone, heir = (f"assist:{organ}" for organ in decision.succeeds)
            for kept in self.kept:
                if kept.open.owner == gone and not kept.how:
                    kept.open = replace(kept.open, owner=heir)
        self.kept += [Kept(o) for o in decision.opens]
        documents = {**f.documents, **{m.kind: m.state for m in decision.documents}}
        counts = dict(f.counts)
        for name, more in decision.counts_added.items():
            counts[name] = counts.get(name, 0) + more
        self.facts = replace(
            f,
            procedure=decision.procedure,
            state=decision.state,
            lead=decision.assigns.get("lead", f.lead),
            office=decision.succeeds[1] if decision.succeeds and f.office == decision.succeeds[0] else f.office,
            assists=frozenset(decision.assigns.get("assists", f.assists)),
            dates={**f.dates, **decision.dates},
            flags=(f.flags | decision.flags_set) - decision.flags_cleared,
            counts=counts,
            open_acts=frozenset(self.open),
            documents={kind: state for kind, state in documents.items() if state != "recalled"},
            sealed=f.sealed if decision.seals is None else decision.seals,
        )
        self.waits_for, self.closed = decision.waits_for, decision.closes
        self.events.append(decision.event)
        self.decisions.append(decision)

    @property
    def today(self) -> date:
        return day_of(self.at)


def received() -> Drive:
    """A case that just came in."""
    drive = Drive()
    drive.take("receive", "petitioner")
    return drive


def sorted_as(route: str) -> Drive:
    """A registered case on its road."""
    drive = received()
    drive.take("register", "intake")
    drive.take("classify", "officer", route=route, title="路灯不亮")
    return drive


def at_unit(route: str = "redress", **more: Any) -> Drive:
    """A case that its unit has signed for."""
    drive = sorted_as(route)
    drive.take("refer", "officer", lead=UNIT, task="请调查处理", **more)
    drive.take("sign_for", "handler")
    return drive


def disputed() -> Drive:
    """A claim that two organs sent back: a ruling is owed."""
    drive = at_unit()
    for organ in (UNIT, OTHER):
        drive.take("object", "handler", reasons="这条路的路灯由市政中心养护，不归我们管")
        drive.take("accept_objection", "officer", reasons="属实", arbiter=ARBITER)
        if organ == UNIT:
            drive.take("refer_again", "officer", lead=OTHER)
    return drive


def returned() -> Drive:
    """A claim that one organ sent back."""
    drive = at_unit()
    drive.take("object", "handler", reasons="这条路的路灯由市政中心养护，不归我们管")
    drive.take("negotiate", "officer", organs=[UNIT, OTHER], outcome="协商不成")
    drive.take("accept_objection", "officer", reasons="属实")
    return drive


def accepted() -> Drive:
    """A claim that was accepted."""
    drive = at_unit()
    drive.take("accept", "handler")
    return drive


def decided(outcome: str = "support", **more: Any) -> Drive:
    """A claim with a sealed decision."""
    drive = accepted()
    drive.take("hear", "handler", way="phone", heard_on=drive.today, statement="说了经过")
    drive.take("investigate", "handler", way="现场查看", findings="属实")
    drafted(drive, outcome, **more)
    drive.take("check_decision", "handler")
    drive.take("sign_decision", "head")
    drive.take("seal_decision", "handler", scan=FILES)
    return drive


def drafted(drive: Drive, outcome: str = "support", **more: Any) -> None:
    """Draft the decision."""
    given = {"outcome": outcome, "demands": [{**DEMAND, "outcome": outcome}]}
    if outcome == "support":
        given |= {"remedy": "三天内修好", "execution_days": "15"}
    drive.take("draft_decision", "handler", {**given, **more})


def served(outcome: str = "support") -> Drive:
    """A claim whose decision was served in person."""
    drive = decided(outcome)
    drive.take("serve", "handler", method="in_person", served_on=drive.today, proof=FILES)
    return drive
