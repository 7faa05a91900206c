"""Uploads that wait for the form to be put right: encrypted at rest, found by their token only, gone after some hours."""

import os
import time
from pathlib import Path

import pytest

from xinqiao.config import environment
from xinqiao.intake import staging

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "home", lambda: tmp_path)


def test_what_was_put_away_comes_back_by_its_token_and_lies_encrypted() -> None:
    kept = staging.put(name="路灯.jpg", kind="photo", data=b"picture of a lamp")
    found = staging.get(kept.token)
    assert found is not None
    assert found == (kept, b"picture of a lamp")
    path = environment.home() / "staging" / kept.token
    assert b"lamp" not in path.read_bytes()
    assert "路灯".encode() not in path.read_bytes()


@pytest.mark.parametrize("token", ["", "../../etc/passwd", "x" * 30, "x" * 200, "汉" * 30])
def test_a_token_that_is_none_finds_nothing(token: str) -> None:
    assert staging.get(token) is None
    staging.drop(token)


def test_dropped_is_gone_and_old_ones_are_swept_away() -> None:
    first = staging.put(name="a", kind="photo", data=b"a")
    staging.drop(first.token)
    assert staging.get(first.token) is None
    old = staging.put(name="b", kind="photo", data=b"b")
    past = time.time() - staging.LIVES - 60
    os.utime(environment.home() / "staging" / old.token, (past, past))
    new = staging.put(name="c", kind="photo", data=b"c")
    assert staging.get(old.token) is None
    assert staging.get(new.token) is not None
