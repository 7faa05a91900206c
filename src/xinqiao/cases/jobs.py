"""Work of the worker process: the watcher each minute, papers frozen after their step."""

import logging
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.db import connection, connections, transaction
from django.db.models import Q
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from xinqiao.people import clock
from xinqiao.people.access import acting
from xinqiao.people.actors import SYSTEM

from . import documents, finding, hooks, links, succession, watch
from .models import Document

PRINTER = SYSTEM("printer")
AT_ONCE = 200
SHEETS = 8  # papers that are frozen in one transaction
PRESSES = 2  # papers set at the same time: typesetting leaves Python free meanwhile; one while the machine is busy
TURNS = Path("/proc/thread-self/schedstat")  # a unit may hide the rest of /proc, not this
FIRST_PAUSE, LONGEST_PAUSE = 60.0, 3600.0  # seconds after which a paper that could not be frozen is tried again
ALARM_AT = 4
FINDER = SYSTEM("finder")
CARRIER = SYSTEM("carrier")
log = logging.getLogger("xinqiao.cases")
_put_off: dict[UUID, tuple[int, float]] = {}  # of this process: tries, and when the next one may be
HERALD = SYSTEM("herald")


@app.periodic(cron="* * * * *")
@app.task(queue="watch", queueing_lock="cases.watch")
def watch_obligations(timestamp: int) -> None:
    """Turn what is near yellow and what is over red."""
    with acting(watch.WATCHER):
        now = clock.now()
    watch.watch_all(at=now)


def watch_soon(at: datetime) -> None:
    """Let the worker look now, when the rehearsal clock has moved; one that waits already sees the new time."""
    try:
        with transaction.atomic():
            watch_obligations.configure().defer(timestamp=int(at.timestamp()))
    except AlreadyEnqueued:
        return


@app.periodic(cron="* * * * * */2")
@app.task(queue="papers", queueing_lock="cases.freeze_papers", lock="cases.freeze_papers")
def freeze_papers(timestamp: int) -> None:
    """Freeze the papers that were issued since, oldest first, some at a time.

    One that cannot be frozen holds up no other: those beside it are frozen one by one, it is tried again later and later, and
    the job fails aloud. When it has failed ALARM_AT times (seven minutes after the first), people are told.
    """
    failed: list[UUID] = []
    after: tuple[datetime, UUID] | None = None
    while True:
        with acting(PRINTER):
            waiting = Document.objects.filter(number__isnull=False, pdf__isnull=True).order_by("created_at", "id")
            if after is not None:
                waiting = waiting.filter(Q(created_at__gt=after[0]) | Q(created_at=after[0], id__gt=after[1]))
            found = list(waiting.values_list("created_at", "id")[:AT_ONCE])
        if not found:
            break
        after = found[-1]
        failed += _freeze_all([each for _, each in found])
    if long := [each for each in failed if _put_off[each][0] == ALARM_AT]:
        with acting(PRINTER):
            documents.documents_stuck(document_ids=long, actor=PRINTER, at=clock.now())
    if failed:
        raise RuntimeError(f"papers that could not be frozen: {', '.join(map(str, failed))}")


def _freeze_all(ids: Sequence[UUID]) -> list[UUID]:
    """Freeze these papers, PRESSES at once unless the machine is busy or a transaction of the caller's holds them.

    Returns those that failed. Niceness alone does not give way: what runs on one half of a core slows the other half.
    """
    if connection.in_atomic_block or PRESSES == 1:
        return _freeze_some(ids)
    before = _turns()
    failed = _freeze_some(ids[:SHEETS])
    rest = ids[SHEETS:]
    if not rest or _busy(before, _turns()):
        return failed + _freeze_some(rest)
    with ThreadPoolExecutor(PRESSES, "press") as presses:
        for part in presses.map(_freeze_beside, [rest[place::PRESSES] for place in range(PRESSES)]):
            failed += part
    return failed


def _turns() -> tuple[int, int] | None:
    """Nanoseconds that this thread has run, and has waited for a processor. None where the system does not say (not Linux)."""
    try:
        ran, waited, _ = map(int, TURNS.read_text().split())
    except (OSError, ValueError):
        return None
    return ran, waited


def _busy(before: tuple[int, int] | None, after: tuple[int, int] | None) -> bool:
    """Whether a thread that gives way has waited half as long as it ran in between, or more; else, the load of the last minute.

    On a machine of its own it waits a twentieth of it, beside people who keep all processors busy four times as long.
    """
    if before is None or after is None:
        return os.getloadavg()[0] > (os.cpu_count() or 1)
    return 2 * (after[1] - before[1]) > after[0] - before[0]


def _freeze_beside(ids: Sequence[UUID]) -> list[UUID]:
    try:
        return _freeze_some(ids)
    finally:
        connections.close_all()


def _freeze_some(ids: Sequence[UUID]) -> list[UUID]:
    """Freeze those of the papers that are not put off, SHEETS in a transaction; returns those that failed."""
    now = time.monotonic()
    due = [each for each in ids if now >= _put_off.get(each, (0, 0.0))[1]]
    failed: list[UUID] = []
    for start in range(0, len(due), SHEETS):
        sheets = due[start : start + SHEETS]
        try:
            with acting(PRINTER):
                documents.documents_freeze(document_ids=sheets, actor=PRINTER, at=clock.now())
        except Exception as error:
            log.info("papers are frozen one by one", extra={"error": type(error).__name__})
            failed += [each for each in sheets if not _freeze(each)]
        else:
            for each in sheets:
                _put_off.pop(each, None)
    return failed


def _freeze(document_id: UUID) -> bool:
    """Freeze one paper; False, and put off, when that fails."""
    try:
        with acting(PRINTER):
            documents.document_render(document=Document(pk=document_id), actor=PRINTER, at=clock.now())
    except Exception:
        log.exception("a paper could not be frozen")
        tries = _put_off.get(document_id, (0, 0.0))[0]
        _put_off[document_id] = (tries + 1, time.monotonic() + min(FIRST_PAUSE * 2**tries, LONGEST_PAUSE))
        return False
    _put_off.pop(document_id, None)
    return True


@app.periodic(cron="* * * * * */10")
@app.task(queue="finding", queueing_lock="cases.bring_into_search")
def bring_into_search(timestamp: int) -> None:
    """Bring what has changed into the word index, batch by batch, until nothing is left; not while a table is taken in."""
    more = True
    while more:
        with acting(FINDER):
            more = not finding.rests() and finding.follow() > 0


@app.periodic(cron="* * * * * */5")
@app.task(queue="hooks", queueing_lock="cases.tell_hooks", lock="cases.tell_hooks")
def tell_hooks(timestamp: int) -> None:
    """Put into the outbox what other systems have subscribed to, batch by batch, until nothing is left."""
    more = True
    while more:
        with acting(HERALD):
            more = hooks.follow() > 0


@app.periodic(cron="* * * * *")
@app.task(queue="succession", queueing_lock="cases.hand_on")
def hand_on(timestamp: int) -> None:
    """Hand on the open cases of organs that are no more, until nothing is left; what a crash left is taken up again."""
    with acting(succession.SUCCESSION):
        now = clock.now()
    succession.follow(at=now)


def hand_on_soon(at: datetime) -> None:
    """Let the worker begin now, once the act is committed; when it waits already, it sees this act too."""
    try:
        with transaction.atomic():
            hand_on.configure().defer(timestamp=int(at.timestamp()))
    except AlreadyEnqueued:
        return


@app.task(queue="carry")
def carry_on(main_id: str, seq: int, after: int) -> None:
    """Give the answer of a main matter to the next hundred of its others; the rest in a job of its own."""
    with acting(CARRIER):
        actor = links.ordered_by(main_id=UUID(main_id), seq=seq)
        round_ = links.carry(main_id=UUID(main_id), seq=seq, actor=actor, at=clock.now(), after=after)
        if round_.after:
            carry_on.configure().defer(main_id=main_id, seq=seq, after=round_.after)
