"""What the generator gives and the loader plays: a case as a line of dated acts, and the clock that lays them out."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Literal

from xinqiao.kernel.clock import SHANGHAI, day_of
from xinqiao.law import calendars, terms

PETITIONER = "petitioner"
_MORNING, _NOON, _AFTERNOON, _EVENING = time(8, 40), time(11, 50), time(13, 40), time(17, 20)


@dataclass(frozen=True)
class Ref:
    """Stands for something that has an id only in the database: an organ by code, a post by sign-in, a photo by name."""

    kind: Literal["organ", "post", "photo"]
    code: str


@dataclass(frozen=True)
class Person:
    """Somebody invented, in a role towards the matter."""

    role: str
    name: str
    phone: str = ""
    firm: str = ""


@dataclass(frozen=True)
class Step:
    """`actor` (a sign-in, or PETITIONER) takes `step` at a moment."""

    at: datetime
    actor: str
    step: str
    inputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CaseScript:
    """One case from its first word to where it stands today."""

    key: str
    matter: str
    kind: str
    situation: str  # why this case is in the demonstration, e.g. "decision-tomorrow"
    channel: str
    taken_by: str  # the sign-in of the clerk, or PETITIONER
    received_at: datetime
    text: str
    title: str
    wish: str
    place: str
    area_code: str
    reporter: str
    people: tuple[Person, ...]
    joint_count: int = 1
    confidential: bool = False
    about_official: bool = False
    photos: int = 0
    entered_seconds: int | None = None
    steps: tuple[Step, ...] = ()


def at_time(day: date, hour: int, minute: int = 0) -> datetime:
    """A moment of a day in Shanghai."""
    return datetime.combine(day, time(hour, minute), SHANGHAI)


def workdays_back(day: date, count: int) -> date:
    """The working day `count` working days before `day`; for 0 the last working day not after it."""
    while not calendars.is_workday(day):
        day -= timedelta(days=1)
    for _ in range(count):
        day -= timedelta(days=1)
        while not calendars.is_workday(day):
            day -= timedelta(days=1)
    return day


def next_due_day(day: date) -> date:
    """`day`, or the first working day after it: nothing falls due on a rest day."""
    return calendars.roll(day)


def start_for(term: str, due: date) -> date:
    """The latest working day from which `term` runs to `due`, or, when none does, to the last day before it."""
    day = workdays_back(due, 0)
    while True:
        if terms.term(term, day).due <= due and calendars.is_workday(day):
            return day
        day -= timedelta(days=1)


class Timeline:
    """A clock that only goes forward, keeps office hours for staff, and drops what would lie after `until`."""

    def __init__(self, rng: random.Random, begins: datetime, until: datetime) -> None:
        self._rng = rng
        self.at = begins
        self.until = until
        self.steps: list[Step] = []

    @property
    def day(self) -> date:
        """The day on which the clock stands."""
        return day_of(self.at)

    @property
    def over(self) -> bool:
        """Whether the clock has passed the end: nothing more will be kept."""
        return self.at > self.until

    def minutes(self, least: int, most: int) -> "Timeline":
        """Go on by some minutes, whatever the hour."""
        self.at += timedelta(minutes=self._rng.randint(least, most))
        return self

    def work(self, workdays: int = 0) -> "Timeline":
        """Go to a moment in office hours `workdays` working days on; 0 is later on the same day, when there is time."""
        if workdays == 0 and calendars.is_workday(self.day):
            later = self.at + timedelta(minutes=self._rng.randint(8, 75))
            fits = self._fit(later)
            if fits is not None:
                self.at = fits
                return self
            workdays = 1
        return self.on(calendars.add_workdays(self.day, max(1, workdays)))

    def on(self, day: date) -> "Timeline":
        """Go to a moment in office hours of `day`, or of the next working day; never back."""
        day = calendars.roll(day)
        if day <= self.day:
            return self.work(0) if day == self.day else self
        begins, ends = self._rng.choice(((_MORNING, _NOON), (_AFTERNOON, _EVENING)))
        span = (ends.hour - begins.hour) * 60 + ends.minute - begins.minute
        self.at = datetime.combine(day, begins, SHANGHAI) + timedelta(minutes=self._rng.randint(0, span))
        return self

    def home(self, days: int) -> "Timeline":
        """Go to a moment at which a citizen sits at home, `days` days on."""
        if days:
            self.at = at_time(self.day + timedelta(days=days), self._rng.randint(8, 21), self._rng.randint(0, 59))
        else:
            self.at += timedelta(minutes=self._rng.randint(10, 60))
        return self

    def take(self, actor: str, step: str, **inputs: Any) -> "Timeline":
        """Write down a step, unless it would lie after the end. What is None or empty is left out of the inputs."""
        if not self.over:
            kept = {name: value for name, value in inputs.items() if value not in (None, "", [])}
            self.steps.append(Step(self.at, actor, step, kept))
        return self

    def _fit(self, moment: datetime) -> datetime | None:
        if day_of(moment) != self.day:
            return None
        clock = moment.astimezone(SHANGHAI).time()
        if clock < _MORNING:
            return datetime.combine(day_of(moment), _MORNING, SHANGHAI) + timedelta(minutes=self._rng.randint(0, 40))
        if _NOON < clock < _AFTERNOON:
            return datetime.combine(day_of(moment), _AFTERNOON, SHANGHAI) + timedelta(minutes=self._rng.randint(0, 20))
        return moment if clock <= _EVENING else None
