"""Writing knowledge entries and content classes. Every change goes on the administrative record by itself."""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.contrib.postgres.search import SearchVector
from django.db import transaction
from django.db.models import Value

from xinqiao.kernel.clock import day_of
from xinqiao.kernel.errors import NotFound
from xinqiao.kernel.ids import uuid7
from xinqiao.kernel.words import N_
from xinqiao.people import selectors as people
from xinqiao.people.actors import Actor
from xinqiao.people.administration import LATER, MISSING, UNKNOWN_AREA, UNKNOWN_ORGAN, administrator, complain, short

from . import text
from .models import ContentClass, KnowledgeEntry

MOST_ANSWER = 2000
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def content_class_import(*, rows: Iterable[Mapping[str, str]], actor: Actor, at: datetime) -> int:
    """Take over the table of content classes (code, name, parent_code); returns how many."""
    classes = [ContentClass(code=r["code"], name=r["name"], parent_code=r.get("parent_code", "")) for r in rows]
    ContentClass.objects.bulk_create(
        classes, update_conflicts=True, unique_fields=["code"], update_fields=["name", "parent_code"]
    )
    return len(classes)


def knowledge_store(
    *,
    slug: str,
    question: str,
    answer: str,
    keywords: Iterable[str] = (),
    basis: str = "",
    content_code: str = "",
    area_code: str = "",
    organ_id: int | None = None,
    public: bool = True,
    valid_from: date,
    actor: Actor,
    at: datetime,
) -> KnowledgeEntry:
    """Add or replace the entry called `slug` and index its words."""
    words = " ".join(keywords)
    given = {
        "question": question,
        "answer": answer,
        "keywords": words,
        "basis": basis,
        "content_code": content_code,
        "area_code": area_code,
        "organ_id": organ_id,
        "public": public,
        "valid_from": valid_from,
        "search": _indexed(question, words, answer),
    }
    entry, _ = KnowledgeEntry.objects.update_or_create(slug=slug, defaults=given)
    return entry


def _indexed(question: str, keywords: str, answer: str) -> Any:
    """What an entry is found by: its question and keywords first, then its answer."""
    found = " ".join(text.words_of(f"{question} {keywords}"))
    rest = " ".join(text.words_of(answer))
    return SearchVector(Value(found), weight="A", config="simple") + SearchVector(
        Value(rest), weight="B", config="simple"
    )


@transaction.atomic
def knowledge_add(*, slug: str, valid_from: date, actor: Actor, at: datetime, **given: Any) -> KnowledgeEntry:
    """A new entry from a day on: question, answer, keywords, basis, content_code, area_code, organ_id, public.

    Without a slug, which stands in its address, it gets one. For administrators; raises NotFound for others, BadInput by
    field.
    """
    administrator(actor)
    slug = slug.strip().lower() or f"k-{uuid7().hex[:12]}"
    wrong = _wrong(given, valid_from)
    if not _SLUG.fullmatch(slug) or len(slug) > 60:
        wrong["slug"] = N_("只用小写字母、数字和中间的横线，最多 60 个。")
    elif KnowledgeEntry.objects.filter(slug=slug).exists():
        wrong["slug"] = N_("这个名字已经有一条在用，请换一个。")
    complain(wrong)
    given["keywords"] = given["keywords"].split()
    return knowledge_store(slug=slug, valid_from=valid_from, actor=actor, at=at, **_trimmed(given))


@transaction.atomic
def knowledge_change(*, entry_id: int, actor: Actor, at: datetime, **given: Any) -> KnowledgeEntry:
    """Other words for an entry, from now on; its address stays. As `knowledge_add`, without slug and day."""
    administrator(actor)
    entry = _entry(entry_id)
    complain(_wrong(given, max(entry.valid_from, day_of(at))))
    for name, value in _trimmed(given).items():
        setattr(entry, name, value)
    entry.search = _indexed(entry.question, entry.keywords, entry.answer)
    entry.save()
    return entry


@transaction.atomic
def knowledge_end(*, entry_id: int, valid_to: date | None, actor: Actor, at: datetime) -> KnowledgeEntry:
    """An entry is found no more from a day on (it stays on record); None takes that back. Raises NotFound, BadInput."""
    administrator(actor)
    entry = _entry(entry_id)
    if valid_to is not None and valid_to <= entry.valid_from:
        complain({"valid_to": LATER})
    entry.valid_to = valid_to
    entry.save(update_fields=["valid_to"])
    return entry


def _entry(entry_id: int) -> KnowledgeEntry:
    entry = KnowledgeEntry.objects.select_for_update().filter(pk=entry_id).first()
    if entry is None:
        raise NotFound()
    return entry


def _trimmed(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.strip() if isinstance(value, str) else value for name, value in given.items()}


def _wrong(given: Mapping[str, Any], on: date) -> dict[str, str]:
    """What is wrong with the words of an entry, by field."""
    organ_id, area, content = given["organ_id"], given["area_code"].strip(), given["content_code"]
    long = {"answer": MOST_ANSWER, "keywords": 200, "basis": 500}
    wrong = {name: short(given[name], most) for name, most in long.items() if given[name].strip()}
    wrong["question"] = short(given["question"], 200)
    if not given["answer"].strip():
        wrong["answer"] = MISSING
    if organ_id and not people.organs_known({organ_id}, on=on):
        wrong["organ"] = UNKNOWN_ORGAN
    if area and people.area_at(area, on) is None:
        wrong["area_code"] = UNKNOWN_AREA
    if content and not ContentClass.objects.filter(code=content).exists():
        wrong["content_code"] = N_("列表里没有这一项，请重新选。")
    return wrong
