"""Writing knowledge entries and content classes."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from django.contrib.postgres.search import SearchVector
from django.db.models import Value

from xinqiao.people.actors import Actor

from . import text
from .models import ContentClass, KnowledgeEntry


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
    organ_id: int | None = None,
    public: bool = True,
    valid_from: date,
    actor: Actor,
    at: datetime,
) -> KnowledgeEntry:
    """Add or replace the entry called `slug` and index its words."""
    found = text.words_of(" ".join([question, *keywords]))
    rest = text.words_of(answer)
    search = SearchVector(Value(" ".join(found)), weight="A", config="simple") + SearchVector(
        Value(" ".join(rest)), weight="B", config="simple"
    )
    entry, _ = KnowledgeEntry.objects.update_or_create(
        slug=slug,
        defaults={
            "question": question,
            "answer": answer,
            "basis": basis,
            "content_code": content_code,
            "organ_id": organ_id,
            "public": public,
            "valid_from": valid_from,
            "search": search,
        },
    )
    return entry
