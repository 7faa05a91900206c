"""Messages that a step sends, through the outbox, in the step's own transaction. Sealed matters get neutral words."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from xinqiao.law import types as law_types
from xinqiao.ledger import prepared
from xinqiao.ledger.batch import Batch
from xinqiao.notices import services as notices
from xinqiao.people.actors import Actor

from .models import Case, Obligation


def send(
    case: Case,
    decision: law_types.Decision,
    *,
    opened: Sequence[Obligation],
    actor: Actor,
    at: datetime,
    batch: Batch | None = None,
) -> None:
    """Queue the messages that `decision` names; with `batch`, they go when that is sent."""
    for notice in decision.notices:
        due = next((o for o in opened if o.kind == "duty"), None)
        _queue(case, notice.text, notice.to, obligation=due, actor=actor, at=at, batch=batch)


def near(case: Case, obligation: Obligation, *, actor: Actor, at: datetime) -> None:
    """Two thirds of the term are used: tell the organ that owes."""
    _queue(case, "due_soon", obligation.owner, obligation=obligation, actor=actor, at=at)


def overdue(case: Case, obligation: Obligation, *, actor: Actor, at: datetime) -> None:
    """The term is over: tell the organ that owes, and the petition office that watches."""
    _queue(case, "overdue", obligation.owner, obligation=obligation, actor=actor, at=at)
    if obligation.organ_id != case.office_id:
        _queue(case, "overdue", "office", obligation=obligation, actor=actor, at=at)


def _queue(
    case: Case,
    text: str,
    owner: str,
    *,
    obligation: Obligation | None,
    actor: Actor,
    at: datetime,
    batch: Batch | None = None,
) -> None:
    with prepared.planned():  # the unit that this very step named is not read yet
        organ = case.lead or case.office
    params: dict[str, Any] = {"number": case.number, "organ": organ.short_name}
    if obligation is not None:
        params |= {"due": obligation.due.isoformat(), "act": obligation.title}
    if owner == "petitioner":
        if case.person_id is None:
            return
        target: dict[str, Any] = {"to": "petitioner", "person_id": case.person_id}
    else:
        organ_id = _organ(case, owner, obligation)
        if organ_id is None:
            return
        target = {"to": "organ", "organ_id": organ_id}
    notices.notice_queue(
        text=text, **target, case_id=case.id, params=params, actor=actor, at=at, sealed=case.sealed, batch=batch
    )


def _organ(case: Case, owner: str, obligation: Obligation | None) -> int | None:
    if owner.startswith("assist"):
        _, _, given = owner.partition(":")
        return int(given) if given else (obligation.organ_id if obligation else None)
    return {"lead": case.lead_id, "office": case.office_id, "arbiter": case.ruling_id, "discipline": case.lead_id}.get(
        owner
    )
