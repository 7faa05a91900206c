"""Logs: one JSON object a line, and nobody's data, whatever goes wrong."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from django.db import IntegrityError, connection
from django.test import Client

from tests.support.world import World
from xinqiao.api.tests.conftest import Program
from xinqiao.config import logs
from xinqiao.desk.tests.road import moving, new_case, signed_in, take
from xinqiao.people.models import Account
from xinqiao.portal.tests.support import fill

pytestmark = pytest.mark.django_db
MARKED = {
    "name": "钱标记",
    "phone": "19955554321",
    "place": "标记路口",
    "text": "标记内容：路灯坏了三个星期，请修一修。",
}


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What goes to standard error with production's logging."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    levels = {
        name: logging.getLogger(name).level for name in ("django.request", "django.server", "procrastinate", "psycopg")
    }
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    logs.configure()
    yield out
    structlog.reset_defaults()
    root.handlers[:] = before
    root.setLevel(level)
    for name, was in levels.items():
        logging.getLogger(name).setLevel(was)


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_nothing_of_a_person_reaches_a_log(world: World, written: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    moving(monkeypatch)
    browser = Client(raise_request_exception=False)
    assert browser.post("/say/", fill(**MARKED)).status_code == 302
    browser.get(f"/track/?phone={MARKED['phone']}")
    browser.get(f"/{MARKED['name']}/")
    browser.get("/", headers={"host": f"{MARKED['phone']}.example"})
    case = new_case(world)
    officer = signed_in(world, "officer")
    officer.raise_request_exception = False
    take(officer, case, "note", text=MARKED["text"])
    Program().post("/submissions", {"text": MARKED["text"], "people": [{"name": MARKED["name"]}]})

    def broken(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "insert" in sql.lower():
            raise IntegrityError(f"Key (name)=({MARKED['name']}) {params}")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(broken):
        assert browser.post("/say/", fill(**MARKED)).status_code == 500
        assert take(officer, case, "note", text=MARKED["text"]).status_code == 500
    told = written.getvalue()
    for value in (*MARKED.values(), "标记", case.number, "Traceback"):
        assert value not in told, told
    found = lines(written)
    failed = [one for one in found if one["event"] == "request failed"]
    assert {one["route"] for one in failed} == {"portal:say", "desk:do"}
    assert any(one["error"].endswith("IntegrityError") for each in found for one in each.get("errors", ()))


def test_an_error_is_told_by_kind_code_and_place(written: io.StringIO) -> None:
    try:
        try:
            int(MARKED["phone"] + "x")
        except ValueError as error:
            raise OSError(28, MARKED["name"]) from error
    except OSError:
        structlog.get_logger().exception("it failed", phone=MARKED["phone"])
    (line,) = lines(written)
    assert [one["error"] for one in line["errors"]] == ["builtins.ValueError", "builtins.OSError 28"]
    assert "test_logs.py" in line["errors"][0]["at"][0]
    assert line["phone"] == "[withheld]"
    assert MARKED["phone"] not in written.getvalue()


def test_the_database_tells_its_kind_of_fault_alone(written: io.StringIO, world: World) -> None:
    try:
        Account.objects.create(username="officer", name=MARKED["name"])
    except IntegrityError:
        logging.getLogger("xinqiao.test").exception("twice")
    (line,) = lines(written)
    assert any("UniqueViolation 23505" in one["error"] for one in line["errors"])
    assert "officer" not in json.dumps(line["errors"]).replace("test_", "")


def test_what_a_reader_of_files_says_of_a_hostile_one_is_withheld(written: io.StringIO) -> None:
    """It quotes what stands in the file, sometimes with a % in it."""
    for name in ("pypdf.generic._data_structures", "pypdf._reader", "PIL.PngImagePlugin"):
        logging.getLogger(name).warning(f"invalid token {MARKED['name']} %s {MARKED['phone']}")
    assert [line["event"] for line in lines(written)] == ["withheld"] * 3
    assert MARKED["name"] not in written.getvalue()
    assert MARKED["phone"] not in written.getvalue()
