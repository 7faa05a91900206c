"""Pages that everybody may read, and what a page may cost."""

import pytest
from django.test import Client
from django.urls import reverse
from tests.support.world import LONG_AGO, MORNING, World

from xinqiao.people.actors import SYSTEM
from xinqiao.portal.tests.support import at_most
from xinqiao.triage.services import knowledge_store

pytestmark = pytest.mark.django_db

OPEN = ["front", "how-long", "say", "track", "track-phone", "mine", "knowledge", "how", "lost", "rights"]


@pytest.mark.parametrize("name", OPEN)
def test_every_open_page_answers_in_both_languages(client: Client, world: World, name: str) -> None:
    for language in ("zh-hans", "en"):
        client.cookies["xinqiao-language"] = language
        answer = client.get(reverse(f"portal:{name}"))
        assert answer.status_code == 200
        assert answer["Content-Security-Policy"]


@pytest.mark.parametrize(("name", "queries"), [("front", 5), ("say", 6), ("track", 4), ("how", 8), ("rights", 4)])
def test_open_pages_ask_little(client: Client, world: World, name: str, queries: int) -> None:
    with at_most(queries):
        client.get(reverse(f"portal:{name}"))


@pytest.mark.parametrize("name", ["say", "track", "track-phone", "mine"])
def test_personal_pages_are_kept_nowhere(client: Client, world: World, name: str) -> None:
    answer = client.get(reverse(f"portal:{name}"))
    assert "no-store" in answer["Cache-Control"]
    assert answer["Referrer-Policy"] == "same-origin"


def test_the_front_takes_words_along_without_putting_them_into_an_address(client: Client, world: World) -> None:
    front = client.get("/")
    assert 'action="/say/"' in front.content.decode()
    answer = client.post("/say/", {"begin": "1", "text": "楼道灯坏了"})
    assert answer.status_code == 200
    assert "楼道灯坏了" in answer.content.decode()


def test_an_office_shows_where_and_when(client: Client, world: World) -> None:
    office = world.organs["xf"]
    office.address, office.phone, office.hours = "便民路1号", "0571-0000-1003", "工作日 8:30-17:30"
    office.save()
    page = client.get("/how/").content.decode()
    assert "便民路1号" in page
    assert "工作日 8:30-17:30" in page


def test_words_that_find_nothing_lead_on(client: Client, world: World) -> None:
    page = client.get("/knowledge/", {"q": "没有这样的事"}).content.decode()
    assert "没有找到现成的答案" in page
    assert 'href="/say/"' in page


def test_an_unknown_entry_is_not_there(client: Client, world: World) -> None:
    assert client.get("/knowledge/nothing-here/").status_code == 404


def test_what_is_public_is_found_by_two_characters_and_what_is_not_stays_inside(client: Client, world: World) -> None:
    for slug, public in (("lamp", True), ("inside", False)):
        knowledge_store(
            slug=slug,
            question="路灯坏了找谁修",
            answer="打城管热线，三天内修好。",
            public=public,
            valid_from=LONG_AGO,
            organ_id=world.organs["cg"].pk,
            actor=SYSTEM("test"),
            at=MORNING,
        )
    found = client.get("/knowledge/", {"q": "路灯"}).content.decode()
    assert "/knowledge/lamp/" in found
    assert "/knowledge/inside/" not in found
    assert "三天内修好" in client.get("/knowledge/lamp/").content.decode()
    assert client.get("/knowledge/inside/").status_code == 404
