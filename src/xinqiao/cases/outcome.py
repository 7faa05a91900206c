"""What the law decided of a step, written: the rows of the case, its papers and notices, and the entry of the ledger.

Called by `services` and by the watcher, with the case locked, in their transaction; nobody else writes with it.
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from xinqiao.kernel.canonical import canonical
from xinqiao.law import types as law_types
from xinqiao.ledger import services as ledger
from xinqiao.ledger.batch import Batch
from xinqiao.people.actors import Actor

from . import documents, effects, messages, obligations, words
from .holding import Held
from .models import Case, Document, Obligation, Record

CLOCKS_DIFFER = timedelta(seconds=5)  # between two machines, or two requests that overtake each other
log = structlog.get_logger()
_CHANGING = (
    "procedure", "state", "title", "area_code", "content_code", "office", "desk", "lead", "ruling", "handler", "facts", "waits_for",
    "closed_at", "closed_cause", "changed_at", "head_seq", "head_hash",
)  # fmt: skip
_ASSISTS_END = """
UPDATE cases_assist SET closed_at = %s WHERE case_id = %s AND closed_at IS NULL AND NOT organ_id = ANY(%s)
"""
_ASSIST = """
INSERT INTO cases_assist (case_id, organ_id, task, opened_at) VALUES (%s, %s, '', %s)
ON CONFLICT (case_id, organ_id) DO UPDATE SET closed_at = NULL
"""


def write(
    held: Held, context: effects.Context, *, key: str, digest: bytes, batch: Batch, ahead: Callable[[], None] | None
) -> tuple[Document, ...]:
    """Write what the law decided for a locked (or new) case: rows, papers, notices and the entry, when `batch` is sent.

    `ahead` is called before effects write by themselves. Returns the papers that were issued or changed.
    """
    case, decision, inputs, actor, at = held.case, context.decision, context.inputs, context.actor, context.at
    back = _clock_back(case, at)
    _assign(held, decision, at=at, batch=batch)
    keep_facts(case, decision)
    case.procedure, case.state, case.changed_at = decision.procedure, decision.state, at
    case.waits_for = decision.waits_for
    if decision.closes:
        case.closed_at, case.closed_cause = at, decision.closes
    opened = obligations.apply(held, decision, seq=context.seq, at=at, batch=batch)
    papers = documents.apply(held, decision, inputs=inputs, actor=actor, at=at, batch=batch)
    record = _record(context)
    batch.insert(record)
    entry = ledger.record(
        case_id=case.id,
        seq=context.seq,
        prev_hash=bytes(case.head_hash),
        event=decision.event,
        actor=actor_reference(actor),
        occurred_at=at,
        body={
            "step": decision.step,
            "state": decision.state,
            "cites": list(decision.cites),
            "inputs": hashlib.sha256(bytes(record.salt) + canonical(inputs)).hexdigest(),
            "opens": [{"act": o.act, "due": o.due, "id": o.id} for o in opened],
            "settles": [{"act": s.act, "how": s.how} for s in decision.settles],
            "papers": [{"id": p.id, "kind": p.kind, "state": p.state} for p in papers],
            "assigns": {
                name: value for name, value in decision.assigns.items() if name in {"lead", "assists", "ruling"}
            },
            "closes": decision.closes,
        }
        | ({"succeeds": list(decision.succeeds)} if decision.succeeds else {})
        | ({"clock_back": back} if back else {}),
        key=key,
        input_hash=digest,
        batch=batch,
    )
    case.head_seq, case.head_hash = entry.seq, entry.hash
    batch.update(case, _CHANGING)
    if todo := effects.of(decision):
        if ahead:
            ahead()
        ledger.send(batch)
        for effect in todo:
            effect(context)
    messages.send(case, decision, opened=opened, actor=actor, at=at, batch=batch)
    return tuple(papers)


def actor_reference(actor: Actor) -> dict[str, Any]:
    """The actor as the ledger keeps them: ids only."""
    reference = {
        "kind": actor.kind,
        "account_id": actor.account_id,
        "post_id": actor.post_id,
        "organ_id": actor.organ_id,
    }
    return reference | {"name": actor.name} if actor.kind == "system" else reference


def _clock_back(case: Case, at: datetime) -> int:
    """By how many seconds the clock stands before the case's last act: the entry says so, and the log warns."""
    if not case.head_seq or case.changed_at is None or case.changed_at - at <= CLOCKS_DIFFER:
        return 0
    seconds = int((case.changed_at - at).total_seconds())
    log.warning("the clock stands before the last act of a case", seconds=seconds)
    return seconds


def _assign(held: Held, decision: law_types.Decision, *, at: datetime, batch: Batch) -> None:
    case, assigns = held.case, decision.assigns
    for name in ("lead", "ruling", "handler"):
        if name in assigns:
            setattr(case, f"{name}_id", assigns[name])
    for name in ("content_code", "area_code", "title"):
        if assigns.get(name):
            setattr(case, name, assigns[name])
    if decision.succeeds:
        for name in ("office_id", "desk_id", "ruling_id"):
            if getattr(case, name) == decision.succeeds[0]:
                setattr(case, name, decision.succeeds[1])
    if "assists" in assigns:
        wanted: list[int] = list(assigns["assists"])
        batch.add(_ASSISTS_END, [at, case.id, wanted])
        for organ_id in wanted:
            batch.add(_ASSIST, [case.id, organ_id, at])
        held.assists = set(wanted)


def keep_facts(case: Case, decision: law_types.Decision) -> None:
    """Keep on the case the dates, flags and counts that the law gave."""
    kept = case.facts
    dates = kept.get("dates", {}) | {name: day.isoformat() for name, day in decision.dates.items()}
    flags = (set(kept.get("flags", ())) | decision.flags_set) - decision.flags_cleared
    counts = dict(kept.get("counts", {}))
    for name, more in decision.counts_added.items():
        counts[name] = counts.get(name, 0) + more
    case.facts = {"dates": dates, "flags": sorted(flags), "counts": counts}


def _record(context: effects.Context) -> Record:
    case, decision, actor = context.case, context.decision, context.actor
    record = Record(
        case=case,
        seq=context.seq,
        step=decision.step,
        event=decision.event,
        at=context.at,
        actor_kind=actor.kind,
        account_id=actor.account_id,
        post_id=actor.post_id,
        organ_id=actor.organ_id,
        cites=list(decision.cites),
        public=effects.is_public(decision.event),
        salt=os.urandom(16),
    )
    words.put(record, _plain(context.inputs), sealed=case.sealed)
    return record


def _plain(inputs: Mapping[str, Any]) -> Any:
    """Inputs as JSON values: dates and ids become text."""
    return json.loads(canonical(inputs))


def missed(case: Case, obligation: Obligation, *, actor: Actor, at: datetime) -> None:
    """Put on the ledger that `obligation` was not met in time. The duty stays owed until it is met or lifted."""
    entry = ledger.record(
        case_id=case.id,
        seq=case.head_seq + 1,
        prev_hash=bytes(case.head_hash),
        event="obligation.missed",
        actor=actor_reference(actor),
        occurred_at=at,
        body={"act": obligation.act, "obligation": obligation.id, "due": obligation.due, "cites": obligation.cites},
        key=f"missed/{obligation.id}",
        input_hash=hashlib.sha256(obligation.id.bytes).digest(),
    )
    case.head_seq, case.head_hash, case.changed_at = entry.seq, entry.hash, at
    case.save(update_fields=["head_seq", "head_hash", "changed_at"])
