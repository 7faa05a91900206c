"""Asks the database who of the listeners is still there. Django's own connection, on a thread of its own."""

import asyncio
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor

from django.db import close_old_connections, connections

from xinqiao.kernel.clock import day_of, utc_now
from xinqiao.people import access, clock, presence
from xinqiao.people.actors import SYSTEM
from xinqiao.people.presence import Presence


class Guard:
    """One thread, one connection; made again when it was lost."""

    def __init__(self) -> None:
        self.thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="guard")

    async def still_there(self, claimed: Collection[Presence]) -> set[Presence]:
        """Those who are still there. Raises django.db.Error when the database is gone."""
        if not claimed:
            return set()
        return await asyncio.get_running_loop().run_in_executor(self.thread, _ask, frozenset(claimed))

    async def close(self) -> None:
        """Hang up."""
        await asyncio.get_running_loop().run_in_executor(self.thread, connections.close_all)
        self.thread.shutdown(wait=False)


def _ask(claimed: Collection[Presence]) -> set[Presence]:
    close_old_connections()
    try:
        with access.acting(SYSTEM("stream")):
            return presence.still_there(claimed, at=utc_now(), on=day_of(clock.now()))
    except Exception:
        connections.close_all()
        raise
