"""Suggestions with their reasons."""

from datetime import date, datetime, timedelta

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db.models import F, Q, QuerySet

from xinqiao.cases import access
from xinqiao.cases.models import Case
from xinqiao.ledger import batch
from xinqiao.people.actors import Actor
from xinqiao.people.areas import area_chain, area_stem
from xinqiao.people.models import in_force

from . import text
from .models import KnowledgeEntry


def knowledge_find(
    *, words: str, today: date, area_code: str = "", public_only: bool = False, limit: int = 6
) -> list[KnowledgeEntry]:
    """Entries in force that share words with `words`, best first. A two-character word is enough.

    With `area_code` only those that apply there: everywhere, or in an area around it.
    """
    entries: QuerySet[KnowledgeEntry] = KnowledgeEntry.objects.filter(in_force(today))
    if area_code:
        entries = entries.filter(area_code__in=area_chain(area_code))
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


def knowledge_of(*, slug: str, today: date, public_only: bool = True) -> KnowledgeEntry | None:
    """One entry: a public one that is in force, or any for staff."""
    entries = KnowledgeEntry.objects.filter(slug=slug).select_related("organ")
    return (entries.filter(in_force(today), public=True) if public_only else entries).first()


def knowledge_page(
    *, today: date, content_code: str = "", after: str = "", limit: int = 40
) -> tuple[list[KnowledgeEntry], str]:
    """Entries in force in the order of their slugs, of one class when given, and the key of the next page ('' at the end)."""
    rows = KnowledgeEntry.objects.filter(in_force(today), slug__gt=after, content_code__startswith=content_code)
    found = list(rows.select_related("organ").order_by("slug")[: limit + 1])
    return found[:limit], found[limit - 1].slug if len(found) > limit else ""


def knowledge_kept(
    *, today: date, state: str = "", content_code: str = "", word: str = "", after: str = "", limit: int = 50
) -> tuple[list[KnowledgeEntry], str]:
    """Entries for whoever keeps them, in the order of their slugs, and the key of the next page ('' at the end).

    `state` is '' (in force or still to come), `ended`, or `all`; `word` stands in the question.
    """
    rows = KnowledgeEntry.objects.filter(slug__gt=after, content_code__startswith=content_code)
    if state == "ended":
        rows = rows.filter(valid_to__lte=today)
    elif state != "all":
        rows = rows.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=today))
    if word:
        rows = rows.filter(question__icontains=word)
    found = list(rows.select_related("organ").order_by("slug")[: limit + 1])
    return found[:limit], found[limit - 1].slug if len(found) > limit else ""


def knowledge_entry(entry_id: int) -> KnowledgeEntry | None:
    """One entry, in force or not."""
    return KnowledgeEntry.objects.filter(pk=entry_id).select_related("organ").first()


def alike(*, said: str, area_code: str, actor: Actor, at: datetime, limit: int = 5) -> list[Case]:
    """Matters of the last ninety days whose titles share at least two words with `said`: same place first.

    Only what `actor` may see and what is not sealed; titles hold no names. Looks at the newest 300.
    """
    wanted = {word for word in text.words_of(said[:600]) if len(word) > 1}
    if not wanted:
        return []
    rows = access.visible(actor).filter(sealed=False, received_at__gt=at - timedelta(days=90))
    if area_code:
        rows = rows.filter(area_code__startswith=area_stem(area_code)[:9])
    found: list[tuple[int, bool, Case]] = []
    for case in rows.select_related("lead").order_by("-received_at", "-id")[:300]:
        shared = len(wanted.intersection(text.words_of(case.title)))
        if shared >= 2 or (shared == 1 and area_code and case.area_code == area_code):
            found.append((shared, case.area_code == area_code, case))
    found.sort(key=lambda one: (-one[1], -one[0]))
    return [case for _, _, case in found[:limit]]


def content_choices() -> list[tuple[str, str]]:
    """All content classes as (code, "一级 / 二级")."""
    rows = batch.rows("SELECT code, name, parent_code FROM triage_contentclass ORDER BY code")
    names = {code: name for code, name, _ in rows}
    return [(code, f"{names[above]} / {name}" if above in names else name) for code, name, above in rows]


def content_heads() -> list[tuple[str, str]]:
    """The content classes of the first level as (code, name)."""
    return batch.rows("SELECT code, name FROM triage_contentclass WHERE parent_code = '' ORDER BY code")


def content_name(code: str) -> str:
    """The name of a content class, '' when unknown."""
    rows = batch.rows("SELECT name FROM triage_contentclass WHERE code = %s", [code])
    return str(rows[0][0]) if rows else ""
