"""Matters that belong together: links made and undone by hand, and the answer of a main matter given to its others.

A link is a step of each of the two cases, taken together: two entries, by the same person, with the reason. Both must be
visible to whoever links; what is sealed is never linked to what is not. Undone links stay on the record.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from xinqiao import law
from xinqiao.kernel.errors import BadInput, Conflict, NotFound, Refused
from xinqiao.kernel.ids import normalise_number
from xinqiao.kernel.words import N_
from xinqiao.law import types as law_types
from xinqiao.people.actors import Actor

from . import access, effects, sealing, services, words
from .effects import Context
from .models import Case, CaseLink, Document, Record

INVERSE = {
    "repeat_of": "repeated_by",
    "repeated_by": "repeat_of",
    "joint": "joint",
    "child_of": "parent_of",
    "parent_of": "child_of",
}
STORED = {  # as seen from this case → (kind of the row, whether this case is its first)
    "repeat_of": ("repeat", True),
    "repeated_by": ("repeat", False),
    "joint": ("joint", True),
    "child_of": ("parent", False),
    "parent_of": ("parent", True),
}
A_PAGE = 50
AT_ONCE = services.MOST_AT_ONCE - 1  # the main matter's own step is one of them
_ANSWERS = {"redress": "decision", "suggestion": "suggestion_reply"}
_MARKS = ("link", "unlink")
_UNFIT = "这个编号没有找到，或者不在您能看的事项里。请核对 12 位编号；分开的几件要写后面的 -1、-2。"

_second_half: ContextVar[frozenset[UUID]] = ContextVar(
    "xinqiao_second_half", default=frozenset()
)  # led by another's step


@dataclass(frozen=True)
class Link:
    """A link as seen from one of its cases."""

    id: int
    kind: str  # repeat_of | repeated_by | joint | child_of | parent_of | reclassified
    other: Case
    reason: str
    made_at: datetime


def register_all() -> None:
    """Take part in steps and in sealing."""
    effects.register_check(_fits)
    effects.register("link", _linked)
    effects.register("unlink", _unlinked)
    effects.register("answer_children", _answered)
    sealing.register_rewriter(_rewrite)


@dataclass(frozen=True)
class Page:
    """Some links, the newest first. `next` is the key of the page after; 0 at the end."""

    links: tuple[Link, ...] = ()
    next: int = 0


def links_of(case: Case, *, actor: Actor) -> list[Link]:
    """The newest links of `case` in force whose other case `actor` may see too: two queries. For all of them: links_page."""
    return list(links_page(case, actor=actor).links)


def links_page(case: Case, *, actor: Actor, before: int = 0, size: int = A_PAGE) -> Page:
    """The links of `case` in force whose other case `actor` may see too, page by page: two queries each."""
    rows = CaseLink.objects.filter(Q(first=case) | Q(second=case), undone_at__isnull=True).order_by("-id")
    found = list((rows.filter(id__lt=before) if before else rows)[: size + 1])
    after = found[size - 1].id if len(found) > size else 0
    found = found[:size]
    others = {row.second_id if row.first_id == case.id else row.first_id for row in found}
    if not others:
        return Page()
    seen = access.visible(actor).filter(id__in=others).select_related("office", "lead").in_bulk()
    links = (
        Link(row.id, _seen_from(case, row), seen[other], row.reason, row.made_at)
        for row in found
        if (other := row.second_id if row.first_id == case.id else row.first_id) in seen
    )
    return Page(tuple(links), after)


def _seen_from(case: Case, row: CaseLink) -> str:
    first = row.first_id == case.id
    return next((kind for kind, stored in STORED.items() if stored == (row.kind, first)), row.kind)


def _between(one: UUID, other: UUID) -> CaseLink | None:
    both = Q(first_id=one, second_id=other) | Q(first_id=other, second_id=one)
    return CaseLink.objects.filter(both, kind__in={kind for kind, _ in STORED.values()}, undone_at__isnull=True).first()


def _other_of(context: Context) -> Case:
    """The case that the step names. Raises BadInput when there is none for this actor."""
    number = normalise_number(str(context.inputs["other"]))
    numbers = [number] if "-" in number else [number, f"{number}-1"]
    other = access.visible(context.actor).filter(number__in=numbers).first() if number else None
    if other is None:
        raise BadInput({"other": _UNFIT})
    return other


def _fits(context: Context) -> None:
    """Before a link is written: the other case is there, fits, and is not linked already; before one is undone: it exists."""
    step, case = context.decision.step, context.case
    if case.id in _second_half.get():
        return
    if step == "answer_with_main":
        raise Refused("随主件答复要从主件上办：打开主件，点“随附各件一并答复”。")
    if step not in _MARKS:
        return
    other = _other_of(context)
    if other.id == case.id:
        raise BadInput({"other": "不能和自己关联。"})
    if other.sealed != case.sealed:
        raise BadInput({"other": "密封的事项不能和没有密封的关联。"})
    row = _between(case.id, other.id)
    if step == "unlink":
        if row is None or _seen_from(case, row) != context.inputs["kind"]:
            raise BadInput({"other": "这两件没有这样关联着，不用撤销。"})
    elif row is not None:
        raise BadInput({"other": "这两件已经关联着，要改请先撤销。"})
    elif context.inputs["kind"] in {"child_of", "parent_of"}:
        child, main = (case, other) if context.inputs["kind"] == "child_of" else (other, case)
        if "child" in child.facts.get("flags", ()):
            raise BadInput({"other": "随附的那一件已经随另一件答复，一件只能有一个主件。"})
        if "child" in main.facts.get("flags", ()) or child.facts.get("counts", {}).get("children"):
            raise BadInput({"other": "主件不能再随别的事项答复，请都关联到同一个主件。"})


def _linked(context: Context) -> None:
    if context.case.id in _second_half.get():
        return
    other = _other_of(context)
    kind, first = STORED[context.inputs["kind"]]
    pair = (context.case.id, other.id) if first else (other.id, context.case.id)
    reason = "" if context.case.sealed else str(context.inputs["reasons"])[:200]
    CaseLink.objects.create(first_id=pair[0], second_id=pair[1], kind=kind, reason=reason, made_at=context.at)
    _take_other(context, other)


def _unlinked(context: Context) -> None:
    if context.case.id in _second_half.get():
        return
    other = _other_of(context)
    row = _between(context.case.id, other.id)
    if row is not None:
        row.undone_at = context.at
        row.save(update_fields=["undone_at"])
    _take_other(context, other)


def _take_other(context: Context, other: Case) -> None:
    """The same step on the other case, seen from there, by the same person and in the same transaction."""
    inputs = {**context.inputs, "other": context.case.number, "kind": INVERSE[context.inputs["kind"]]}
    with _half(other.id):
        services.take_step(
            case_id=other.id,
            step=context.decision.step,
            actor=context.actor,
            at=context.at,
            inputs=inputs,
            key=f"{context.decision.step}/{context.case.id}/{context.seq}",
        )


@contextmanager
def _half(case_id: UUID) -> Iterator[None]:
    token = _second_half.set(frozenset({case_id}))
    try:
        yield
    finally:
        _second_half.reset(token)


def _rewrite(case: Case, sealed: bool, actor: Actor, at: datetime) -> None:
    """A case that is sealed leaves no number, no reason, no count and no mark in the files of those it was linked to."""
    _recount(case, sealed)
    if not sealed:
        return
    rows = CaseLink.objects.filter(Q(first=case) | Q(second=case))
    others = {row.second_id if row.first_id == case.id else row.first_id for row in rows}
    rows.update(reason="")
    for record in Record.objects.filter(case_id__in=others, step__in=_MARKS).select_related("case"):
        kept = words.get(record) or {}
        if normalise_number(str(kept.get("other", ""))).partition("-")[0] == case.number.partition("-")[0]:
            words.put(record, {name: kept[name] for name in kept if name == "kind"}, sealed=record.case.sealed)
            record.save(update_fields=["words", "words_sealed"])


def _recount(case: Case, sealed: bool) -> None:
    """What an open main matter knows of its others, and they of it, changes with the sealing of one of them."""
    rows = CaseLink.objects.filter(Q(first=case) | Q(second=case), kind="parent", undone_at__isnull=True)
    mains = {row.second_id if row.first_id == case.id else row.first_id: row.first_id != case.id for row in rows}
    for other in Case.objects.select_for_update().filter(id__in=mains, sealed=False).order_by("id"):
        facts = other.facts
        if mains[other.id]:
            open_ones = CaseLink.objects.filter(
                first=other, kind="parent", undone_at__isnull=True, second__sealed=False
            )
            count = open_ones.exclude(second=case).count() + (0 if sealed else 1)
            facts["counts"] = {**facts.get("counts", {}), "children": count}
        else:
            flags = set(facts.get("flags", ()))
            facts["flags"] = sorted(flags - {"child"} if sealed else flags | {"child"})
        other.save(update_fields=["facts"])


@dataclass(frozen=True)
class Carried:
    """One round of answering: how many got the answer, how many could not take it yet, and the key to go on from."""

    done: int
    waiting: int
    after: int  # 0: no more


def _answered(context: Context) -> None:
    """The answer of the main matter, given to those that follow it: a hundred cases now, the others by the worker."""
    round_ = carry(main_id=context.case.id, seq=context.seq, actor=context.actor, at=context.at)
    if round_.after:
        from .jobs import carry_on  # jobs are loaded after the models; they call back into this module

        carry_on.configure().defer(main_id=str(context.case.id), seq=context.seq, after=round_.after)


@transaction.atomic
def carry(*, main_id: UUID, seq: int, actor: Actor, at: datetime, after: int = 0) -> Carried:
    """Give the answer of a main matter to up to AT_ONCE of its others, in the order of their links from `after`.

    `seq` is the main matter's entry by which `actor` ordered it; the same order twice has one effect on each. A case that cannot take
    the answer (not accepted, its petitioner not heard, another unit or procedure) stays as it is and can be answered later.
    """
    main = Case.objects.get(pk=main_id)
    inputs = _answer_of(main)
    rows = CaseLink.objects.filter(first_id=main_id, kind="parent", undone_at__isnull=True, id__gt=after)
    found = list(rows.filter(second__sealed=False).select_related("second").order_by("id")[: AT_ONCE + 1])
    done = 0
    for row in found[:AT_ONCE]:
        key = f"with-main/{main_id}/{seq}/{row.second_id}"
        done += _give(main, row.second, {**inputs, "main": str(row.id)}, key=key, actor=actor, at=at)
    waiting = len(found[:AT_ONCE]) - done
    return Carried(done, waiting, found[AT_ONCE - 1].id if len(found) > AT_ONCE else 0)


def _give(main: Case, child: Case, inputs: Mapping[str, Any], *, key: str, actor: Actor, at: datetime) -> bool:
    if (child.procedure, child.lead_id) != (main.procedure, main.lead_id):
        return False
    try:
        with transaction.atomic(), _half(child.id):
            services.take_step(case_id=child.id, step="answer_with_main", actor=actor, at=at, inputs=inputs, key=key)
    except (Refused, BadInput, Conflict, NotFound):
        return False
    return True


def ordered_by(*, main_id: UUID, seq: int) -> Actor:
    """Who ordered, by the main matter's entry `seq`, that its others be answered: in whose name the worker goes on."""
    order = Record.objects.select_related("post__account").get(case_id=main_id, seq=seq, step="answer_children")
    post = order.post
    if post is None:
        raise NotFound()
    return Actor(
        kind="staff",
        account_id=order.account_id,
        post_id=post.pk,
        organ_id=post.organ_id,
        role=post.role,
        area_code=post.area_code,
        name=post.account.name,
    )


def _answer_of(main: Case) -> dict[str, Any]:
    """The inputs of the main matter's answer, as its paper or its file keeps them."""
    kept: Any = None
    kind = _ANSWERS.get(main.procedure)
    if kind is not None:
        paper = Document.objects.filter(case=main, kind=kind, live=True).first()
        kept = (words.get(paper) or {}).get("inputs") if paper else None
    else:
        record = Record.objects.filter(case=main, step__in=("answer", "answer_with_main")).order_by("-seq").first()
        kept = words.get(record) if record else None
    return dict(kept or {})


@dataclass(frozen=True)
class Follower:
    """A case that follows a main matter: whether it has got the answer, and if not why it cannot take it now ('' when it can)."""

    case: Case
    answered: bool
    why: tuple[str, ...] = ()


@dataclass(frozen=True)
class Followers:
    """Some of the cases that follow a main matter, in the order of their links. `next` is the key of the page after; 0 at the end."""

    rows: tuple[Follower, ...] = ()
    next: int = 0

    @property
    def done(self) -> int:
        return sum(row.answered for row in self.rows)

    @property
    def waiting(self) -> tuple[Follower, ...]:
        return tuple(row for row in self.rows if not row.answered)


def followers(main: Case, *, actor: Actor, at: datetime, after: int = 0, size: int = A_PAGE) -> Followers:
    """The cases that follow `main` and that `actor` may see, and what became of its answer in each; eight queries at most."""
    rows = CaseLink.objects.filter(first=main, kind="parent", undone_at__isnull=True, second__sealed=False)
    found = list(rows.filter(id__gt=after).order_by("id")[: size + 1])
    last = found[size - 1].id if len(found) > size else 0
    cases = access.visible(actor).filter(id__in=[row.second_id for row in found[:size]])
    seen = cases.select_related("office", "lead").in_bulk()
    shown = [seen[row.second_id] for row in found[:size] if row.second_id in seen]
    told = Record.objects.filter(case_id__in=list(seen), step="answer_with_main").values_list("case_id", flat=True)
    answered = set(told)
    waiting = [case for case in shown if case.id not in answered]
    standing = services.standings(waiting, actor) if waiting else {}
    inputs = {**_answer_of(main), "main": "0"} if waiting else {}
    return Followers(
        tuple(
            Follower(case, True)
            if case.id in answered
            else Follower(case, False, _why(main, case, standing, inputs, at))
            for case in shown
        ),
        last,
    )


def _why(
    main: Case, case: Case, standing: Mapping[UUID, services.Standing], inputs: Mapping[str, Any], at: datetime
) -> tuple[str, ...]:
    """Why this case cannot be answered with its main matter now, in plain words; nothing when it can."""
    if case.closed_at is not None:
        return (N_("这一件已经办结。"),)
    if case.procedure != main.procedure:
        return (N_("类别和主件不同，要单独答复。"),)
    if case.lead_id != main.lead_id:
        return (N_("由另一个单位承办，要由那个单位答复。"),)
    seen_as = law_types.Actor(roles=frozenset({"handler", "head", "officer"}), organ=case.lead_id)
    decision = law.decide(services.facts_of(case, standing[case.id]), "answer_with_main", inputs, seen_as, at)
    if not isinstance(decision, law_types.Refusal):
        return ()
    return decision.reasons or tuple(decision.fields.values())
