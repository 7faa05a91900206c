"""`xinqiao token`: made, listed, ended."""

import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.support.world import World

from xinqiao import cli
from xinqiao.cli import token as token_command
from xinqiao.people import tokens
from xinqiao.people.models import Post

pytestmark = pytest.mark.django_db
Run = Callable[..., tuple[int, Any]]


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setattr(token_command, "database", lambda _role: contextlib.nullcontext())

    def call(*words: object) -> tuple[int, Any]:
        status = cli.main([*(str(word) for word in words), "--json"])
        told = capsys.readouterr()
        return status, json.loads(told.out or told.err)

    return call


def test_made_listed_and_ended(run: Run) -> None:
    status, made = run("token", "make", "officer", "--scopes", "read, step", "--days", 7, "--name", "试用")
    assert status == 0
    bearer = tokens.token_bearer(made["token"])
    assert bearer is not None
    assert bearer.token.scopes == ["read", "step"]
    assert bearer.actor.role == "officer"
    (row,) = run("token", "list", "OFFICER")[1]["tokens"]
    assert (row["prefix"], row["name"], row["revoked_at"]) == (made["prefix"], "试用", None)
    assert run("token", "revoke", made["prefix"])[0] == 0
    assert run("token", "revoke", made["prefix"])[0] == 0
    assert tokens.token_bearer(made["token"]) is None
    assert run("token", "list", "officer")[1]["tokens"][0]["revoked_at"]


def test_which_post_must_be_clear(run: Run, world: World) -> None:
    own = world.posts["officer"]
    other = Post.objects.create(
        account=own.account, organ=own.organ, role="head", title="局长", valid_from=own.valid_from
    )
    status, told = run("token", "make", "officer")
    assert (status, "--post" in told["error"]) == (1, True)
    assert run("token", "make", "officer", "--post", other.pk)[1]["post"] == other.pk
    assert run("token", "make", "nobody")[0] == 1
    assert run("token", "list", "nobody")[0] == 1
    assert run("token", "revoke", "aaaaaaaaaa")[0] == 1
    assert run("token", "make", "officer", "--post", other.pk, "--days", 999)[0] == 1
