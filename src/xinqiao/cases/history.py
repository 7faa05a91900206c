"""What happened to a matter that comes in with its past, as the law tells it: which entries, which duties, which state.

One telling holds for all matters of the same shape (same days, organs, channel): the law is asked once for each shape, and
the telling leaves holes for what differs: ids, moments, words. Matters received on the same day share the beginning of their
tale, and tellings share the lines and duties that are the same in both. Reads no table.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from typing import Any, TypeVar
from uuid import UUID

from xinqiao import law
from xinqiao.kernel.canonical import canonical
from xinqiao.kernel.clock import SHANGHAI, day_of
from xinqiao.kernel.errors import Refused
from xinqiao.law import types as law_types
from xinqiao.law.audit import Audited, audit
from xinqiao.ledger import chain, events
from xinqiao.people.actors import SYSTEM, Actor

from . import effects, obligations, outcome, services
from .models import Case, Obligation

REGISTRAR = SYSTEM("registrar")
MOST_TOLD = 20_000  # about 1 kB each, and what they share
MOST_BEGUN = 1_000
WAYS = {"portal": "message", "hotline": "phone", "window": "in_person", "letter": "written"}

M = TypeVar("M", Case, Obligation)
When = str | datetime
"""A moment of the row ("received", "answered", "closed"), or one that follows from the days alone."""


@dataclass(frozen=True, slots=True)
class Shape:
    """All that the law asks of a matter. `past` tells a matter with a history from one that comes in now."""

    office: int
    jurisdiction: str
    channel: str
    anonymous: bool
    sealed: bool
    past: bool
    today: date
    received_on: date
    answered_on: date | None = None
    closed_on: date | None = None
    lead: int | None = None
    replied: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of the ledger, with its record when it is a step. `mould` makes the payload from the row's values;
    `plain` is the record's words where they are the same for every row."""

    event: str
    step: str
    when: When
    actor: Actor
    mould: str
    inputs: Mapping[str, Any] | None
    public: bool = False
    cites: str = "[]"
    wanting: tuple[str, ...] = ()
    plain: bytes = b""


@dataclass(frozen=True, slots=True, eq=False)
class Duty:
    """One obligation as it stands at the end. `opened` and `settled` are moments of the row or fixed ones."""

    row: Obligation
    opened: When
    settled: When | None
    trace: str
    cites: str


@dataclass(frozen=True, slots=True)
class Telling:
    """The whole: entries in order, duties, and the case as it stands."""

    procedure: str
    version: date
    state: str
    lead: int | None
    waits_for: str
    cause: str
    lines: tuple[Line, ...]
    duties: tuple[Duty, ...]
    facts: str
    changed: When
    closed: When | None
    papers: tuple[str, ...]
    notices: tuple[law_types.NoticeSpec, ...]


@dataclass
class _Shared:
    """What tellings have in common, by what it says. `opened` keeps each due date that it knows by its identity."""

    lines: dict[tuple[Any, ...], Line] = field(default_factory=dict)
    duties: dict[tuple[Any, ...], Duty] = field(default_factory=dict)
    opened: dict[tuple[Any, ...], tuple[law_types.Due, Obligation, str, str]] = field(default_factory=dict)


@dataclass
class _Owed:
    """An obligation on its way, with its trace and cites as texts."""

    row: Obligation
    opened: When
    trace: str
    cites: str
    settled: When | None = None


@dataclass
class _Tale:
    shape: Shape
    case: Case
    by: Actor
    shared: _Shared
    lines: list[Line] = field(default_factory=list)
    owed: list[_Owed] = field(default_factory=list)
    papers: list[str] = field(default_factory=list)
    notices: list[law_types.NoticeSpec] = field(default_factory=list)
    changed: When = "received"
    closed: When | None = None

    def unsettled(self) -> list[Obligation]:
        """What is still owed, or may still be done."""
        return [o.row for o in self.owed if o.row.settled_at is None]

    def place(self, row: Obligation) -> int:
        """Which of the duties this one is."""
        return next(place for place, o in enumerate(self.owed) if o.row is row)

    def going_on(self, shape: Shape) -> "_Tale":
        """The same tale so far, to be told to another end."""
        owed = [_Owed(_twin(o.row), o.opened, o.trace, o.cites, o.settled) for o in self.owed]
        return _Tale(
            shape, _twin(self.case), self.by, self.shared, self.lines[:], owed,
            self.papers[:], self.notices[:], self.changed, self.closed,
        )  # fmt: skip


def _twin(row: M) -> M:
    """The same row once more. It is never saved, so it need not go through the model's constructor."""
    twin = object.__new__(type(row))
    twin.__dict__.update(row.__dict__)
    return twin


class Teller:
    """Tells histories for one importer; remembers those it has told."""

    def __init__(self, by: Actor) -> None:
        self._by = by
        self._told: dict[Shape, Telling] = {}
        self._begun: dict[Shape, _Tale] = {}
        self._shared = _Shared()

    def tell(self, shape: Shape) -> Telling:
        """The history of a matter of this shape. Raises Refused when the law knows no such course, LookupError for days that
        lie before its calendars."""
        known = self._told.get(shape)
        if known is None:
            if len(self._told) >= MOST_TOLD:
                self._told.clear()
                self._begun.clear()
                self._shared = _Shared()
            known = self._told[shape] = self._tell(shape)
        return known

    def _tell(self, shape: Shape) -> Telling:
        tale = self._registered(shape).going_on(shape)
        if shape.past:
            if shape.answered_on is not None and not shape.sealed:
                _answered(tale, shape.answered_on)
            _missed_until(tale, shape.today)
        return _told(tale)

    def _registered(self, shape: Shape) -> _Tale:
        start = replace(shape, answered_on=None, closed_on=None, lead=None, replied=False)
        known = self._begun.get(start)
        if known is None:
            if len(self._begun) >= MOST_BEGUN:
                self._begun.clear()
            known = self._begun[start] = _registered(start, self._by, self._shared)
        return known


def _registered(shape: Shape, by: Actor, shared: _Shared) -> _Tale:
    tale = _Tale(shape, _begun(shape), by, shared)
    role = {"staff": "intake", "citizen": "petitioner", "system": "system"}[by.kind]
    _take(tale, "receive", {}, "received", shape.received_on, by, role)
    _take(tale, "register", {}, "received", shape.received_on, REGISTRAR, "system")
    return tale


def _begun(shape: Shape) -> Case:
    facts = {"dates": {"received": shape.received_on.isoformat()}, "flags": [], "counts": {}}
    return Case(
        procedure="intake", version=shape.received_on, state="", channel=shape.channel, facts=facts,
        jurisdiction=shape.jurisdiction, office_id=shape.office, anonymous=shape.anonymous, sealed=shape.sealed,
        received_on=shape.received_on,
    )  # fmt: skip


def _answered(tale: _Tale, day: date) -> None:
    """Answered, and ended on the day that the source names; else when the petitioner's time to judge it was over."""
    shape = tale.shape
    ended = shape.closed_on
    _take(tale, "classify", {"route": "inquiry"}, "answered", day, tale.by, "officer")
    way = {"way": WAYS[shape.channel]} if shape.channel in WAYS else {}
    reply = {"reply": _hole("reply")} if shape.replied else {}
    _take(tale, "answer", {**reply, **way}, "answered", day, tale.by, "officer")
    window = next((o for o in tale.unsettled() if o.act == "evaluation"), None)
    over = obligations.over_at(window.due) if window is not None else None
    if over is not None and day_of(over) <= (ended or shape.today):
        _take(tale, "lapse_evaluation", {}, over, day_of(over), tale.by, "system")
        if ended is None:
            _take(tale, "close", {}, over, day_of(over), tale.by, "officer")
    if ended is not None:
        _take(tale, "close", {}, "closed", ended, tale.by, "officer")


def _take(tale: _Tale, step: str, inputs: dict[str, Any], when: When, day: date, by: Actor, role: str) -> None:
    _missed_until(tale, day)
    case, at = tale.case, datetime.combine(day, time(12), SHANGHAI)
    unsettled = frozenset(o.act for o in tale.unsettled())
    facts = services.facts_of(case, services.Standing(frozenset(), unsettled, {}))
    organ = tale.shape.office if by.kind == "staff" else None
    decision, wanting = _decided(tale, facts, step, inputs, law_types.Actor(frozenset({role}), organ), at)
    if step == "answer" and tale.shape.lead is not None:
        decision = replace(decision, assigns={**decision.assigns, "lead": tale.shape.lead})
        case.lead_id = tale.shape.lead
    outcome.keep_facts(case, decision)
    case.procedure, case.state, case.waits_for = decision.procedure, decision.state, decision.waits_for
    if decision.closes:
        case.closed_cause, tale.closed = decision.closes, when
    opened = _settle_and_open(tale, decision, when, day, at)
    tale.papers += [move.kind for move in decision.documents]
    tale.notices += decision.notices
    tale.changed = when
    body = {
        "state": decision.state,
        "cites": list(decision.cites),
        "inputs": _hole("inputs"),
        "opens": [{"act": o.act, "due": o.due, "id": _hole(f"duty{tale.place(o)}")} for o in opened],
        "settles": [{"act": s.act, "how": s.how} for s in decision.settles],
        "papers": [{"id": _hole("paper"), "kind": p.kind, "state": p.state} for p in decision.documents],
        "assigns": {name: value for name, value in decision.assigns.items() if name in {"lead", "assists", "ruling"}},
        "closes": decision.closes,
    }
    _write(tale, decision.event, step, when, by, body, inputs=inputs, cites=decision.cites, wanting=wanting)


def _decided(
    tale: _Tale, facts: law_types.Facts, step: str, inputs: Mapping[str, Any], seen_as: law_types.Actor, at: datetime
) -> tuple[law_types.Decision, tuple[str, ...]]:
    found: law_types.Decision | law_types.Refusal | Audited
    if tale.shape.past:
        found = audit(facts, step, inputs, seen_as, at)
    else:
        found = law.decide(facts, step, inputs, seen_as, at)
    if isinstance(found, law_types.Refusal):
        raise Refused("；".join(found.reasons), allowed=found.allowed, cites=found.cites)
    return (found.decision, found.wanting) if isinstance(found, Audited) else (found, ())


def _settle_and_open(
    tale: _Tale, decision: law_types.Decision, when: When, day: date, at: datetime
) -> list[Obligation]:
    done = obligations.settle(tale.unsettled(), decision, at=at)
    for o in tale.owed:
        if any(o.row is row for row in done):
            o.settled = when
    opened = [_opened(tale, spec, when, at) for spec in decision.opens]
    for o in opened:
        tale.owed.append(o)
        o.row.id = UUID(int=len(tale.owed))  # in their order, for want of a real one
    return [o.row for o in opened]


def _opened(tale: _Tale, spec: law_types.Open, when: When, at: datetime) -> _Owed:
    """The obligation as obligations.open_ has it: made once for the same due date, opened by the same step of the same organs."""
    case, seq = tale.case, len(tale.lines) + 1
    key = (id(spec.due), spec.act, spec.owner, spec.kind, spec.title, seq, at, case.lead_id, case.office_id)
    known = tale.shared.opened.get(key)
    if known is None:
        row = obligations.open_(case, spec, seq=seq, at=at)
        known = tale.shared.opened[key] = (spec.due, row, _text(row.trace), _text(row.cites))
    return _Owed(_twin(known[1]), when, known[2], known[3])


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _missed_until(tale: _Tale, day: date) -> None:
    """What was owed by then and not done is on the record as missed, at the moment when its term was over."""
    living = [o for o in tale.unsettled() if o.state == Obligation.State.OPEN]
    for row in sorted((o for o in living if o.kind == "duty" and o.due < day), key=lambda o: o.due):
        over = obligations.over_at(row.due)
        row.wake_at = None
        row.state, row.colour = Obligation.State.MISSED, Obligation.Colour.RED
        body = {"act": row.act, "obligation": _hole(f"duty{tale.place(row)}"), "due": row.due, "cites": row.cites}
        _write(tale, "obligation.missed", "", over, tale.by, body, cites=())
        tale.changed = over


def _write(
    tale: _Tale,
    event: str,
    step: str,
    when: When,
    by: Actor,
    body: dict[str, Any],
    *,
    inputs: Mapping[str, Any] | None = None,
    cites: tuple[str, ...],
    wanting: tuple[str, ...] = (),
) -> None:
    seq = len(tale.lines) + 1
    said = (event, step, seq, when, by, repr((body, inputs)), cites, wanting)
    line = tale.shared.lines.get(said)
    if line is None:
        mould = _cast(event, step, seq, when, by, body)
        public = bool(step) and effects.is_public(event)
        same = inputs is not None and step != "receive" and "reply" not in inputs
        plain = canonical(words_of(inputs, wanting)) if same else b""
        line = Line(event, step, when, by, mould, inputs, public, _text(list(cites)), wanting, plain)
        tale.shared.lines[said] = line
    tale.lines.append(line)


def words_of(given: Mapping[str, Any] | None, wanting: tuple[str, ...]) -> dict[str, Any]:
    """The words of a record: what was given, and what the law found wanting."""
    return {**(given or {}), **({"wanting": list(wanting)} if wanting else {})}


def _cast(event: str, step: str, seq: int, when: When, by: Actor, body: dict[str, Any]) -> str:
    events.check_body(events.find(event), body)
    payload = chain.payload_of(
        case_id=_hole("case"),  # type: ignore[arg-type]
        seq=seq,
        event=event,
        step=step,
        actor=outcome.actor_reference(by),
        occurred_at=when if isinstance(when, datetime) else _hole(when),  # type: ignore[arg-type]
        body=body,
    )
    parts = payload.decode().replace("%", "%%").split("@@")
    return "".join(part if place % 2 == 0 else f"%({part})s" for place, part in enumerate(parts))


def _hole(name: str) -> str:
    return f"@@{name}@@"


def _told(tale: _Tale) -> Telling:
    living, case = tale.unsettled(), tale.case
    obligations.lead(living)
    if tale.shape.past:
        for row in living:
            _as_of(row, tale.shape.today)
    return Telling(
        case.procedure, case.version, case.state, case.lead_id, case.waits_for, case.closed_cause,
        tuple(tale.lines), tuple(_duty(o, tale.shared) for o in tale.owed), canonical(case.facts).decode(),
        tale.changed, tale.closed, tuple(tale.papers), tuple(tale.notices),
    )  # fmt: skip


def _duty(owed: _Owed, shared: _Shared) -> Duty:
    """The duty at the end of its tale. Two that differ in nothing but the row's id are one."""
    row = owed.row
    key = (
        owed.trace, owed.cites, row.act, row.title, row.kind, row.owner, row.organ_id, row.term, row.start_on, row.due,
        row.due_unrolled, row.provisional, row.state, row.colour, row.leading, row.wake_at, row.opened_seq, row.settled_on,
        owed.opened, owed.settled,
    )  # fmt: skip
    known = shared.duties.get(key)
    if known is None:
        known = shared.duties[key] = Duty(row, owed.opened, owed.settled, owed.trace, owed.cites)
    return known


def _as_of(row: Obligation, today: date) -> None:
    """A duty that is near on the day of the import is yellow at once; the watcher looks again when it is over."""
    over = obligations.over_at(row.due)
    if row.state == Obligation.State.OPEN and row.wake_at is not None and row.wake_at < over:
        if day_of(row.wake_at) <= today:
            row.colour, row.wake_at = Obligation.Colour.YELLOW, over
