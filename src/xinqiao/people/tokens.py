"""Keys for programs: each works in one post, as far as its scopes reach, until it expires or is revoked.

A token reads `xq_<prefix>_<secret>`. The secret is shown once; what is kept is its keyed hash, tied to the prefix.
Times here are the machine's: a rehearsal clock ends nobody's access.
"""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from uuid import UUID

from django.db import connection, transaction

from xinqiao.kernel.clock import day_of, utc_now
from xinqiao.kernel.errors import BadInput, NotFound
from xinqiao.kernel.words import N_
from xinqiao.ledger import batch
from xinqiao.people import clock, keys
from xinqiao.people.actors import Actor
from xinqiao.people.administration import administrator
from xinqiao.people.models import Account, Organ, Post, in_force
from xinqiao.people.token_models import ApiToken

SCOPES = {
    "submit": N_("登记来件"),
    "read": N_("查看工作清单、事项和附件"),
    "step": N_("办理：走一步、上传附件"),
    "search": N_("查找"),
}
LONGEST = timedelta(days=366)
USUAL_DAYS = 90
MOST_TOKENS = 20
TOUCH = timedelta(minutes=1)
_SHAPE = re.compile(r"xq_([a-z2-7]{10})_([A-Za-z0-9_-]{43})")
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_TOUCH_SQL = """
UPDATE people_apitoken SET last_used_at = %(now)s WHERE id IN (
    SELECT id FROM people_apitoken WHERE id = %(id)s AND (last_used_at IS NULL OR last_used_at < %(before)s)
    FOR UPDATE SKIP LOCKED)
"""


@dataclass(frozen=True)
class Issued:
    """A new token. `text` is shown now and never again."""

    token: ApiToken
    text: str = field(repr=False)


@dataclass(frozen=True)
class Bearer:
    """Whoever holds a token: the post's own actor, and how far the token reaches."""

    actor: Actor
    token: ApiToken

    @property
    def post(self) -> Post:
        """The post that it works in, with its organ."""
        post: Post = self.token.post
        return post


@transaction.atomic
def token_create(
    *, post_id: int, name: str, scopes: Sequence[str], days: int, actor: Actor, at: datetime, on: date
) -> Issued:
    """Make a token for a post that is the actor's own on the day `on`; `at` is the machine's time. It lives `days` days.

    The system (a command) may make one for any post in force. Raises BadInput by field, NotFound for another's post.
    """
    posts = Post.objects.filter(in_force(on), in_force(on, "organ__"), pk=post_id, account__is_active=True)
    if actor.kind != "system":
        posts = posts.filter(account_id=actor.account)
    post = posts.first()
    if post is None:
        raise NotFound()
    wrong: dict[str, str] = {}
    if not name.strip() or "\0" in name:
        wrong["name"] = N_("请给它起个名字，例如“区城管局业务系统”，以后才认得出来。")
    elif len(name.strip()) > 80:
        wrong["name"] = N_("名字太长了，请缩短到 80 个字以内。")
    if not scopes or set(scopes) - SCOPES.keys():
        wrong["scopes"] = N_("请至少选一项它可以做的事。")
    if not 0 < days <= LONGEST.days:
        wrong["days"] = N_("有效期最短 1 天，最长 366 天。")
    if ApiToken.objects.filter(post=post, revoked_at__isnull=True, expires_at__gt=at).count() >= MOST_TOKENS:
        wrong["name"] = N_("这个岗位的接口密钥太多了，请先停用不再使用的。")
    if wrong:
        raise BadInput(wrong)
    prefix, secret = "".join(secrets.choice(_ALPHABET) for _ in range(10)), secrets.token_urlsafe(32)
    token = ApiToken(
        prefix=prefix,
        key_hash=keys.code_hash(secret, _context(prefix)),
        post=post,
        name=name.strip(),
        scopes=[scope for scope in SCOPES if scope in scopes],
        created_at=at,
        created_by_id=actor.account_id,
        expires_at=at + timedelta(days=days),
    )
    token.save(force_insert=True)
    return Issued(token, f"xq_{prefix}_{secret}")


def _context(prefix: str) -> str:
    return f"api-token|{prefix}"


@transaction.atomic
def token_revoke(*, token_id: UUID, actor: Actor, at: datetime) -> ApiToken:
    """End a token now: one of the actor's own posts, or any for an administrator and the system. Raises NotFound."""
    rows = ApiToken.objects.select_for_update()
    if actor.kind != "system" and actor.role != Post.Role.ADMIN:
        rows = rows.filter(post__account_id=actor.account)
    token = rows.filter(pk=token_id).first()
    if token is None:
        raise NotFound()
    if token.revoked_at is None:
        token.revoked_at, token.revoked_by_id = at, actor.account_id
        token.save(update_fields=["revoked_at", "revoked_by"])
    return token


@transaction.atomic
def tokens_revoke(*, account_id: int, actor: Actor, at: datetime) -> int:
    """End every token of somebody's posts now, because others may hold their password. Returns how many lived.

    For administrators and the system; raises NotFound for others.
    """
    administrator(actor)
    living = ApiToken.objects.filter(post__account_id=account_id, revoked_at__isnull=True, expires_at__gt=at)
    return living.update(revoked_at=at, revoked_by_id=actor.account_id)


def living_tokens_of(account_id: int, at: datetime) -> list[ApiToken]:
    """Those of somebody's tokens that open something, newest first."""
    return [one for one in tokens_of(account_id) if one.revoked_at is None and one.expires_at > at]


def tokens_of(account_id: int) -> list[ApiToken]:
    """The tokens of somebody's posts, newest first, revoked and expired ones too."""
    rows = ApiToken.objects.filter(post__account_id=account_id).select_related("post__organ")
    return list(rows.order_by("-created_at")[:100])


@cache
def _bearing() -> str:
    return f"""
SELECT {batch.columns(ApiToken, Post, Organ, Account)} FROM people_apitoken
JOIN people_post ON people_post.id = people_apitoken.post_id
JOIN people_organ ON people_organ.id = people_post.organ_id
JOIN people_account ON people_account.id = people_post.account_id
WHERE people_apitoken.prefix = %s AND people_apitoken.revoked_at IS NULL AND people_apitoken.expires_at > %s
  AND people_account.is_active
"""  # noqa: S608 - names of models


def _holds(row: Post | Organ, on: date) -> bool:
    return row.valid_from <= on and (row.valid_to is None or row.valid_to > on)


def token_bearer(text: str) -> Bearer | None:
    """Who holds the token `text` now; None when it is none, has ended, or its post or account is no more. One round trip.

    That it was used is noted at most once a minute, and never waits for anybody.
    """
    shape = _SHAPE.fullmatch(text)
    now = utc_now()
    token = None
    if shape is not None:
        reading = batch.Batch()
        reading.add(clock.OFFSET)
        reading.add(_bearing(), [shape[1], now])
        offset, rows = reading.read()
        on = day_of(now + clock.read(offset))
        for row in rows:
            found, post, organ, account = batch.parted((ApiToken, Post, Organ, Account), row)
            if _holds(post, on) and _holds(organ, on):
                token, found.post, post.organ, post.account = found, post, organ, account
    secret = shape[2] if shape else ""
    right = keys.code_matches(secret, token.key_hash if token else None, _context(shape[1] if shape else ""))
    if token is None or not right:
        return None
    if token.last_used_at is None or now - token.last_used_at > TOUCH:
        with connection.cursor() as cursor:
            cursor.execute(_TOUCH_SQL, {"now": now, "id": token.id, "before": now - TOUCH})
    post = token.post
    actor = Actor(
        kind="staff",
        account_id=post.account_id,
        post_id=post.pk,
        organ_id=post.organ_id,
        role=post.role,
        area_code=post.area_code or post.organ.area_code,
        name=post.account.name,
    )
    return Bearer(actor, token)
