"""The page of a matter that is kept for a minute: given again only behind the check, and never when anything has moved."""

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from tests.support.world import World

from xinqiao.cases.models import Case
from xinqiao.people import access, clock, services
from xinqiao.people.actors import CITIZEN
from xinqiao.portal import kept
from xinqiao.portal.tests.support import at_most, come_back, number_and_code, say

pytestmark = pytest.mark.django_db
HIT = 2  # what is asked of the database for a page that is given again: the visit, then the version of the matter


@pytest.fixture(autouse=True)
def _shelf(settings: Any) -> Iterator[None]:
    settings.XINQIAO_KEPT_PAGES = 8
    kept.shelf.empty()
    yield
    kept.shelf.empty()


@pytest.fixture
def path(client: Client, world: World) -> str:
    """The page of a matter that this client has proven with its code, and opened."""
    number, _ = number_and_code(say(client))
    kept.shelf.empty()
    come_back(client, number)
    client.get(f"/my/{number}/")
    return f"/my/{number}/"


def case_of(path: str, client: Client) -> Case:
    proven = client.session["xinqiao_proof"]["cases"]
    access.bind(CITIZEN(proven))
    return Case.objects.get(pk=proven[0])


def given_again(client: Client, path: str) -> str:
    with at_most(HIT):
        page = client.get(path)
    assert page.status_code == 200
    return page.content.decode()


def test_an_unchanged_page_is_given_again_with_token_and_nonce_of_its_own(client: Client, path: str) -> None:
    first, second = (client.get(path) for _ in range(2))
    assert len(kept.shelf) == 1
    for page in (first, second):
        text = page.content.decode()
        nonce = re.search(r"'nonce-([^']+)'", page["Content-Security-Policy"])
        assert nonce
        assert set(re.findall(r'nonce="([^"]+)"', text)) == {nonce[1]}
        assert page["Content-Length"] == str(len(page.content))
        assert page["Cache-Control"] == "no-store, private"
        assert page["X-Frame-Options"] == "DENY"
        assert "\0" not in text
    assert first["Content-Security-Policy"] != second["Content-Security-Policy"]
    assert given_again(client, path)


def test_forms_of_a_page_given_again_are_taken(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.get("/track/")
    token = client.cookies["xinqiao-csrf"].value
    other = Client()
    number, code = number_and_code(say(other))
    answer = client.post("/track/", {"number": number, "code": code, "csrfmiddlewaretoken": token})
    page = answer["Location"]
    client.get(page)
    client.get(page)
    text = given_again(client, page)
    form = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', text)
    assert form
    assert client.post("/track/leave/", {"csrfmiddlewaretoken": form[1]}).status_code == 302
    assert client.get(page).status_code == 404


def test_nobody_without_the_code_gets_it_and_who_proves_it_gets_their_own_token(client: Client, path: str) -> None:
    given_again(client, path)
    stranger = Client()
    assert stranger.get(path).status_code == 404
    stranger.cookies["xinqiao-csrf"] = "a" * 32
    assert stranger.get(path).status_code == 404
    say(stranger)  # a visit of their own, with a matter of their own
    assert stranger.get(path).status_code == 404
    family = Client()
    come_back(family, path.split("/")[2])
    family.get(path)
    text = given_again(family, path)
    assert client.cookies["xinqiao-csrf"].value not in text
    assert family.cookies["xinqiao-csrf"].value != client.cookies["xinqiao-csrf"].value


def test_a_step_a_look_and_a_file_show_at_once(client: Client, world: World, path: str) -> None:
    before = given_again(client, path)
    at = clock.now()
    world.step(case_of(path, client), "classify", "officer", at=at, route="redress")
    world.step(case_of(path, client), "refer", "officer", at=at, lead=world.organs["cg"].pk)
    after = client.get(path).content.decode()
    assert after != before
    assert world.organs["cg"].name in after
    assert "没有人打开看过" in given_again(client, path)
    officer, case = world.actor("officer"), case_of(path, client)
    with access.acting(officer):
        services.person_reveal(
            person=case.person_id, fields=["phone"], reason="电话核实地址", actor=officer, at=at, case_id=case.id
        )
    assert "电话核实地址" in client.get(path).content.decode()


def test_language_and_letters_are_the_readers_own(client: Client, path: str) -> None:
    chinese = given_again(client, path)
    client.cookies["xinqiao-language"] = "en"
    english = client.get(path)
    assert english["Content-Language"] == "en"
    assert "您现在能做什么" not in english.content.decode()
    assert given_again(client, path).count('lang="en"') == 1
    client.cookies["xinqiao-language"] = "zh-hans"
    assert "您现在能做什么" in given_again(client, path)
    client.cookies["xq_elders"] = "1"
    assert "xq-elders" in client.get(path).content.decode()
    assert "xq-elders" in given_again(client, path)
    assert ' xq-elders"' not in chinese


def test_nothing_of_a_sealed_matter_is_kept(client: Client, world: World) -> None:
    number, _ = number_and_code(say(client, about_official="on"))
    come_back(client, number)
    for _ in range(3):
        assert client.get(f"/my/{number}/").status_code == 200
    assert case_of(f"/my/{number}/", client).sealed
    assert len(kept.shelf) == 0


def test_a_word_for_the_visitor_is_shown_once_and_kept_for_nobody(client: Client, path: str) -> None:
    given_again(client, path)
    form = client.get(f"{path}do/add_material/").context["form"]
    sent = {"in-key": form["key"].value(), "in-words": "昨天又问过一次，还是没有人来修。"}
    page = client.post(f"{path}do/add_material/", sent, follow=True).content.decode()
    assert "已经办好" in page
    for _ in range(2):
        assert "已经办好" not in client.get(path).content.decode()
    assert "昨天又问过一次" in given_again(client, path)


def test_a_page_stays_for_a_minute_and_only_so_many(
    client: Client, path: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_again(client, path)
    client.cookies["xq_elders"] = "1"
    settings.XINQIAO_KEPT_PAGES = 1
    client.get(path)
    assert len(kept.shelf) == 1
    later = time.monotonic() + kept.SECONDS + 1
    monkeypatch.setattr(kept.time, "monotonic", lambda: later)
    client.get("/rights/")
    assert len(kept.shelf) == 0


def test_none_is_kept_when_the_instance_keeps_none(client: Client, path: str, settings: Any) -> None:
    settings.XINQIAO_KEPT_PAGES = 0
    kept.shelf.empty()
    client.get(path)
    client.get(path)
    assert len(kept.shelf) == 0


def test_a_visit_that_is_over_gets_nothing(client: Client, path: str) -> None:
    given_again(client, path)
    session = client.session
    session["portal_seen"] = time.time() - 3600
    session.save()
    assert client.get(path).status_code == 404


def test_two_matters_of_one_visit_and_a_query_in_the_address_go_their_own_way(client: Client, path: str) -> None:
    given_again(client, path)
    other, _ = number_and_code(say(client, text="楼道里堆满了纸箱，过不去人，请来看看。"))
    client.get(path)
    assert given_again(client, path) != client.get(f"/my/{other}/").content.decode()
    with pytest.raises(AssertionError, match="queries"), at_most(HIT):
        client.get(f"{path}?print")
