"""Accounts and posts of staff: made, ended, and a way back for a lost password or second factor.

A password that somebody else gave is good for a week and for one thing: to be replaced. Times of passwords are the
machine's. What an administrator did stands on the administrative record, without secrets.
"""

import re
import secrets
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import transaction
from django.db.models import Q

from xinqiao.kernel.clock import day_of, utc_now
from xinqiao.kernel.errors import BadInput, NotFound, Refused
from xinqiao.kernel.words import N_
from xinqiao.people.actors import Actor
from xinqiao.people.administration import LATER, UNKNOWN_AREA, UNKNOWN_ORGAN, administrator, complain, short
from xinqiao.people.models import Account, Area, Organ, Post, in_force
from xinqiao.people.tokens import tokens_revoke

ONE_TIME = timedelta(days=7)
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look alike
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,59}")


@dataclass(frozen=True)
class Given:
    """An account with a password that is shown now and never again."""

    account: Account
    password: str = field(repr=False)
    until: datetime


def new_password() -> str:
    """Four groups of four letters and digits: 78 bits, easy to read over the phone."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


def _give(account: Account) -> Given:
    password, until = new_password(), utc_now() + ONE_TIME
    account.set_password(password)
    account.one_time_until = until
    return Given(account, password, until)


@transaction.atomic
def account_add(*, username: str, name: str, email: str = "", actor: Actor, at: datetime) -> Given:
    """A new account with a one-time password; it has no post yet. Raises BadInput by field."""
    administrator(actor)
    username, name, email = username.strip(), name.strip(), email.strip()
    wrong = {
        "username": "" if _NAME.fullmatch(username) else N_("用户名用字母、数字、点和横线，2 到 60 个。"),
        "name": short(name, 80),
        "email": "" if not email or re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email) else N_("邮箱写得不对，请核对。"),
    }
    if not wrong["username"] and Account.objects.filter(username__iexact=username).exists():
        wrong["username"] = N_("这个用户名已经有人用了，请换一个。")
    complain(wrong)
    given = _give(Account(username=username, name=name, email=email, joined_at=at))
    given.account.save(force_insert=True)
    return given


def _account(account_id: int, actor: Actor) -> Account:
    administrator(actor)
    account = Account.objects.select_for_update().filter(pk=account_id).first()
    if account is None:
        raise NotFound()
    return account


@transaction.atomic
def password_reset(*, account_id: int, actor: Actor, at: datetime) -> Given:
    """A new one-time password for somebody who lost theirs; whoever is signed in with the old one is signed out, and the
    keys of programs that were made with it end.
    """
    account = _account(account_id, actor)
    if not account.is_active:
        raise Refused(N_("这个账号已经停用。"))
    given = _give(account)
    account.save(update_fields=["password", "one_time_until"])
    _sign_out(account)
    tokens_revoke(account_id=account.pk, actor=actor, at=utc_now())
    return given


@transaction.atomic
def second_factor_reset(*, account_id: int, actor: Actor, at: datetime) -> int:
    """Forget the second factor of somebody who lost it, sign them out and end the keys of their programs: where one is required, the next sign-in sets
    up a new one. Nobody takes their own away here. Returns how many were forgotten. Raises NotFound, Refused.
    """
    account = _account(account_id, actor)
    if account.pk == actor.account_id:
        raise Refused(N_("自己的二次验证请在“登录安全”里换。"))
    gone = Authenticator.objects.filter(user=account).delete()[0]
    _sign_out(account)
    tokens_revoke(account_id=account.pk, actor=actor, at=utc_now())
    return gone


@transaction.atomic
def account_end(*, account_id: int, actor: Actor, at: datetime) -> Account:
    """Somebody leaves for good: the account no longer signs in, its posts end today. Raises NotFound, Refused."""
    account = _account(account_id, actor)
    if account.pk == actor.account_id:
        raise Refused(N_("不能停用自己的账号。"), remedy=N_("请另一位系统管理员来办。"))
    for post in Post.objects.select_for_update().filter(_lasting(day_of(at)), account=account):
        _end(post, day_of(at), day_of(at))
    account.is_active = False
    account.set_unusable_password()
    account.save(update_fields=["is_active", "password"])
    _sign_out(account)
    tokens_revoke(account_id=account.pk, actor=actor, at=utc_now())
    _keep_an_administrator(day_of(at))
    return account


def _sign_out(account: Account) -> None:
    for session in UserSession.objects.filter(user=account):
        session.end()


def _lasting(on: date) -> Q:
    return Q(valid_to__isnull=True) | Q(valid_to__gt=on)


def _keep_an_administrator(on: date) -> None:
    if not Post.objects.filter(in_force(on), role=Post.Role.ADMIN, account__is_active=True).exists():
        raise Refused(
            N_("这是最后一位系统管理员，停用以后就没有人能管理了。"), remedy=N_("请先给别人设系统管理员的岗位。")
        )


@transaction.atomic
def post_add(
    *, account_id: int, organ_id: int, role: str, title: str, valid_from: date, actor: Actor, at: datetime,
    area_code: str = "",
) -> Post:  # fmt: skip
    """Give somebody a post from a day on; `area_code` narrows it ('' is the organ's own area). Raises NotFound, BadInput."""
    account = _account(account_id, actor)
    same = Post.objects.filter(_lasting(valid_from), account=account, organ_id=organ_id, role=role, area_code=area_code)
    wrong = {
        "organ": "" if Organ.objects.filter(in_force(valid_from), pk=organ_id).exists() else UNKNOWN_ORGAN,
        "role": "" if role in Post.Role.values else N_("请从列出的选项里选一个。"),
        "title": short(title, 80),
        "area_code": UNKNOWN_AREA if area_code and not Area.objects.filter(code=area_code).exists() else "",
    }
    if not account.is_active:
        wrong["organ"] = N_("这个账号已经停用。")
    if not any(wrong.values()) and same.exists():
        wrong["role"] = N_("已经有同样的岗位。")
    complain(wrong)
    return Post.objects.create(
        account=account, organ_id=organ_id, role=role, title=title.strip(), area_code=area_code, valid_from=valid_from
    )


@transaction.atomic
def post_end(*, post_id: int, valid_to: date, actor: Actor, at: datetime) -> Post:
    """A post that ends on a day (the first on which it no longer holds). Open work is handed over by the unit's head.

    Raises NotFound, BadInput, Refused for the last administrator.
    """
    administrator(actor)
    post = Post.objects.select_for_update().filter(_lasting(valid_to), pk=post_id).first()
    if post is None:
        raise NotFound()
    if valid_to < post.valid_from:
        raise BadInput({"valid_to": LATER})
    _end(post, valid_to, day_of(at))
    _keep_an_administrator(valid_to)
    return post


def _end(post: Post, on: date, today: date) -> None:
    """A post that began today and ends today never was one; the table's dates want a day at least, so it ends tomorrow."""
    post.valid_to = max(on, post.valid_from + timedelta(days=1))
    if on <= today:  # until then its deputy, and those for whom it stands in, stay
        post.deputy, post.leave_from, post.leave_to = None, None, None
        Post.objects.filter(deputy=post).update(deputy=None)
    post.save(update_fields=["valid_to", "deputy", "leave_from", "leave_to"])
