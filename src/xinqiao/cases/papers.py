"""From a document's stored content and its case to the facts that `xinqiao.papers` words."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from xinqiao import law
from xinqiao import papers as drawing
from xinqiao.kernel.canonical import canonical
from xinqiao.people import selectors as people
from xinqiao.people.actors import SYSTEM
from xinqiao.people.models import Organ

from . import obligations, seals, words
from .models import Case, Document, Obligation

PRINTER = SYSTEM("printer")
OUTCOMES = {"support": "support", "partly": "partly", "explain": "explain", "not_support": "reject"}
WAYS = {"in_person": "当面", "phone": "电话", "online": "网上", "attempts": ""}
CHANNELS = {
    "portal": "网上",
    "hotline": "电话",
    "window": "来访",
    "letter": "来信",
    "transfer": "上级转送",
    "sheet": "表格导入",
}
METHODS = {
    "in_person": "当面送交",
    "post": "邮寄",
    "electronic": "网上送达",
    "refused": "拒收，留置",
    "announcement": "公告",
}


def plain(inputs: Mapping[str, Any]) -> Any:
    """Inputs as JSON values: days and ids become text."""
    return json.loads(canonical(inputs))


def compose(document: Document, *, draft: bool = False) -> drawing.Paper:
    """Word the paper of `document`. Raises papers.MissingFact naming what is missing.

    A signed one, which is printed to be stamped, already carries the number and the day that it will have.
    """
    case = document.case
    kept = words.get(document) or {}
    inputs = kept.get("inputs", {})
    facts: dict[str, Any] = {
        "organ": document.issuer.name,
        "issued_on": document.issued_on or kept.get("signed_on") or case.received_on,
        "number": document.number or kept.get("number", ""),
        "case_number": case.number,
        "about": _about(case),
        "addressee": _addressee(case),
        "received_on": case.received_on,
        "contact": _contact(document.issuer),
        "draft": draft,
        "demonstration": people.demonstration(),
        "seal": seals.current().mark,
    }
    facts |= _WRITERS[document.kind](document, case, inputs, kept)
    return drawing.compose(document.kind, {name: value for name, value in facts.items() if value not in (None, "", [])})


def render(paper: drawing.Paper, form: str) -> bytes:
    """The paper as `form`: pdf or docx."""
    return drawing.render_docx(paper) if form == "docx" else drawing.render_pdf(paper)


def _about(case: Case) -> str:
    return case.title


def _addressee(case: Case) -> str:
    """The name on the paper; nobody's where the petitioner asked that the unit does not learn it (the office relays)."""
    if case.person_id is None or case.confidential or case.sealed:
        return "来信人"
    return people.identity_for_delivery(case.person_id, actor=PRINTER).name or "来信人"


def _contact(organ: Organ) -> dict[str, str]:
    return {"name": organ.name, "phone": organ.phone, "address": organ.address, "hours": organ.hours}


def cite_text(cite: str) -> str:
    """A cited article as it is printed: 《信访工作条例》第二十二条."""
    act, _, ref = cite.partition(":")
    try:
        found = law.article(act, ref)
    except KeyError:
        return ""
    return f"《{found.act_title}》{found.title}" if found.title.startswith("第") else f"《{found.act_title}》"


def _organ(organ_id: Any) -> str:
    found = Organ.objects.filter(pk=organ_id).first() if organ_id else None
    return found.name if found else ""


def _day(case: Case, name: str) -> str | None:
    day: str | None = case.facts.get("dates", {}).get(name)
    return day


def _due(case: Case, *acts: str, since: datetime | None = None) -> dict[str, Any] | None:
    """The latest obligation of that act as a printed day with its reasons."""
    rows = [row for row in case.obligations.all() if row.act in acts]
    if not rows:
        return None
    row = max(rows, key=lambda row: (row.opened_at, row.due))
    return {
        "day": row.due,
        "why": obligations.reasons_of(row),
        "cites": [cite_text(cite) for cite in row.cites],
        "provisional": row.provisional,
    }


def _receipt(document: Document, case: Case, inputs: Any, kept: Any) -> dict[str, Any]:
    return {
        "case_number": case.number.partition("-")[0],
        "query_code": "（已单独告知）",
        "channel": CHANNELS.get(case.channel, ""),
        "due": _due(case, "refer"),
        "sealed": case.sealed,
    }


def _referral(document: Document, case: Case, inputs: Any, kept: Any) -> dict[str, Any]:
    return {
        "to_organ": _organ(inputs.get("lead")),
        "lead": _organ(inputs.get("lead")),
        "assists": [_organ(organ) for organ in inputs.get("assists") or []],
        "confidential": case.confidential,
        "place": _place(case),
        "remarks": inputs.get("task") or "",
        "notice_due": _due(case, "notice"),
        "objection_due": _due(case, "objection"),
    }


def _place(case: Case) -> str:
    area = people.area_at(case.area_code, case.received_on) if case.area_code else None
    return area.full_name if area else ""


def _objection(document: Document, case: Case, inputs: Any, kept: Any) -> dict[str, Any]:
    return {
        "to_organ": case.office.name,
        "received_on": _day(case, "referred") or case.received_on,
        "reasons": inputs.get("reasons", ""),
        "suggested_organ": _organ(inputs.get("suggested")),
        "returns": case.facts.get("counts", {}).get("objections", 1),
    }


def _ruling(document: Document, case: Case, inputs: Any, kept: Any) -> dict[str, Any]:
    lead = _organ(inputs.get("lead"))
    kinds = {"conference": "conference", "government": "superior"}
    return {
        "to_organs": [lead],
        "lead": lead,
        "reasons": inputs.get("reasons", ""),
        "assists": [_organ(organ) for organ in inputs.get("assists") or []],
        "by": kinds.get(document.issuer.kind, "superior"),
        "due": _due(case, "notice"),
    }


def _acceptance(document: Document, case: Case, inputs: Any, kept: Any) -> dict[str, Any]:
    return {
        "accepted_on": kept.get("dates", {}).get("accepted") or document.issued_on,
        "lane": "suggestion" if case.procedure == "suggestion" else "redress",
        "due": _due(case, "decision", "reply"),
        "submitted_on": case.received_on,
        "received_on": _day(case, "referred") or case.received_on,
        "sender": case.office.name,
        "notes": [inputs["process"]] if inputs.get("process") else [],
    }


def _extension(document: Document, case: Case, inputs: Any, kept: Any) -> dict[str, Any]:
    old = case.obligations.filter(act="decision", state=Obligation.State.LIFTED).order_by("-opened_at").first()
    return {
        "accepted_on": _day(case, "accepted") or document.issued_on,
        "old_due": old.due if old else document.issued_on,
        "new_due": _due(case, "decision"),
        "reason": inputs.get("reasons", ""),
        "approved_on": document.issued_on,
    }


def _decision(document: Document, case: Case, inputs: Any, kept: Any) -> dict[str, Any]:
    if (
        document.replaces is not None and "demands" not in inputs
    ):  # a correction keeps the content and says what changed
        note = f"更正：{inputs.get('what', '')}。更正为：{inputs.get('correction', '')}。"
        older = words.get(document.replaces) or {}
        return _decision(document.replaces, case, older.get("inputs", {}), older) | {"notes": [note]}
    heard = case.records.filter(step="hear").order_by("-seq").first()
    said = (words.get(heard) or {}) if heard else {}
    lead = case.lead or case.office
    bodies = people.reviewing_bodies(lead, case.content_code, document.issued_on or case.received_on)
    supported = inputs.get("outcome") in {"support", "partly"}
    demands = [
        {
            "demand": row.get("demand", ""),
            "facts": row.get("facts", ""),
            "reasons": row.get("reasons", ""),
            "basis": [line.strip() for line in str(row.get("basis", "")).splitlines() if line.strip()],
            "outcome": OUTCOMES.get(row.get("outcome", ""), "explain"),
            "measures": inputs.get("remedy", "") if row.get("outcome") in {"support", "partly"} else "",
            "executor": lead.name if row.get("outcome") == "support" else "",
        }
        for row in inputs.get("demands", [])
    ]
    days = inputs.get("execution_days")
    notes = [f"支持的事项，承办单位应当自本意见书送达之日起 {days} 日内落实。"] if supported and days else []
    return {
        "accepted_on": _day(case, "accepted") or case.received_on,
        "demands": demands,
        "heard": {
            "on": said.get("heard_on") or case.received_on,
            "how": WAYS.get(said.get("way", ""), ""),
            "attempts": said.get("statement", "") if said.get("way") == "attempts" else "",
        },
        "opinion": inputs.get("opinion", ""),
        "review": {"organs": [body.organ.name for body in bodies], "days": 30},
        "notes": notes,
    }


def _service(document: Document, case: Case, inputs: Any, kept: Any) -> dict[str, Any]:
    paper = case.documents.filter(kind__in=["decision", "suggestion_reply"], live=True).first()
    return {
        "document": drawing.paper_label(paper.kind) if paper else "文书",
        "document_number": paper.number if paper else "",
        "recipient": _addressee(case),
        "method": METHODS.get(inputs.get("method", ""), ""),
        "served_on": inputs.get("served_on"),
        "signed_by": inputs.get("receiver", ""),
        "remarks": inputs.get("remarks", ""),
    }


def _suggestion(document: Document, case: Case, inputs: Any, kept: Any) -> dict[str, Any]:
    outcomes = {"adopt": "adopted", "adopted": "adopted", "partly": "partly"}
    return {
        "outcome": outcomes.get(inputs.get("outcome", ""), "not"),
        "reasons": inputs.get("reasons") or inputs.get("reply") or "",
        "measures": inputs.get("measures", ""),
    }


def _transfer(document: Document, case: Case, inputs: Any, kept: Any) -> dict[str, Any]:
    return {
        "to_organ": _organ(inputs.get("lead")) or (case.lead.name if case.lead else ""),
        "named": not case.anonymous,
        "channel": CHANNELS.get(case.channel, ""),
        "summary": inputs.get("summary", ""),
    }


def _withdrawal(document: Document, case: Case, inputs: Any, kept: Any) -> dict[str, Any]:
    return {"withdrawn_on": _day(case, "withdraw_asked"), "undo_until": _due(case, "withdraw.undo")}


def _on_the_spot(document: Document, case: Case, inputs: Any, kept: Any) -> dict[str, Any]:
    return {
        "question": case.title,
        "answer": inputs.get("reply") or inputs.get("answer") or "",
        "answered_by": kept.get("by", ""),
        "knowledge": [inputs["knowledge"]] if inputs.get("knowledge") else [],
    }


def _path(document: Document, case: Case, inputs: Any, kept: Any) -> dict[str, Any]:
    return {
        "path": inputs.get("path"),
        "body": inputs.get("body"),
        "how": inputs.get("how"),
        "basis": inputs.get("basis"),
        "known_on": inputs.get("known_on"),
        "until": inputs.get("until"),
    }


_WRITERS = {
    "receipt": _receipt,
    "referral_slip": _referral,
    "objection": _objection,
    "jurisdiction_ruling": _ruling,
    "acceptance_notice": _acceptance,
    "extension_notice": _extension,
    "decision": _decision,
    "service_proof": _service,
    "suggestion_reply": _suggestion,
    "transfer_letter": _transfer,
    "withdrawal_note": _withdrawal,
    "on_the_spot_reply": _on_the_spot,
    "path_notice": _path,
}
