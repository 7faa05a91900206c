"""Searches that somebody keeps under a name of their own. Nobody else sees them; names and numbers of persons are not kept."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext

from xinqiao.kernel.errors import BadInput, NotFound
from xinqiao.people.actors import Actor

from . import lexemes
from .models import SavedSearch

MOST = 20
MOST_NAME = 40


def saved_searches(actor: Actor) -> list[SavedSearch]:
    """The searches that this account has kept, by name."""
    if actor.account_id is None:
        return []
    return list(SavedSearch.objects.filter(account_id=actor.account_id).order_by("name")[:MOST])


@transaction.atomic
def search_save(*, name: str, query: Mapping[str, str], actor: Actor, at: datetime) -> SavedSearch:
    """Keep a search under `name`; the same name again keeps the new one. Raises BadInput without a name, or for too many."""
    name = " ".join(name.split())[:MOST_NAME]
    if not name:
        raise BadInput({"name": "请给这次查找起个名字。"})
    kept = {key: value for key, value in query.items() if value}
    if "q" in kept:
        kept["q"] = " ".join(lexemes.without_identities(kept["q"]).split())
    if not any(kept.values()):
        raise BadInput({"name": "请先查找，再保存。人名和号码不会保存。"})
    mine = SavedSearch.objects.filter(account_id=actor.account)
    if not mine.filter(name=name).exists() and mine.count() >= MOST:
        raise BadInput({"name": gettext("最多保存 {most} 个，请先删掉不用的。").format(most=MOST)})
    row, _ = SavedSearch.objects.update_or_create(
        account_id=actor.account, name=name, defaults={"query": kept, "saved_at": at}
    )
    return row


@transaction.atomic
def search_delete(*, search_id: int, actor: Actor) -> None:
    """Forget one's own search. Raises NotFound for anybody else's."""
    gone, _ = SavedSearch.objects.filter(pk=search_id, account_id=actor.account).delete()
    if not gone:
        raise NotFound()
