"""What the front door tells everybody: for which places there is an office, and how long answers really took."""

from datetime import timedelta

import pytest
from tests.support.world import MORNING, World

from xinqiao.intake import selectors
from xinqiao.people import access
from xinqiao.people.actors import CITIZEN

pytestmark = pytest.mark.django_db


def test_places_are_those_of_the_offices_here(world: World) -> None:
    access.bind(CITIZEN())
    assert [area.code for area in selectors.places(MORNING.date())] == ["330105", "330105003", "330106"]


def test_few_answers_say_nothing_and_enough_say_how_long(world: World) -> None:
    for days in range(selectors.FEWEST):
        case = world.receive(at=MORNING + timedelta(minutes=days)).case
        world.step(case, "classify", "officer", at=MORNING + timedelta(hours=1), route="inquiry", content_code="030800")
        if days == selectors.FEWEST - 1:
            access.bind(CITIZEN())
            assert selectors.how_long(at=MORNING + timedelta(days=days)) == {}
        at = MORNING + timedelta(days=days, hours=2)
        world.step(case, "answer", "officer", at=at, reply="请打养护单位电话。", way="phone")
    access.bind(CITIZEN())
    pace = selectors.how_long(at=MORNING + timedelta(days=30))["inquiry"]
    assert (pace.answered, pace.half, pace.most) == (selectors.FEWEST, 4, 8)
    assert access.current() == CITIZEN()
