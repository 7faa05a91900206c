"""One's own keys for programs: made after the password, shown once, ended at once; nobody else's."""

import re
from typing import Any

import pytest
from django.test import Client
from tests.support.world import World

from xinqiao.api import limits
from xinqiao.desk.tests.road import signed_in
from xinqiao.people import tokens
from xinqiao.people.token_models import ApiToken

pytestmark = pytest.mark.django_db
URL = "/desk/account/tokens/"


@pytest.fixture(autouse=True)
def _no_counts() -> None:
    limits.forget()


def make(client: Client, world: World, login: str = "officer", **more: Any) -> Any:
    return client.post(
        URL, {"post": world.posts[login].pk, "name": "业务系统", "scopes": ["read"], "days": "30"} | more
    )


def test_made_shown_once_used_and_ended(world: World) -> None:
    client = signed_in(world, "officer")
    answer = make(client, world)
    (text,) = re.findall(r"xq_[a-z2-7]{10}_[\w-]{43}", answer.content.decode())
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert text not in client.get(URL).content.decode()
    assert bytes(ApiToken.objects.get().key_hash).hex() not in text
    headers = {"Authorization": f"Bearer {text}"}
    me = Client().get("/api/v1/me", headers=headers)
    assert (me.status_code, me.json()["role"], me.json()["scopes"]) == (200, "officer", ["read"])
    assert ApiToken.objects.get().last_used_at is not None
    prefix = ApiToken.objects.get().prefix
    assert prefix in client.get(URL).content.decode()
    assert signed_in(world, "window").post(f"{URL}end/", {"prefix": prefix}).status_code == 404
    assert client.post(f"{URL}end/", {"prefix": prefix}).status_code == 302
    assert Client().get("/api/v1/me", headers=headers).status_code == 401


def test_the_password_must_have_been_given_lately(world: World, settings: Any) -> None:
    client = signed_in(world, "officer")
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = -1
    assert client.get(URL).status_code == 302
    assert make(client, world).status_code == 423
    assert client.post(f"{URL}end/", {"prefix": "x"}).status_code == 423
    assert not ApiToken.objects.exists()


def test_not_for_another_persons_post(world: World) -> None:
    assert make(signed_in(world, "window"), world).status_code == 404
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [
        ("name", "", "请给它起个名字"),
        ("name", "长" * 81, "名字太长了"),
        ("scopes", [], "至少选一项"),
        ("scopes", ["all"], "至少选一项"),
        ("days", "367", "最长 366 天"),
        ("days", "x", "最短 1 天"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(world: World, field: str, value: Any, word: str) -> None:
    answer = make(signed_in(world, "officer"), world, **{field: value})
    assert answer.status_code == 422
    assert word in answer.content.decode()


def test_a_post_has_so_many_keys_and_no_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MOST_TOKENS", 1)
    client = signed_in(world, "officer")
    assert make(client, world).status_code == 200
    assert "密钥太多了" in make(client, world).content.decode()
