"""The page of webhooks: for administrators after their password; the secret once; wrong addresses told in words."""

import re
from typing import Any

import pytest
from django.test import Client
from tests.support.world import LONG_AGO, World

from xinqiao.desk.tests.road import counted, signed_in
from xinqiao.notices.models import Subscription
from xinqiao.people.models import Account, Post

pytestmark = pytest.mark.django_db
URL = "/desk/hooks/"


@pytest.fixture
def admin(world: World) -> Client:
    account = Account.objects.create(username="admin", name="管理员")
    world.posts["admin"] = Post.objects.create(
        account=account, organ=world.organs["xf"], role="admin", title="管理员", valid_from=LONG_AGO
    )
    return signed_in(world, "admin")


def make(client: Client, world: World, **more: Any) -> Any:
    given = {"organ": world.organs["cg"].pk, "url": "https://example.org/hook", "families": ["case.*"], "names": ""}
    return client.post(URL, given | more)


def test_made_shown_once_and_ended(admin: Client, world: World) -> None:
    answer = make(admin, world, names="redress.accept redress.serve")
    (secret,) = re.findall(r"whsec_[\w-]{43}", answer.content.decode())
    row = Subscription.objects.get()
    assert row.events == ["case.*", "redress.accept", "redress.serve"]
    with counted() as queries:
        page = admin.get(URL).content.decode()
    assert len(queries) <= 9
    assert secret not in page
    assert "https://example.org/hook" in page
    assert "拱墅区城市管理局" in page
    assert admin.post(f"{URL}end/", {"id": row.pk}).status_code == 302
    row.refresh_from_db()
    assert row.ended_at is not None
    assert admin.post(f"{URL}end/", {"id": "x"}).status_code == 404


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"organ": "x"}, "请选择单位"),
        ({"post": "99999"}, "没有这个岗位"),
        ({"url": "http://10.0.0.1/"}, "https://"),
        ({"families": [], "names": "no.event"}, "至少选一类事件"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(admin: Client, world: World, given: dict[str, Any], word: str) -> None:
    answer = make(admin, world, **given)
    assert answer.status_code == 422
    assert word in answer.content.decode()
    assert not Subscription.objects.exists()


def test_for_administrators_with_their_password(admin: Client, world: World, settings: Any) -> None:
    assert make(signed_in(world, "officer"), world).status_code == 404
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = -1
    assert make(admin, world).status_code == 423
    assert admin.get(URL).status_code == 302
