"""A case held for a step: locked, with what hangs on it and matters to the law. One round trip, however much there is."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import connection

from xinqiao.ledger import batch
from xinqiao.ledger import services as ledger
from xinqiao.people.actors import Actor
from xinqiao.people.models import Organ

from . import access
from .models import Assist, Case, Document, Obligation, Recusal

_PLACES: dict[str, Any] = {"id": UUID(int=0), "number": "?"}  # stand for the values in a statement that is kept
_HANGING = (
    "SELECT case_id, organ_id FROM cases_assist WHERE {of} AND closed_at IS NULL",
    batch.selection(Obligation) + " WHERE {of} AND settled_at IS NULL ORDER BY id",
    batch.selection(Document) + " WHERE {of} AND live",
    f"{batch.selection(Organ)} WHERE id IN (SELECT unnest(ARRAY[office_id, lead_id, ruling_id]) "  # noqa: S608 - names of models
    "FROM cases_case WHERE {by} = ANY(%s))",
)
_RECUSED = "SELECT case_id FROM cases_recusal WHERE {of} AND account_id = %s"
_OF = {"id": "case_id = ANY(%s)", "number": "case_id IN (SELECT id FROM cases_case WHERE number = ANY(%s))"}


@dataclass
class Held:
    """A case that is locked (or new), and what a step reads of it. What a step writes is kept up to date here."""

    case: Case
    assists: set[int] = field(default_factory=set)
    obligations: list[Obligation] = field(default_factory=list)  # not settled
    documents: list[Document] = field(default_factory=list)  # live
    recused: bool = False


@dataclass(frozen=True)
class Claim:
    """What `hold` found: the cases, and which of the claimed keys had come before."""

    held: Mapping[UUID, Held]
    known: Sequence[tuple[Any, ...]]

    def replays(self, requests: Sequence[tuple[str, ledger.Same]]) -> list[tuple[UUID, int] | None]:
        """For each (key, input hash) what the request did when it was carried out before. Raises Conflict for other content."""
        return ledger.replays(requests, self.known)


def hold(wanted: Collection[UUID] | str, *, actor: Actor, keys: Sequence[str]) -> Claim:
    """Claim the request keys, then lock those of the cases that `actor` may see: by their ids, in that order, or one by its number."""
    by, values = ("number", [wanted]) if isinstance(wanted, str) else ("id", sorted(wanted))
    reading = batch.Batch()
    claims = ledger.claim(reading, keys)
    lock = _statement(actor, by, lock=True)
    if lock is None:
        return Claim({}, reading.read()[claims])
    statement, params = lock
    reading.add(statement, [*params, values])
    for hanging in _HANGING:
        reading.add(hanging.format(of=_OF[by], by=by), [values])
    if actor.account_id is not None:
        reading.add(_RECUSED.format(of=_OF[by]), [values, actor.account_id])
    found = reading.read()
    cases, assists, duties, papers, organs, *stepped_back = found[claims + 1 :]
    held = {case.id: Held(case) for case in batch.made(Case, cases)}
    _fill(held, assists, batch.made(Obligation, duties), batch.made(Document, papers))
    _name(held, {organ.pk: organ for organ in batch.made(Organ, organs)})
    for (each,) in stepped_back[0] if stepped_back else ():
        if each in held:
            held[each].recused = True
    return Claim(held, found[claims])


def of(case: Case, *, actor: Actor | None = None) -> Held:
    """What hangs on a case that the caller has locked already."""
    held = Held(case)
    _fill(
        {case.id: held},
        list(Assist.objects.filter(case=case, closed_at__isnull=True).values_list("case_id", "organ_id")),
        list(Obligation.objects.filter(case=case, settled_at__isnull=True).order_by("id")),
        list(Document.objects.filter(case=case, live=True)),
    )
    if actor is not None and actor.account_id is not None:
        held.recused = Recusal.objects.filter(case=case, account_id=actor.account_id).exists()
    return held


def _fill(
    held: Mapping[UUID, Held],
    assists: Sequence[tuple[Any, ...]],
    obligations: Sequence[Obligation],
    documents: Sequence[Document],
) -> None:
    for each, organ in assists:
        if each in held:
            held[each].assists.add(organ)
    for obligation in obligations:
        if obligation.case_id in held:
            held[obligation.case_id].obligations.append(obligation)
            obligation.case = held[obligation.case_id].case
    for document in documents:
        if document.case_id in held:
            held[document.case_id].documents.append(document)
            document.case = held[document.case_id].case


def _name(held: Mapping[UUID, Held], organs: Mapping[int, Organ]) -> None:
    for one in held.values():
        case = one.case
        case.office = organs[case.office_id]
        if case.lead_id is not None:
            case.lead = organs[case.lead_id]
        if case.ruling_id is not None:
            case.ruling = organs[case.ruling_id]


def rows(actor: Actor, ids: Sequence[UUID]) -> list[Case]:
    """Those of the cases that `actor` may see, with their office and lead: two queries."""
    asked = _statement(actor, "id")
    if asked is None:
        return []
    found = batch.made(Case, batch.rows(asked[0], [*asked[1], list(ids)]))
    wanted = {organ for case in found for organ in (case.office_id, case.lead_id) if organ is not None}
    organs = {organ.pk: organ for organ in batch.found(Organ, "id = ANY(%s)", [list(wanted)])} if wanted else {}
    for case in found:
        case.office = organs[case.office_id]
        case.lead = organs[case.lead_id] if case.lead_id is not None else None
    return found


def _statement(actor: Actor, by: str, *, lock: bool = False) -> tuple[str, tuple[Any, ...]] | None:
    """SQL for what `actor` may see among some values (its last parameter) of the column `by`; None when that is nothing.

    A citizen's differs each time and is not kept.
    """
    return (_compiled if actor.kind == "citizen" else _kept)(actor, by, lock)


def _compiled(actor: Actor, by: str, lock: bool) -> tuple[str, tuple[Any, ...]] | None:
    asked = access.visible(actor).filter(**{f"{by}__in": [_PLACES[by]]}).order_by("id")
    if lock:
        asked = asked.select_for_update(no_key=True)
    try:
        statement, params = asked.query.get_compiler(connection=connection).as_sql()
    except EmptyResultSet:
        return None
    before, place, after = statement.rpartition(" IN (%s)")
    if not place or params[-1] != _PLACES[by]:
        raise AssertionError("the values are not the last condition of the statement")
    return f"{before} = ANY(%s){after}", tuple(params[:-1])


_kept = lru_cache(maxsize=4096)(_compiled)
