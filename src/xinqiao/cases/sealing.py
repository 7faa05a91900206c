"""Sealing a case: its words are encrypted, its title says nothing, and only named persons find it."""

from datetime import datetime

from xinqiao.kernel.clock import day_of
from xinqiao.people.models import Post

from . import words
from .models import Case, SealGrant

NEUTRAL_TITLE = "保密事项"


def grant(case: Case, *, account_id: int, granted_by: str, reason: str, at: datetime) -> None:
    """Name a person on a sealed case. Twice does no harm."""
    row = SealGrant(case_id=case.id, account_id=account_id, granted_by=granted_by, reason=reason, at=at)
    SealGrant.objects.bulk_create([row], ignore_conflicts=True)  # other people's rows cannot be read back


def grant_intake(case: Case, *, granted_by: str, at: datetime) -> None:
    """Name those of the petition office who are appointed for sealed matters."""
    for account_id in holders(organ_id=case.office_id, role="confidential", at=at):
        grant(case, account_id=account_id, granted_by=granted_by, reason="信访部门保密事项专管员", at=at)


def holders(*, organ_id: int, role: str, at: datetime) -> list[int]:
    """The accounts in posts of that role at that organ, on that day."""
    day = day_of(at)
    posts = Post.objects.filter(organ_id=organ_id, role=role, valid_from__lte=day).exclude(valid_to__lt=day)
    return list(posts.values_list("account_id", flat=True).distinct())


def seal(case: Case, *, granted_by: str, at: datetime) -> None:
    """Seal an open case: name the appointed persons first, then encrypt every word kept of it."""
    grant_intake(case, granted_by=granted_by, at=at)
    case.sealed, case.title = True, NEUTRAL_TITLE
    case.save(update_fields=["sealed", "title"])
    _rewrite(case, sealed=True)


def unseal(case: Case, *, title: str) -> None:
    """Open a sealed case again: words are kept plain, the title is given anew."""
    _rewrite(case, sealed=False)
    case.sealed, case.title = False, title
    case.save(update_fields=["sealed", "title"])


def _rewrite(case: Case, *, sealed: bool) -> None:
    for rows in (case.records.all(), case.documents.all()):
        for row in rows:
            words.put(row, words.get(row), sealed=sealed)
            row.save(update_fields=["words", "words_sealed"])
