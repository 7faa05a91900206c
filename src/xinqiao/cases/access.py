"""Who may see a case, and in which role. The only way to a case: everything else starts from visible()."""

from collections.abc import Collection, Iterable
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from xinqiao.kernel.errors import NotFound
from xinqiao.law import types as law_types
from xinqiao.ledger import batch
from xinqiao.people.actors import Actor
from xinqiao.people.models import Organ

from .models import Assist, Case, Recusal, SealGrant

OFFICE_ROLES = frozenset({"clerk", "officer", "confidential"})
UNIT_ROLES = frozenset({"handler", "head", "discipline"})


def visible(actor: Actor) -> QuerySet[Case]:
    """The cases that `actor` may see. Sealed ones only when named on them; row-level security says the same again."""
    cases = Case.objects.all()
    if actor.kind == "system":
        return cases
    if actor.kind == "citizen":
        return cases.filter(id__in=actor.case_ids)
    if actor.organ_id is None:
        return cases.none()
    reach: Q = Q(pk__in=[])
    for way in _ways(actor):
        reach |= way
    return cases.filter(reach).filter(_open_or_named(actor))


def visible_by_way(actor: Actor) -> list[QuerySet[Case]]:
    """What visible() holds for a member of staff, one query set for each way by which a case comes to their organ.

    Together they are visible(), a case may stand in several. Apart they can be read in order by an index, however many cases
    there are, which an OR cannot.
    """
    return [Case.objects.filter(way).filter(_open_or_named(actor)) for way in _ways(actor)]


def _ways(actor: Actor) -> list[Q]:
    """How a case may come to the organ in which `actor` works."""
    if actor.kind != "staff" or actor.organ_id is None:
        return []
    if actor.role in OFFICE_ROLES:
        return [Q(office_id=actor.organ_id), Q(desk_id=actor.organ_id)]
    if actor.role == "arbiter":
        return [Q(ruling_id=actor.organ_id)]
    if actor.role not in UNIT_ROLES:
        return []
    assisting = Assist.objects.filter(case_id=OuterRef("pk"), organ_id=actor.organ_id, closed_at__isnull=True)
    ways = [Q(lead_id=actor.organ_id), Q(Exists(assisting))]
    return [*ways, Q(office_id=actor.organ_id)] if actor.role == "head" else ways  # the head of the petition office


def _open_or_named(actor: Actor) -> Q:
    """Not sealed, or naming this account."""
    named = SealGrant.objects.filter(case_id=OuterRef("pk"), account_id=actor.account)
    return Q(sealed=False) | Q(Exists(named))


def get(actor: Actor, number: str) -> Case:
    """The case of that number with its organs, or NotFound: absent and forbidden look the same."""
    case = (
        visible(actor)
        .select_related("office", "desk", "lead", "ruling", "handler__account")
        .filter(number=number)
        .first()
    )
    if case is None:
        raise NotFound()
    return case


def proven(actor: Actor, number: str) -> list[Case]:
    """What a citizen has proven of a number, with its organs: the case of that number, or the cases of that submission.

    As visible() says it for citizens, written out, and row-level security says it again; newest first.
    """
    if actor.kind != "citizen" or not actor.case_ids:
        return []
    of = "id = ANY(%s) AND (number = %s OR starts_with(number, %s))"
    named = [sorted(actor.case_ids), number, f"{number}-"]
    reading = batch.Batch()
    reading.add(f"{batch.selection(Case)} WHERE {of} ORDER BY received_at DESC, id DESC", named)
    reading.add(
        f"{batch.selection(Organ)} WHERE id IN (SELECT unnest(ARRAY[office_id, desk_id, lead_id, ruling_id]) FROM cases_case WHERE {of})",  # noqa: S608 - own words
        named,
    )
    cases, organs = reading.read()
    known = {organ.pk: organ for organ in batch.made(Organ, organs)}
    found = batch.made(Case, cases)
    for case in found:
        for name in ("office", "desk", "lead", "ruling"):
            setattr(case, name, known.get(getattr(case, f"{name}_id")))
    return found


def roles(case: Case, actor: Actor, *, assists: Collection[int] | None = None) -> frozenset[str]:
    """The roles of `actor` towards `case`, in the law's words. `assists`: organs that assist now, where they are known."""
    if actor.kind == "system":
        return frozenset({"system"})
    if actor.kind == "citizen":
        return frozenset({"petitioner"}) if case.id in actor.case_ids else frozenset()
    found: set[str] = set()
    if actor.organ_id == case.office_id:
        if actor.role == "clerk":
            found.add("intake")
        elif actor.role in {"officer", "confidential", "head"}:
            found |= {"intake", "officer"}
    elif actor.organ_id == case.desk_id and actor.role in OFFICE_ROLES:
        found.add("intake")
    if actor.organ_id == case.lead_id:
        if actor.role == "handler":
            found.add("handler")
        elif actor.role == "head":
            found |= {"handler", "head"}
        elif actor.role == "discipline":
            found.add("discipline")
    elif actor.role in {"handler", "head"} and actor.organ_id is not None:
        if assists is None:
            helps = case.assists.filter(organ_id=actor.organ_id, closed_at__isnull=True).exists()
        else:
            helps = actor.organ_id in assists
        if helps:
            found.add("assistant")
    if actor.role == "arbiter" and actor.organ_id == case.ruling_id:
        found.add("arbiter")
    return frozenset(found)


def law_actor(case: Case, actor: Actor) -> law_types.Actor:
    """`actor` as the law sees them, recusal included (Art. 28)."""
    return law_types.Actor(roles=roles(case, actor), organ=actor.organ_id, recused=recused(case, actor))


def recused(case: Case, actor: Actor) -> bool:
    """Whether this person has stepped back from the case."""
    return actor.account_id is not None and Recusal.objects.filter(case=case, account_id=actor.account_id).exists()


def may_see_identity(case: Case, actor: Actor, *, stepped_back: bool | None = None) -> bool:
    """Whether `actor` may ask to reveal the petitioner: intake and officers; of the unit the named handler only.
    Nobody who has stepped back from the case (Art. 28).

    When the petitioner asked for confidentiality, the unit sees nothing and the petition office relays (mission, never 3).
    `stepped_back`: whether the actor has, where that is known.
    """
    gone = recused(case, actor) if stepped_back is None else stepped_back
    return not gone and _shows_identity(case, actor, roles(case, actor))


def _shows_identity(case: Case, actor: Actor, mine: frozenset[str]) -> bool:
    if mine & {"intake", "officer", "discipline"}:
        return True
    if case.confidential or case.anonymous:
        return False
    return "handler" in mine and (case.handler_id is None or case.handler_id == actor.post_id)


def identities_seen(cases: Iterable[Case], actor: Actor) -> set[UUID]:
    """Ids of those of `cases` whose petitioner `actor` may ask to reveal: one query, however many they are."""
    cases = list(cases)
    stepped_back: set[UUID] = set()
    if actor.account_id is not None:
        mine = Recusal.objects.filter(case__in=cases, account_id=actor.account_id)
        stepped_back = set(mine.values_list("case_id", flat=True))
    return {
        case.id
        for case in cases
        if case.id not in stepped_back and _shows_identity(case, actor, roles(case, actor, assists=()))
    }


def sealed_case_ids(actor: Actor) -> list[UUID]:
    """Ids of the sealed cases that name this account."""
    return list(SealGrant.objects.filter(account_id=actor.account).values_list("case_id", flat=True))
