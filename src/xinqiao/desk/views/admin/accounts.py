"""Accounts and posts of staff. A password is shown once; what was done stands on the administrative record."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext

from xinqiao.desk import forms_admin as ask
from xinqiao.desk.views.admin.shared import (
    A_PAGE,
    Doing,
    cell,
    finding,
    more,
    organ_choices,
    page,
    table,
    text_of,
    today,
)
from xinqiao.desk.views.door import actor_of, staff
from xinqiao.kernel.clock import utc_now
from xinqiao.kernel.words import N_
from xinqiao.people import clock, services, tokens
from xinqiao.people.accounts import Given
from xinqiao.people.models import Account, Post
from xinqiao.people.visitors import needs_recent_sign_in

_UP = "desk:admin-accounts"


def _path(*further: tuple[str, str]) -> list[tuple[str, str]]:
    return [(reverse(_UP), gettext("人员和岗位")), *further]


@staff("admin")
def accounts(request: HttpRequest) -> HttpResponse:
    """The accounts by their sign-in name."""
    words, after, gone = text_of(request, "q"), text_of(request, "after", 60), text_of(request, "gone")
    rows = Account.objects.alias(low=Lower("username")).filter(low__gt=after.lower()).order_by("low")
    rows = rows if gone else rows.filter(is_active=True)
    if words:
        rows = rows.filter(Q(name__contains=words) | Q(username__istartswith=words))
    found = list(rows[: A_PAGE + 1])
    shown_ids = [one.pk for one in found[:A_PAGE]]
    held: dict[int, list[str]] = {}
    for post in Post.objects.filter(_lasting(), account_id__in=shown_ids).select_related("organ").order_by("pk"):
        held.setdefault(post.account_id, []).append(f"{post.organ.short_name} · {post.title}")
    heads = [gettext(word) for word in (N_("姓名"), N_("用户名"), N_("岗位"), N_("状态"))]
    shown = [
        [
            cell(one.name, reverse("desk:admin-account", args=[one.pk])), cell(one.username),
            cell("；".join(held.get(one.pk, []))), _state(one),
        ]
        for one in found[:A_PAGE]
    ]  # fmt: skip
    kinds = [("", gettext("在用的")), ("1", gettext("停用了的也看"))]
    return page(
        request, gettext("人员和岗位"), actions=[(reverse("desk:admin-account-new"), gettext("新增人员"), "primary")],
        tables=[table(heads, shown, more=more(request, found[A_PAGE - 1].username) if len(found) > A_PAGE else "")],
        find=finding(request, q=ask.text(gettext("姓名或者用户名")), gone=ask.pick(gettext("哪些"), kinds)),
    )  # fmt: skip


def _lasting() -> Q:
    return Q(valid_to__isnull=True) | Q(valid_to__gt=today())


def _state(one: Account) -> dict[str, Any]:
    if not one.is_active:
        return cell(gettext("已停用"), mood="plain")
    if one.one_time_until is not None:
        return cell(gettext("还没改密码"), mood="near", icon="clock")
    return cell(gettext("在用"), mood="done", icon="check")


def _post_fields() -> dict[str, Any]:
    roles = [(value, gettext(label)) for value, label in Post.Role.choices]
    return {
        "organ": ask.pick(gettext("单位"), organ_choices(today()), blank=gettext("请选择"), number=True),
        "role": ask.pick(gettext("职责"), roles, gettext("决定能做什么、看得到什么"), blank=gettext("请选择")),
        "title": ask.text(gettext("岗位名称"), gettext("来信人看到的是岗位，不是姓名")),
        "area_code": ask.text(gettext("只管哪个区划（代码）"), gettext("不填就是单位所在的区划"), inputmode="numeric"),
        "valid_from": ask.day(gettext("自何日起")),
    }


def _secret(given: Given) -> dict[str, Any]:
    return {
        "username": given.account.username, "password": given.password, "until": given.until,
        "words": gettext("%(name)s的一次性密码。") % {"name": given.account.name},
    }  # fmt: skip


@staff("admin")
@needs_recent_sign_in
def account_new(request: HttpRequest) -> HttpResponse:
    """A new account with its first post; the one-time password is shown once."""
    actor, at = actor_of(request), clock.now()
    doing = Doing(request)

    def add(given: dict[str, Any]) -> Any:
        who = {name: given.pop(name) for name in ("username", "name", "email")}
        made = services.account_add(**who, actor=actor, at=at)
        organ_id = given.pop("organ") or 0
        services.post_add(account_id=made.account.pk, organ_id=organ_id, **given, actor=actor, at=at)
        return {"made": made}

    fields = {
        "name": ask.text(gettext("姓名")),
        "username": ask.text(gettext("用户名"), gettext("登录用，字母和数字，定了就不改")),
        "email": ask.text(gettext("邮箱"), gettext("收提醒用，可以不填"), inputmode="email"),
        **_post_fields(),
    }
    doing.add("add", gettext("新增人员"), fields, transaction.atomic(add), initial={"valid_from": today()})
    done = doing.sent()
    if isinstance(done, dict):
        return _account_page(request, done["made"].account.pk, secret=_secret(done["made"]))
    return done or page(request, gettext("新增人员"), path=_path(), forms=doing.forms, status=doing.status)


@staff("admin")
@needs_recent_sign_in
def account(request: HttpRequest, account_id: int) -> HttpResponse:
    """One account: its posts, and what may be done with it."""
    actor, at = actor_of(request), clock.now()
    doing = Doing(request)
    one = Account.objects.filter(pk=account_id).first()
    if one is None:
        raise Http404
    if one.is_active:
        _forms(doing, one, actor, at)
    done = doing.sent(reverse("desk:admin-account", args=[account_id]))
    if isinstance(done, dict):
        return _account_page(request, account_id, secret=_secret(done["given"]))
    return done or _account_page(request, account_id, forms=doing.forms, status=doing.status)


def _forms(doing: Doing, one: Account, actor: Any, at: Any) -> None:
    def post(given: dict[str, Any]) -> Any:
        organ_id = given.pop("organ") or 0
        return services.post_add(account_id=one.pk, organ_id=organ_id, **given, actor=actor, at=at)

    doing.add("post", gettext("新设岗位"), _post_fields(), post, initial={"valid_from": today()})
    doing.add(
        "password", gettext("换一次性密码"), {},
        lambda given: {"given": services.password_reset(account_id=one.pk, actor=actor, at=at)}, kind="outline-primary",
        help=gettext("密码忘了用这个。原来的马上作废，登录着的都会退出，他名下的接口密钥也一起停用。请先核对是不是本人。"),
    )  # fmt: skip
    living = tokens.living_tokens_of(one.pk, utc_now())
    if living:
        keys = [
            (str(token.pk), f"{token.name} · {token.post.organ.short_name} · xq_{token.prefix}_…") for token in living
        ]
        doing.add(
            "token", gettext("停用接口密钥"), {"token": ask.pick(gettext("哪一把"), keys, blank=gettext("全部"))},
            lambda given: _end_tokens(one, given["token"], actor), kind="outline-danger",
            help=gettext("密钥可能泄露了，或者用它的程序不用了，用这个。用它的程序马上进不来。"),
        )  # fmt: skip
    if one.pk != actor.account_id:
        doing.add(
            "factor", gettext("取消二次验证"), {},
            lambda given: services.second_factor_reset(account_id=one.pk, actor=actor, at=at), kind="outline-primary",
            help=gettext("手机丢了用这个。要求二次验证的地方，下次登录会请他重新设置；他名下的接口密钥也一起停用。请先核对是不是本人。"),
        )  # fmt: skip
        doing.add(
            "end", gettext("停用账号"), {},
            lambda given: services.account_end(account_id=one.pk, actor=actor, at=at), kind="outline-danger",
            help=gettext("离职、调走用这个。岗位今天结束，手上的事请单位负责人移交。"),
        )  # fmt: skip


def _end_tokens(one: Account, chosen: str, actor: Any) -> int:
    if not chosen:
        return tokens.tokens_revoke(account_id=one.pk, actor=actor, at=utc_now())
    tokens.token_revoke(token_id=UUID(chosen), actor=actor, at=utc_now())
    return 1


def _account_page(request: HttpRequest, account_id: int, **shown: Any) -> HttpResponse:
    one = Account.objects.get(pk=account_id)
    posts = Post.objects.filter(account=one).select_related("organ").order_by("-valid_from", "-pk")[:A_PAGE]
    heads = [gettext(word) for word in (N_("单位"), N_("岗位"), N_("职责"), N_("起止"), N_("结束"))]
    rows = [
        [
            cell(post.organ.name, reverse("desk:admin-organ", args=[post.organ_id])), cell(post.title, sub=post.area_code),
            cell(gettext(Post.Role(post.role).label)), cell(f"{post.valid_from} — {post.valid_to or ''}"),
            cell(gettext("结束"), reverse("desk:admin-post", args=[post.pk]))
            if post.valid_to is None
            else cell(gettext("已定"), mood="plain"),
        ]
        for post in posts
    ]  # fmt: skip
    facts = [
        (gettext("用户名"), one.username),
        (gettext("邮箱"), one.email),
        (gettext("状态"), _state(one)["text"]),
        (gettext("开户"), one.joined_at.date().isoformat()),
    ]
    record = (f"{reverse('desk:admin-record')}?table=people_account&key={one.pk}", gettext("变动记录"), "")
    tables = [table(heads, rows, title=gettext("岗位"))]
    return page(request, one.name, path=_path(), facts=facts, actions=[record], tables=tables, **shown)


@staff("admin")
@needs_recent_sign_in
def post_end(request: HttpRequest, post_id: int) -> HttpResponse:
    """A post that shall end."""
    actor, at = actor_of(request), clock.now()
    post = Post.objects.filter(pk=post_id).select_related("account", "organ").first()
    if post is None:
        raise Http404
    doing = Doing(request)
    doing.add(
        "end", gettext("结束岗位"), {"valid_to": ask.day(gettext("自何日起不再担任"))},
        lambda given: services.post_end(post_id=post_id, **given, actor=actor, at=at),
        initial={"valid_to": today()}, kind="outline-danger", help=gettext("手上的事请单位负责人在“本单位的岗位”里移交。"),
    )  # fmt: skip
    done = doing.sent(reverse("desk:admin-account", args=[post.account_id]))
    facts = [(gettext("谁"), post.account.name), (gettext("单位"), post.organ.name), (gettext("岗位"), post.title)]
    path = _path((reverse("desk:admin-account", args=[post.account_id]), post.account.name))
    return done or page(request, gettext("结束岗位"), path=path, facts=facts, forms=doing.forms, status=doing.status)
