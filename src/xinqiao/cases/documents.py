"""Official papers: opened by a step with their content as data, moved from draft to service, frozen as PDF and DOCX."""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.db.models.expressions import RawSQL

from xinqiao import papers as drawing
from xinqiao.files import services as files
from xinqiao.kernel.clock import day_of
from xinqiao.kernel.ids import new_serial
from xinqiao.law import types as law_types
from xinqiao.ledger import prepared
from xinqiao.ledger.batch import Batch
from xinqiao.notices import services as notices
from xinqiao.notices.models import Message
from xinqiao.people.actors import Actor

from . import papers, seals, words
from .holding import Held
from .models import Case, Document

_BY_OFFICE = frozenset(
    {"receipt", "registration", "referral_slip", "transfer_letter", "withdrawal_note", "on_the_spot_reply"}
)
_NUMBERED = frozenset({"sealed", "served"})
DAY = timedelta(days=1)
_VERSION = RawSQL('"cases_document"."xmin"::text', [], output_field=models.TextField())  # another one after each change
_MOVED = ("number", "state", "live", "words", "words_sealed", "issued_on", "served_on")


def apply(
    held: Held, decision: law_types.Decision, *, inputs: Mapping[str, Any], actor: Actor, at: datetime, batch: Batch
) -> list[Document]:
    """Open or move the papers that `decision` names, by `batch`. Those with a number are frozen by the worker."""
    return [_move(held, move, inputs=inputs, actor=actor, at=at, batch=batch) for move in decision.documents]


def _move(
    held: Held, move: law_types.DocMove, *, inputs: Mapping[str, Any], actor: Actor, at: datetime, batch: Batch
) -> Document:
    case = held.case
    today = day_of(at)
    document = next((one for one in held.documents if one.kind == move.kind), None)
    fresh = document is None or move.fresh
    if document is None or move.fresh:
        if document is not None:
            document.live = False
            batch.update(document, ("live",))
            held.documents.remove(document)
        document = _open(case, move, replaced=document, inputs=inputs, actor=actor, at=at)
        held.documents.append(document)
    else:
        document.state = move.state
        if move.state in {"drafted", "signed"} or inputs:
            kept = words.get(document) or {}
            kept |= _reserved(case, move, today)
            if move.state == "drafted":
                kept["inputs"] = papers.plain(inputs)
            else:
                kept.setdefault("moves", {})[move.state] = papers.plain(inputs)
            words.put(document, kept, sealed=case.sealed)
    if move.state in _NUMBERED and document.number is None:
        reserved = words.get(document) or {}
        document.number = reserved.get("number") or _number(case, move.kind, today)
        document.issued_on = date.fromisoformat(reserved["signed_on"]) if "signed_on" in reserved else today
    if move.state == "served":
        document.served_on = _served_on(inputs, today)
    if move.state == "recalled":
        document.live = False
        held.documents.remove(document)
    if fresh:
        batch.insert(document)
    else:
        batch.update(document, _MOVED)
    return document


def _reserved(case: Case, move: law_types.DocMove, today: date) -> dict[str, str]:
    """What is printed to be stamped carries its number and the day of signing."""
    if move.state != "signed":
        return {}
    return {"number": _number(case, move.kind, today), "signed_on": today.isoformat()}


def _served_on(inputs: Mapping[str, Any], today: date) -> date:
    given = inputs.get("served_on")
    if isinstance(given, date):
        return given
    return date.fromisoformat(given) if given else today


def _open(
    case: Case,
    move: law_types.DocMove,
    *,
    replaced: Document | None,
    inputs: Mapping[str, Any],
    actor: Actor,
    at: datetime,
) -> Document:
    issuer = case.office_id
    if move.kind not in _BY_OFFICE and case.lead_id is not None:
        issuer = case.lead_id
    if move.kind == "jurisdiction_ruling" and case.ruling_id is not None:
        issuer = case.ruling_id
    document = Document(case=case, kind=move.kind, state=move.state, issuer_id=issuer, created_at=at, replaces=replaced)
    content = {"inputs": papers.plain(inputs), "by": actor.name, "dates": case.facts.get("dates", {})}
    words.put(document, content | _reserved(case, move, day_of(at)), sealed=case.sealed)
    return document


def _number(case: Case, kind: str, today: date) -> str:
    issuer = case.office if kind in _BY_OFFICE or case.lead is None else case.lead
    if kind == "jurisdiction_ruling" and case.ruling is not None:
        issuer = case.ruling
    return drawing.document_number(kind, organ_word=f"{issuer.short_name[:20]}信", day=today, serial=new_serial())


@transaction.atomic
@prepared.planned()
def document_render(*, document: Document, form: str = "pdf", actor: Actor, at: datetime) -> Document:
    """Freeze the paper: draw its stored content once as `form` (pdf or docx) and keep the file. Again: what is there.

    The worker freezes the PDF, which is the paper; a DOCX of the same content is drawn when somebody first asks for it.
    A draft is drawn for reading only and never frozen: see papers.compose.
    """
    document = (
        Document.objects.select_for_update(of=("self",), no_key=True)
        .select_related("case", "issuer")
        .get(pk=document.pk)
    )
    if getattr(document, form) is not None or document.number is None:
        return document
    setattr(document, form, _kept(document, form, _drawn(document, form, at), actor, at))
    document.save(update_fields=[form])
    return document


@transaction.atomic
@prepared.planned()
def documents_freeze(*, document_ids: Collection[UUID], actor: Actor, at: datetime) -> None:
    """Freeze the PDFs of these papers together, all or none.

    They are drawn before their rows are locked, so that nobody waits for the press. One whose row has changed meanwhile
    stays as it is: it is drawn anew by the next round.
    """
    found = Document.objects.filter(pk__in=document_ids, number__isnull=False, pdf__isnull=True)
    waiting = found.annotate(version=_VERSION).select_related("case__office", "case__lead", "issuer")
    drawn = [(one, _drawn(one, "pdf", at)) for one in waiting.prefetch_related("case__obligations")]
    locked = found.select_for_update(of=("self",), no_key=True).order_by("id").annotate(version=_VERSION)
    same = set(locked.values_list("pk", "version"))
    changes = Batch()
    for document, data in drawn:
        if (document.pk, document.version) in same:
            document.pdf = _kept(document, "pdf", data, actor, at)
            changes.update(document, ("pdf",))
    changes.send()


def _drawn(document: Document, form: str, at: datetime) -> bytes:
    data = papers.render(papers.compose(document), form)
    if form != "pdf":
        return data
    return seals.current().apply(
        data,
        kind=document.kind,
        number=document.number or "",
        issuer_code=document.issuer.code,
        issued_on=document.issued_on or day_of(at),
    )


def _kept(document: Document, form: str, data: bytes, actor: Actor, at: datetime) -> UUID:
    blob = files.blob_store(
        name=f"{document.number}.{form}",
        data=data,
        kind="document",
        case_id=document.case_id,
        sealed=document.case.sealed,
        actor=actor,
        at=at,
        drawn_here=True,
    )
    return blob.id


@transaction.atomic
def documents_stuck(*, document_ids: Collection[UUID], actor: Actor, at: datetime) -> None:
    """Alarm for papers that could not be frozen several times: whoever issues one, and the administrators.

    A matter's own organ is told once a day, an administrator once an hour, with a number and nothing more. Of a sealed
    matter only its own organ learns, in neutral words that the second wall keeps from everybody else.
    """
    told: set[tuple[UUID, int]] = set()
    for one in Document.objects.filter(id__in=document_ids, pdf__isnull=True).select_related("case"):
        case = one.case
        lately = Message.objects.filter(
            case_id=case.id, organ_id=one.issuer_id, text="paper_stuck", created_at__gt=at - DAY
        )
        if (case.id, one.issuer_id) in told or lately.exists():
            continue
        told.add((case.id, one.issuer_id))
        notices.notice_queue(
            text="paper_stuck",
            to="organ",
            organ_id=one.issuer_id,
            case_id=case.id,
            params={"number": case.number},
            actor=actor,
            at=at,
            sealed=case.sealed,
        )
    count = Document.objects.filter(id__in=document_ids, pdf__isnull=True, case__sealed=False).count()
    if count:
        notices.administrators_tell(
            text="papers_stuck", params={"count": count}, actor=actor, at=at, once_in=timedelta(hours=1)
        )
