"""What an administrator keeps: areas, organs, competences, reviewing bodies. Every change goes on the administrative
record by itself (recording.py). Days are those on which something begins or no longer holds.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from xinqiao.kernel.errors import BadInput, NotFound, Refused
from xinqiao.kernel.words import N_
from xinqiao.people.actors import Actor
from xinqiao.people.imports import stem_of
from xinqiao.people.models import Area, Competence, Level, Organ, Post, ReviewingBody, in_force

MISSING = N_("请填写这一项。")
LATER = N_("这一天要晚于开始的那一天。")
UNKNOWN_ORGAN = N_("没有这个单位，或者那一天它已经撤销。")
UNKNOWN_AREA = N_("那一天没有这个区划，请从列表里选。")
MOST_BELOW = 5000


def administrator(actor: Actor) -> None:
    """Raise NotFound for anybody but an administrator and the machine's own commands."""
    if actor.kind != "system" and not (actor.is_staff and actor.role == Post.Role.ADMIN):
        raise NotFound()


def complain(wrong: Mapping[str, str]) -> None:
    """Raise BadInput when anything is wrong."""
    found = {name: words for name, words in wrong.items() if words}
    if found:
        raise BadInput(found)


def short(value: str, most: int) -> str:
    """What is wrong with a required line of text; '' when nothing is."""
    if not value.strip():
        return MISSING
    return N_("写得太长了，请缩短一些。") if len(value.strip()) > most or "\0" in value else ""


# --- areas


@transaction.atomic
def area_add(
    *, code: str, name: str, level: str, parent_code: str, valid_from: date, actor: Actor, at: datetime
) -> Area:
    """A new area below another one (or at the top, with ''), from a day on. Raises BadInput by field."""
    administrator(actor)
    code, name = code.strip(), name.strip()
    parent = Area.objects.filter(in_force(valid_from), code=parent_code).first() if parent_code else None
    taken = Area.objects.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=valid_from), code=code).exists()
    wrong = {
        "code": "" if re.fullmatch(r"\d{2,12}", code) else N_("代码是 2 到 12 位数字。"),
        "name": short(name, 80),
        "level": "" if level in Level.values else N_("请从列出的选项里选一个。"),
        "parent_code": UNKNOWN_AREA if parent_code and parent is None else "",
    }
    if taken and not wrong["code"]:
        wrong["code"] = N_("这个代码从这一天起已经有区划在用。")
    complain(wrong)
    full = f"{parent.full_name if parent else ''}{name}"
    return Area.objects.create(
        code=code, name=name, full_name=full, stem=stem_of(name), level=level, parent_code=parent_code,
        valid_from=valid_from,
    )  # fmt: skip


def _area(code: str, on: date) -> Area:
    row = Area.objects.select_for_update().filter(in_force(on), code=code).first()
    if row is None:
        raise NotFound()
    return row


def _succeed(row: Area, on: date, **changes: Any) -> Area:
    """The area from a day on with `changes`; what was before stays as it was, unless it began that very day."""
    if row.valid_from == on:
        for name, value in changes.items():
            setattr(row, name, value)
        row.save(update_fields=list(changes))
        return row
    kept = {f.attname: getattr(row, f.attname) for f in Area._meta.concrete_fields if not f.primary_key}
    row.valid_to = on
    row.save(update_fields=["valid_to"])
    return Area.objects.create(**kept | {"valid_from": on} | changes)


@transaction.atomic
def area_rename(*, code: str, name: str, valid_from: date, actor: Actor, at: datetime) -> Area:
    """An area's new name from a day on; what lies below it is called after it from then on. Raises NotFound, BadInput."""
    administrator(actor)
    row = _area(code, valid_from)
    complain({"name": short(name, 80)})
    above = row.full_name[: -len(row.name)] if row.full_name.endswith(row.name) else ""
    former, full = row.full_name, f"{above}{name.strip()}"
    renamed = _succeed(row, valid_from, name=name.strip(), full_name=full, stem=stem_of(name.strip()))
    below = Area.objects.filter(in_force(valid_from), full_name__startswith=former).exclude(code=code)
    for child in list(below.order_by("code")[:MOST_BELOW]):
        _succeed(child, valid_from, full_name=full + child.full_name[len(former) :])
    return renamed


@transaction.atomic
def area_close(*, code: str, valid_to: date, actor: Actor, at: datetime) -> Area:
    """An area that is no more from a day on. Raises Refused while areas lie in it or organs sit there, NotFound, BadInput."""
    administrator(actor)
    row = _area(code, valid_to)
    if row.valid_from >= valid_to:
        raise BadInput({"valid_to": LATER})
    if Area.objects.filter(in_force(valid_to), parent_code=code).exists():
        raise Refused(N_("它下面还有区划。"), remedy=N_("请先把下面的区划终止，或者改到别处。"))
    if Organ.objects.filter(in_force(valid_to), area_code=code).exists():
        raise Refused(N_("还有单位设在这里。"), remedy=N_("请先把那些单位改到别的区划，或者撤销。"))
    row.valid_to = valid_to
    row.save(update_fields=["valid_to"])
    return row


# --- organs

ORGAN_TEXTS = {"name": 120, "short_name": 40, "address": 200, "phone": 40, "hours": 120}


def _organ_wrong(given: Mapping[str, Any], on: date, organ: Organ | None = None) -> dict[str, str]:
    superior_id = given.get("superior_id")
    wrong = {
        "name": short(given["name"], ORGAN_TEXTS["name"]),
        "short_name": short(given["short_name"], ORGAN_TEXTS["short_name"]),
        "kind": "" if given["kind"] in Organ.Kind.values else N_("请从列出的选项里选一个。"),
        "level": "" if given["level"] in Level.values else N_("请从列出的选项里选一个。"),
        "area_code": "" if _area_stands(given["area_code"], on) else UNKNOWN_AREA,
    }
    for name in ("address", "phone", "hours"):
        if len(given.get(name) or "") > ORGAN_TEXTS[name]:
            wrong[name] = N_("写得太长了，请缩短一些。")
    if superior_id is not None:
        superior = Organ.objects.filter(in_force(on), pk=superior_id).first()
        above = superior
        for _ in range(10):
            if above is None or (organ is not None and above.pk == organ.pk):
                break
            above = above.superior
        if superior is None or above is not None:
            wrong["superior"] = N_("请选另一个现在设立的上级单位，不能绕成一圈。")
    return wrong


def _area_stands(code: str, on: date) -> bool:
    """Whether there is such an area; a new instance without any areas takes any code."""
    if not re.fullmatch(r"\d{2,12}", code or ""):
        return False
    return Area.objects.filter(in_force(on), code=code).exists() or not Area.objects.exists()


@transaction.atomic
def organ_add(*, code: str, valid_from: date, actor: Actor, at: datetime, **given: Any) -> Organ:
    """A new organ: name, short_name, kind, area_code, level, superior_id, address, phone, hours. Raises BadInput by field."""
    administrator(actor)
    wrong = _organ_wrong(given, valid_from)
    wrong["code"] = (
        "" if re.fullmatch(r"[A-Za-z0-9._-]{1,40}", code) else N_("代号用字母、数字、点和横线，最多 40 个。")
    )
    if not wrong["code"] and Organ.objects.filter(code=code).exists():
        wrong["code"] = N_("这个代号已经有单位在用。")
    complain(wrong)
    return Organ.objects.create(code=code, valid_from=valid_from, **_organ_values(given))


@transaction.atomic
def organ_change(*, organ_id: int, on: date, actor: Actor, at: datetime, **given: Any) -> Organ:
    """Rename an organ or change its data, from now on; papers already issued keep the name. Raises NotFound, BadInput."""
    administrator(actor)
    organ = Organ.objects.select_for_update().filter(in_force(on), pk=organ_id).first()
    if organ is None:
        raise NotFound()
    complain(_organ_wrong(given, on, organ))
    for name, value in _organ_values(given).items():
        setattr(organ, name, value)
    organ.save()
    return organ


def _organ_values(given: Mapping[str, Any]) -> dict[str, Any]:
    texts = {name: (given.get(name) or "").strip() for name in ORGAN_TEXTS}
    return texts | {name: given[name] for name in ("kind", "level", "area_code")} | {
        "superior_id": given.get("superior_id")
    }  # fmt: skip


def organ_dissolve(
    *, organ: Organ, heirs: Sequence[Organ], rest: Organ, on: date, source: str, actor: Actor, at: datetime
) -> int:
    """End an organ on a day, with its posts and competences, in the caller's transaction: `cases` hands its cases on.

    What it was competent for and no heir has goes to `rest`; so do the organs below it. Deputies from and to its posts
    are cleared. Returns how many competences `rest` took over.
    """
    administrator(actor)
    if organ.valid_from >= on:
        raise BadInput({"on": LATER})
    here = Q(organ=organ)
    taken = 0
    theirs = set(
        Competence.objects.filter(in_force(on), organ__in=heirs).values_list("content_code", "area_code", "role")
    )
    for row in Competence.objects.filter(here, in_force(on)):
        if (row.content_code, row.area_code, row.role) not in theirs:
            _competence_for(rest, row, on, source)
            taken += 1
    for kind in (Competence, ReviewingBody):
        rows = kind.objects.filter(here if kind is Competence else here | Q(reviewer=organ))
        rows.filter(valid_from__gte=on).delete()
        rows.filter(in_force(on)).update(valid_to=on)
    Organ.objects.filter(superior=organ).exclude(pk=rest.pk).update(superior=rest)
    if rest.superior_id == organ.pk:
        Organ.objects.filter(pk=rest.pk).update(superior_id=organ.superior_id)
    Post.objects.filter(deputy__organ=organ).update(deputy=None)
    Post.objects.filter(here, Q(valid_to__isnull=True) | Q(valid_to__gt=on)).exclude(valid_from__gte=on).update(
        valid_to=on, deputy=None, leave_from=None, leave_to=None
    )
    organ.valid_to = on
    organ.save(update_fields=["valid_to"])
    return taken


def _competence_for(organ: Organ, row: Competence, on: date, source: str) -> None:
    Competence.objects.create(
        organ=organ, content_code=row.content_code, area_code=row.area_code, role=row.role, source=source, valid_from=on,
        valid_to=row.valid_to,
    )  # fmt: skip


# --- competences and reviewing bodies


@transaction.atomic
def competence_add(
    *, organ_id: int, content_code: str, area_code: str, role: str, source: str, valid_from: date, actor: Actor,
    at: datetime, valid_to: date | None = None,
) -> Competence:  # fmt: skip
    """A new line of the competence table. Raises BadInput by field."""
    administrator(actor)
    row = Competence(
        organ_id=organ_id, content_code=content_code.strip(), area_code=area_code.strip(), role=role,
        source=source.strip(), valid_from=valid_from, valid_to=valid_to,
    )  # fmt: skip
    complain(competence_wrong(row))
    row.save(force_insert=True)
    return row


def competence_wrong(row: Competence) -> dict[str, str]:
    """What is wrong with a line that is to be added, by field."""
    organ = Organ.objects.filter(in_force(row.valid_from), pk=row.organ_id).exists()
    wrong = {
        "organ": "" if organ else UNKNOWN_ORGAN,
        "content_code": "" if re.fullmatch(r"(\d\d){0,3}", row.content_code) else N_("内容分类代码是 2、4 或 6 位数字，空着是全部。"),
        "area_code": "" if re.fullmatch(r"\d{0,12}", row.area_code) else N_("区划代码是数字，空着是全部。"),
        "role": "" if row.role in Competence.Role.values else N_("请填 lead（主办）或者 assist（协办）。"),
        "source": short(row.source, 200),
        "valid_to": LATER if row.valid_to is not None and row.valid_to <= row.valid_from else "",
    }  # fmt: skip
    if row.area_code and not wrong["area_code"] and not _area_known(row.area_code):
        wrong["area_code"] = UNKNOWN_AREA
    same = Competence.objects.filter(
        organ_id=row.organ_id, content_code=row.content_code, area_code=row.area_code, role=row.role
    )
    over = Q(valid_to__isnull=True) | Q(valid_to__gt=row.valid_from)
    if row.valid_to is not None:
        over &= Q(valid_from__lt=row.valid_to)
    if not any(wrong.values()) and same.filter(over).exclude(pk=row.pk).exists():
        wrong["valid_from"] = N_("同样的一行在这段时间里已经有了。")
    return {name: words for name, words in wrong.items() if words}


def _area_known(code: str) -> bool:
    return Area.objects.filter(code__startswith=code).exists() or not Area.objects.exists()


@transaction.atomic
def competence_change(
    *, competence_id: int, source: str, valid_to: date | None, actor: Actor, at: datetime
) -> Competence:
    """Correct a line's source, or name the day from which it no longer holds. Raises NotFound, BadInput."""
    administrator(actor)
    row = Competence.objects.select_for_update().filter(pk=competence_id).first()
    if row is None:
        raise NotFound()
    row.source, row.valid_to = source.strip(), valid_to
    wrong = competence_wrong(row)
    complain({name: words for name, words in wrong.items() if name in {"source", "valid_to", "valid_from"}})
    row.save(update_fields=["source", "valid_to"])
    return row


@transaction.atomic
def reviewer_add(
    *, organ_id: int, content_code: str, reviewer_id: int, source: str, valid_from: date, actor: Actor, at: datetime
) -> ReviewingBody:
    """Who reviews what an organ decided (Art. 35), from a day on. Raises BadInput by field."""
    administrator(actor)
    known = set(Organ.objects.filter(in_force(valid_from), pk__in=[organ_id, reviewer_id]).values_list("pk", flat=True))
    code = content_code.strip()
    wrong = {
        "organ": "" if organ_id in known else UNKNOWN_ORGAN,
        "reviewer": "" if reviewer_id in known else UNKNOWN_ORGAN,
        "content_code": ""
        if re.fullmatch(r"(\d\d){0,3}", code)
        else N_("内容分类代码是 2、4 或 6 位数字，空着是全部。"),
        "source": short(source, 200),
    }
    if organ_id == reviewer_id:
        wrong["reviewer"] = N_("不能自己复查自己。")
    same = ReviewingBody.objects.filter(organ_id=organ_id, content_code=code, reviewer_id=reviewer_id)
    if same.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=valid_from)).exists():
        wrong["valid_from"] = N_("同样的一行在这段时间里已经有了。")
    complain(wrong)
    return ReviewingBody.objects.create(
        organ_id=organ_id, content_code=code, reviewer_id=reviewer_id, source=source.strip(), valid_from=valid_from
    )


@transaction.atomic
def reviewer_end(*, reviewing_id: int, valid_to: date, actor: Actor, at: datetime) -> ReviewingBody:
    """A reviewing body that no longer is one from a day on. Raises NotFound, BadInput."""
    administrator(actor)
    row = ReviewingBody.objects.select_for_update().filter(pk=reviewing_id, valid_to__isnull=True).first()
    if row is None:
        raise NotFound()
    if valid_to <= row.valid_from:
        raise BadInput({"valid_to": LATER})
    row.valid_to = valid_to
    row.save(update_fields=["valid_to"])
    return row
