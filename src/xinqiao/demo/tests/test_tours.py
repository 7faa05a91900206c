"""The tours lead over pages that exist, as sign-ins that exist."""

import re

import pytest
from django.urls import get_resolver

from xinqiao.demo import matters, tours


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
