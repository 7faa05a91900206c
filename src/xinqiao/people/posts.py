"""Posts over time: leave, deputies, and working in the post of somebody who is away.

Whoever names a deputy or notes a leave leaves a PostChange: holder, deputy and former deputy read it.
"""

from datetime import date, datetime

from django.db import transaction

from xinqiao.kernel.clock import day_of
from xinqiao.kernel.errors import BadInput, NotFound, Refused
from xinqiao.people.actors import Actor
from xinqiao.people.models import Account, Post, PostChange, in_force
from xinqiao.people.selectors import ActingPost, acting_posts


def post_switch(*, account_id: int, post_id: int, at: datetime) -> ActingPost:
    """The post in which this account goes on working. Raises NotFound when it is neither their own nor to be stood in for."""
    for choice in acting_posts(account_id, day_of(at)):
        if choice.post.id == post_id:
            return choice
    raise NotFound()


def _managed(post_id: int, actor: Actor, at: datetime) -> Post:
    post = Post.objects.select_for_update().filter(in_force(day_of(at)), pk=post_id).first()
    if post is None or not actor.is_staff:
        raise NotFound()
    same_house = post.organ_id == actor.organ_id and actor.role in {"head", "admin"}
    if post.account_id != actor.account_id and not same_house:
        raise NotFound()
    return post


@transaction.atomic
def post_set_leave(*, post_id: int, leave_from: date | None, leave_to: date | None, actor: Actor, at: datetime) -> Post:
    """Note that a post's holder is away from a day to a day (both included); None for both ends the leave.

    Own post, or one of the organ whose head or administrator acts. Raises BadInput for days that cannot be, Refused
    when nobody is named to stand in.
    """
    post = _managed(post_id, actor, at)
    wrong: dict[str, str] = {}
    if leave_from is None and leave_to is not None:
        wrong["leave_from"] = "请填写从哪一天开始。"
    if leave_from is not None and leave_to is not None and leave_to < leave_from:
        wrong["leave_to"] = "结束日期在开始日期之前，请核对。"
    if wrong:
        raise BadInput(wrong)
    if leave_from is not None and post.deputy_id is None:
        raise Refused("还没有代理人，离开期间的工作会没人接。", remedy="请先指定代理人，再填写离开的日子。")
    if (post.leave_from, post.leave_to) != (leave_from, leave_to):
        post.leave_from, post.leave_to = leave_from, leave_to
        post.save(update_fields=["leave_from", "leave_to"])
        _note(PostChange.Kind.LEAVE, post, actor, at, deputy_id=post.deputy_id)
    return post


@transaction.atomic
def post_set_deputy(*, post_id: int, deputy_id: int | None, actor: Actor, at: datetime) -> Post:
    """Name the post whose holder stands in, or nobody. It is another person's post in the same organ.

    Raises BadInput otherwise, Refused when the last deputy is taken away during leave.
    """
    post = _managed(post_id, actor, at)
    on, former_id = day_of(at), post.deputy_id
    if deputy_id is None:
        if post.leave_from is not None and (post.leave_to is None or post.leave_to >= on):
            raise Refused("正在离开期间，不能没有代理人。", remedy="请先换一位代理人，或者先结束离开。")
        post.deputy = None
    else:
        deputy = Post.objects.filter(
            in_force(on), pk=deputy_id, organ_id=post.organ_id, account__is_active=True
        ).first()
        if deputy is None or deputy.account_id == post.account_id:
            raise BadInput({"deputy": "请在本单位里选另一位在岗的同事。"})
        post.deputy = deputy
    if post.deputy_id != former_id:
        post.save(update_fields=["deputy"])
        _note(PostChange.Kind.DEPUTY, post, actor, at, deputy_id=post.deputy_id, former_id=former_id)
    return post


def _note(kind: str, post: Post, actor: Actor, at: datetime, **more: int | None) -> None:
    PostChange.objects.create(
        post=post,
        kind=kind,
        at=at,
        by_id=actor.account_id or 0,
        by_post_id=actor.post_id,
        leave_from=post.leave_from,
        leave_to=post.leave_to,
        **more,
    )


@transaction.atomic
def post_changes_seen(*, account_id: int, last: int) -> None:
    """Note that the holder has read the changes up to `last` that concern them; never back."""
    Account.objects.filter(pk=account_id, changes_seen__lt=last).update(changes_seen=last)
