"""Accounts and posts of staff: made with a one-time password, reset, ended; at the door and on the command line."""

import contextlib
import json
from datetime import date, timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from tests.support.world import MORNING, World

from xinqiao import cli
from xinqiao.cli import people as people_command
from xinqiao.kernel.clock import utc_now
from xinqiao.kernel.errors import BadInput, NotFound, Refused
from xinqiao.people import access, accounts, services, tokens
from xinqiao.people.actors import SYSTEM
from xinqiao.people.models import Account, AdminEntry, Organ, Post

pytestmark = pytest.mark.django_db
TODAY = date(2026, 9, 1)
BY: dict[str, Any] = {"actor": SYSTEM("test"), "at": MORNING}
OWN = "three quiet bridges over water"
LOGIN, CHANGE = "/desk/account/login/", "/desk/account/password/"


def made(world: World, username: str = "wang.xin", role: str = "officer") -> accounts.Given:
    given = services.account_add(username=username, name="王新", **BY)
    services.post_add(account_id=given.account.pk, organ_id=world.organs["xf"].pk, role=role, title="干部",
                      valid_from=date(2026, 8, 1), **BY)  # fmt: skip
    return given


def sign_in(username: str, password: str) -> Client:
    client = Client()
    client.post(LOGIN, {"login": username, "password": password})
    return client


def test_the_first_sign_in_changes_the_password_before_anything_else(world: World, settings: Any) -> None:
    given = made(world)
    client = sign_in("wang.xin", given.password)
    for path in ("/desk/", "/desk/account/post/", "/desk/account/2fa/"):
        answer = client.get(path)
        assert (answer.status_code, answer["Location"]) == (302, CHANGE), path
    assert client.get(CHANGE).status_code == 200
    form = {"oldpassword": given.password, "password1": OWN, "password2": OWN}
    answer = client.post(CHANGE, form)
    assert (answer.status_code, answer["Location"]) == (302, "/desk/")
    assert client.get("/desk/").status_code == 200
    settings.STAFF_TOTP_REQUIRED = True
    assert "totp/activate" in client.get("/desk/")["Location"]
    settings.STAFF_TOTP_REQUIRED = False
    assert sign_in("wang.xin", OWN).get("/desk/").status_code == 200
    last = AdminEntry.objects.filter(table="people_account", key=str(given.account.pk)).order_by("id").last()
    assert last is not None
    assert given.password not in str(last.new)


def test_a_one_time_password_ends_after_a_week(world: World) -> None:
    given = made(world)
    Account.objects.filter(pk=given.account.pk).update(one_time_until=utc_now() - timedelta(minutes=1))
    page = Client().post(LOGIN, {"login": "wang.xin", "password": given.password})
    assert "已经过期" in page.content.decode()
    again = services.password_reset(account_id=given.account.pk, **BY)
    assert again.until > utc_now() + timedelta(days=6)
    assert sign_in("wang.xin", again.password).get(CHANGE).status_code == 200


def test_a_reset_signs_out_whoever_sits_there(world: World) -> None:
    given = made(world)
    client = sign_in("wang.xin", given.password)
    services.password_reset(account_id=given.account.pk, **BY)
    assert client.get(CHANGE)["Location"].startswith(LOGIN)
    with pytest.raises(NotFound):
        services.password_reset(account_id=0, **BY)


def test_a_lost_second_factor_is_forgotten_by_somebody_else(world: World) -> None:
    given = made(world)
    Authenticator.objects.create(user=given.account, type="totp", data={"secret": "x"})
    client = sign_in("wang.xin", given.password)
    assert services.second_factor_reset(account_id=given.account.pk, **BY) == 1
    assert client.get(CHANGE)["Location"].startswith(LOGIN)
    entries = AdminEntry.objects.filter(table="mfa_authenticator").order_by("id")
    assert [row.action for row in entries] == ["INSERT", "DELETE"]
    assert all("data" not in (row.new or row.old or {}) for row in entries)
    admin = made(world, "chief", "admin")
    post = Post.objects.get(account=admin.account)
    myself = access.Actor(
        kind="staff", account_id=admin.account.pk, post_id=post.pk, organ_id=post.organ_id, role="admin"
    )
    with pytest.raises(Refused):
        services.second_factor_reset(account_id=admin.account.pk, actor=myself, at=MORNING)
    with pytest.raises(Refused):
        services.account_end(account_id=admin.account.pk, actor=myself, at=MORNING)


@pytest.mark.parametrize("reset", [services.password_reset, services.second_factor_reset, services.account_end])
def test_a_reset_ends_the_keys_of_programs_too(world: World, reset: Any) -> None:
    made(world, "chief", "admin")
    post = world.posts["officer"]
    for name in ("one", "two"):
        tokens.token_create(
            post_id=post.pk, name=name, scopes=["read"], days=30, actor=BY["actor"], at=utc_now(), on=TODAY
        )
    kept = tokens.token_create(
        post_id=world.posts["window"].pk, name="x", scopes=["read"], days=30, actor=BY["actor"], at=utc_now(), on=TODAY
    )
    reset(account_id=post.account_id, **BY)
    assert tokens.living_tokens_of(post.account_id, utc_now()) == []
    assert all(one.revoked_at is not None for one in tokens.tokens_of(post.account_id))
    assert tokens.token_bearer(kept.text) is not None


def test_an_administrator_ends_anybodys_key_and_others_only_their_own(world: World) -> None:
    post = world.posts["officer"]
    issued = tokens.token_create(
        post_id=post.pk, name="one", scopes=["read"], days=30, actor=BY["actor"], at=utc_now(), on=TODAY
    )
    stranger = world.actor("window")
    with pytest.raises(NotFound):
        tokens.token_revoke(token_id=issued.token.pk, actor=stranger, at=utc_now())
    with pytest.raises(NotFound):
        tokens.tokens_revoke(account_id=post.account_id, actor=stranger, at=utc_now())
    admin = Post.objects.get(account=made(world, "chief", "admin").account)
    actor = access.Actor(
        kind="staff", account_id=admin.account_id, post_id=admin.pk, organ_id=admin.organ_id, role="admin"
    )
    assert tokens.token_revoke(token_id=issued.token.pk, actor=actor, at=utc_now()).revoked_by_id == admin.account_id
    assert tokens.token_bearer(issued.text) is None


def test_what_is_wrong_is_said_by_field(world: World) -> None:
    made(world)
    with pytest.raises(BadInput) as caught:
        services.account_add(username="WANG.XIN", name="", email="x", **BY)
    assert set(caught.value.fields) == {"username", "name", "email"}
    account = Account.objects.get(username="wang.xin")
    with pytest.raises(BadInput) as caught:
        services.post_add(
            account_id=account.pk, organ_id=0, role="king", title="", area_code="99", valid_from=TODAY, **BY
        )
    assert set(caught.value.fields) == {"organ", "role", "title", "area_code"}
    with pytest.raises(BadInput):
        services.post_add(account_id=account.pk, organ_id=world.organs["xf"].pk, role="officer", title="x",
                          valid_from=TODAY, **BY)  # fmt: skip


def test_the_last_administrator_stays(world: World) -> None:
    admin = made(world, "chief", "admin")
    post = Post.objects.get(account=admin.account)
    for call in (
        lambda: services.post_end(post_id=post.pk, valid_to=TODAY, **BY),
        lambda: services.account_end(account_id=admin.account.pk, **BY),
    ):
        with pytest.raises(Refused, match="最后一位"):
            call()
    made(world, "second", "admin")
    assert services.post_end(post_id=post.pk, valid_to=TODAY, **BY).valid_to == TODAY
    with pytest.raises(NotFound):
        services.post_end(post_id=post.pk, valid_to=TODAY, **BY)


def test_an_account_that_ends_signs_in_no_more(world: World) -> None:
    made(world, "chief", "admin")
    given = made(world)
    post = Post.objects.get(account=given.account)
    Post.objects.filter(pk=world.posts["officer"].pk).update(deputy=post)
    client = sign_in("wang.xin", given.password)
    services.account_end(account_id=given.account.pk, **BY)
    assert client.get("/desk/")["Location"].startswith(LOGIN)
    post.refresh_from_db()
    assert post.valid_to == TODAY
    assert Post.objects.get(pk=world.posts["officer"].pk).deputy is None
    with pytest.raises(Refused):
        services.password_reset(account_id=given.account.pk, **BY)
    with pytest.raises(BadInput):
        services.post_add(account_id=given.account.pk, organ_id=world.organs["xf"].pk, role="clerk", title="x",
                          valid_from=TODAY, **BY)  # fmt: skip


# --- the command


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.setattr(people_command, "database", lambda _role: contextlib.nullcontext())

    def call(*words: str) -> tuple[int, Any]:
        status = cli.main([*words, "--json"])
        told = capsys.readouterr()
        return status, json.loads(told.out or told.err)

    return call


def test_the_first_administrator_of_a_new_instance(db: None, run: Any) -> None:
    words = ["people", "add", "chief", "--name", "管理员", "--organ", "xf"]
    status, told = run(*words)
    assert status == 1
    assert "--organ-name" in told["remedy"]
    status, told = run(*words, "--organ-name", "某区信访局", "--area", "330105")
    assert status == 0
    assert Organ.objects.get(code="xf").kind == "petition_office"
    assert sign_in("chief", told["password"]).get("/desk/")["Location"] == CHANGE
    status, again = run("people", "reset", "CHIEF", "--second-factor")
    assert (status, again["forgotten"]) == (0, 0)
    assert again["password"] != told["password"]
    assert run("people", "end", "chief")[0] == 1
    assert run("people", "add", "second", "--name", "又一位", "--organ", "xf")[0] == 0
    assert run("people", "end", "chief") == (0, {"username": "chief", "active": False})
    assert run("people", "reset", "nobody")[0] == 1
