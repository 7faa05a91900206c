"""Founds the demonstration's district in an empty database: areas, organs, competences, staff, content classes, knowledge.

People offers no service for founding organs and posts; this is the one place that makes them, once, in a demonstration.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.hashers import make_password

from xinqiao.demo import matters
from xinqiao.people import services as people
from xinqiao.people.actors import Actor
from xinqiao.people.models import Account, Competence, Organ, Post, ReviewingBody
from xinqiao.triage import services as triage

SINCE = date(2022, 5, 1)


def found(*, today: date, actor: Actor, at: datetime) -> None:
    """Make everything that cases need. Call once, in one transaction bound to `actor`."""
    people.areas_import(rows=[dict(row) for row in matters.area_rows()], valid_from=SINCE, actor=actor, at=at)
    triage.content_class_import(rows=list(_classes()), actor=actor, at=at)
    organs = _organs()
    _competences(organs)
    _reviewers(organs)
    _staff(organs, today)


def knowledge(*, actor: Actor, at: datetime) -> int:
    """Store the knowledge entries; returns how many. The loader does this last: they stand when all else stands."""
    organs = dict(Organ.objects.values_list("code", "id"))
    entries = matters.read("knowledge.yaml")["entries"]
    for entry in entries:
        triage.knowledge_store(
            slug=entry["slug"],
            question=entry["question"],
            answer=entry["answer"],
            keywords=entry.get("keywords", ()),
            basis=entry.get("basis", ""),
            content_code=entry.get("content", ""),
            organ_id=organs[entry["organ"]] if entry.get("organ") else None,
            valid_from=SINCE,
            actor=actor,
            at=at,
        )
    return len(entries)


def _classes() -> Iterator[Mapping[str, str]]:
    for one in matters.read("content.yaml")["classes"]:
        yield {"code": one["code"], "name": one["name"], "parent_code": ""}
        for code, name in one["items"].items():
            parent = one["code"] if code.endswith("00") else f"{code[:4]}00"
            yield {"code": code, "name": name, "parent_code": parent}


def _organs() -> dict[str, Organ]:
    data = matters.read("organs.yaml")
    found: dict[str, Organ] = {}
    for row in data["organs"]:
        found[row["code"]] = Organ(
            code=row["code"],
            name=row["name"],
            short_name=row["short"],
            kind=row["kind"],
            area_code=row["area"],
            level=row["level"],
            superior=found[row["superior"]] if row["superior"] else None,
            address=row["address"],
            phone=row["phone"],
            hours=row["hours"],
            valid_from=SINCE,
        )
        found[row["code"]].save(force_insert=True)
    common = data["street_offices"]
    streets = [
        row for row in matters.area_rows() if row["level"] == "street" and row["parent_code"] == common["district"]
    ]
    for street in streets:
        code = matters.street_organ(street["code"])
        found[code] = Organ(
            code=code,
            name=f"拱墅区{street['name']}{common['suffix']}",
            short_name=street["name"],
            kind=Organ.Kind.STREET,
            area_code=street["code"],
            level="street",
            superior=found[common["superior"]],
            address=f"{street['name'].removesuffix('街道')}路88号",
            phone=f"{common['phone']}{street['code'][-2:]}",
            hours=common["hours"],
            valid_from=SINCE,
        )
        found[code].save(force_insert=True)
    return found


def _competences(organs: Mapping[str, Organ]) -> None:
    data = matters.read("organs.yaml")
    rows = [
        Competence(
            organ=organs[row["organ"]],
            content_code=row["content"],
            area_code=row["area"],
            role=row["role"],
            source=row["source"],
            valid_from=SINCE,
            valid_to=row.get("valid_to"),
        )
        for row in data["competences"]
    ]
    for role in ("lead", "assist"):
        rows += [
            Competence(
                organ=organ,
                content_code=content,
                area_code=organ.area_code,
                role=role,
                source="属地管理(演示)",
                valid_from=SINCE,
            )
            for organ in organs.values()
            if organ.kind == Organ.Kind.STREET
            for content in data["street_competences"][role]
        ]
    Competence.objects.bulk_create(rows)


def _reviewers(organs: Mapping[str, Organ]) -> None:
    rows = []
    for rule in matters.read("organs.yaml")["reviewing"]:
        named: list[Organ] = []
        for code in rule["organs"]:
            named += (
                [o for o in organs.values() if o.kind == Organ.Kind.STREET] if code == "streets" else [organs[code]]
            )
        rows += [
            ReviewingBody(
                organ=organ, content_code="", reviewer=organs[reviewer], source=rule["source"], valid_from=SINCE
            )
            for organ in named
            for reviewer in rule["reviewers"]
        ]
    ReviewingBody.objects.bulk_create(rows)


def _staff(organs: Mapping[str, Organ], today: date) -> None:
    secret = make_password(matters.read("staff.yaml")["password"])
    posts: dict[str, Post] = {}
    for one in matters.staff():
        account = Account(username=one.login, name=one.name, demonstration=True, password=secret)
        account.save(force_insert=True)
        posts[one.login] = Post(
            account=account,
            organ=organs[one.organ],
            role=one.role,
            title=one.title,
            area_code=organs[one.organ].area_code,
            valid_from=SINCE,
            **_leave(one.leave, today),
        )
        posts[one.login].save(force_insert=True)
    for one in matters.staff():
        if one.deputy:
            posts[one.login].deputy = posts[one.deputy]
            posts[one.login].save(update_fields=["deputy"])


def _leave(leave: tuple[int, int] | None, today: date) -> dict[str, Any]:
    if leave is None:
        return {}
    return {"leave_from": today + timedelta(days=leave[0]), "leave_to": today + timedelta(days=leave[1])}
