"""Loads the demonstration by replaying its scripts through the real services, day by day, as they would have happened."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from multiprocessing.context import SpawnProcess
from pathlib import Path
from threading import BrokenBarrierError
from typing import Any

from django.db import connection, connections
from django.db.models import Max

from xinqiao.cases import watch
from xinqiao.cases.models import Record
from xinqiao.demo import founding, sharing
from xinqiao.demo.generator import generate
from xinqiao.demo.scripts import CaseScript, Step
from xinqiao.demo.stage import LOADER, Stage
from xinqiao.kernel.clock import day_of, start_of
from xinqiao.kernel.errors import Refused
from xinqiao.ledger import services as ledger
from xinqiao.people import access, keys
from xinqiao.people import services as people
from xinqiao.people.models import Instance, Organ

Progress = Callable[[int, int, str], None]
Act = tuple[datetime, int, CaseScript, Step | None]
Days = Sequence[tuple[date, Sequence[Act]]]
LONGEST_DAY = 600  # seconds after which a helper is given up
ANCHOR_WAITS = 120  # seconds for whoever else writes on this server; what they hold back waits for the next anchor
CASE = 1000  # acts of one case are numbered from a multiple of this


@dataclass(frozen=True)
class Loaded:
    """What was loaded."""

    today: date
    cases: int
    steps: int
    knowledge: int


def load(
    *,
    at: datetime,
    choose: Callable[[list[CaseScript]], list[CaseScript]] | None = None,
    progress: Progress | None = None,
    workers: int = 1,
    anchors: Path | None = None,
) -> Loaded:
    """Load the demonstration as of the morning of the day of `at` into an empty database.

    `choose` may leave out scripts (generator.one_of_each gives a small demonstration). Run it as the role that sees sealed
    rows, outside any transaction: each told day is committed by itself. A load that was broken off goes on where it stopped,
    with the day on which it began. More `workers` than one are processes of their own that share out the cases.
    At the end the ledger is anchored as of the evening before, so that every case has its proof; the anchor is published
    into the folder `anchors` when one is named. Raises Refused in a database that is used for anything else.
    """
    today = _begin(at)
    with access.acting(LOADER):
        if not Organ.objects.exists():
            founding.found(today=today, actor=LOADER, at=at)
    scripts = choose(generate(today)) if choose else generate(today)
    acts = sorted(_acts(scripts), key=lambda act: (act[0], act[1]))
    days = [(day, list(todays)) for day, todays in groupby(acts, key=lambda act: day_of(act[0]))]
    with access.acting(LOADER):
        keys.code_hash("warm")  # the keys stand before anybody needs them at once
        last = Record.objects.aggregate(last=Max("at"))["last"]
    telling = _Telling(days, None if last is None else day_of(last))
    telling.run(workers, progress or (lambda done, total, words: None))
    watch.watch_all(at=at)
    with access.acting(LOADER):
        entries = founding.knowledge(actor=LOADER, at=at)
    with access.acting(LOADER):
        ledger.wait_until_settled(ANCHOR_WAITS)
    with access.acting(LOADER):
        ledger.anchor_take(day=today - timedelta(days=1), at=at)
    if anchors is not None:
        with access.acting(LOADER):  # only what is committed is given out
            ledger.anchor_publish(folder=anchors)
    return Loaded(today, len(scripts), len(acts) - len(scripts), entries)


def _begin(at: datetime) -> date:
    """Mark the database, once, and say which day the demonstration is told for: the day on which it was first begun."""
    with access.acting(LOADER):
        row = Instance.objects.filter(pk=1).first()
        if row is not None and row.demonstration:
            return day_of(row.created_at)
        if row is not None or Organ.objects.exists():
            raise Refused("这个数据库已经在用，不能装载演示数据。", remedy="请另建一个空的数据库，再装载演示数据。")
        people.instance_create(demonstration=True, actor=LOADER, at=at)
    return day_of(at)


def _acts(scripts: list[CaseScript]) -> Iterator[Act]:
    """Every act of every script; within a case they keep their order even when they fall on the same minute."""
    for place, script in enumerate(scripts):
        yield script.received_at, place * CASE, script, None
        for index, step in enumerate(script.steps, start=1):
            yield step.at, place * CASE + index, script, step


class _Telling:
    """Tells the days one after the other; in a day several processes may tell the cases that fall to them."""

    def __init__(self, days: Days, told: date | None) -> None:
        self._days = days
        self._told = told  # how far an earlier load came
        self._stage = Stage()

    def run(self, workers: int, progress: Progress) -> None:
        if workers > 1:
            self._together(workers, progress)
            return
        for day, acts in self._days:
            self._night(day)
            self.tell(day, acts)
            self._report(day, progress)

    def _night(self, day: date) -> None:
        """What the watcher did in the night before."""
        if self._told is None or day >= self._told:
            watch.watch_all(at=start_of(day))

    def tell(self, day: date, acts: Sequence[Act]) -> None:
        """Play the acts of a day."""
        play = self._stage.resume if self._told is not None and day <= self._told else self._stage.play
        with access.acting(LOADER):  # one transaction a day; each act is bound to its own actor in it
            for _, _, script, step in acts:
                play(script, step)

    def _report(self, day: date, progress: Progress) -> None:
        total = sum(len(acts) for _, acts in self._days)
        done = sum(len(acts) for told, acts in self._days if told <= day)
        progress(done, total, f"{day:%Y-%m-%d}")

    def _together(self, workers: int, progress: Progress) -> None:
        # started anew, not forked: libraries that keep threads (typesetting) would stand still in a fork
        apart = multiprocessing.get_context("spawn")
        evening, trouble = apart.Barrier(workers + 1, timeout=LONGEST_DAY), apart.SimpleQueue()
        where = dict(connection.settings_dict)
        helpers = [
            apart.Process(
                target=sharing.run, args=(where, self._days, self._told, (mine, workers), evening, trouble), daemon=True
            )
            for mine in range(workers)
        ]
        for one in helpers:
            one.start()
        try:
            for day, _ in self._days:
                self._night(day)
                evening.wait()
                evening.wait()
                self._report(day, progress)
        except BrokenBarrierError:
            raise RuntimeError("a helper ended before its work" if trouble.empty() else trouble.get()) from None
        finally:
            evening.abort()
            _part(helpers)


def tell_share(days: Days, told: date | None, share: tuple[int, int], evening: Any, trouble: Any) -> None:
    """Tell one share (which, of how many) of the cases, in step with the others: never a day ahead of the watcher.

    What goes wrong is said in `trouble`, and the evening is called off for all.
    """
    mine, workers = share
    try:
        telling = _Telling(days, told)
        for day, acts in days:
            evening.wait()
            telling.tell(day, [act for act in acts if act[1] // CASE % workers == mine])
            evening.wait()
    except BrokenBarrierError:
        return
    except Exception as error:
        trouble.put("\n".join([f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ())]))
        evening.abort()
    finally:
        connections.close_all()


def _part(helpers: Sequence[SpawnProcess]) -> None:
    for helper in helpers:
        helper.join(timeout=10)
        if helper.is_alive():
            helper.terminate()
