"""From a matter's pattern to a text of its own: slots filled, one of several words chosen. The same seed, the same text."""

import random
import re
from datetime import date, timedelta
from functools import cache
from typing import Any

from xinqiao.demo.matters import Place, read

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{(\w+)\}")
_PART = ("上旬", "中旬", "下旬")
_RANGES = {
    "count": (6, 28),
    "small": (2, 6),
    "weeks": (2, 7),
    "months": (2, 11),
    "years": (3, 18),
    "days": (5, 40),
    "meters": (30, 260),
    "meters10": (4, 14),
    "cm": (4, 25),
    "sqm": (8, 60),
    "wan": (2, 28),
    "age": (66, 88),
    "building": (1, 38),
    "unit": (1, 4),
    "no": (3, 398),
    "month": (3, 12),
    "hour": (8, 11),
    "amount2": (18, 190),
}
_LISTS = {
    "road": "roads",
    "road2": "roads",
    "estate": "estates",
    "shop": "shops",
    "firm": "firms",
    "school": "schools",
    "hospital": "hospitals",
    "metro": "metros",
}


@cache
def pools() -> dict[str, Any]:
    """The words of demo/data/pools.yaml."""
    found: dict[str, Any] = read("pools.yaml")
    return found


def person_name(rng: random.Random) -> str:
    """A name of nobody."""
    return str(rng.choice(pools()["surnames"])) + str(rng.choice(pools()["given"]))


class Wording:
    """The slots of one case: each is chosen when first asked for and stays the same through all texts of the case."""

    def __init__(self, rng: random.Random, place: Place, received_on: date) -> None:
        self._rng = rng
        self._day = received_on
        self._slots: dict[str, str] = {"street": place.street, "community": place.name}

    def slot(self, name: str) -> str:
        """The value of a slot. Raises KeyError for a name that no slot has."""
        if name not in self._slots:
            self._slots[name] = self._choose(name)
        return self._slots[name]

    def say(self, pattern: str) -> str:
        """`pattern` with its choices made and its slots filled."""
        chosen = _CHOICE.sub(lambda found: self._rng.choice(found[1].split("|")), pattern)
        return _SLOT.sub(lambda found: self.slot(found[1]), chosen).strip()

    def one_of(self, pool: str, kind: str = "") -> str:
        """Something from a pool of words, filled."""
        words = pools()[pool][kind] if kind else pools()[pool]
        return self.say(str(self._rng.choice(words)))

    def _choose(self, name: str) -> str:
        rng = self._rng
        if name in _LISTS:
            left = [word for word in pools()[_LISTS[name]] if word not in self._slots.values()]
            return str(rng.choice(left))
        if name in _RANGES:
            return str(rng.randint(*_RANGES[name]))
        if name == "amount":
            return str(rng.randrange(600, 9800, 50))
        if name == "room":
            return f"{rng.randint(1, 9)}0{rng.randint(1, 4)}"
        if name == "name":
            return person_name(rng)
        if name == "date":
            day = self._day - timedelta(days=rng.randint(3, 25))
            return f"{day.month}月{day.day}日"
        if name == "since":
            day = self._day - timedelta(days=rng.randint(20, 150))
            year = "" if day.year == self._day.year else "去年"
            return f"{year}{day.month}月{rng.choice(_PART)}"
        raise KeyError(name)
