"""The disk is full, the database is gone or busy: a page that says what to do next, on portal and desk and for programs.

The faults are real where they can be: a disk with a quota of some bytes, an error of PostgreSQL itself, a closed connection.
"""

import errno
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from PIL import Image

from tests.faults.support import FORM, humane
from tests.support.world import World
from xinqiao.cases.models import Case
from xinqiao.desk.tests.road import bring, moving, new_case, signed_in, take
from xinqiao.files import storage
from xinqiao.intake.models import Submission
from xinqiao.people import access
from xinqiao.people.actors import SYSTEM
from xinqiao.portal.tests.support import fill, number_and_code, say

pytestmark = pytest.mark.django_db
CLASSIFIED = {"route": "inquiry", "title": "路灯什么时候修"}


@pytest.fixture
def browser() -> Client:
    return Client(raise_request_exception=False)


def count() -> int:
    with access.acting(SYSTEM("test")):
        return Submission.objects.count()


# --- the disk


@pytest.fixture
def tiny_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our files' disk has room for 2,000 more bytes."""
    left = [2_000]

    class Full:
        def __init__(self, file: Any) -> None:
            self.file = file

        def __enter__(self) -> "Full":
            return self

        def __exit__(self, *_: object) -> None:
            self.file.close()

        def write(self, data: bytes) -> int:
            left[0] -= len(data)
            if left[0] < 0:
                self.file.write(data[: max(0, len(data) + left[0])])
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return int(self.file.write(data))

        def __getattr__(self, name: str) -> Any:
            return getattr(self.file, name)

    real = os.fdopen
    monkeypatch.setattr(storage.os, "fdopen", lambda *given: Full(real(*given)))


def large_picture() -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.effect_noise((200, 200), 90).save(out, "PNG")
    return SimpleUploadedFile("现场.png", out.getvalue(), "image/png")


def test_a_full_disk_takes_nothing_by_halves(world: World, browser: Client, tiny_disk: None) -> None:
    before, there = count(), set(storage.folder().rglob("*"))
    answer = browser.post("/say/", fill(photos=large_picture()), **FORM)
    page = humane(answer, "full", 507)
    assert "暂时存不下" in page
    assert "先不带照片" in page
    assert 'href="/say/"' in page
    assert int(answer["Retry-After"]) > 0
    assert count() == before
    assert [path for path in set(storage.folder().rglob("*")) - there if path.suffix == ".part"] == []


def test_without_pictures_the_words_still_get_through(world: World, browser: Client, tiny_disk: None) -> None:
    key = fill()["key"]
    assert browser.post("/say/", fill(key=key, photos=large_picture())).status_code == 507
    assert browser.post("/say/", fill(key=key)).status_code == 302


def test_a_full_disk_while_a_form_waits_for_corrections(
    world: World, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    humane(browser.post("/say/", fill(text="", photos=large_picture()), **FORM), "full", 507)


@pytest.fixture
def full_database(as_role: Callable[[str], Any]) -> None:
    """PostgreSQL itself says that the disk is full (53100), at the writing of any case or entry."""
    with as_role("owner"), connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$"
        )
        for table in ("cases_case", "ledger_entry"):
            cursor.execute(f"CREATE TRIGGER no_room BEFORE INSERT ON {table} EXECUTE FUNCTION no_room()")


def test_a_database_without_room_is_told_apart(world: World, browser: Client, full_database: None) -> None:
    assert "暂时存不下" in humane(browser.post("/say/", fill(), **FORM), "full", 507)
    assert count() == 0


def test_an_officers_words_are_kept_when_there_is_no_room(
    world: World, monkeypatch: pytest.MonkeyPatch, as_role: Callable[[str], Any], request: pytest.FixtureRequest
) -> None:
    moving(monkeypatch)
    case = new_case(world)
    request.getfixturevalue("full_database")
    client = signed_in(world, "officer")
    client.raise_request_exception = False
    answer = take(client, case, "classify", **CLASSIFIED)
    page = humane(answer, "full", 507)
    assert "回到工作台" in page
    assert "先记在纸上" in page
    with access.acting(SYSTEM("test")):
        assert Case.objects.get(pk=case.pk).state == case.state
    answer = take(client, case, "classify", htmx=True, **CLASSIFIED)
    assert answer.status_code == 507  # the page in the browser stays as it is and says so: see page.js


def test_programs_are_told_too(world: World, browser: Client, full_database: None) -> None:
    answer = browser.post(
        "/api/v1/submissions",
        {"text": "小区门口的路灯坏了三个星期。", "channel": "portal"},
        content_type="application/json",
        headers={"Idempotency-Key": "one-matter-1"},
    )
    body = answer.json()
    assert (answer.status_code, body["type"]) == (507, "/api/v1/docs#full")
    assert "同一个 Idempotency-Key" in body["remedy"]
    assert answer["Retry-After"]


def test_a_statement_that_took_too_long_is_no_fault_of_the_reader(
    world: World, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "intake_" in sql or "people_area" in sql:
            execute("SET LOCAL statement_timeout = '1ms'", None, False, context)
            return execute("SELECT pg_sleep(1)", None, False, context)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(slow):
        page = humane(browser.post("/say/", fill(), **FORM), "busy", 503)
    assert "请等几秒再试" in page


# --- the same form twice


def test_the_same_form_sent_twice_has_one_effect_and_one_answer(world: World, browser: Client) -> None:
    form = fill()
    first = browser.post("/say/", form)
    number, code = number_and_code(browser.get(first["Location"]))
    second = browser.post("/say/", form)
    assert (second.status_code, second["Location"]) == (302, first["Location"])
    assert number_and_code(browser.get(second["Location"])) == (number, code)
    assert count() == 1


def test_a_form_whose_answer_was_lost_is_answered_to_a_browser_that_lost_its_cookies(
    world: World, browser: Client
) -> None:
    form = fill()
    first = browser.post("/say/", form)
    number, code = number_and_code(browser.get(first["Location"]))
    other = Client()
    again = other.post("/say/", form)
    assert number_and_code(other.get(again["Location"])) == (number, code)
    assert count() == 1


def test_an_urge_sent_twice_is_one_urge(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    moving(monkeypatch)
    browser = Client()
    number, _ = number_and_code(say(browser))
    with access.acting(SYSTEM("test")):
        case = Case.objects.get(number=f"{number}-1")
    bring(world, case, "sorted")
    address = f"/my/{case.number}/do/add_material/"
    page = browser.get(address)
    assert page.status_code == 200, page.status_code
    form = {"in-key": page.context["form"].form_key, "in-words": "今天又坏了一盏。"}
    with access.acting(SYSTEM("test")):
        before = Case.objects.get(pk=case.pk).head_seq
    assert {browser.post(address, form).status_code for _ in range(3)} == {302}
    with access.acting(SYSTEM("test")):
        assert Case.objects.get(pk=case.pk).head_seq == before + 1
