"""Who listens, and what each has not been told yet. News that come together are told together."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from xinqiao.people.presence import Presence
from xinqiao.stream.feed import News
from xinqiao.stream.tokens import Pass


class Listener:
    """One open page."""

    def __init__(self, held: Pass) -> None:
        self.topics = News(held.organs, held.cases)
        self.holder = held.holder
        self.until = held.until
        self.ended = False
        self.pending = News()
        self.wake = asyncio.Event()

    def tell(self, news: News) -> None:
        """Keep what concerns this listener until it is taken."""
        mine = news & self.topics
        if mine:
            self.pending |= mine
            self.wake.set()

    def end(self) -> None:
        """Its holder is gone: tell it nothing more."""
        self.ended = True
        self.wake.set()

    async def next(self, seconds: float) -> News:
        """Wait for news, at most so long; empty when there were none, or when the holder is gone (`ended`)."""
        try:
            await asyncio.wait_for(self.wake.wait(), max(seconds, 0))
        except TimeoutError:
            return News()
        self.wake.clear()
        found, self.pending = self.pending, News()
        return found


class Hub:
    """All listeners of this process."""

    def __init__(self, *, most: int = 5000, most_each: int = 20) -> None:
        self.most, self.most_each = most, most_each
        self.listeners: set[Listener] = set()
        self.each: Counter[str] = Counter()

    def full(self, token: str) -> bool:
        """Whether there is no further place: too many altogether, or with this token."""
        return len(self.listeners) >= self.most or self.each[token] >= self.most_each

    @asynccontextmanager
    async def listening(self, held: Pass, token: str) -> AsyncIterator[Listener]:
        """A place for one page, as long as the block lasts."""
        listener = Listener(held)
        self.listeners.add(listener)
        self.each[token] += 1
        try:
            yield listener
        finally:
            self.listeners.discard(listener)
            self.each[token] -= 1
            if not self.each[token]:
                del self.each[token]

    def holders(self) -> set[Presence]:
        """Who listens."""
        return {listener.holder for listener in self.listeners}

    def dismiss(self, gone: Collection[Presence]) -> None:
        """End the streams of those who are not there any more."""
        for listener in self.listeners:
            if listener.holder in gone:
                listener.end()

    def publish(self, news: News) -> None:
        """Tell everybody what concerns them."""
        for listener in self.listeners:
            listener.tell(news)
