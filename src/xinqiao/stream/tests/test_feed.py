"""What the stream reads of the ledger: everything while somebody listens, nothing but the place while nobody does."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from tests.support import database
from tests.support.world import World, make

from xinqiao.people import access
from xinqiao.people.actors import SYSTEM
from xinqiao.people.presence import Presence
from xinqiao.stream.app import poll
from xinqiao.stream.feed import Feed, News
from xinqiao.stream.hub import Hub
from xinqiao.stream.tokens import Pass


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
            await asyncio.to_thread(district.receive)
            await feed.pass_over()
            before = await feed.news()
            later = await asyncio.to_thread(_receive_and_hang_up)
            found = await feed.news()
            assert found.cases == {later}
            return before, found
        finally:
            await feed.close()

    def _receive_and_hang_up() -> str:
        try:
            return str(district.receive().case.id)
        finally:
            connection.close()

    before, _found = asyncio.run(look())
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
        asyncio.run(poll(Told(given), hub, every=0))
    assert asked == ["passed over", "news"]
