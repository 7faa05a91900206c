"""An organ is abolished (Art. 24 para 2): its open cases go to whoever carries its functions on.

One act of an administrator (`organ_abolish`), today or prepared for a later day (until then it may be called off, on it
the worker looks at everything again and carries it out); then the worker hands the cases on, one ledger entry each
(`follow`). A crash in the middle resumes, because what is done no longer names the organ; twice does nothing twice, because every
case has its key. Sealed cases go to persons named at the heir, and to nobody else there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext

from xinqiao.kernel.clock import day_of, utc_now
from xinqiao.kernel.errors import BadInput, Conflict, NotFound, Refused
from xinqiao.kernel.words import N_
from xinqiao.notices import services as notices
from xinqiao.people import services as people
from xinqiao.people.access import acting
from xinqiao.people.actors import SYSTEM, Actor
from xinqiao.people.areas import area_chain, area_stem, content_chain, content_stem
from xinqiao.people.models import Competence, Organ, Post, in_force

from . import sealing, services
from .effects import Context
from .models import Abolition, Assist, Case, Document, SealGrant

log = structlog.get_logger()
SUCCESSION = SYSTEM("succession")
MOST_SHOWN = 2000
SETTLES = timedelta(minutes=2)  # requests that began before the act have ended by then
NAMED = {"discipline": N_("检举控告受理人"), "confidential": N_("保密专员")}
MOST_LISTED = 50
LONGEST_AHEAD = timedelta(days=731)
SHOWS_DESK = ("petition_office", "hotline")


class Heirs:
    """Who takes what: competence among the heirs as it stands on a day, the narrowest first; else `rest`."""

    def __init__(self, heirs: Sequence[Organ], rest: Organ, on: date) -> None:
        self.rest, self.organs = rest, {organ.pk: organ for organ in (*heirs, rest)}
        rows = Competence.objects.filter(in_force(on), organ_id__in=self.organs, role=Competence.Role.LEAD)
        self._rows = sorted(
            rows, key=lambda row: (-len(content_stem(row.content_code)), -len(area_stem(row.area_code)), row.pk)
        )
        posts = Post.objects.filter(in_force(on), organ_id__in=self.organs, role__in=NAMED, account__is_active=True)
        self._named = set(posts.values_list("organ_id", "role"))

    def of(self, content_code: str, area_code: str) -> Organ:
        """The heir for a content at a place."""
        contents, areas = set(content_chain(content_code)), set(area_chain(area_code))
        for row in self._rows:
            if row.content_code in contents and row.area_code in areas:
                return self.organs[row.organ_id]
        return self.rest

    def named(self, role: str) -> list[Organ]:
        """The heirs where somebody is appointed in that role, the one that takes the rest first."""
        mine = [organ for organ in self.organs.values() if (organ.pk, role) in self._named]
        return sorted(mine, key=lambda organ: (organ.pk != self.rest.pk, organ.pk))

    def of_sealed(self, content_code: str, area_code: str, roles: set[str]) -> Organ | None:
        """The heir of a sealed case: competent if it can be, and with somebody appointed in each of `roles`."""
        able = [organ for organ in self.organs.values() if all((organ.pk, role) in self._named for role in roles)]
        first = self.of(content_code, area_code)
        return first if first in able else min(able, key=lambda one: (one.pk != self.rest.pk, one.pk), default=None)


@dataclass(frozen=True)
class Share:
    """So many open cases of a content, among those looked at, go to an heir."""

    content_code: str
    heir: Organ
    cases: int


@dataclass(frozen=True)
class Preview:
    """What an abolition would do. `shares` come from the first MOST_SHOWN open cases; `full` says there are more."""

    shares: tuple[Share, ...]
    looked_at: int
    full: bool
    competences: int  # lines that the organ has and no heir does: they go to the rest
    posts: int


def mine(organ: Organ) -> Q:
    """The open cases in which an organ has a part. Row-level security leaves out sealed ones for whoever is not named."""
    part = Q(lead=organ) | Q(office=organ) | Q(ruling=organ)
    if organ.kind in SHOWS_DESK:
        part |= Q(desk=organ)
    assisting = Assist.objects.filter(organ=organ, closed_at__isnull=True).values("case_id")
    return Q(closed_at__isnull=True) & (part | Q(pk__in=assisting))


def preview(*, organ_id: int, heir_ids: Sequence[int], rest_id: int, on: date, actor: Actor) -> Preview:
    """Who would take what. Contents and organs only: nothing of a petitioner. Raises NotFound, BadInput."""
    organ, heirs, rest = _checked(organ_id, heir_ids, rest_id, on, actor)
    taking = Heirs(heirs, rest, on)
    rows = list(Case.objects.filter(mine(organ)).values_list("content_code", "area_code")[: MOST_SHOWN + 1])
    counted: dict[tuple[str, int], int] = {}
    for content, area in rows[:MOST_SHOWN]:
        where = (content, taking.of(content, area).pk)
        counted[where] = counted.get(where, 0) + 1
    shares = [Share(content, taking.organs[heir], count) for (content, heir), count in sorted(counted.items())]
    theirs = Competence.objects.filter(in_force(on), organ_id__in=taking.organs)
    known = set(theirs.values_list("content_code", "area_code", "role"))
    own = Competence.objects.filter(in_force(on), organ=organ).values_list("content_code", "area_code", "role")
    posts = Post.objects.filter(in_force(on), organ=organ).count()
    left = sum(1 for row in own if row not in known)
    return Preview(tuple(shares), len(rows[:MOST_SHOWN]), len(rows) > MOST_SHOWN, left, posts)


def _checked(
    organ_id: int, heir_ids: Sequence[int], rest_id: int, on: date, actor: Actor
) -> tuple[Organ, list[Organ], Organ]:
    if actor.kind != "system" and not (actor.is_staff and actor.role == Post.Role.ADMIN):
        raise NotFound()
    organ = Organ.objects.select_for_update().filter(in_force(on), pk=organ_id).first()
    if organ is None:
        raise NotFound()
    wanted = {*heir_ids, rest_id}
    standing = {one.pk: one for one in Organ.objects.filter(in_force(on), pk__in=wanted)}
    city = organ.area_code[:4]
    wrong = {}
    if rest_id not in standing or rest_id == organ.pk:
        wrong["rest"] = N_("请选一个现在设立的单位，它接下职权表没有写明给谁的事项。")
    if organ.pk in wanted or wanted - standing.keys():
        wrong["heirs"] = N_("请选现在设立的、别的单位。")
    if any(one.area_code[:4] != city for one in standing.values()):
        wrong["heirs"] = N_("接办的单位要在同一个城市。")
    if any(one.kind == Organ.Kind.PETITION_OFFICE for one in (organ, *standing.values())) and not wrong:
        kinds = {one.kind for one in (organ, *standing.values())}
        if organ.kind == Organ.Kind.PETITION_OFFICE and kinds != {Organ.Kind.PETITION_OFFICE}:
            wrong["heirs"] = N_("信访工作机构的事项只能由信访工作机构接。")
    if wrong:
        raise BadInput(wrong)
    taking = Heirs(list(standing.values()), standing[rest_id], on)
    held = set(Post.objects.filter(in_force(on), organ=organ, role__in=NAMED).values_list("role", flat=True))
    if lacking := [NAMED[role] for role in sorted(held) if not taking.named(role)]:
        words = "、".join(map(gettext, lacking))
        raise Refused(
            gettext("接办的单位里还没有设这些岗位：") + words, remedy=N_("密封的事项只能交给指定的人，请先设岗位。")
        )
    return organ, [standing[pk] for pk in sorted(set(heir_ids) & standing.keys())], standing[rest_id]


@transaction.atomic
def organ_abolish(
    *, organ_id: int, heir_ids: Sequence[int], rest_id: int, source: str, actor: Actor, at: datetime, key: str,
    on: date | None = None,
) -> Abolition:  # fmt: skip
    """Abolish an organ: it ends with its posts and competences, and the worker hands its open cases on.

    Without `on`, or when that is today, at once; on a later day by the worker (the heirs are those of that day).
    `source` is the decision by which it is abolished. The same `key` again gives the same act. Raises NotFound, BadInput,
    Refused where sealed matters could reach nobody or an act is there already, Conflict for the same key with anything else.
    """
    known = Abolition.objects.filter(key=key).first()
    if known is not None:
        before = (known.organ_id, known.rest_id, known.source, known.on)
        again = (organ_id, rest_id, source.strip(), on or day_of(known.at))
        if before != again or set(known.heirs.values_list("pk", flat=True)) != set(heir_ids):
            raise Conflict(N_("这张表单已经用过了。请刷新页面后再试。"))
        return known
    today = day_of(at)
    on = on or today
    if not today <= on <= today + LONGEST_AHEAD:
        raise BadInput({"on": N_("请填写今天，或者以后两年里的一天。")})
    if not source.strip() or len(source.strip()) > 200 or "\0" in source:
        raise BadInput({"source": N_("请写明撤销的依据，例如批准文件的名称和文号，200 字以内。")})
    organ, heirs, rest = _checked(organ_id, heir_ids, rest_id, on, actor)
    if Abolition.objects.filter(organ=organ, called_off_at__isnull=True).exists():
        raise Refused(N_("这个单位的撤销已经排好了。"), remedy=N_("要改日子或者改由谁接，请先取消，再重新排。"))
    act = Abolition.objects.create(
        organ=organ, rest=rest, source=source.strip(), on=on, at=at, recorded_at=utc_now(), key=key,
        account_id=actor.account_id, post_id=actor.post_id,
    )  # fmt: skip
    act.heirs.set(heirs)
    if on == today:
        _begin(act, organ, heirs, rest, on=on, actor=actor, at=at)
    return act


def _begin(
    act: Abolition, organ: Organ, heirs: Sequence[Organ], rest: Organ, *, on: date, actor: Actor, at: datetime
) -> None:
    """The organ ends; from now on the worker hands its cases on."""
    people.organ_dissolve(organ=organ, heirs=heirs, rest=rest, on=on, source=act.source, actor=actor, at=at)
    act.begun_at, act.troubled, act.trouble = utc_now(), False, ""
    act.save(update_fields=["begun_at", "troubled", "trouble"])


@transaction.atomic
def abolition_call_off(*, act_id: UUID, actor: Actor, at: datetime) -> Abolition:
    """A prepared abolition shall not be: before its day, or when it could not be carried out on it.

    For administrators. Raises NotFound for others, Refused when the organ has ended.
    """
    if not (actor.is_staff and actor.role == Post.Role.ADMIN):
        raise NotFound()
    act = Abolition.objects.select_for_update().filter(pk=act_id).first()
    if act is None:
        raise NotFound()
    if act.begun_at is not None:
        raise Refused(N_("这个单位已经撤销，不能再取消。"), remedy=N_("撤销错了的，请另设单位，再由裁定改回去。"))
    if act.called_off_at is None:
        act.called_off_at, act.called_off_by = at, actor.account_id
        act.save(update_fields=["called_off_at", "called_off_by"])
    return act


def abolitions_prepared() -> list[Abolition]:
    """The acts that wait for their day, the next one first."""
    rows = Abolition.objects.filter(begun_at__isnull=True, called_off_at__isnull=True)
    return list(rows.select_related("organ", "rest").order_by("on", "id")[:MOST_LISTED])


def abolition_of(organ: Organ) -> Abolition | None:
    """The act by which an organ ended or is to end."""
    return Abolition.objects.filter(organ=organ, called_off_at__isnull=True).select_related("rest").first()


# --- the worker's part


def follow(*, at: datetime, batch: int = 200) -> int:
    """Carry out prepared acts whose day has come; hand on what open acts left to do, each case in a transaction of its
    own; return how many cases that was.

    An act is done when a round finds nothing and every request that began before it has ended. `at` is the legal time.
    """
    with acting(SUCCESSION):
        waiting = Abolition.objects.filter(begun_at__isnull=True, called_off_at__isnull=True, on__lte=day_of(at))
        due = list(waiting.order_by("on", "id").values_list("id", flat=True))
    for act_id in due:
        _carry_out(act_id, at=at)
    with acting(SUCCESSION):
        begun = Abolition.objects.filter(begun_at__isnull=False, done_at__isnull=True)
        open_acts = list(begun.order_by("begun_at").values_list("id", flat=True))
    return sum(_round(act_id, at=at, batch=batch) for act_id in open_acts)


def _carry_out(act_id: UUID, *, at: datetime) -> None:
    """A prepared act on its day (or the first day on which the worker runs after it): everything is looked at again.

    What stands against it now is kept on the act and told to the administrators; the next round tries again.
    """
    try:
        with acting(SUCCESSION):
            waiting = Abolition.objects.filter(begun_at__isnull=True, called_off_at__isnull=True)
            act = waiting.select_for_update().filter(pk=act_id).first()
            if act is None:  # called off meanwhile
                return
            on, heirs = day_of(at), list(act.heirs.values_list("pk", flat=True))
            organ, taking, rest = _checked(act.organ_id, heirs, act.rest_id, on, SUCCESSION)
            _begin(act, organ, taking, rest, on=on, actor=SUCCESSION, at=at)
    except Exception as error:  # one act must not stop the others
        words = error.message if isinstance(error, BadInput | Refused) else ""
        log.error("succession.not_begun", act=str(act_id), error=type(error).__name__)
        with acting(SUCCESSION):
            Abolition.objects.filter(pk=act_id).update(troubled=True, trouble=words[:300])
            name = Organ.objects.values_list("short_name", flat=True).get(pk=Abolition.objects.get(pk=act_id).organ_id)
            notices.administrators_tell(
                text="abolition_stuck", params={"organ": name}, actor=SUCCESSION, at=at, once_in=timedelta(days=1)
            )


def _round(act_id: UUID, *, at: datetime, batch: int) -> int:
    """One pass over the cases of an act. A case that cannot be handed on is logged and stays; the others go on."""
    moved, failed, after = 0, 0, UUID(int=0)
    while True:
        with acting(SUCCESSION):
            act = Abolition.objects.select_related("organ", "rest").get(pk=act_id)
            taking = Heirs(list(act.heirs.all()), act.rest, day_of(at))
            rows = Case.objects.filter(mine(act.organ), id__gt=after).order_by("id")
            ids = list(rows.values_list("id", flat=True)[:batch])
        for case_id in ids:
            try:
                with acting(SUCCESSION):
                    moved += hand_on(act, case_id, taking, at=at)
            except Exception as error:  # one case must not stop the others
                failed += 1
                log.error("succession.failed", act=str(act_id), error=type(error).__name__)
        if len(ids) < batch:
            break
        after = ids[-1]
    with acting(SUCCESSION):
        act = Abolition.objects.select_for_update().get(pk=act_id)
        act.troubled = failed > 0
        if not moved and not failed and act.begun_at is not None and utc_now() >= act.begun_at + SETTLES:
            act.done_at = utc_now()
        act.save(update_fields=["troubled", "done_at"])
    return moved


def hand_on(act: Abolition, case_id: UUID, taking: Heirs, *, at: datetime) -> int:
    """One case of an act goes to its heir, in the caller's transaction; 0 when it had before."""
    case = Case.objects.get(pk=case_id)
    heir: Organ | None = taking.of(case.content_code, case.area_code)
    if case.sealed:
        heir = taking.of_sealed(case.content_code, case.area_code, _roles_needed(case, act.organ_id))
        if heir is None:
            raise Refused("nobody at the heirs is appointed for sealed matters")
    assert heir is not None  # noqa: S101 - says it to the type checker
    done = services.take_step(
        case_id=case_id,
        step="succeed",
        actor=SUCCESSION,
        at=at,
        inputs={"former": act.organ_id, "heir": heir.pk},
        key=f"succeed/{act.id}/{case_id}",
    )
    return 0 if done.replayed else 1


def _roles_needed(case: Case, organ_id: int) -> set[str]:
    needed = {"discipline"} if case.lead_id == organ_id else set()
    return needed | ({"confidential"} if case.office_id == organ_id else set())


def settle_in(context: Context) -> None:
    """After the step: drafts become the heir's; on a sealed case the heir's appointed persons are named, and those of the
    organ that is no more are named no longer.
    """
    case, (gone, heir) = context.case, context.decision.succeeds or (0, 0)
    Document.objects.filter(case=case, live=True, number__isnull=True, issuer_id=gone).update(issuer_id=heir)
    if not case.sealed:
        return
    keepers = sealing.holders(organ_id=case.office_id, role="confidential", at=context.at)
    receivers = sealing.holders(organ_id=case.lead_id, role="discipline", at=context.at) if case.lead_id else []
    former = Post.objects.filter(organ_id=gone).exclude(account_id__in=[*keepers, *receivers]).values("account_id")
    SealGrant.objects.filter(case_id=case.id, account_id__in=former).delete()
    for organ_id, role, accounts in (
        (case.office_id, "confidential", keepers),
        (case.lead_id, "discipline", receivers),
    ):
        if organ_id == heir:
            for account_id in accounts:
                sealing.grant(case, account_id=account_id, granted_by="system", reason=NAMED[role], at=context.at)
