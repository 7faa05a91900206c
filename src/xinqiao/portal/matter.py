"""A case as its petitioner reads it: what comes next, the course, what happened, papers, what may be done now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from xinqiao import law, papers
from xinqiao.cases import access, selectors, services, words
from xinqiao.cases.models import Case, Document, Obligation, Rating, Record
from xinqiao.kernel.clock import day_of
from xinqiao.kernel.words import N_
from xinqiao.law.types import Option, Station, TraceLine
from xinqiao.ledger import batch
from xinqiao.people import selectors as people
from xinqiao.people.actors import Actor
from xinqiao.people.models import Organ
from xinqiao.ui.cites import cite_words
from xinqiao.ui.templatetags.xq import day_words, distance_words

# What staff said to the petitioner, or did before their eyes; other words of staff stay in the file.
SAID_TO_PETITIONER = {
    "contact": "words",
    "relay": "words",
    "return_visit": "words",
    "accept": "process",
    "study": "process",
    "approve_extension": "reasons",
    "report_execution": "words",
    "execute": "result",
}
# What counts as the answer: the words of these steps, by what they say, and these papers once they are the petitioner's.
ANSWERS: dict[str, tuple[tuple[str, str], ...]] = {
    "answer": (("", "reply"),),
    "answer_on_spot": (("", "reply"),),
    "inform": ((N_("找谁"), "body"), (N_("怎么办"), "how"), (N_("哪天以前"), "until"), (N_("依据"), "basis")),
}
ANSWER_PAPERS = ("decision", "suggestion_reply", "path_notice", "on_the_spot_reply")
ANSWERED_STATIONS = frozenset({"answered", "executed", "closed"})
MOST_CITES = 2
# Steps whose form the portal draws itself, and steps that only machines and staff take.
CORRECT = "correct_data"
# Duties beside the next one that the petitioner waits for, too.
OWED_BESIDE = frozenset({"urge.answer"})
RATINGS = {"rate_unit": Rating.Target.UNIT, "rate_office": Rating.Target.OFFICE}
ICONS = {
    "add_material": "paperclip",
    "urge": "urge",
    "correct_data": "edit",
    "withdraw": "close",
    "undo_withdraw": "undo",
    "rate_unit": "star",
    "rate_office": "star",
    "seal": "lock",
}


@dataclass(frozen=True)
class Entry:
    """One thing that happened."""

    title: str
    at: datetime
    who: str
    text: str
    cites: tuple[str, ...]
    mood: str
    kind: str
    papers: tuple[Mapping[str, str], ...] = ()
    id: str = ""


@dataclass(frozen=True)
class Next:
    """What comes next: the sentence, and the date with its reasons when one stands in it."""

    sentence: SafeString
    due: date | None = None
    start: date | None = None
    mood: str = ""
    lines: tuple[TraceLine, ...] = ()
    cites: tuple[str, ...] = ()
    provisional: bool = False


@dataclass(frozen=True)
class Act:
    """Something that the petitioner may do now, or will be able to."""

    step: str
    label: str
    hint: str
    icon: str
    weight: str
    url: str
    blocked: tuple[str, ...] = ()


@dataclass(frozen=True)
class Day:
    """A further date: a right that runs out, or something still owed to the petitioner."""

    title: str
    due: date
    lines: tuple[TraceLine, ...]
    provisional: bool
    where: tuple[Organ, ...] = ()


@dataclass(frozen=True)
class Answer:
    """What was answered: lines (what it says, the words) and the paper it stands on."""

    lines: tuple[tuple[str, str], ...]
    paper: Mapping[str, Any] | None


@dataclass
class View:
    """Everything on the page of one case."""

    case: Case
    next: Next
    state: str
    stations: Sequence[Station]
    passed: Mapping[str, date]
    entries: list[Entry]
    papers: list[Mapping[str, Any]]
    acts: list[Act]
    waiting: list[Act]
    organ: str
    assists: list[str]
    answer: Answer | None = None
    owed: list[Day] = field(default_factory=list)
    rights: list[Day] = field(default_factory=list)
    ratings: list[Rating] = field(default_factory=list)


@dataclass(frozen=True)
class Material:
    """What the page of a case is made of."""

    file: selectors.CaseFile
    reviewers: tuple[Organ, ...]


def material(case: Case, *, at: datetime) -> batch.Question[Material]:
    """What is asked for the page of `case`, which access has already allowed; to travel with others."""
    asked: list[batch.Question[Any]] = [selectors.case_file_asked(case, public_only=True)]
    if case.lead_id is not None:
        asked.append(people.reviewing_asked(case.lead_id, case.content_code, day_of(at)))
    both = batch.together(*asked)

    def take(found: list[batch.Rows]) -> Material:
        file, *reviewers = both.take(found)
        return Material(file, tuple(one.organ for some in reviewers for one in some))

    return batch.Question(both.statements, take)


def view(case: Case, of: Material, *, actor: Actor, at: datetime) -> View:
    """What the petitioner sees of `case`."""
    file = of.file
    standing = services.Standing(
        assists=frozenset(one.organ_id for one in file.assists),
        acts=frozenset(one.act for one in file.obligations if one.settled_at is None),
        documents=file.live,
    )
    facts = services.facts_of(case, standing)
    options = law.options(facts, access.law_actor(case, actor), at)
    acts = [act(case, option) for option in options]
    return View(
        case=case,
        next=_next(case, law.outlook(facts), file.obligations, day_of(at)),
        state=gettext(law.state_label(case.procedure, case.state, case.closed_cause)),
        stations=law.stations(case.procedure, case.closed_cause),
        passed=_passed(case, file.records),
        entries=[_entry(record) for record in file.records],
        papers=[paper_line(document) for document in file.documents],
        acts=[one for one in acts if not one.blocked],
        waiting=[one for one in acts if one.blocked and _worth_saying(one.step, facts.flags)],
        organ=(case.lead or case.office).name,
        assists=[assist.organ.short_name for assist in file.assists],
        answer=_answer(file),
        owed=[_day(o) for o in file.open_duties if o.act in OWED_BESIDE],
        rights=_rights([o for o in file.open_windows if o.owner == "petitioner"], of.reviewers, day_of(at)),
        ratings=file.ratings,
    )


def _day(obligation: Obligation, where: tuple[Organ, ...] = ()) -> Day:
    return Day(gettext(obligation.title), obligation.due, trace(obligation), obligation.provisional, where)


def _answer(file: selectors.CaseFile) -> Answer | None:
    """The newest answer, unless the matter was taken up again since."""
    case = file.case
    here = next((one.key for one in law.stations(case.procedure) if case.state in one.states), "")
    if here not in ANSWERED_STATIONS and case.closed_at is None:
        return None
    record = next((one for one in file.records if one.step in ANSWERS), None)
    lines = _lines(record) if record else ()
    given = [one for one in file.documents if one.kind in ANSWER_PAPERS and one.live and (one.served_on or record)]
    if not lines and not given:
        return None
    return Answer(lines, paper_line(given[-1]) if given else None)


def _lines(record: Record) -> tuple[tuple[str, str], ...]:
    kept = words.get(record)
    if not isinstance(kept, Mapping):
        return ()
    wanted = ANSWERS[record.step]
    return tuple((gettext(label) if label else "", str(kept[name])) for label, name in wanted if kept.get(name))


def _rights(windows: Sequence[Obligation], reviewers: tuple[Organ, ...], today: date) -> list[Day]:
    """What the petitioner may still do until when; for a review, at which bodies."""
    return [_day(one, reviewers if one.act == "review.apply" else ()) for one in windows if one.due >= today]


def _worth_saying(step: str, flags: frozenset[str]) -> bool:
    """Whether somebody would look for this act and wonder why it is not there."""
    return step == "urge" or (step == "undo_withdraw" and "withdrawing" in flags)


def act(case: Case, option: Option) -> Act:
    """An option as a button."""
    return Act(
        step=option.step,
        label=gettext(option.label),
        hint=gettext(option.hint) if option.hint else "",
        icon=ICONS.get(option.step, "arrow-right"),
        weight=option.weight,
        url=_step_address().format(case.number, option.step),
        blocked=tuple(gettext(reason) for reason in option.blocked),
    )


@cache
def _step_address() -> str:
    """Where a step of a case is taken, with places for number and step: one page has many of them."""
    number = "0" * 12
    return reverse("portal:do", args=[number, "step"]).replace(number, "{}").replace("step", "{}")


@cache
def _paper_address() -> str:
    nobody = UUID(int=0)
    return reverse("portal:paper", args=[nobody]).replace(str(nobody), "{}")


def _next(case: Case, outlook: law.Outlook, obligations: Sequence[Obligation], today: date) -> Next:
    organ = (case.lead or case.office).short_name
    found = next((o for o in obligations if o.act == outlook.act and o.settled_at is None), None)
    if found is None:
        return Next(_filled(outlook.text, organ=organ, due=""))
    before = gettext(outlook.text).partition("{due}")[0][-1:]
    day = format_html(
        '{}<time datetime="{}">{}</time>',
        " " if before.isalpha() else "",  # a letter and a figure stand apart; after a comma they do already
        found.due.isoformat(),
        day_words(found.due, today),
    )
    sentence = _filled(outlook.text, organ=organ, due=day)
    mood = "late" if found.due < today else "near" if (found.due - today).days <= 3 else "normal"
    with_distance = format_html(
        '<span class="xq-due xq-due-{}">{} <span class="xq-due-rel">{}</span></span>',
        mood,
        sentence,
        distance_words(found.due, today),
    )
    return Next(
        with_distance,
        due=found.due,
        start=found.start_on,
        mood=mood,
        lines=trace(found),
        cites=tuple(cite_words(cite) for cite in found.cites),
        provisional=found.provisional,
    )


def _filled(text: str, **values: Any) -> SafeString:
    """A sentence of the law with its places filled; values that are not markup are escaped."""
    return format_html(gettext(text), **values) if "{" in text else format_html("{}", gettext(text))


def trace(obligation: Obligation) -> tuple[TraceLine, ...]:
    """Why this day: the stored lines, as the law wrote them, with articles in words."""
    return tuple(
        TraceLine(
            line["text"],
            day=date.fromisoformat(line["day"]) if line.get("day") else None,
            values=line.get("values") or {},
            cite=cite_words(line["cite"]) if line.get("cite") else "",
        )
        for line in obligation.trace
    )


def _passed(case: Case, records: Sequence[Record]) -> dict[str, date]:
    """When each station was reached, from the days that the law keeps of the case."""
    days = {name: date.fromisoformat(day) for name, day in case.facts.get("dates", {}).items()}
    first = {
        "received": ("received",),
        "passed": ("referred", "transferred"),
        "handling": ("accepted", "clock"),
        "answered": ("served", "answered", "informed"),
        "executed": ("executed",),
        "closed": ("closed",),
    }
    found = {key: next((days[name] for name in names if name in days), None) for key, names in first.items()}
    return {key: day for key, day in found.items() if day is not None}


def _entry(record: Record) -> Entry:
    own = record.actor_kind == "citizen"
    if own:
        who = gettext("您")
    elif record.organ is not None:
        who = record.organ.name
    else:
        who = gettext("系统自动")
    return Entry(
        title=gettext(law.event_label(record.event)),
        at=record.at,
        who=who,
        text=_said(record, own=own),
        cites=_few(record.cites),
        mood="late" if record.event == "obligation.missed" else "",
        kind="own" if own else record.actor_kind,
        id=str(record.seq),
    )


def _few(cites: Sequence[str]) -> tuple[str, ...]:
    """The first articles in words; what is more stands on the papers."""
    shown = tuple(cite_words(cite) for cite in cites[:MOST_CITES])
    return (*shown[:-1], gettext("%(cite)s等") % {"cite": shown[-1]}) if len(cites) > MOST_CITES else shown


def _said(record: Record, *, own: bool) -> str:
    name = SAID_TO_PETITIONER.get(record.step)
    if not own and name is None:
        return ""
    kept = words.get(record)
    if not isinstance(kept, Mapping):
        return ""
    if own:
        return str(kept.get("words") or kept.get("reasons") or "")
    return str(kept.get(name or "") or "")


def paper_line(document: Document) -> dict[str, Any]:
    """An issued paper as a line with its way to the PDF."""
    try:
        label = papers.paper_label(document.kind)
    except KeyError:
        label = document.kind
    return {
        "url": _paper_address().format(document.id),
        "label": gettext(label),
        "number": document.number or "",
        "issuer": document.issuer.name,
        "issued_on": document.issued_on,
        "served_on": document.served_on,
        "recalled": document.state == "recalled",
    }
