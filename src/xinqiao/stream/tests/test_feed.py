"""What the stream reads of the ledger: everything while somebody listens, nothing but the place while nobody does."""

import asyncio
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
from django.db import connection
from tests.support import database
from tests.support.world import World, make

from xinqiao.ledger.tests.conftest import settle
from xinqiao.people import access
from xinqiao.people.actors import SYSTEM
from xinqiao.people.presence import Presence
from xinqiao.stream.app import poll
from xinqiao.stream.feed import Feed, News
from xinqiao.stream.hub import Hub
from xinqiao.stream.tokens import Pass

T = TypeVar("T")


def in_a_loop(work: Coroutine[Any, Any, T]) -> T:
    """Its end, from a thread of its own: a browser's test may have left a loop running in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


@pytest.fixture
def district(fresh_database: str) -> Iterator[World]:
    with access.acting(SYSTEM("tests")):
        world = make()
    yield world
    connection.close()


def test_what_came_while_nobody_listened_is_passed_over(district: World, fresh_database: str) -> None:
    async def look() -> tuple[News, News]:
        feed = Feed(database.admin(fresh_database))
        try:
            await feed.open()
            await asyncio.to_thread(received)
            await feed.pass_over()
            before = await feed.news()
            later = await asyncio.to_thread(received)
            found = await feed.news()
            assert found.cases == {later}
            return before, found
        finally:
            await feed.close()

    def received() -> str:
        """Committed, with nobody writing who began before: only then it is told."""
        try:
            case = district.receive().case
            with access.acting(SYSTEM("tests")):  # somebody who sees the entry that is to be waited for
                settle()
            return str(case.id)
        finally:
            connection.close()

    before, _found = in_a_loop(look())
    assert not before


def test_the_ledger_is_read_for_listeners_alone() -> None:
    asked: list[str] = []
    hub = Hub()

    class Told(Feed):
        async def news(self) -> News:
            asked.append("news")
            raise asyncio.CancelledError

        async def pass_over(self) -> None:
            asked.append("passed over")
            await joined.__aenter__()

    joined = hub.listening(Pass(Presence("k" * 32, 1, 1), frozenset(), frozenset(), 2**40), "token")
    given: dict[str, Any] = {}
    with pytest.raises(asyncio.CancelledError):
        in_a_loop(poll(Told(given), hub, every=0))
    assert asked == ["passed over", "news"]
