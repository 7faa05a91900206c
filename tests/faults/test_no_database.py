"""The database is gone, or goes in the middle of a request: 503, when to come back, and nothing typed is lost."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test import Client

from tests.faults.support import FORM, HOST, humane
from tests.support import database
from tests.support.world import make
from xinqiao.intake.models import Submission
from xinqiao.people import access
from xinqiao.people.actors import SYSTEM
from xinqiao.portal.tests.support import fill


@pytest.fixture
def browser() -> Client:
    return Client(raise_request_exception=False)


# --- the database


@pytest.fixture
def gone(fresh_database: str) -> Iterator[None]:
    """Nobody answers where the database was."""
    connection.close()
    before = connection.settings_dict["HOST"]
    connection.settings_dict["HOST"] = "/nowhere"
    yield
    connection.close()
    connection.settings_dict["HOST"] = before


@pytest.mark.parametrize("path", ["/", "/say/", "/track/", "/desk/", "/knowledge/"])
def test_without_a_database_every_page_says_so(gone: None, browser: Client, path: str) -> None:
    answer = browser.get(path)
    page = humane(answer, "away", 503)
    assert int(answer["Retry-After"]) <= 60
    assert "系统暂时连不上" in page
    assert "再试一次" in page
    assert f'href="{path}"' in page
    assert ("回到工作台" in page) is path.startswith("/desk/")


@pytest.mark.parametrize(
    ("path", "back"), [("/say/", "回到首页"), ("/desk/cases/123456789012-1/do/classify/", "回到工作台")]
)
def test_a_form_sent_without_a_database_leads_back_to_what_was_typed(
    gone: None, browser: Client, path: str, back: str
) -> None:
    page = humane(browser.post(path, fill(), **HOST, HTTP_REFERER=f"http://testserver{path}"), "away", 503)
    assert "没有留下半截的记录" in page
    assert "不会重复登记" in page
    assert f'href="{path}"' in page
    assert back in page
    foreign = browser.post(path, fill(), **HOST, HTTP_REFERER="http://elsewhere.example/bad")
    assert "elsewhere" not in foreign.content.decode()


def test_programs_without_a_database(gone: None, browser: Client) -> None:
    answer = browser.post("/api/v1/track", {"number": "1", "code": "2"}, content_type="application/json")
    assert (answer.status_code, answer.json()["type"]) == (503, "/api/v1/docs#away")


def test_a_database_that_dies_in_the_middle_of_a_request(fresh_database: str, browser: Client) -> None:
    """The server ends the connection after the case was written: nothing of it stays, and the same form goes through."""
    with access.acting(SYSTEM("test")):
        make()
    form = fill()
    seen = []

    def cut(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        done = execute(sql, params, many, context)
        if "EXECUTE insert_cases" in sql and not seen:
            seen.append(sql)
            with psycopg.connect(**database.admin(fresh_database)) as admin:
                admin.execute("SELECT pg_terminate_backend(%s)", [connection.connection.info.backend_pid])
        return done

    with connection.execute_wrapper(cut):
        answer = browser.post("/say/", form, **FORM)
    assert seen
    humane(answer, "away", 503)
    assert browser.post("/say/", form).status_code == 302
    with access.acting(SYSTEM("test")):
        assert Submission.objects.count() == 1
