"""One town a module, served; a stage for every story."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stories import town
from tests.stories.stage import Stage
from tests.support.world import World
from xinqiao.people.access import acting


@pytest.fixture(scope="module")
def town_(live: Any) -> World:
    """The town, committed, so that the pages see it."""
    with acting(town.TELLER):
        return town.found()


@pytest.fixture(scope="module")
def doors() -> dict[str, list[Any]]:
    """The cookies of those who have signed in through the door in this module."""
    return {}


@pytest.fixture
def stage(
    request: pytest.FixtureRequest,
    width: int,
    town_: World,
    windows: Any,
    shot: Callable[[Any, str], Path],
    accessible: Callable[[Any], None],
    as_role: Callable[[str], Any],
    doors: dict[str, list[Any]],
) -> Iterator[Stage]:
    """An empty stage, named after its story."""
    name = request.node.originalname.removeprefix("test_")[:24].rstrip("_")
    stage = Stage(name, width, town_, windows, shot, accessible, as_role, doors)
    failures = request.session.testsfailed
    yield stage
    if (
        request.session.testsfailed > failures and not stage.private
    ):  # what everybody had before them when it went wrong
        for login, page in stage.pages.items():
            shot(page, f"{name}-failed-{login}")
