"""The tours lead over pages that exist, as sign-ins that exist."""

import re
from pathlib import Path

import pytest
from django.urls import get_resolver

from xinqiao.demo import matters, selectors, tours, views

SOURCE = Path(views.__file__).parents[1]


def _names() -> set[str]:
    found = set()
    for namespace, (_, resolver) in get_resolver().namespace_dict.items():
        found |= {f"{namespace}:{name}" for name in resolver.reverse_dict if isinstance(name, str)}
    return found


@pytest.mark.parametrize("tour", tours.TOURS, ids=lambda tour: tour.key)
def test_every_stop_is_a_page_with_a_sentence(tour):
    assert {stop.page for stop in tour.stops} <= _names()
    assert all(re.search(r"[。？！]$", stop.words) for stop in tour.stops)
    assert len(tour.stops) <= 10


def test_each_audience_has_its_tour():
    assert [one.key for one in tours.TOURS] == ["citizen", "officer", "handler"]
    logins = {one.login for one in matters.staff()}
    assert {one.login for one in tours.TOURS if one.login} <= logins
    assert tours.tour("handler").login == "chengguan"


@pytest.mark.django_db
@pytest.mark.parametrize("tour", tours.TOURS, ids=lambda tour: tour.key)
def test_every_stop_leads_on_and_says_where(client, monkeypatch, tour):
    """A stop has a way there, or says that one only goes on; a newcomer to the desk finds the sign-in."""
    monkeypatch.setattr(views, "demonstration", lambda: True)
    monkeypatch.setattr(selectors, "work_to_try", lambda login: "123456789012-1")
    example = selectors.Example("123456789012", "1234567890", "路灯", "正在办理，刚催过", "urged")
    monkeypatch.setattr(selectors, "examples", lambda: [example])
    page = client.get(f"/demo/{tour.key}/").content.decode()
    stops = re.findall(r"<li><p>(.*?)</li>", page.split('class="demo-stops"')[1].split("</ol>")[0], re.S)
    assert len(stops) == len(tour.stops)
    assert all('href="/' in stop or "接着上一站往下走" in stop for stop in stops)
    assert ("/desk/account/login/?next=/desk/" in page) is bool(tour.login)
    if tour.login:
        assert 'href="/desk/cases/123456789012-1/#' in page
    else:
        assert 'href="/track/#123456789012.1234567890"' in page


def test_places_on_the_pages_exist():
    """Every anchor that a tour points to is an id or a name in a template."""
    found = (path for path in SOURCE.glob("*/templates/**/*") if path.suffix in (".html", ".jinja"))
    templates = "".join(path.read_text() for path in found)
    for anchor in {stop.anchor for tour in tours.TOURS for stop in tour.stops if stop.anchor.startswith("#")}:
        assert f'id="{anchor[1:]}"' in templates, anchor
