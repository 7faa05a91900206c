"""Suggestions with their reasons."""

from datetime import date

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db.models import F, Q, QuerySet

from . import text
from .models import ContentClass, KnowledgeEntry


def knowledge_find(*, words: str, today: date, public_only: bool = False, limit: int = 6) -> list[KnowledgeEntry]:
    """Entries in force that share words with `words`, best first. A two-character word is enough."""
    entries: QuerySet[KnowledgeEntry] = KnowledgeEntry.objects.filter(valid_from__lte=today).filter(
        Q(valid_to__isnull=True) | Q(valid_to__gte=today)
    )
    if public_only:
        entries = entries.filter(public=True)
    found = text.words_of(words)[:40]
    if not found:
        return list(entries.order_by("slug")[:limit]) if not words.strip() else []
    query = SearchQuery(found[0], config="simple")
    for word in found[1:]:
        query |= SearchQuery(word, config="simple")
    ranked = entries.filter(search=query).annotate(rank=SearchRank(F("search"), query))
    return list(ranked.select_related("organ").order_by("-rank", "slug")[:limit])


def knowledge_of(*, slug: str) -> KnowledgeEntry | None:
    """One public entry."""
    return KnowledgeEntry.objects.filter(slug=slug, public=True).select_related("organ").first()


def content_choices() -> list[tuple[str, str]]:
    """All content classes as (code, "一级 / 二级")."""
    classes = {c.code: c for c in ContentClass.objects.all()}
    return [
        (c.code, f"{classes[c.parent_code].name} / {c.name}" if c.parent_code in classes else c.name)
        for c in classes.values()
    ]


def content_name(code: str) -> str:
    """The name of a content class, '' when unknown."""
    return ContentClass.objects.filter(code=code).values_list("name", flat=True).first() or ""
