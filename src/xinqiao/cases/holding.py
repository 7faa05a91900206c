"""A case held for a step: locked, with what hangs on it and matters to the law. One round trip, however much there is."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import connection

from xinqiao.kernel.errors import NotFound
from xinqiao.ledger import batch
from xinqiao.ledger import services as ledger
from xinqiao.people.actors import Actor
from xinqiao.people.models import Organ

from . import access
from .models import Assist, Case, Document, Obligation, Recusal

_PLACES: dict[str, Any] = {"id": UUID(int=0), "number": "?"}  # stand for the values in a statement that is kept
_ASSISTS = "SELECT case_id, organ_id FROM cases_assist WHERE case_id = ANY(%s) AND closed_at IS NULL"
_RECUSED = "SELECT case_id FROM cases_recusal WHERE case_id = ANY(%s) AND account_id = %s"
_OPEN = f"{batch.selection(Obligation)} WHERE case_id = ANY(%s) AND settled_at IS NULL ORDER BY id"
_LIVE = f"{batch.selection(Document)} WHERE case_id = ANY(%s) AND live"
_ORGANS = (
    batch.selection(Organ) + " WHERE id IN (SELECT unnest(ARRAY[office_id, lead_id, ruling_id]) "
    "FROM cases_case WHERE id = ANY(%s))"
)


@dataclass
class Held:
    """A case that is locked (or new), and what a step reads of it. What a step writes is kept up to date here."""

    case: Case
    assists: set[int] = field(default_factory=set)
    obligations: list[Obligation] = field(default_factory=list)  # not settled
    documents: list[Document] = field(default_factory=list)  # live
    recused: bool = False


def hold(
    ids: Collection[UUID], *, actor: Actor, requests: Sequence[tuple[str, bytes]]
) -> tuple[list[tuple[UUID, int] | None], dict[UUID, Held]]:
    """Claim the request keys, then lock those of the cases that `actor` may see, in the order of their ids.

    Returns, for each (key, input hash), what the request did when it was carried out before, and the held cases.
    Raises Conflict when a key came before with other content.
    """
    wanted = sorted(ids)
    reading = batch.Batch()
    claims = ledger.claim(reading, [key for key, _ in requests])
    lock = _lock(actor)
    if lock is None:
        return ledger.replays(requests, reading.read()[claims]), {}
    statement, params = lock
    reading.add(statement, [*params, wanted])
    reading.add(_ASSISTS, [wanted])
    reading.add(_OPEN, [wanted])
    reading.add(_LIVE, [wanted])
    reading.add(_ORGANS, [wanted])
    if actor.account_id is not None:
        reading.add(_RECUSED, [wanted, actor.account_id])
    found = reading.read()
    seen = ledger.replays(requests, found[claims])
    cases, assists, duties, papers, organs, *stepped_back = found[claims + 1 :]
    held = {case.id: Held(case) for case in batch.made(Case, cases)}
    _fill(held, assists, batch.made(Obligation, duties), batch.made(Document, papers))
    _name(held, {organ.pk: organ for organ in batch.made(Organ, organs)})
    for (each,) in stepped_back[0] if stepped_back else ():
        if each in held:
            held[each].recused = True
    return seen, held


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


def seen(actor: Actor, number: str) -> Case:
    """The case of that number as a row alone, for who goes on to take a step of it. Raises NotFound, as access.get."""
    found = _rows(actor, "number", [number])
    if not found:
        raise NotFound()
    return found[0]


def rows(actor: Actor, ids: Sequence[UUID]) -> list[Case]:
    """Those of the cases that `actor` may see, with their office and lead: two queries."""
    found = _rows(actor, "id", ids)
    wanted = {organ for case in found for organ in (case.office_id, case.lead_id) if organ is not None}
    organs = {organ.pk: organ for organ in batch.found(Organ, "id = ANY(%s)", [list(wanted)])} if wanted else {}
    for case in found:
        case.office = organs[case.office_id]
        case.lead = organs[case.lead_id] if case.lead_id is not None else None
    return found


def _rows(actor: Actor, by: str, values: Sequence[Any]) -> list[Case]:
    asked = _statement(actor, by)
    if asked is None:
        return []
    return batch.made(Case, batch.rows(asked[0], [*asked[1], list(values)]))


def _lock(actor: Actor) -> tuple[str, tuple[Any, ...]] | None:
    """The statement that locks what `actor` may see among some ids (its last parameter). None: this actor sees nothing."""
    return _statement(actor, "id", lock=True)


def _statement(actor: Actor, by: str, *, lock: bool = False) -> tuple[str, tuple[Any, ...]] | None:
    """SQL for what `actor` may see among some values of the column `by`. A citizen's differs each time and is not kept."""
    return (_compiled if actor.kind == "citizen" else _kept)(actor, by, lock)


def _compiled(actor: Actor, by: str, lock: bool) -> tuple[str, tuple[Any, ...]] | None:
    asked = access.visible(actor).filter(**{f"{by}__in": [_PLACES[by]]}).order_by("id")
    if lock:
        asked = asked.select_for_update()
    try:
        statement, params = asked.query.get_compiler(connection=connection).as_sql()
    except EmptyResultSet:
        return None
    before, place, after = statement.rpartition(" IN (%s)")
    if not place or params[-1] != _PLACES[by]:
        raise AssertionError("the values are not the last condition of the statement")
    return f"{before} = ANY(%s){after}", tuple(params[:-1])


_kept = lru_cache(maxsize=4096)(_compiled)
