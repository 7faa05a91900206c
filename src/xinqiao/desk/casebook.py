"""A case as staff read it: head, timeline, dates with reasons, what may be done now and by whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import zip_longest
from typing import Any

from django.urls import reverse
from django.utils.timesince import timesince
from django.utils.translation import gettext, pgettext

from xinqiao import law, papers
from xinqiao.cases import access, links, obligations, outcome, selectors, services, words
from xinqiao.cases.models import Case, Document, Obligation, Record
from xinqiao.kernel.words import N_
from xinqiao.law.types import Option, TraceLine
from xinqiao.people import selectors as people
from xinqiao.people.actors import Actor
from xinqiao.people.selectors import Proposal
from xinqiao.ui.cites import cite_words

TARGETS = {"office": N_("信访部门"), "unit": N_("承办单位")}
SCORES = {"satisfied": "满意", "basically": "基本满意", "not": "不满意"}
STATES = {
    "drafted": "草稿",
    "checked": "已核稿",
    "signed": "已签发",
    "sealed": "已用印",
    "served": "已送达",
    "recalled": "已撤回",
}
CHANNELS = {
    "portal": "网上",
    "hotline": "来电",
    "window": "来访",
    "letter": "来信",
    "transfer": "上级转送",
    "sheet": "表格导入",
}
PARTIES = {
    "petitioner": N_("来信人"),
    "lead": N_("承办单位"),
    "office": N_("信访部门"),
    "arbiter": N_("裁定机关"),
    "discipline": N_("接收机关"),
}
LINKS = {
    "repeat_of": N_("这件重复了它"),
    "repeated_by": N_("它重复了这件"),
    "joint": N_("一起提出"),
    "child_of": N_("主件，这件随它一并答复"),
    "parent_of": N_("随这件一并答复"),
    "reclassified": N_("改分类前后"),
}
QUIETLY = frozenset({"answer_children"})  # not shown where it cannot be taken: most matters have no others
_QUIET = frozenset({"text", "words", "reply", "statement", "findings", "reasons", "result", "opinion"})


@dataclass(frozen=True)
class Line:
    """One entry of the timeline."""

    id: int
    title: str
    at: datetime
    who: str
    text: str
    kind: str
    mood: str = ""
    cites: tuple[str, ...] = ()
    papers: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True)
class Duty:
    """An obligation beside its reasons."""

    row: Obligation
    title: str
    who: str
    lines: Sequence[TraceLine]
    cites: tuple[str, ...]


@dataclass(frozen=True)
class Paper:
    """A paper of the file."""

    row: Document
    label: str
    state: str
    url: str
    docx: str
    draft: bool


@dataclass(frozen=True)
class Linked:
    """A linked matter that this reader may see."""

    case: Case
    kind: str
    label: str
    reason: str
    state: str


@dataclass
class Book:
    """Everything on the case page."""

    case: Case
    options: list[Option]
    lines: list[Line]
    documents: list[Document]
    duties: list[Duty]
    settled: list[Duty]
    papers: list[Paper]
    next: Duty | None
    stations: Sequence[Any]
    state: str
    procedure: str
    channel: str
    assists: list[Any]
    ratings: list[tuple[str, str, str]]
    marks: list[tuple[str, str, str]] = field(default_factory=list)
    waits: str = ""  # for whom everybody waits when nobody owes anything
    recused: bool = False  # this reader has stepped back

    @property
    def blocked(self) -> list[Option]:
        """Steps that are this reader's, but not yet possible, with their reasons."""
        return [option for option in self.options if option.blocked]


def book(case: Case, *, actor: Actor, at: datetime) -> Book:
    """Read the whole file of a case that access has allowed: seven queries, however long the file is."""
    file = selectors.case_file(case)
    standing = services.Standing(
        assists=frozenset(one.organ_id for one in file.assists),
        acts=frozenset(one.act for one in file.obligations if one.settled_at is None),
        documents={one.kind: one.state for one in file.documents if one.live},
        recused=access.recused(case, actor),
    )
    offered = services.options(case=case, actor=actor, at=at, standing=standing)
    options = [shown(one) for one in offered if one.step != "unlink" and not (one.blocked and one.step in QUIETLY)]
    duties = [duty(row, case) for row in file.obligations]
    open_ones = [d for d in duties if d.row.settled_at is None]
    own = [d for d in open_ones if d.row.kind == "duty" and d.row.organ_id == actor.organ_id]
    any_duty = [d for d in open_ones if d.row.kind == "duty"]
    stood_in = [r.account_id for r in file.records if r.post and r.account_id and r.account_id != r.post.account_id]
    names = people.account_names(stood_in)
    return Book(
        case=case,
        options=options,
        lines=_lines(file.records, case, names),
        documents=file.documents,
        duties=open_ones,
        settled=[d for d in duties if d.row.settled_at is not None],
        papers=[paper(p, case) for p in file.documents],
        next=next(iter(own or any_duty or open_ones), None),
        stations=law.stations(case.procedure, case.closed_cause),
        state=gettext(law.state_label(case.procedure, case.state, case.closed_cause)),
        procedure=gettext(procedure_label(case.procedure)),
        channel=gettext(CHANNELS.get(case.channel, case.channel)),
        assists=file.assists,
        ratings=[
            (
                gettext(TARGETS[rating.target]),
                SCORES.get(rating.score, rating.score),
                gettext("；").join(rating.reasons),
            )
            for rating in file.ratings
        ],
        marks=marks(case),
        waits=gettext(PARTIES[case.waits_for]) if case.waits_for in PARTIES else "",
        recused=standing.recused,
    )


def linked(case: Case, *, actor: Actor, before: int = 0) -> tuple[list[Linked], int]:
    """The matters linked with `case` that `actor` may see too, page by page, and the key of the page after: two queries at most."""
    page = links.links_page(case, actor=actor, before=before)
    return [
        Linked(
            case=one.other,
            kind=one.kind,
            label=gettext(LINKS.get(one.kind, one.kind)),
            reason=one.reason,
            state=gettext(law.state_label(one.other.procedure, one.other.state, one.other.closed_cause)),
        )
        for one in page.links
    ], page.next


def followers(case: Case, *, actor: Actor, at: datetime, after: int = 0) -> links.Followers | None:
    """What became of the answer in the matters that follow this one; None where no answer was given to them."""
    if case.sealed or "children_answered" not in case.facts.get("flags", ()):
        return None
    return links.followers(case, actor=actor, at=at, after=after)


def procedure_label(name: str) -> str:
    """The Chinese name of a procedure (a gettext id)."""
    return next((p.label for p in law.procedures() if p.name == name), name)


def marks(case: Case) -> list[tuple[str, str, str]]:
    """(mood, words, icon) of what sets a case apart: sealed, urged, extended, returned, withdrawn for now, confidential."""
    flags = set(case.facts.get("flags", ()))
    found = []
    if case.sealed:
        found.append(("late", pgettext("mark", "密封"), "lock"))
    if case.closed_at is None and "urged" in flags:
        found.append(("near", gettext("已催办"), "urge"))
    if "withdrawing" in flags and case.closed_at is None:
        found.append(("near", gettext("申请撤回"), "undo"))
    if case.confidential:
        found.append(("plain", gettext("要求保密"), "eye"))
    if "extended" in flags:
        found.append(("plain", gettext("已延期"), "clock"))
    if case.facts.get("counts", {}).get("returns"):
        found.append(("plain", gettext("退回 %(n)s 次") % {"n": case.facts["counts"]["returns"]}, "undo"))
    return found


def shown(option: Option) -> Option:
    """The option with its articles in words."""
    return replace(option, cites=tuple(cite_words(cite) for cite in option.cites if not cite.startswith("local:")))


def duty(row: Obligation, case: Case) -> Duty:
    """An obligation with the name of who owes it."""
    who = row.organ.short_name if row.organ else gettext("来信人")
    return Duty(
        row=row,
        title=gettext(row.title),
        who=who,
        lines=[replace(one, cite=cite_words(one.cite) if one.cite else "") for one in obligations.lines_of(row)],
        cites=tuple(cite_words(cite) for cite in row.cites),
    )


def _lines(records: Sequence[Record], case: Case, names: Mapping[int, str]) -> list[Line]:
    """The records, newest first; between two of which the later bears an earlier time, a line says that the clock went back."""
    found: list[Line] = []
    for record, before in zip_longest(records, records[1:]):
        found.append(line(record, case, names))
        if before is not None and before.at - record.at > outcome.CLOCKS_DIFFER:
            found.append(_clock_line(record.at, before.at))
    return found


def _clock_line(at: datetime, before: datetime) -> Line:
    told = gettext("上面这一步记下的时间比下面一步早 %(long)s。先后次序没有变，期限也不受影响；请核对这台机器的时间。")
    return Line(
        id=0,
        title=gettext("机器的时钟往回拨过"),
        at=at,
        who=gettext("系统"),
        text=told % {"long": timesince(at, before, depth=1)},
        kind="system",
        mood="note",
    )


def line(record: Record, case: Case, names: Mapping[int, str]) -> Line:
    """One record as a line: what happened, who did it, in which post, and the words. `names`: of those who stood in."""
    if record.actor_kind == "citizen":
        who = gettext("来信人")
    elif record.post is not None and record.organ is not None:
        holder = record.post.account.name
        if record.account_id is not None and record.account_id in names:
            holder = gettext("%(name)s（代 %(holder)s）") % {"name": names[record.account_id], "holder": holder}
        who = f"{record.organ.short_name}　{record.post.title}　{holder}"
    else:
        who = gettext("系统")
    text, files = _said(record)
    mood = "note" if record.step == "note" else ""
    return Line(
        id=record.seq,
        title=gettext(law.event_label_staff(record.event)),
        at=record.at,
        who=who,
        text=text,
        kind="note" if record.step == "note" else record.actor_kind,
        mood=mood,
        papers=tuple(
            {"url": reverse("desk:file", args=[case.number, blob_id]), "label": gettext("附件 %(n)s") % {"n": n}}
            for n, blob_id in enumerate(files, start=1)
        ),
    )


def _said(record: Record) -> tuple[str, list[str]]:
    """The words of a step, one paragraph a field, and the files that came with it."""
    kept = words.get(record)
    if not isinstance(kept, dict):
        return "", []
    lines: list[str] = []
    files: list[str] = []
    for name, value in kept.items():
        if name in {"files", "photos", "proof", "scan", "evidence"} and isinstance(value, list):
            files += [str(one) for one in value]
        elif name in _QUIET and isinstance(value, str):
            lines.append(value)
        elif name == "demands" and isinstance(value, list):
            lines += [f"{n}. {row.get('demand', '')}" for n, row in enumerate(value, start=1)]
        elif name in {"findings", "what", "correction", "remedy", "feedback", "task", "place", "summary"}:
            lines.append(str(value))
    return "\n".join(lines), files


def paper(row: Document, case: Case) -> Paper:
    """A paper with where to read it."""
    label = papers.paper_label(row.kind)
    return Paper(
        row=row,
        label=gettext(label),
        state=gettext(STATES.get(row.state, row.state)) if row.kind == "decision" or row.state == "recalled" else "",
        url=reverse("desk:paper", args=[case.number, row.pk, "pdf"]),
        docx=reverse("desk:paper", args=[case.number, row.pk, "docx"]),
        draft=row.number is None,
    )


def initial(option: Option, case: Case, proposal: Proposal | None) -> dict[str, Any]:
    """What a form starts with: the competence table's proposal, today's date, what is known of the case."""
    names = {item.name for item in option.inputs}
    start: dict[str, Any] = {}
    if proposal is not None and "lead" in names and proposal.lead is not None:
        start["lead"] = proposal.lead.organ.pk
        start["assists"] = [one.organ.pk for one in proposal.assists]
    if "title" in names and not case.sealed:
        start["title"] = case.title
    if "content_code" in names:
        start["content_code"] = case.content_code
    if "area_code" in names:
        start["area_code"] = case.area_code
    return start


def dates_initial(option: Option, today: date) -> dict[str, Any]:
    """Today in every field that asks for a day."""
    return {item.name: today for item in option.inputs if item.kind == "date" and item.required}
