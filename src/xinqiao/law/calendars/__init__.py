"""Which days are worked: the State Council's yearly notices as dated data, weekends beyond the last published year.

A rest day is a statutory holiday, or a weekend day that is not a make-up working day (调休).
"""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_FOLDER = Path(__file__).parent
_ONE = timedelta(days=1)


class CalendarMissing(LookupError):
    """No published calendar reaches back to the day asked for."""


@cache
def _years() -> dict[int, dict[str, Any]]:
    pages = (yaml.safe_load(path.read_text("utf-8")) for path in sorted(_FOLDER.glob("*.yaml")))
    return {page["year"]: page for page in pages}


@cache
def _tables() -> tuple[dict[date, str], frozenset[date]]:
    rests: dict[date, str] = {}
    worked: set[date] = set()
    for page in _years().values():
        for holiday in page["holidays"]:
            day = holiday["from"]
            while day <= holiday["to"]:
                rests[day] = holiday["name"]
                day += _ONE
        worked.update(row["day"] for row in page["workdays"])
    return rests, frozenset(worked)


def years() -> tuple[int, ...]:
    """The published years, in order."""
    return tuple(_years())


def page(year: int) -> Mapping[str, Any]:
    """What the notice of a published year says: source, holidays (name, from, to), workdays (day, for). Raises KeyError."""
    return _years()[year]


def first_day() -> date:
    """The first day that the calendar knows."""
    return date(min(_years()), 1, 1)


def last_day() -> date:
    """The last published day. What lies beyond is provisional: weekends only."""
    return date(max(_years()), 12, 31)


def holiday_name(day: date) -> str:
    """The holiday's Chinese name, '' when the day is none."""
    return _tables()[0].get(day, "")


def is_makeup(day: date) -> bool:
    """Is `day` a weekend day that is worked in exchange for a holiday?"""
    return day in _tables()[1]


@cache
def is_workday(day: date) -> bool:
    """Is `day` worked? Raises CalendarMissing before the first published year."""
    if day < first_day():
        raise CalendarMissing(f"no calendar before {first_day().isoformat()}: {day.isoformat()}")
    rests, worked = _tables()
    return day in worked or (day not in rests and day.weekday() < 5)


def next_workday(day: date) -> date:
    """The first worked day after `day`."""
    day += _ONE
    while not is_workday(day):
        day += _ONE
    return day


def roll(day: date) -> date:
    """`day` itself when it is worked, else the first worked day after it (民法典 203)."""
    return day if is_workday(day) else next_workday(day)


def add_workdays(day: date, count: int) -> date:
    """The `count`-th worked day after `day`, which is itself not counted."""
    for _ in range(count):
        day = next_workday(day)
    return day


def is_provisional(day: date) -> bool:
    """Does `day` lie beyond the last published calendar?"""
    return day > last_day()
