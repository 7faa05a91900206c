"""Reading cases: worklists paged by key, the case file on one page. Nothing here counts rows to draw a page."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db.models import Count, Exists, Min, OuterRef, Prefetch, Q, QuerySet, Value

from xinqiao.kernel.ids import NUMBER_LENGTH, normalise_number
from xinqiao.ledger import batch
from xinqiao.people.actors import Actor

from . import access
from .casefile import BETWEEN_ORGANS, SERVED_FIRST
from .casefile import CaseFile as CaseFile
from .casefile import case_file as case_file
from .casefile import case_file_asked as case_file_asked
from .models import Case, Document, Obligation

PAGE = 50
LONG_UNFROZEN = timedelta(minutes=5)

FOR_THE_PETITIONER = (
    Q(number__isnull=False) & ~Q(kind__in=BETWEEN_ORGANS) & (~Q(kind__in=SERVED_FIRST) | Q(served_on__isnull=False))
)


@dataclass(frozen=True)
class Filters:
    """What a worklist shows. Every field comes from the address and goes back into it."""

    view: str = "due"  # due | mine | all | waiting | closed | ruling
    procedure: str = ""
    state: str = ""
    colour: str = ""
    area: str = ""
    content: str = ""
    mark: str = ""  # urged | sealed | extended | returned
    number: str = ""
    since: date | None = None
    until: date | None = None
    after: str = ""  # key of the last row of the page before


@dataclass
class Row:
    """One line of a worklist: the case and the duty that leads it, if this organ owes one."""

    case: Case
    obligation: Obligation | None
    key: str


@dataclass
class Page:
    rows: list[Row]
    after: str = ""  # key for the next page; '' at the end
    filters: Filters = field(default_factory=Filters)


def worklist(*, actor: Actor, filters: Filters, size: int = PAGE) -> Page:
    """A page of `size` of the cases of `actor`'s organ. `due` and `mine` are ordered by what is due, the others by receipt.

    Keyset paging: two or three queries however many cases there are. Raises ValueError for a key that is none.
    """
    if filters.view in {"due", "mine"}:
        return _by_due(actor, filters, size)
    return _by_receipt(actor, filters, size)


def _by_due(actor: Actor, filters: Filters, size: int) -> Page:
    rows = (
        Obligation.objects.filter(settled_at__isnull=True, leading=True, organ_id=actor.organ)
        .filter(case__in=access.visible(actor))
        .select_related("case", "case__lead", "case__office", "case__handler__account")
        .order_by("due", "id")
    )
    rows = rows.filter(_narrow(filters, "case__"))
    if filters.view == "mine":
        rows = rows.filter(case__handler_id=actor.post_id)
    if filters.colour:
        rows = rows.filter(colour=filters.colour)
    if filters.since:
        rows = rows.filter(due__gte=filters.since)
    if filters.until:
        rows = rows.filter(due__lte=filters.until)
    if filters.after:
        due_text, _, id_text = filters.after.partition("_")
        due, last = date.fromisoformat(due_text), UUID(id_text)
        rows = rows.filter(due__gte=due).filter(Q(due__gt=due) | Q(id__gt=last))
    found = list(rows[: size + 1])
    page = [Row(o.case, o, f"{o.due.isoformat()}_{o.id}") for o in found[:size]]
    return Page(page, page[-1].key if len(found) > size else "", filters)


def _by_receipt(actor: Actor, filters: Filters, size: int) -> Page:
    leading = Obligation.objects.filter(settled_at__isnull=True, leading=True, organ_id=actor.organ)
    wanted = _narrow(filters, "")
    if filters.view == "closed":
        wanted &= Q(closed_at__isnull=False)
    elif filters.view == "waiting":
        owed = Obligation.objects.filter(
            case_id=OuterRef("pk"), settled_at__isnull=True, kind="duty", organ_id=actor.organ
        )
        wanted &= Q(~Exists(owed), closed_at__isnull=True)
    if filters.colour:
        wanted &= Q(Exists(leading.filter(case_id=OuterRef("pk"), colour=filters.colour)))
    if filters.after:
        at_text, _, id_text = filters.after.partition("_")
        at, last = datetime.fromisoformat(at_text), UUID(id_text)
        if at.tzinfo is None:
            raise ValueError(at_text)
        wanted &= Q(received_at__lte=at) & (Q(received_at__lt=at) | Q(id__lt=last))
    ways = [  # each in the order of an index
        rows.filter(wanted).order_by("-received_at", "-id").values_list("received_at", "id")[: size + 1]
        for rows in access.visible_by_way(actor)
    ]
    newest = sorted(ways[0].union(*ways[1:]) if len(ways) > 1 else ways[0], reverse=True) if ways else []
    ids = [key for _, key in newest[: size + 1]]
    # Of these cases, whoever owes: with the organ in the question an index over all that it owes would be read instead.
    open_ = Obligation.objects.filter(settled_at__isnull=True, leading=True)
    found = list(
        Case.objects.filter(id__in=ids)
        .select_related("lead", "office", "handler__account")
        .prefetch_related(Prefetch("obligations", queryset=open_, to_attr="leading_now"))
        .order_by("-received_at", "-id")
    )
    page = []
    for case in found[:size]:
        duties: list[Obligation] = case.leading_now  # type: ignore[attr-defined]
        here = next((one for one in duties if one.organ_id == actor.organ), None)
        page.append(Row(case, here, f"{case.received_at.isoformat()}_{case.id}"))
    return Page(page, page[-1].key if len(found) > size else "", filters)


def _narrow(filters: Filters, prefix: str) -> Q:
    """The filters that concern the case itself."""
    wanted = Q()
    for name in ("procedure", "state"):
        if value := getattr(filters, name):
            wanted &= Q(**{f"{prefix}{name}": value})
    if filters.area:
        wanted &= Q(**{f"{prefix}area_code__startswith": filters.area})
    if filters.content:
        wanted &= Q(**{f"{prefix}content_code__startswith": filters.content})
    if filters.mark == "urged":
        wanted &= Q(**{f"{prefix}urged_at__isnull": False})
    elif filters.mark == "sealed":
        wanted &= Q(**{f"{prefix}sealed": True})
    elif filters.mark in {"extended", "returned"}:
        wanted &= Q(**{f"{prefix}facts__flags__contains": [filters.mark]})
    if filters.number:
        digits = "".join(filters.number.split())
        begun = digits if digits.isascii() and digits.isdigit() and 4 <= len(digits) <= NUMBER_LENGTH else ""
        number = normalise_number(filters.number) or begun
        wanted &= Q(**{f"{prefix}number__startswith": number}) if number else Q(pk__in=[])
    return wanted


def due_counts(*, actor: Actor, today: date, limit: int = 100) -> dict[str, int]:
    """How much is due on this organ's list: overdue, today, near. Counts stop at `limit` (shown as "99+")."""
    asked = _due_counted(actor, today, limit)
    found = Counter(which for (which,) in batch.rows(*asked)) if asked else Counter()
    return {which: found[which] for which in ("overdue", "today", "near")}


@lru_cache(maxsize=1024)
def _due_counted(actor: Actor, today: date, limit: int) -> tuple[str, tuple[Any, ...]] | None:
    """The statement and its values, written once a day for each post; None when it could find nothing."""
    rows: QuerySet[Obligation] = Obligation.objects.filter(
        settled_at__isnull=True, leading=True, organ_id=actor.organ, case__in=access.visible(actor)
    )

    counted = [
        query.order_by("due", "id").annotate(which=Value(which)).values_list("which", flat=True)[:limit]
        for which, query in (
            ("overdue", rows.filter(due__lt=today)),
            ("today", rows.filter(due=today)),
            ("near", rows.filter(due__gt=today, colour="yellow")),
        )
    ]
    try:
        statement, values = counted[0].union(*counted[1:], all=True).query.sql_with_params()
    except EmptyResultSet:
        return None
    return statement, tuple(values)


def cases_by_ids(*, actor: Actor, ids: Sequence[UUID]) -> list[Case]:
    """The visible ones among `ids`, newest first."""
    return list(access.visible(actor).filter(id__in=ids).select_related("office", "lead").order_by("-received_at"))


def numbers_for_review(*, ids: Sequence[UUID]) -> dict[UUID, str]:
    """The numbers of open matters, for those who review the access log and open no case; row-level security hides sealed ones."""
    return dict(Case.objects.filter(id__in=set(ids), sealed=False).values_list("id", "number"))


def document_of(*, actor: Actor, document_id: UUID) -> Document | None:
    """A paper of a case that `actor` may see; a citizen sees issued ones only."""
    papers = Document.objects.select_related("case", "issuer").filter(case__in=access.visible(actor))
    if actor.kind == "citizen":
        papers = papers.filter(FOR_THE_PETITIONER)
    return papers.filter(pk=document_id).first()


@dataclass(frozen=True)
class Unfrozen:
    """Papers that have their number and wait for their PDF longer than they should."""

    count: int
    since: datetime


def papers_unfrozen(at: datetime) -> Unfrozen | None:
    """How many papers of matters that may be seen have waited LONG_UNFROZEN to be frozen, and since when; None when none."""
    late = Document.objects.filter(number__isnull=False, pdf__isnull=True, created_at__lt=at - LONG_UNFROZEN)
    found = late.aggregate(count=Count("id"), since=Min("created_at"))
    return Unfrozen(found["count"], found["since"]) if found["count"] else None
