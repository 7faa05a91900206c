"""The time of this instance: the machine's time, moved by the rehearsal's offset in a demonstration."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, timedelta
from typing import Any

from xinqiao.kernel.clock import day_of, utc_now
from xinqiao.ledger import batch

OFFSET = "SELECT clock_offset FROM people_instance WHERE id = 1"
_offset: ContextVar[timedelta | None] = ContextVar("xinqiao_clock_offset", default=None)
_caching: ContextVar[bool] = ContextVar("xinqiao_clock_caching", default=False)


def now() -> datetime:
    """The moment it is here, aware, in UTC. The only source of "now" for faces, jobs and commands."""
    return utc_now() + offset()


def today() -> date:
    """The calendar day it is here, in Shanghai."""
    return day_of(now())


def offset() -> timedelta:
    """How far the rehearsal clock stands from the machine's; nought outside a demonstration."""
    known = _offset.get()
    if known is not None:
        return known
    return read(batch.rows(OFFSET))


def read(rows: Sequence[tuple[Any, ...]]) -> timedelta:
    """The offset from the rows of OFFSET, for who asks it together with something else."""
    value: timedelta = rows[0][0] if rows and rows[0][0] else timedelta()
    if _caching.get():
        _offset.set(value)
    return value


@contextmanager
def cached() -> Iterator[None]:
    """Read the offset at most once inside this block: a request or a job does not see the clock jump."""
    caching, offset_token = _caching.set(True), _offset.set(None)
    try:
        yield
    finally:
        _offset.reset(offset_token)
        _caching.reset(caching)


def forget() -> None:
    """Read the offset anew at the next call: the clock has just been moved."""
    _offset.set(None)
