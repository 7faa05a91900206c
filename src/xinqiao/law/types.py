"""What the law takes and gives: plain, immutable values. Nothing here knows a table or the time of day."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

Role = Literal[
    "petitioner",  # proven by number and code, or by phone
    "intake",  # clerk at window or hotline of the petition office that registered the case
    "officer",  # officer of that petition office
    "handler",  # of the lead organ
    "head",  # of the lead organ
    "assistant",  # handler or head of an assisting organ
    "arbiter",  # common superior or joint conference asked to rule on jurisdiction (Art. 24)
    "discipline",  # named receiver of a sealed report
    "system",  # watcher and other automatic acts that decide nothing
]


@dataclass(frozen=True)
class TraceLine:
    """One line of the answer to "why this date?". `text` is a Chinese sentence (gettext id) with {placeholders}."""

    text: str
    day: date | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    cite: str = ""


@dataclass(frozen=True)
class Due:
    """A computed date. `due` is rolled past rest days, `due_unrolled` is not; `near` is when two thirds are used."""

    term: str
    start: date
    due: date
    due_unrolled: date
    near: date
    provisional: bool
    trace: tuple[TraceLine, ...]
    cites: tuple[str, ...]
    length: int = 0  # days or working days of the term


@dataclass(frozen=True)
class Choice:
    value: str
    label: str  # gettext id


@dataclass(frozen=True)
class Input:
    """One field of a step's form. Faces draw it, `decide` checks it."""

    name: str
    label: str  # gettext id
    kind: Literal[
        "text",
        "long",
        "choice",
        "many",
        "organ",
        "organs",
        "date",
        "bool",
        "files",
        "post",
        "area",
        "content",
        "demands",
    ]
    required: bool = False
    help: str = ""
    max_length: int = 4000
    choices: tuple[Choice, ...] = ()
    when: str = ""  # in words: when something must be given that is not `required` always
    stamped: bool = False  # asked only where seals are put on paper by hand


@dataclass(frozen=True)
class Actor:
    """Who asks, as the law sees it: the roles that this person has towards this case."""

    roles: frozenset[str]
    organ: int | None = None
    recused: bool = False  # direct interest in the matter (Art. 28)


@dataclass(frozen=True)
class Facts:
    """What the law needs to know of a case."""

    procedure: str
    version: date  # the day whose law governs this case
    state: str
    jurisdiction: str  # area code of the petition office, e.g. "330105"
    received_on: date
    office: int | None
    lead: int | None = None
    assists: frozenset[int] = frozenset()
    dates: Mapping[str, date] = field(default_factory=dict)  # "registered", "accepted", "served", ...
    flags: frozenset[str] = frozenset()  # "extended", "heard", "supported", "urged", ...
    counts: Mapping[str, int] = field(default_factory=dict)  # "returns", "visits", ...
    open_acts: frozenset[str] = frozenset()  # acts of obligations not yet settled
    documents: Mapping[str, str] = field(default_factory=dict)  # kind -> state of the live document
    anonymous: bool = False
    sealed: bool = False
    channel: str = "portal"
    stamped: bool = True  # seals are put on paper by hand: printed, stamped, scanned back


Owner = str  # "lead" | "office" | "petitioner" | "arbiter" | "discipline" | "assist:<organ id>"


@dataclass(frozen=True)
class Open:
    """Open an obligation: `owner` owes (kind duty) or may do (kind window) `act` by `due`."""

    act: str
    owner: Owner
    kind: Literal["duty", "window"]
    due: Due
    title: str  # gettext id, e.g. "告知是否受理"


@dataclass(frozen=True)
class Settle:
    act: str
    how: Literal["met", "lifted"]
    owner: Owner = ""  # only this owner's; all when empty
    on: date | None = None  # the day the act was legally done, when not the day of recording (service)


@dataclass(frozen=True)
class DocMove:
    """Bring the case's live document of `kind` to `state`, creating it when there is none or `fresh`."""

    kind: str
    state: Literal["drafted", "checked", "signed", "sealed", "served", "recalled"]
    fresh: bool = False


@dataclass(frozen=True)
class NoticeSpec:
    """A message through the outbox. `text` names the template, `to` an Owner."""

    text: str
    to: Owner


@dataclass(frozen=True)
class Decision:
    """What taking the step does. `cases` writes exactly this, with a ledger entry, in one transaction."""

    step: str
    event: str  # e.g. "redress.accept"
    procedure: str  # after
    state: str  # after
    cites: tuple[str, ...] = ()
    opens: tuple[Open, ...] = ()
    settles: tuple[Settle, ...] = ()
    documents: tuple[DocMove, ...] = ()
    notices: tuple[NoticeSpec, ...] = ()
    assigns: Mapping[str, Any] = field(
        default_factory=dict
    )  # "lead": id, "assists": [ids], "ruling": id, "handler": post id
    dates: Mapping[str, date] = field(default_factory=dict)  # merged into Facts.dates
    flags_set: frozenset[str] = frozenset()
    flags_cleared: frozenset[str] = frozenset()
    counts_added: Mapping[str, int] = field(default_factory=dict)
    closes: str = ""  # cause, when the case ends: "answered", "withdrawn", "reclassified", ...
    waits_for: str = ""  # named party when no duty is open
    seals: bool | None = None  # True seals the case, False unseals it
    succeeds: tuple[int, int] | None = None  # what the first organ has in the case, duties too, is the second one's now


@dataclass(frozen=True)
class Refusal:
    """Why a step is not allowed, what would be, and where the law says so."""

    step: str
    reasons: tuple[str, ...]  # gettext ids, plain sentences
    allowed: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)  # input name -> what is wrong
    cites: tuple[str, ...] = ()


@dataclass(frozen=True)
class Option:
    """A step that this actor may take now, ready to be drawn as a button with its form."""

    step: str
    label: str
    hint: str
    inputs: tuple[Input, ...]
    cites: tuple[str, ...]
    documents: tuple[str, ...] = ()  # kinds that it issues or moves
    notices: tuple[str, ...] = ()
    weight: Literal["primary", "plain", "danger"] = "plain"
    blocked: tuple[str, ...] = ()  # reasons why it is shown but cannot be taken yet


Guard = Callable[[Facts, Mapping[str, Any], datetime], str]
"""Returns '' when fulfilled, else the reason as a plain sentence."""


@dataclass(frozen=True)
class Station:
    """A stop on the line that shows a citizen the course of a case."""

    key: str
    label: str
    states: tuple[str, ...]


@dataclass(frozen=True)
class Outlook:
    """What comes next, in one sentence for the citizen."""

    text: str  # gettext id with {organ} and {due}
    act: str = ""  # the obligation that carries the date


Inputs = Mapping[str, Any]
Lines = Sequence[TraceLine]
