"""What a step will send out, shown before it goes: the papers by name, the messages in their own words."""

from base64 import b64encode
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext

from xinqiao import law, papers
from xinqiao.cases.models import Case, Document
from xinqiao.cases.rehearsal import Rehearsal
from xinqiao.law.types import Option
from xinqiao.notices import texts, wordings
from xinqiao.people import clock

_TO = {
    "petitioner": "来信人",
    "lead": "承办单位",
    "office": "信访部门",
    "arbiter": "裁定机关",
    "discipline": "接收机关",
}


@dataclass(frozen=True)
class Letter:
    """A message as its reader will see it; a date that the step itself sets is left out of the words."""

    to: str
    subject: str
    body: str


@dataclass(frozen=True)
class Outgoing:
    """Papers as (name, address of the draft or ''), and messages."""

    papers: list[tuple[str, str]]
    letters: list[Letter]


def of(option: Option, case: Case, drafts: list[Document] | None = None) -> Outgoing:
    """The papers and messages of `option` on `case`. Sealed matters get the neutral words they will be sent with."""
    ready = {d.kind: reverse("desk:paper", args=[case.number, d.pk, "pdf"]) for d in drafts or () if d.number is None}
    organ = case.lead.short_name if case.lead else ""
    letters, told = [], owners(option, case)
    own, now = wordings.own() if told else wordings.Own(()), clock.now()
    for text, to in told:
        if to == "petitioner" and case.person_id is None:
            continue
        params = {"number": case.number} | ({"organ": organ} if organ else {})
        kind = "petitioner" if to == "petitioner" else "organ"
        here = own.find(text, kind, now, sealed=case.sealed)
        words = texts.write(text, kind, params, sealed=case.sealed, own=here)
        letters.append(Letter(gettext(_TO.get(to, to)), words.subject, words.body))
    return Outgoing([(gettext(papers.paper_label(kind)), ready.get(kind, "")) for kind in option.documents], letters)


def to_stamp(option: Option, case: Case, drafts: list[Document]) -> str:
    """Where the signed paper is that `option` wants printed, stamped and scanned back; '' when it wants none."""
    if not any(item.stamped for item in option.inputs):
        return ""
    return next((reverse("desk:paper", args=[case.number, d.pk, "pdf"]) for d in drafts if d.state == "signed"), "")


def owners(option: Option, case: Case) -> list[tuple[str, str]]:
    """(text, owner) of every message that the step's edge names."""
    found = next((p for p in law.procedures() if p.name == case.procedure), None)
    edges = [e for e in found.edges if e.step == option.step and case.state in e.frm] if found else []
    return [(note.text, note.to) for edge in edges for note in edge.notices]


def can_be_rehearsed(option: Option) -> bool:
    """Whether there is an outcome to show beforehand: something goes out."""
    return bool(option.documents or option.notices)


@dataclass(frozen=True)
class Pictures:
    """What a rehearsed step would send: each paper's pages as addresses of pictures, and the messages."""

    papers: list[tuple[str, list[str]]]
    letters: list[Letter]


def pictures(rehearsal: Rehearsal) -> Pictures:
    """Draw the papers of a rehearsal; the messages come in the words in which they would be sent."""
    drawn = []
    for paper in rehearsal.papers:
        pages = papers.render_pictures(paper)
        drawn.append((paper.title, [f"data:image/png;base64,{b64encode(page).decode()}" for page in pages]))
    letters = [
        Letter(gettext("来信人") if one.message.to_kind == "petitioner" else gettext("单位"), one.subject, one.body)
        for one in rehearsal.messages
    ]
    return Pictures(drawn, letters)
