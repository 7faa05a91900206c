"""The pass of an open page: bound to its reader, renewed on request, never for what the reader does not see."""

import re
from typing import Any
from urllib.parse import unquote

import pytest
from django.test import Client
from tests.support.world import World

from xinqiao.desk.tests.road import new_case, signed_in
from xinqiao.people.presence import Presence
from xinqiao.stream import tokens

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def stream(settings: Any) -> None:
    settings.STREAM_URL = "http://127.0.0.1:8001"


def held(url: str) -> tokens.Pass:
    found = tokens.check(unquote(url.partition("?token=")[2]))
    assert found is not None
    return found


def test_a_page_listens_as_long_as_its_reader_is_there(world: World) -> None:
    case = new_case(world)
    officer = signed_in(world, "officer")
    post = world.posts["officer"]
    page = officer.get(f"/desk/cases/{case.number}/").content.decode()
    (url,) = re.findall(r'data-xq-live="([^"]+)"', page)
    (renewal,) = re.findall(r'data-xq-live-renew="([^"]+)"', page)
    again = officer.get(renewal, headers={"X-Live": "1"})
    assert again.headers["Cache-Control"] == "private, no-store"
    for one in (held(url), held(again.json()["url"])):
        assert one.holder == Presence(str(officer.session.session_key), post.account_id, post.pk)
        assert (one.organs, one.cases) == (frozenset({post.organ_id}), frozenset({str(case.id)}))


def test_a_stranger_gets_no_pass_for_a_case(world: World) -> None:
    case = new_case(world)
    address = f"/desk/live/?case={case.number}"
    assert signed_in(world, "other").get(address).status_code == 404
    assert Client().get(address).status_code == 302
    officer = signed_in(world, "officer")
    assert officer.get(address).status_code == 200
    officer.post("/desk/account/logout/")
    assert officer.get(address).status_code == 302


def test_without_a_stream_there_is_nothing_to_listen_to(world: World, settings: Any) -> None:
    settings.STREAM_URL = ""
    officer = signed_in(world, "officer")
    assert officer.get("/desk/live/").json() == {"url": ""}
    page = officer.get("/desk/").content.decode()
    assert 'data-xq-live=""' in page
    assert "data-xq-live-renew" not in page
