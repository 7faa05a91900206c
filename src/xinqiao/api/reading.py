"""Cases as programs read them: plain values for JSON. Access has allowed the case before anything here looks at it."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext

from xinqiao import law, papers
from xinqiao.cases import access, selectors, services, words
from xinqiao.cases.models import Case, Document, Obligation, Record
from xinqiao.files import selectors as files
from xinqiao.files.models import Blob
from xinqiao.intake import selectors as intake
from xinqiao.kernel.clock import SHANGHAI, day_of
from xinqiao.law.types import Option
from xinqiao.people.actors import Actor
from xinqiao.people.models import Organ

# The words of a step that stand on the desk's timeline; names and numbers of people are not among them.
WORDS = frozenset(
    {
        "text", "words", "reply", "statement", "findings", "reasons", "result", "opinion", "what", "correction",
        "remedy", "feedback", "task", "place", "summary",
    }
)  # fmt: skip
FILES = frozenset({"files", "photos", "proof", "scan", "evidence"})


def moment(value: datetime | None) -> str | None:
    return value.astimezone(SHANGHAI).isoformat() if value else None


def day(value: date | None) -> str | None:
    return value.isoformat() if value else None


def organ(row: Organ | None) -> dict[str, Any] | None:
    return {"id": row.pk, "name": row.name} if row is not None else None


def brief(case: Case) -> dict[str, Any]:
    """One line about a case; its organs have been read with it."""
    return {
        "number": case.number,
        "title": case.title,
        "procedure": case.procedure,
        "state": case.state,
        "state_label": gettext(law.state_label(case.procedure, case.state, case.closed_cause)),
        "channel": case.channel,
        "area_code": case.area_code,
        "content_code": case.content_code,
        "office": organ(case.office),
        "lead": organ(case.lead),
        "received_at": moment(case.received_at),
        "received_on": day(case.received_on),
        "urged_at": moment(case.urged_at),
        "closed_at": moment(case.closed_at),
        "closed_cause": case.closed_cause,
    }


def due(row: Obligation) -> dict[str, Any]:
    return {"act": row.act, "title": gettext(row.title), "due": day(row.due), "provisional": row.provisional}


def duty(row: Obligation, holder: Organ | None) -> dict[str, Any]:
    return {
        **due(row),
        "colour": row.colour,
        "kind": row.kind,
        "state": row.state,
        "organ": organ(holder),
        "start_on": day(row.start_on),
        "cites": list(row.cites),
    }


def row(one: selectors.Row, own: Organ) -> dict[str, Any]:
    """A line of a worklist. The duties on it are those of the reader's own organ."""
    return {**brief(one.case), "due": duty(one.obligation, own) if one.obligation else None}


def paper_line(row: Document) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "label": gettext(papers.paper_label(row.kind)),
        "number": row.number or "",
        "issuer": row.issuer.name,
        "issued_on": day(row.issued_on),
        "served_on": day(row.served_on),
    }


def file(blob: Blob) -> dict[str, Any]:
    return {
        "id": str(blob.pk),
        "name": blob.name,
        "kind": blob.kind,
        "media_type": blob.media_type,
        "size": blob.size,
        "created_at": moment(blob.created_at),
    }


def whole(case: Case, actor: Actor) -> dict[str, Any]:
    """Everything of a case that its staff read, without identities."""
    found = selectors.case_file(case)
    submission = intake.submission_of(case)
    said = intake.words_of(submission) if submission else {}
    blobs = files.blobs_for_staff(case.id, identity=access.may_see_identity(case, actor))
    seen = [blob for blob in blobs if blob.kind != "document"]
    open_ids = {str(blob.pk) for blob in seen}
    return {
        **brief(case),
        "said": {name: str(said.get(name) or "") for name in ("text", "title", "place", "wish")} if said else None,
        "anonymous": case.anonymous,
        "confidential": case.confidential,
        "assists": [organ(one.organ) for one in found.assists],
        "duties": [duty(one, one.organ) for one in found.obligations],
        "papers": [
            {**paper_line(one), "id": str(one.pk), "state": one.state, "live": one.live} for one in found.documents
        ],
        "records": [record(one, open_ids) for one in found.records],
        "files": [file(blob) for blob in seen],
        "ratings": [
            {"target": one.target, "score": one.score, "reasons": list(one.reasons), "at": moment(one.at)}
            for one in found.ratings
        ],
        "waits_for": case.waits_for,
        "version": day(case.version),
        "head_seq": case.head_seq,
        "head_hash": bytes(case.head_hash).hex(),
    }


def record(row: Record, open_ids: set[str]) -> dict[str, Any]:
    """One step on the timeline: what the desk shows of its words, and the files that this reader may open."""
    kept = words.get(row)
    said: dict[str, Any] = {}
    attached: list[str] = []
    if isinstance(kept, Mapping):
        said = {name: value for name, value in kept.items() if name in WORDS and isinstance(value, str)}
        if isinstance(kept.get("demands"), list):
            said["demands"] = [one.get("demand", "") for one in kept["demands"] if isinstance(one, Mapping)]
        lists = [value for name, value in kept.items() if name in FILES and isinstance(value, list)]
        attached = [str(one) for value in lists for one in value if str(one) in open_ids]
    return {
        "seq": row.seq,
        "at": moment(row.at),
        "step": row.step,
        "event": row.event,
        "title": gettext(law.event_label_staff(row.event)),
        "by": row.actor_kind,
        "organ": organ(row.organ),
        "post": row.post.title if row.post else "",
        "public": row.public,
        "words": said,
        "files": attached,
        "cites": list(row.cites),
    }


def option(one: Option) -> dict[str, Any]:
    """A step that may be taken, with its form."""
    return {
        "step": one.step,
        "label": gettext(one.label),
        "hint": gettext(one.hint) if one.hint else "",
        "weight": one.weight,
        "inputs": [
            {
                "name": item.name,
                "label": gettext(item.label),
                "kind": item.kind,
                "required": item.required,
                "help": gettext(item.help) if item.help else "",
                "when": gettext(item.when) if item.when else "",
                "max_length": item.max_length,
                "choices": [{"value": c.value, "label": gettext(c.label)} for c in item.choices],
            }
            for item in one.inputs
        ],
        "documents": list(one.documents),
        "notices": list(one.notices),
        "cites": list(one.cites),
        "blocked": [gettext(reason) for reason in one.blocked],
    }


def matter(case: Case, *, actor: Actor, at: datetime) -> dict[str, Any]:
    """A case as its petitioner reads it."""
    found = selectors.case_file(case, public_only=True)
    standing = services.Standing(
        assists=frozenset(one.organ_id for one in found.assists),
        acts=frozenset(one.act for one in found.obligations if one.settled_at is None),
        documents=found.live,
    )
    facts = services.facts_of(case, standing)
    outlook = law.outlook(facts)
    holder = case.lead or case.office
    owed = next((o for o in found.obligations if o.act == outlook.act and o.settled_at is None), None)
    sentence = gettext(outlook.text)
    if "{" in sentence:
        sentence = sentence.format(organ=holder.short_name, due=day(owed.due) if owed else "")
    today = day_of(at)
    options = law.options(facts, access.law_actor(case, actor), at)
    return {
        "number": case.number,
        "procedure": case.procedure,
        "state": case.state,
        "state_label": gettext(law.state_label(case.procedure, case.state, case.closed_cause)),
        "organ": holder.name,
        "received_on": day(case.received_on),
        "closed_on": day(day_of(case.closed_at)) if case.closed_at else None,
        "next": sentence,
        "due": due(owed) if owed else None,
        "rights": [due(o) for o in found.open_windows if o.owner == "petitioner" and o.due >= today],
        "steps": [one.step for one in options if not one.blocked],
        "papers": [paper_line(one) for one in found.documents],
        "entries": [_entry(one) for one in found.records],
    }


def _entry(row: Record) -> dict[str, Any]:
    own = row.actor_kind == "citizen"
    who = gettext("您") if own else row.organ.name if row.organ else gettext("系统自动")
    return {"at": moment(row.at), "title": gettext(law.event_label(row.event)), "who": who}


def step_taken(step: str, done: services.StepResult) -> dict[str, Any]:
    """What a step did."""
    after = done.case
    procedure, state = done.procedure or after.procedure, done.state or after.state
    return {
        "number": after.number,
        "step": step,
        "seq": done.seq,
        "event": done.event,
        "procedure": procedure,
        "state": state,
        "state_label": gettext(law.state_label(procedure, state, after.closed_cause)),
        "closed_at": moment(after.closed_at),
        "papers": [
            {"id": str(one.pk), "kind": one.kind, "state": one.state, "number": one.number or ""}
            for one in done.documents
        ],
        "replayed": done.replayed,
    }
