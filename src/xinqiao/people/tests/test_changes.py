"""Who is named to stand in for somebody, and whose deputy is named, learns of it: by whom and when."""

import time
from typing import Any

import pytest
from allauth.account.internal.flows.login import record_authentication
from django.db import Error, transaction
from django.test import Client, RequestFactory

from xinqiao.people import access, changes, clock, services
from xinqiao.people.actors import SYSTEM
from xinqiao.people.middleware import SEEN_KEY
from xinqiao.people.models import Account, Post, PostChange
from xinqiao.people.tests.conftest import AT, ON, House, make_account

DESK, PAGE = "/desk/", "/desk/account/post/"


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: AT)


@pytest.fixture
def second(house: House) -> Post:
    """A colleague of the handler."""
    return Post.objects.create(
        account=make_account("cbr2", "沈知微"), organ=house.unit, role="handler", title="二科", valid_from=ON
    )


def _reader(account: Account) -> Client:
    client = Client()
    client.force_login(account)
    session = client.session
    session[SEEN_KEY] = time.time()
    asked = RequestFactory().get("/")
    asked.session = session
    record_authentication(asked, account, method="password")
    session.save()
    return client


def _name(house: House, deputy: Post | None) -> None:
    services.post_set_deputy(
        post_id=house.handler.pk, deputy_id=deputy.pk if deputy else None, actor=house.actor(house.head), at=AT
    )


def test_holder_and_deputy_are_told_on_the_desk_and_on_the_page_of_their_posts(house: House, second: Post) -> None:
    _name(house, second)
    for account in (house.handler.account, second.account):
        client = _reader(account)
        for address in (DESK, PAGE):
            page = client.get(address).content.decode()
            assert "定下由 沈知微 代理 承清扬 的岗位" in page, address
            assert "郑守拙" in page
            assert "2026 年 3 月 2 日" in page
        told = changes.news_for(account.pk)
        client.post(f"{PAGE}seen/", {"last": str(told[0].pk)})
        assert "定下由" not in client.get(DESK).content.decode()
        assert "定下由" in client.get(PAGE).content.decode(), "it stays on record"
    assert "我是这些岗位的代理人" in _reader(second.account).get(PAGE).content.decode()
    assert "代理人：沈知微" in _reader(house.handler.account).get(PAGE).content.decode()


def test_nobody_else_is_told_and_who_named_him_need_not_be(house: House, second: Post) -> None:
    _name(house, second)
    for account in (house.head.account, house.officer.account):
        assert "定下由" not in _reader(account).get(DESK).content.decode()
    assert changes.changes_for(house.officer.account_id) == []


def test_the_former_deputy_is_told_too_and_leave_noted_by_the_head(house: House, second: Post) -> None:
    _name(house, second)
    services.post_set_leave(post_id=house.handler.pk, leave_from=ON, leave_to=ON, actor=house.actor(house.head), at=AT)
    services.post_set_leave(
        post_id=house.handler.pk, leave_from=None, leave_to=None, actor=house.actor(house.head), at=AT
    )
    _name(house, None)
    page = _reader(second.account).get(DESK).content.decode()
    for words in ("登记 承清扬 从", "登记 承清扬 已经回来", "取消了 承清扬 的岗位", "原来是 沈知微"):
        assert words in page


def test_only_what_changes_is_recorded_and_the_record_only_grows(house: House, second: Post) -> None:
    _name(house, second)
    _name(house, second)
    services.post_set_leave(
        post_id=house.handler.pk, leave_from=None, leave_to=None, actor=house.actor(house.head), at=AT
    )
    only = PostChange.objects.get()
    assert (only.by_id, only.by_post_id, only.deputy_id) == (house.head.account_id, house.head.pk, second.pk)
    change: Any
    for change in (lambda: PostChange.objects.update(kind="leave"), only.delete):
        with pytest.raises(Error), transaction.atomic():
            change()


def test_reading_is_never_taken_back(house: House) -> None:
    with access.acting(SYSTEM("test")):
        services.post_changes_seen(account_id=house.head.account_id, last=7)
        services.post_changes_seen(account_id=house.head.account_id, last=3)
        assert Account.objects.get(pk=house.head.account_id).changes_seen == 7
