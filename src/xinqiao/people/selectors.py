"""What others read of people. Nothing here writes, nothing here asks for the time."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from uuid import UUID

from django.db.models import Q, Value
from django.db.models.functions import Length, StrIndex
from django.utils.translation import gettext

from xinqiao.kernel.errors import NotFound, Refused
from xinqiao.kernel.words import N_
from xinqiao.law.types import TraceLine
from xinqiao.ledger import batch, prepared
from xinqiao.people import identity as identities
from xinqiao.people.actors import Actor
from xinqiao.people.areas import area_chain, area_stem, content_chain, content_stem
from xinqiao.people.identity import Identity
from xinqiao.people.models import (
    AccessLog,
    Account,
    Area,
    Competence,
    Level,
    Organ,
    Person,
    Post,
    ReviewingBody,
    in_force,
)
from xinqiao.people.vault import open_person

LEVELS = list(Level.values)
IN_FORCE = "valid_from <= %s AND (valid_to IS NULL OR valid_to > %s)"  # SQL, with the day twice
_KNOWN = f"""
SELECT id FROM people_organ
WHERE id = ANY(%s) AND {IN_FORCE} AND (%s OR kind = ANY(%s)) AND starts_with(area_code, %s)
"""  # noqa: S608 - own words

# --- areas


def area_at(code: str, on: date) -> Area | None:
    """The area with that code as it stood on a day; None when there was none."""
    found = batch.found(Area, f"code = %s AND {IN_FORCE}", [code, on, on])
    return found[0] if found else None


def area_children(parent_code: str, on: date) -> list[Area]:
    """What lies directly below an area on a day, by code; the topmost areas for ''."""
    return list(Area.objects.filter(in_force(on), parent_code=parent_code).order_by("code"))


def area_path(code: str, on: date) -> list[Area]:
    """The area and everything above it, the topmost first."""
    found = {area.code: area for area in Area.objects.filter(in_force(on), code__in=area_chain(code))}
    path: list[Area] = []
    while code in found:
        path.insert(0, found.pop(code))
        code = path[0].parent_code
    return path


def area_names(codes: Iterable[str]) -> dict[str, str]:
    """The full names of areas by code, as they are called last."""
    wanted = set(codes)
    if not wanted:
        return {}
    return dict(Area.objects.filter(code__in=wanted).order_by("valid_from").values_list("code", "full_name"))


def area_search(text: str, *, on: date, within: str = "", limit: int = 12) -> list[Area]:
    """Areas that somebody may mean who types `text`: part of a name, or an address that names them; the nearest first.

    "夹城" finds 夹城巷社区; "米市巷夹城巷社区3幢" finds the community before its street.
    """
    words = "".join(text.split())
    if not words:
        return []
    areas = Area.objects.filter(in_force(on), code__startswith=area_stem(within))
    parts = [part for part in text.split() if part]
    typed = Q()
    for part in parts:
        typed &= Q(full_name__contains=part)
    named = areas.annotate(at=StrIndex(Value(words), "stem")).filter(at__gt=0, stem__regex="..")
    found = {area.code: area for area in areas.filter(typed).order_by(Length("code"), "code")[: limit * 4]}
    found |= {area.code: area for area in named.order_by("code")[: limit * 8]}

    def rank(area: Area) -> tuple[int, int, str]:
        own = words in area.name or area.stem in words
        above = sum(other.stem in words for other in found.values() if area.code.startswith(area_stem(other.code)))
        depth = LEVELS.index(area.level)
        return (0 if own else 1, -(above * 10 + depth) if area.stem in words else depth, area.code)

    return sorted(found.values(), key=rank)[:limit]


# --- organs


@dataclass(frozen=True)
class Proposed:
    """An organ that the competence table names, with its reasons line by line."""

    organ: Organ
    role: str
    reasons: tuple[TraceLine, ...]


@dataclass(frozen=True)
class Proposal:
    """Who should lead and who should assist. `lead` is None when the table names nobody: a person decides."""

    lead: Proposed | None
    assists: tuple[Proposed, ...]


def _reasons(row: Competence, content_code: str, area_code: str) -> tuple[TraceLine, ...]:
    return (
        TraceLine(
            N_("内容 {content} 属于 {prefix} 类，由{organ}{role}。"),
            values={
                "content": content_code or "—",
                "prefix": row.content_code or "—",
                "organ": row.organ.short_name,
                "role": Competence.Role(row.role).label,
            },
        ),
        TraceLine(N_("地点 {area} 在 {prefix} 范围内。"), values={"area": area_code or "—", "prefix": row.area_code or "—"}),
        TraceLine(N_("依据：{source}，自 {day} 起。"), day=row.valid_from, values={
            "source": row.source, "day": row.valid_from.isoformat(),
        }),
    )  # fmt: skip


def competent_organs(content_code: str, area_code: str, on: date) -> Proposal:
    """Who is competent for a content at a place on a day (属地管理、分级负责): the narrowest content wins, then the
    narrowest area. Assisting organs are those named at that content or above it, the lead left out.
    """
    rows = list(
        Competence.objects.filter(
            in_force(on),
            in_force(on, "organ__"),
            content_code__in=content_chain(content_code),
            area_code__in=area_chain(area_code),
        ).select_related("organ")
    )
    rows.sort(key=lambda row: (-len(content_stem(row.content_code)), -len(area_stem(row.area_code)), row.pk))
    proposed = [Proposed(row.organ, row.role, _reasons(row, content_code, area_code)) for row in rows]
    lead = next((one for one in proposed if one.role == Competence.Role.LEAD), None)
    assists: dict[int, Proposed] = {}
    for one in proposed:
        if one.role == Competence.Role.ASSIST and (lead is None or one.organ.pk != lead.organ.pk):
            assists.setdefault(one.organ.pk, one)
    return Proposal(lead, tuple(assists.values()))


@dataclass(frozen=True)
class Reviewer:
    """An organ that reviews, and by what rule."""

    organ: Organ
    source: str


@cache
def _reviewing() -> str:
    return f"""
SELECT {batch.columns(ReviewingBody, Organ)} FROM people_reviewingbody JOIN people_organ ON people_organ.id = reviewer_id
WHERE people_reviewingbody.organ_id = %s AND content_code = ANY(%s)
  AND people_reviewingbody.valid_from <= %s AND (people_reviewingbody.valid_to IS NULL OR people_reviewingbody.valid_to > %s)
  AND people_organ.valid_from <= %s AND (people_organ.valid_to IS NULL OR people_organ.valid_to > %s)
ORDER BY people_reviewingbody.id
"""  # noqa: S608 - names of models


def reviewing_bodies(organ: Organ | int, content: str, on: date) -> list[Reviewer]:
    """Who reviews what `organ` decided about a content (Art. 35); several: the petitioner chooses; none: no review."""
    return reviewing_asked(organ.pk if isinstance(organ, Organ) else organ, content, on).answer()


def reviewing_asked(organ_id: int, content: str, on: date) -> batch.Question[list[Reviewer]]:
    """What reviewing_bodies asks, to travel with others."""
    return batch.question(_reviewing(), [organ_id, list(content_chain(content)), on, on, on, on], _reviewers)


def _reviewers(found: batch.Rows) -> list[Reviewer]:
    rows = []
    for row in found:
        body, body.reviewer = batch.parted((ReviewingBody, Organ), row)
        rows.append(body)
    nearest = max((len(content_stem(row.content_code)) for row in rows), default=0)
    return [Reviewer(row.reviewer, row.source) for row in rows if len(content_stem(row.content_code)) == nearest]


def petition_office_for(area_code: str, on: date) -> Organ:
    """The petition office that registers what happens at a place: the nearest one at or above it, else the first there is.

    Raises NotFound when there is no petition office at all on that day.
    """
    offices = list(Organ.objects.filter(in_force(on), kind=Organ.Kind.PETITION_OFFICE).order_by("pk"))
    if not offices:
        raise NotFound("还没有设立信访工作机构，请先导入单位。")
    chain = set(area_chain(area_code)) - {""}
    near = [office for office in offices if office.area_code in chain]
    return max(near, key=lambda office: len(area_stem(office.area_code))) if near else offices[0]


def common_superior(first: Organ, second: Organ) -> Organ | None:
    """The lowest organ above both (Art. 24), or None."""
    above = [organ.pk for organ in _superiors(first)]
    return next((organ for organ in _superiors(second) if organ.pk in above), None)


def _superiors(organ: Organ) -> list[Organ]:
    found: list[Organ] = []
    current = organ.superior
    while current is not None and current not in found:
        found.append(current)
        current = current.superior
    return found


def organs_of(*, on: date, kinds: Iterable[str] = (), area_code: str = "") -> list[Organ]:
    """Organs in force on a day, of some kinds, in an area; by area and name."""
    rows = Organ.objects.filter(in_force(on), area_code__startswith=area_stem(area_code))
    if kinds:
        rows = rows.filter(kind__in=list(kinds))
    return list(rows.order_by("area_code", "pk"))


def organs_known(ids: Collection[int], *, on: date, kinds: Iterable[str] = (), area_code: str = "") -> set[int]:
    """Which of these ids are organs in force on a day, of some kinds (of any without), in an area."""
    wanted = list(kinds)
    rows = batch.rows(_KNOWN, [list(ids), on, on, not wanted, wanted, area_stem(area_code)])
    return {each for (each,) in rows}


# --- posts


@dataclass(frozen=True)
class ActingPost:
    """A post that somebody may work in: their own, or that of an absent holder."""

    post: Post
    own: bool

    @property
    def acting_for(self) -> str:
        return "" if self.own else self.post.account.name


def on_leave(on: date) -> Q:
    """Posts whose holder is away on a day."""
    return Q(leave_from__lte=on) & (Q(leave_to__isnull=True) | Q(leave_to__gte=on))


def acting_posts(account_id: int, on: date) -> list[ActingPost]:
    """The posts that an account may work in on a day: own ones first, then those it stands in for."""
    own = Q(account_id=account_id)
    deputy = Q(deputy__account_id=account_id) & on_leave(on) & in_force(on, "deputy__")
    rows = Post.objects.filter(in_force(on), own | deputy).select_related("organ", "account").order_by("pk").distinct()
    with prepared.planned():
        choices = [ActingPost(row, row.account_id == account_id) for row in rows]
    return sorted(choices, key=lambda choice: (not choice.own, choice.post.pk))


def manned(post_ids: Iterable[int], on: date) -> set[tuple[int, int]]:
    """Who may work in these posts on a day, as pairs of post and account: holders, and deputies of those on leave."""
    rows = Post.objects.filter(in_force(on), pk__in=list(post_ids))
    deputies = rows.filter(on_leave(on), in_force(on, "deputy__"))
    return {*rows.values_list("pk", "account_id"), *deputies.values_list("pk", "deputy__account_id")}


def staff_actor(
    account_id: int, name: str, on: date, post_id: int | None = None, choices: Sequence[ActingPost] | None = None
) -> Actor:
    """The actor of a signed-in account, in the chosen post when it may work there, else in its first own one.

    `choices`: the posts in which the account may work on that day, where they have been read already.
    """
    if choices is None:
        choices = acting_posts(account_id, on)
    chosen = next((choice for choice in choices if choice.post.pk == post_id), choices[0] if choices else None)
    if chosen is None:
        return Actor(kind="staff", account_id=account_id, name=name)
    post = chosen.post
    return Actor(
        kind="staff",
        account_id=account_id,
        post_id=post.pk,
        organ_id=post.organ_id,
        role=post.role,
        area_code=post.area_code or post.organ.area_code,
        name=name,
        acting_for=chosen.acting_for,
    )


def posts_at(organ_id: int, on: date, roles: Iterable[str] = ()) -> list[Post]:
    """The posts of an organ on a day whose holders may sign in; of some roles."""
    rows = Post.objects.filter(in_force(on), organ_id=organ_id, account__is_active=True)
    if roles:
        rows = rows.filter(role__in=list(roles))
    return list(rows.select_related("account", "deputy__account").order_by("pk"))


def organ_names(organ_ids: Iterable[int]) -> dict[int, str]:
    """The short names of organs, also of those that are no more."""
    wanted = set(organ_ids)
    return dict(Organ.objects.filter(pk__in=wanted).values_list("pk", "short_name")) if wanted else {}


def account_names(account_ids: Iterable[int]) -> dict[int, str]:
    """The names of members of staff by their account, also of those who have left."""
    wanted = set(account_ids)
    return dict(Account.objects.filter(pk__in=wanted).values_list("pk", "name")) if wanted else {}


def post_names(post_ids: Iterable[int]) -> dict[int, str]:
    """The names of those who hold these posts, also of posts that have ended."""
    wanted = set(post_ids)
    return dict(Post.objects.filter(pk__in=wanted).values_list("pk", "account__name")) if wanted else {}


# --- identities


def masked(person: Person | None) -> Identity:
    """Somebody's data as it may be shown without a reason: 张*三, 138****1234. Empty for None. Leaves no trace."""
    return identities.masked(open_person(person)) if person is not None else Identity()


def masked_many(person_ids: Iterable[UUID]) -> dict[UUID, Identity]:
    """Masked data of several persons, one query."""
    return {person.pk: masked(person) for person in Person.objects.filter(pk__in=list(person_ids))}


def identity_for_delivery(person_id: UUID, *, actor: Actor) -> Identity:
    """The plain data that a notice or an official paper is addressed with: read by the machine, shown to nobody.

    Raises Refused for any actor but the system, NotFound for an unknown person.
    """
    if actor.kind != "system":
        raise Refused("身份信息只能说明理由后查看。")
    person = Person.objects.filter(pk=person_id).first()
    if person is None:
        raise NotFound()
    return open_person(person)


# --- who looked


@dataclass(frozen=True)
class Look:
    """One line of "who looked at my identity": the organ and the post, no name."""

    at: datetime
    kind: str
    organ: str
    title: str
    reason: str
    fields: tuple[str, ...] = ()


_LOOKS = """
SELECT l.at, l.kind, o.name, p.title, l.reason, coalesce(l.detail ->> 'fields', '[]')
FROM people_accesslog l LEFT JOIN people_post p ON p.id = l.post_id LEFT JOIN people_organ o ON o.id = p.organ_id
WHERE l.case_id = %s AND l.kind = ANY(%s) ORDER BY l.at DESC LIMIT 200
"""
CITIZEN_SEES = ("reveal", "correct", "regain", "sealed_read", "export")


def access_of_case(case_id: UUID) -> list[Look]:
    """Who looked at the identity behind a case or changed it, newest first; row-level security decides who may ask."""
    return access_asked(case_id).answer()


def access_asked(case_id: UUID) -> batch.Question[list[Look]]:
    """What access_of_case asks, to travel with others."""
    return batch.question(_LOOKS, [case_id, list(CITIZEN_SEES)], lambda rows: [_look(*row) for row in rows])


def _look(at: datetime, kind: str, organ: str | None, title: str | None, reason: str, fields: str) -> Look:
    return Look(
        at=at,
        kind=AccessLog.Kind(kind).label,
        organ=organ or "",
        title=title or "",
        reason=reason,
        fields=tuple(gettext(identities.LABELS[name]) for name in json.loads(fields) if name in identities.LABELS),
    )


def access_review(*, since: datetime, until: datetime, limit: int = 500) -> list[AccessLog]:
    """The access log of a span, newest first, for the monthly review; rows on sealed matters show to their writer only."""
    rows = AccessLog.objects.filter(at__gte=since, at__lt=until).select_related("account", "post__organ")
    return list(rows.order_by("-at")[:limit])


def demonstration() -> bool:
    """Whether this database was made as a demonstration."""
    return batch.rows("SELECT demonstration FROM people_instance WHERE id = 1") == [(True,)]
