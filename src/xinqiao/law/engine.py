"""Procedures as declared edges, and the one function that decides whether a step may be taken and what it does.

Denied unless declared: a step needs an edge for the case's state and the actor's role; then its guards, then its inputs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property, lru_cache
from typing import Any, Literal

from xinqiao.kernel.clock import day_of
from xinqiao.kernel.words import N_
from xinqiao.law.terms import term
from xinqiao.law.types import (
    Actor,
    Choice,
    Decision,
    DocMove,
    Due,
    Facts,
    Guard,
    Input,
    NoticeSpec,
    Open,
    Option,
    Outlook,
    Owner,
    Refusal,
    Settle,
    Station,
)

STAFF = ("intake", "officer", "handler", "head", "assistant", "arbiter", "discipline")
OFFICE = ("intake", "officer")
UNIT = ("handler", "head")

IN_FORCE = date(2022, 5, 1)
WINDOWS = frozenset({"objection", "review.apply", "evaluation", "withdraw.undo"})  # rights, not duties

Kind = Literal[
    "text", "long", "choice", "many", "organ", "organs", "date", "bool", "files", "post", "area", "content", "demands"
]
Check = Callable[[Facts, Mapping[str, Any], datetime], Mapping[str, str]]
Effect = Callable[[Facts, Mapping[str, Any], Actor, datetime, Decision], Decision]


@dataclass(frozen=True)
class Opens:
    """Declares an obligation: `act` by `owner`, `term` counted from the day `start` (a date of the case, or "today")."""

    act: str
    owner: Owner
    term: str
    start: str
    title: str
    kind: Literal["duty", "window"] = "duty"


@dataclass(frozen=True)
class Edge:
    """One declared move. `frm` lists states ("" is the beginning), `to` is "" when the state is kept.

    `routes` maps the value of the input named by `turn` to (procedure, state) when the target depends on a choice.
    `private` steps are not shown to the petitioner. `effect` adds what cannot be said by a list.
    """

    step: str
    frm: tuple[str, ...]
    to: str
    by: tuple[str, ...]
    label: str
    cites: tuple[str, ...]
    hint: str = ""
    needs: tuple[Input, ...] = ()
    guards: tuple[Guard, ...] = ()
    checks: tuple[Check, ...] = ()
    opens: tuple[Opens, ...] = ()
    settles: tuple[str, ...] = ()
    lifts: tuple[str, ...] = ()
    documents: tuple[DocMove, ...] = ()
    notices: tuple[NoticeSpec, ...] = ()
    dates: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    clears: tuple[str, ...] = ()
    counts: tuple[str, ...] = ()
    assigns: tuple[str, ...] = ()  # inputs handed on under their own names
    closes: str = ""
    turn: str = ""
    routes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    effect: Effect | None = None
    may_open: tuple[str, ...] = ()  # acts that `effect` may open
    may_settle: tuple[str, ...] = ()  # acts that `effect` may settle
    weight: Literal["primary", "plain", "danger"] = "plain"
    also: tuple[str, ...] = ()  # other states that `effect` may choose
    misses: str = ""  # the missed duty after which this automatic step follows
    lapses: str = ""  # the window whose end this automatic step records
    private: bool = False
    shared: bool = False  # the same event in every procedure
    joined: bool = False  # follows from a step of another case, never offered by itself
    recusal: bool = False  # may be taken by somebody who must withdraw (Art. 28)
    done: str = ""  # what the timeline says to the petitioner; default: the label
    staff: str = ""  # what it says to staff, who are not addressed as the petitioner; default: the same words


@dataclass(frozen=True)
class State:
    """A place in a procedure. `waits` names who moves next when no duty is open; `tells` lists (act, sentence)."""

    key: str
    label: str
    waits: str = ""
    outlook: str = ""
    tells: tuple[tuple[str, str], ...] = ()
    end: bool = False


@dataclass(frozen=True)
class Procedure:
    name: str
    label: str
    states: tuple[State, ...]
    stations: tuple[Station, ...]
    edges: tuple[Edge, ...]
    entry: str  # the state in which a case arrives here

    def state(self, key: str) -> State:
        """The state called `key`. Raises KeyError."""
        return self._by_key[key]

    @cached_property
    def _by_key(self) -> dict[str, State]:
        return {s.key: s for s in self.states}

    @cached_property
    def leaving(self) -> dict[str, tuple[Edge, ...]]:
        """The edges that leave each state, in their order."""
        found: dict[str, tuple[Edge, ...]] = {}
        for edge in self.edges:
            for state in dict.fromkeys(edge.frm):
                found[state] = (*found.get(state, ()), edge)
        return found


House = Mapping[str, Procedure]
_term = lru_cache(maxsize=4096)(term)  # the same term of the same day is asked for again and again


def field_(
    name: str,
    label: str,
    kind: Kind = "text",
    required: bool = True,
    help: str = "",
    *,
    choices: tuple[Choice, ...] = (),
    when: str = "",
) -> Input:
    """An input of a step, required unless said otherwise; `when` says when it is after all."""
    return Input(name, label, kind, required, help, 200 if kind == "text" else 8000, choices, when)


def tell(text: str, *to: Owner) -> tuple[NoticeSpec, ...]:
    """Notices of one text to several owners."""
    return tuple(NoticeSpec(text, owner) for owner in to)


def event_of(procedure: str, edge: Edge) -> str:
    """The name under which the ledger keeps this step."""
    return f"case.{edge.step}" if edge.shared else f"{procedure}.{edge.step}"


def governing(facts: Facts) -> date:
    """The day whose law governs the case: its version, but these procedures are those of the 2022 Regulation."""
    return max(facts.version, IN_FORCE)


def due_for(facts: Facts, name: str, start: date, days: int | None = None) -> Due:
    """A term of this case, under the law of its version and place."""
    return _term(name, start, jurisdiction=facts.jurisdiction, on=governing(facts), days=days)


def edges_here(procedure: Procedure, state: str) -> tuple[Edge, ...]:
    return procedure.leaving.get(state, ())


def decide(
    house: House, facts: Facts, step: str, inputs: Mapping[str, Any], actor: Actor, at: datetime
) -> Decision | Refusal:
    """What `step` does to the case, or why it may not be taken and what may. Reads nothing but its arguments."""
    procedure = house[facts.procedure]
    here = edges_here(procedure, facts.state)
    allowed = tuple(
        dict.fromkeys(e.step for e in here if _may(e, actor) and not e.joined and not _blocked(e, facts, at))
    )
    mine = [e for e in here if e.step == step and set(e.by) & actor.roles]
    if not mine:
        return Refusal(step, (_why_not(procedure, facts, step, here),), allowed)
    edge = mine[0]
    if actor.recused and not edge.recusal:
        return Refusal(
            step, (N_("您与这件事有直接利害关系，应当回避，不能办理。"),), allowed, cites=("xinfang-2022:28(3)",)
        )
    reasons = tuple(reason for guard in edge.guards if (reason := guard(facts, inputs, at)))
    if reasons:
        return Refusal(step, reasons, tuple(s for s in allowed if s != step), cites=edge.cites)
    wrong = _wrong_inputs(edge, facts, inputs, at)
    if wrong:
        return Refusal(step, (N_("有几项还需要补全，您填的内容都还在。"),), allowed, wrong, edge.cites)
    return _settled_up(house, _carry_out(procedure, edge, facts, inputs, actor, at), facts)


def options(procedure: Procedure, facts: Facts, actor: Actor, at: datetime) -> list[Option]:
    """The steps that this actor may take now, the main ones first; those that must wait say why."""
    rank = {"primary": 0, "plain": 1, "danger": 2}
    found: dict[str, Option] = {}
    for edge in edges_here(procedure, facts.state):
        if _may(edge, actor) and not edge.joined:
            found.setdefault(edge.step, _option(edge, facts, at))
    return sorted(found.values(), key=lambda option: (bool(option.blocked), rank[option.weight]))


def needs(edge: Edge, facts: Facts) -> tuple[Input, ...]:
    """What this step asks for here: the scan of a stamped paper only where seals are put on by hand."""
    return tuple(item for item in edge.needs if facts.stamped or not item.stamped)


def _option(edge: Edge, facts: Facts, at: datetime) -> Option:
    return Option(
        edge.step,
        edge.label,
        edge.hint,
        needs(edge, facts),
        edge.cites,
        tuple(dict.fromkeys(move.kind for move in edge.documents)),
        tuple(notice.text for notice in edge.notices),
        edge.weight,
        _blocked(edge, facts, at),
    )


def outlook(procedure: Procedure, facts: Facts) -> Outlook:
    """What comes next for the citizen: the sentence of the first open act that the state tells about."""
    state = procedure.state(facts.state)
    if state.end and "withdrawing" in facts.flags:
        return Outlook(_WITHDRAWN)
    told = (*_TOLD_FIRST, *state.tells)
    for act, sentence in told:
        if act in facts.open_acts:
            return Outlook(sentence, act)
    return Outlook(state.outlook)


_WITHDRAWN = N_("您撤回了，这件事按您的意愿结束，没有算作“已解决”。想再提，随时可以。")
_TOLD_FIRST = (("withdraw.undo", N_("您已申请撤回。{due}以前可以反悔；过了这一天，这件事就按撤回结束。")),)


def _may(edge: Edge, actor: Actor) -> bool:
    return bool(set(edge.by) & actor.roles) and (edge.recusal or not actor.recused)


def _blocked(edge: Edge, facts: Facts, at: datetime) -> tuple[str, ...]:
    return tuple(reason for guard in edge.guards if (reason := guard(facts, {}, at)))


def _why_not(procedure: Procedure, facts: Facts, step: str, here: tuple[Edge, ...]) -> str:
    if any(e.step == step for e in here):
        return N_("这一步要由别的岗位来做。")
    if any(e.step == step for e in procedure.edges):
        return N_("这件事现在还不到这一步，或者已经过了这一步。")
    return N_("这类事项没有这一步。")


def _wrong_inputs(edge: Edge, facts: Facts, inputs: Mapping[str, Any], at: datetime) -> dict[str, str]:
    wrong: dict[str, str] = {}
    for need in needs(edge, facts):
        found = inputs.get(need.name)
        if found is None or found == "" or found == [] or found == ():
            if need.required:
                wrong[need.name] = N_("请填写这一项。")
        elif problem := _shape(need, found, at):
            wrong[need.name] = problem
    if not wrong:
        for check in edge.checks:
            wrong.update(check(facts, inputs, at))
    return wrong


def _shape(need: Input, found: Any, at: datetime) -> str:
    values = {choice.value for choice in need.choices}
    if need.kind in ("text", "long"):
        if not isinstance(found, str):
            return N_("请用文字填写。")
        if need.required and not found.strip():
            return N_("请填写这一项。")
        if len(found) > need.max_length:
            return N_("写得太长了，请缩短一些。")
    elif need.kind == "choice" and found not in values:
        return N_("请从列出的选项里选一个。")
    elif need.kind == "date" and not _is_past_day(found, at):
        return N_("请填写今天或今天以前的日期。")
    elif need.kind == "demands" and not _whole_demands(found, values):
        return N_("每一项诉求都要写明内容、事实、理由、依据和处理意见。")
    return ""


def _is_past_day(found: Any, at: datetime) -> bool:
    try:
        day = found if isinstance(found, date) else date.fromisoformat(str(found))
    except ValueError:
        return False
    return day <= day_of(at)


def _whole_demands(found: Any, outcomes: set[str]) -> bool:
    return isinstance(found, list | tuple) and all(
        isinstance(row, Mapping)
        and all(str(row.get(part, "")).strip() for part in ("demand", "facts", "reasons", "basis"))
        and row.get("outcome") in outcomes
        for row in found
    )


def _carry_out(
    procedure: Procedure, edge: Edge, facts: Facts, inputs: Mapping[str, Any], actor: Actor, at: datetime
) -> Decision:
    today = day_of(at)
    target = edge.routes[inputs[edge.turn]] if edge.turn else (procedure.name, edge.to or facts.state)
    dates = dict.fromkeys(edge.dates, today)
    known = {"received": facts.received_on, **facts.dates, **dates, "today": today}
    decision = Decision(
        step=edge.step,
        event=event_of(procedure.name, edge),
        procedure=target[0],
        state=target[1],
        cites=edge.cites,
        opens=tuple(Open(o.act, o.owner, o.kind, due_for(facts, o.term, known[o.start]), o.title) for o in edge.opens),
        settles=(
            *(Settle(act, "met") for act in edge.settles if act in facts.open_acts),
            *(Settle(act, "lifted") for act in edge.lifts if act in facts.open_acts),
        ),
        documents=edge.documents,
        notices=edge.notices,
        assigns={name: inputs[name] for name in edge.assigns if inputs.get(name)},
        dates=dates,
        flags_set=frozenset(edge.flags),
        flags_cleared=frozenset(edge.clears),
        counts_added=dict.fromkeys(edge.counts, 1),
        closes=edge.closes,
    )
    if edge.effect:
        decision = edge.effect(facts, inputs, actor, at, decision)
    return decision


def _settled_up(house: House, decision: Decision, facts: Facts) -> Decision:
    """Lift what is left when the case ends; name who is waited for when it goes on with no duty open."""
    settled = {s.act for s in decision.settles if not s.owner}
    left = facts.open_acts - settled
    if decision.closes:
        lifted = tuple(Settle(act, "lifted") for act in sorted(left))
        return replace(decision, settles=decision.settles + lifted, opens=(), waits_for="")
    duties = (left - WINDOWS) | {o.act for o in decision.opens if o.kind == "duty"}
    waits = "" if duties else house[decision.procedure].state(decision.state).waits
    return decision if waits == decision.waits_for else replace(decision, waits_for=waits)
