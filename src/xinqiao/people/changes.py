"""Who named a deputy or noted a leave for whom: what those concerned read on the desk and on the page of their posts."""

from datetime import date

from django.db.models import Q, QuerySet, Subquery

from xinqiao.ledger import batch
from xinqiao.people.models import Account, Post, PostChange, in_force

MOST = 20
_ANY = """
SELECT 1 FROM people_postchange
WHERE id > (SELECT changes_seen FROM people_account WHERE id = %s) AND by_id <> %s LIMIT 1
"""


def _concerning(account_id: int) -> QuerySet[PostChange]:
    mine = Q(post__account_id=account_id) | Q(deputy__account_id=account_id) | Q(former__account_id=account_id)
    names = ("post__organ", "post__account", "by", "by_post", "deputy__account", "former__account")
    return PostChange.objects.filter(mine).select_related(*names).order_by("-pk")


def changes_for(account_id: int) -> list[PostChange]:
    """The latest changes to this account's posts, and to posts for which it stands in or stood in; newest first."""
    return list(_concerning(account_id)[:MOST])


def news_for(account_id: int) -> list[PostChange]:
    """Those of them that somebody else made and that this account has not read yet. One query, of one row on most days."""
    if not batch.rows(_ANY, [account_id, account_id]):
        return []
    seen = Account.objects.filter(pk=account_id).values("changes_seen")
    return list(_concerning(account_id).exclude(by_id=account_id).filter(pk__gt=Subquery(seen))[:MOST])


def stood_in_by(account_id: int, on: date) -> list[Post]:
    """The posts of others for which this account is named as deputy, whether their holders are away or not."""
    rows = Post.objects.filter(in_force(on), in_force(on, "deputy__"), deputy__account_id=account_id)
    return list(rows.select_related("organ", "account").order_by("pk"))
