"""Switches of the look, the style guide, error pages and the weight of a page."""

import gzip
from http import HTTPStatus
from pathlib import Path

import pytest
from django.test import Client

from xinqiao.ui.csp import policy

STATIC = Path(__file__).resolve().parents[1] / "static"

pytestmark = pytest.mark.django_db


def test_elders_mode_is_remembered_and_goes_back_to_the_page(client: Client):
    answer = client.post("/ui/look/", {"elders": "1", "next": "/ui/guide/"})
    assert (answer.status_code, answer["Location"]) == (HTTPStatus.FOUND, "/ui/guide/")
    assert "xq-elders" in client.get("/ui/guide/").content.decode()
    client.post("/ui/look/", {"elders": "0"})
    assert 'class="xq-portal"' in client.get("/ui/guide/").content.decode()


def test_the_look_never_leads_elsewhere(client: Client):
    assert client.post("/ui/look/", {"elders": "1", "next": "https://example.org/"})["Location"] == "/"


def test_a_theme_nobody_knows_is_not_kept(client: Client):
    client.post("/ui/look/", {"theme": "<script>"})
    assert "xq_theme" not in client.cookies


def test_the_desk_can_be_dark(client: Client):
    client.post("/ui/look/", {"theme": "dark"})
    assert 'data-bs-theme="dark"' in client.get("/ui/guide/desk/").content.decode()


def test_the_guide_is_not_for_production(client: Client, settings):
    settings.XINQIAO_PROFILE = "production"
    assert client.get("/ui/guide/").status_code == HTTPStatus.NOT_FOUND
    assert client.get("/ui/guide/desk/").status_code == HTTPStatus.NOT_FOUND


def test_a_page_that_is_not_there_says_what_to_do_and_nothing_else(client: Client):
    answer = client.get("/ui/no-such-page/")
    assert answer.status_code == HTTPStatus.NOT_FOUND
    assert "没有找到这个页面。" in answer.content.decode()


@pytest.mark.parametrize("address", ["/ui/guide/", "/ui/guide/?wrong=1", "/ui/guide/desk/"])
def test_pages_carry_no_inline_style_handler_or_script(client: Client, address):
    page = client.get(address).content.decode()
    assert " style=" not in page
    assert " onclick=" not in page
    assert page.count("<script") == page.count('nonce="')
    assert "None" not in page


def test_the_policy_allows_no_eval_and_no_inline():
    directives = policy(connect=["http://127.0.0.1:9999"])["DIRECTIVES"]
    assert "http://127.0.0.1:9999" in directives["connect-src"]
    assert not any("unsafe" in str(value) for values in directives.values() for value in values)


def weight(*names: str) -> int:
    return sum(len(gzip.compress((STATIC / name).read_bytes())) for name in names)


@pytest.mark.skipif(not (STATIC / "vendor").is_dir(), reason="static/vendor is not there: run script/setup")
def test_pages_weigh_under_100_kb_and_their_scripts_under_30():
    everywhere = ("vendor/tabler.css", "vendor/icons.svg", "ui/tokens.css", "ui/parts.css", "ui/print.css")
    scripts = ("vendor/htmx.js", "ui/page.js", "ui/forms.js", "ui/drafts.js")
    assert weight(*scripts, "ui/keys.js", "ui/live.js") < 30_000
    assert weight(*scripts, "ui/receipt.js") < 30_000
    assert (
        weight(*everywhere, *scripts, "ui/portal.css", "ui/desk.css", "ui/keys.js", "ui/live.js", "ui/receipt.js")
        < 85_000
    )
