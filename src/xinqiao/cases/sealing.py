"""Sealing a case: its words are encrypted, its title says nothing, and only named persons find it."""

from collections.abc import Callable
from datetime import datetime

from xinqiao.kernel.clock import day_of
from xinqiao.notices.services import messages_seal
from xinqiao.people.actors import Actor
from xinqiao.people.models import Post, in_force

from . import finding, words
from .models import Case, SealGrant

NEUTRAL_TITLE = "保密事项"


def grant(case: Case, *, account_id: int, granted_by: str, reason: str, at: datetime) -> None:
    """Name a person on a sealed case. Twice does no harm."""
    row = SealGrant(case_id=case.id, account_id=account_id, granted_by=granted_by, reason=reason, at=at)
    SealGrant.objects.bulk_create([row], ignore_conflicts=True)  # other people's rows cannot be read back


def grant_intake(*cases: Case, granted_by: str, at: datetime) -> None:
    """Name those of each case's petition office who are appointed for sealed matters."""
    keepers = {
        office: holders(organ_id=office, role="confidential", at=at) for office in {case.office_id for case in cases}
    }
    rows = [
        SealGrant(case_id=case.id, account_id=account_id, granted_by=granted_by, reason="信访部门保密事项专管员", at=at)
        for case in cases
        for account_id in keepers[case.office_id]
    ]
    SealGrant.objects.bulk_create(rows, ignore_conflicts=True)  # other people's rows cannot be read back


def holders(*, organ_id: int, role: str, at: datetime) -> list[int]:
    """The accounts in posts of that role at that organ, on that day."""
    day = day_of(at)
    posts = Post.objects.filter(in_force(day), organ_id=organ_id, role=role)
    return list(posts.values_list("account_id", flat=True).distinct())


def grant_passing(case: Case, *, actor: Actor, at: datetime) -> bool:
    """Let a clerk who takes a sealed matter in reach its rows until it is registered; False when named for good."""
    if actor.account_id is None or actor.account_id in holders(organ_id=case.office_id, role="confidential", at=at):
        return False
    grant(case, account_id=actor.account_id, granted_by=actor.kind, reason="正在登记", at=at)
    return True


def let_go(case: Case, *, actor: Actor) -> None:
    """Take the passing grant away again: the clerk keeps the receipt, nothing else."""
    SealGrant.objects.filter(case_id=case.id, account_id=actor.account).delete()


Rewrite = Callable[[Case, bool, Actor, datetime], None]
_rewriters: list[Rewrite] = []


def register_rewriter(rewrite: Rewrite) -> None:
    """Domains whose tables keep words of a case say how they are put away and taken out again."""
    if rewrite not in _rewriters:
        _rewriters.append(rewrite)


def seal(case: Case, *, actor: Actor, at: datetime) -> None:
    """Seal an open case: name the appointed persons, encrypt every word kept of it, and let go of it oneself."""
    grant_intake(case, granted_by=actor.kind, at=at)
    stays = actor.account_id is None or actor.account_id in holders(organ_id=case.office_id, role="confidential", at=at)
    if not stays:  # whoever seals must still reach the rows while they are rewritten
        grant(case, account_id=int(actor.account_id or 0), granted_by=actor.kind, reason="正在密封", at=at)
    messages_seal(case_id=case.id)
    case.sealed, case.title = True, NEUTRAL_TITLE
    case.save(update_fields=["sealed", "title"])
    finding.remove(case.id)
    _rewrite(case, True, actor, at)
    if not stays:
        SealGrant.objects.filter(case_id=case.id, account_id=actor.account).delete()


def unseal(case: Case, *, title: str, actor: Actor, at: datetime) -> None:
    """Open a sealed case again: words are kept plain, the title is given anew."""
    _rewrite(case, False, actor, at)
    case.sealed, case.title = False, title
    case.save(update_fields=["sealed", "title"])


def _rewrite(case: Case, sealed: bool, actor: Actor, at: datetime) -> None:
    for rows in (case.records.all(), case.documents.all()):
        for row in rows:
            words.put(row, words.get(row), sealed=sealed)
            row.save(update_fields=["words", "words_sealed"])
    for rewrite in _rewriters:
        rewrite(case, sealed, actor, at)
