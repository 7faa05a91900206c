"""Uploads that wait for the form to be put right: encrypted, on the shelf of their form only, gone after some hours."""

import os
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from xinqiao.config import environment
from xinqiao.files import jobs, staging
from xinqiao.files.staging import Shelf
from xinqiao.files.tests import makers

pytestmark = pytest.mark.django_db
PORTAL = Shelf("portal")
MINE = Shelf("desk", "7:step:a-case:serve")


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "home", lambda: tmp_path)


def lies(shelf: Shelf, token: str) -> Path:
    return environment.home() / "staging" / shelf.room / token


def aged(shelf: Shelf, token: str) -> None:
    past = time.time() - staging.LIVES - 60
    os.utime(lies(shelf, token), (past, past))


def chosen(name: str, data: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def test_what_was_put_away_comes_back_by_its_token_and_lies_encrypted() -> None:
    kept = staging.put(PORTAL, name="路灯.jpg", kind="photo", data=b"picture of a lamp")
    assert staging.get(PORTAL, kept.token) == (kept, b"picture of a lamp")
    path = lies(PORTAL, kept.token)
    assert b"lamp" not in path.read_bytes()
    assert "路灯".encode() not in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "other", [PORTAL, Shelf("desk"), Shelf("desk", "8:step:a-case:serve"), Shelf("desk", "7:step:a-case:execute")]
)
def test_nobody_else_and_no_other_form_reads_or_forgets_it(other: Shelf) -> None:
    kept = staging.put(MINE, name="回证.jpg", kind="proof", data=b"who received it")
    if other.room != MINE.room:  # even when somebody moves the file
        lies(other, "x").parent.mkdir(exist_ok=True, parents=True)
        lies(other, kept.token).write_bytes(lies(MINE, kept.token).read_bytes())
    assert staging.get(other, kept.token) is None
    staging.drop(other, kept.token)
    assert staging.get(MINE, kept.token) is not None


@pytest.mark.parametrize("token", ["", "../../etc/passwd", "x" * 30, "x" * 200, "汉" * 30])
def test_a_token_that_is_none_finds_nothing(token: str) -> None:
    assert staging.get(PORTAL, token) is None
    staging.drop(PORTAL, token)


def test_dropped_is_gone_and_what_waited_too_long_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    first = staging.put(PORTAL, name="a", kind="photo", data=b"a")
    staging.drop(PORTAL, first.token)
    assert staging.get(PORTAL, first.token) is None
    old = staging.put(PORTAL, name="b", kind="photo", data=b"b")
    aged(PORTAL, old.token)
    assert staging.get(PORTAL, old.token) is None
    assert lies(PORTAL, old.token).exists()
    monkeypatch.setattr(staging, "SWEEP_AFTER", 1_000)
    staging.put(PORTAL, name="c", kind="photo", data=b"c" * 1_000)
    assert not lies(PORTAL, old.token).exists()


def test_the_job_forgets_what_is_old_and_nothing_else() -> None:
    old, new = (staging.put(MINE, name=name, kind="proof", data=b"x") for name in ("old", "new"))
    aged(MINE, old.token)
    jobs.forget_staged.func(0)  # type: ignore[attr-defined]
    assert not lies(MINE, old.token).exists()
    assert staging.get(MINE, new.token) is not None


def test_strangers_push_out_their_own_and_not_what_staff_left(monkeypatch: pytest.MonkeyPatch) -> None:
    staff = staging.put(MINE, name="回证.jpg", kind="proof", data=b"x" * 900)
    monkeypatch.setattr(staging, "MOST_WAITING", 1_500)
    strangers = []
    for n in range(4):
        strangers.append(staging.put(PORTAL, name=f"{n}", kind="photo", data=b"y" * 900))
        os.utime(lies(PORTAL, strangers[-1].token), (time.time() - 10 + n, time.time() - 10 + n))
    staging.sweep()
    assert [staging.get(PORTAL, one.token) is not None for one in strangers] == [False, False, False, True]
    assert staging.get(MINE, staff.token) is not None


def test_a_sending_takes_what_waits_and_what_is_new_and_tells_what_is_unfit() -> None:
    waits, unwanted = (staging.put(MINE, name=name, kind="proof", data=makers.picture()) for name in ("a.jpg", "b.jpg"))
    found = staging.collect(
        MINE,
        tokens=[waits.token, unwanted.token, waits.token, "nothing"],
        without=[unwanted.token],
        files={
            "proof": [chosen("c.jpg", makers.picture()), chosen("empty.jpg", b"")],
            "scan": [chosen("d.exe", b"MZ\0\0")],
        },
    )
    assert [(kind, name) for kind, name, _ in found.all()] == [("proof", "a.jpg"), ("proof", "c.jpg")]
    assert [(where, list(error.fields)) for where, error in found.unfit] == [
        ("proof", ["files"]),
        ("scan", ["files"]),
    ]
    assert staging.get(MINE, unwanted.token) is None
    assert [one.name for one in found.keep()] == ["a.jpg", "c.jpg"]


def test_a_picture_that_cannot_be_drawn_is_told_at_once() -> None:
    broken = makers.picture()[:200]
    found = staging.collect(MINE, tokens=[], without=[], files={"proof": [chosen("c.jpg", broken)]})
    assert found.keep() == []
    assert "c.jpg" in str(found.unfit[0][1].fields)


@pytest.mark.parametrize(("name", "value", "word"), [("MOST_BYTES", 1_000, "MB"), ("MOST_FILES", 1, "最多 1 个")])
def test_more_than_one_sending_may_carry_is_not_read(
    name: str, value: int, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, name, value)
    small = chosen("a.txt", "路灯坏了".encode())
    found = staging.collect(MINE, tokens=[], without=[], files={"proof": [small, chosen("b.txt", b"x" * 2_000)]})
    assert [name for _, name, _ in found.fresh] == ["a.txt"]
    assert word in str(found.unfit[0][1].fields)


def test_what_arrived_is_forgotten_once_that_is_certain(django_capture_on_commit_callbacks: Any) -> None:
    kept = staging.put(MINE, name="a.jpg", kind="proof", data=makers.picture())
    found = staging.collect(MINE, tokens=[kept.token], without=[], files={})
    with django_capture_on_commit_callbacks(execute=True):
        found.drop()
        assert staging.get(MINE, kept.token) is not None
    assert staging.get(MINE, kept.token) is None


def test_programs_have_a_room_of_their_own_and_a_share_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    mine, other = Shelf("api", str(uuid4())), Shelf("api", str(uuid4()))
    kept = staging.put(mine, name="a", kind="photo", data=b"a" * 1000)
    assert staging.get(other, kept.token) is None
    staff = staging.put(MINE, name="b", kind="photo", data=b"b" * 1000)
    monkeypatch.setattr(staging, "MOST_OF_ONE", 2500)
    assert not staging.full(mine, 500)
    assert staging.full(mine, 1500)
    assert not staging.full(other, 1500)
    monkeypatch.setattr(staging, "MOST_WAITING", 1500)
    newer = staging.put(other, name="c", kind="photo", data=b"c" * 1000)
    os.utime(mine.folder / kept.token, (time.time() - 60, time.time() - 60))
    assert staging.sweep() == 1
    assert staging.get(mine, kept.token) is None
    assert staging.get(other, newer.token) is not None
    assert staging.get(MINE, staff.token) is not None
    assert not staging.full(mine, 1500)
