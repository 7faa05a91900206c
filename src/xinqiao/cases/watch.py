"""The watcher: obligations turn yellow when two thirds of the term are used, red when it is over.

Only rows whose moment has come are read (partial index on wake_at), so its time does not grow with the open ones.
Two watchers at once do no harm (SKIP LOCKED); a row that fails is put off for an hour and counted, and the rest go on.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import transaction

from xinqiao import law
from xinqiao.people.access import acting
from xinqiao.people.actors import SYSTEM

from . import messages, obligations, outcome, services
from .models import Case, Obligation

log = structlog.get_logger()
WATCHER = SYSTEM("watcher")
PUT_OFF = timedelta(hours=1)


@dataclass
class Watched:
    """What one round did."""

    near: int = 0
    missed: int = 0
    lapsed: int = 0
    failed: int = 0

    @property
    def total(self) -> int:
        return self.near + self.missed + self.lapsed + self.failed


def watch(*, at: datetime, batch: int = 200) -> Watched:
    """Look at up to `batch` obligations whose moment has come by `at`. Call again until `total` is 0."""
    done = Watched()
    ids = list(
        Obligation.objects.filter(settled_at__isnull=True, wake_at__lte=at)
        .order_by("wake_at")
        .values_list("id", flat=True)[:batch]
    )
    for obligation_id in ids:
        try:
            with transaction.atomic():
                _look(obligation_id, at=at, done=done)
        except Exception as error:  # a poison row must not stop the others
            done.failed += 1
            log.error("watch.failed", obligation=str(obligation_id), error=type(error).__name__)
            _put_off(obligation_id, at=at)
    return done


def watch_all(*, at: datetime) -> Watched:
    """Rounds until nothing is left, each in its own transaction, as the worker and the demonstration run it."""
    sum_ = Watched()
    while True:
        with acting(WATCHER):
            done = watch(at=at)
        for name in ("near", "missed", "lapsed", "failed"):
            setattr(sum_, name, getattr(sum_, name) + getattr(done, name))
        if done.total == 0:
            return sum_


def _put_off(obligation_id: UUID, *, at: datetime) -> None:
    with transaction.atomic():
        row = Obligation.objects.select_for_update().get(pk=obligation_id)
        row.wake_at = at + PUT_OFF
        row.watch_failures += 1
        row.save(update_fields=["wake_at", "watch_failures"])


def _look(obligation_id: UUID, *, at: datetime, done: Watched) -> None:
    case_id = Obligation.objects.values_list("case_id", flat=True).get(pk=obligation_id)
    case = (
        Case.objects.select_related("office", "lead", "ruling")
        .select_for_update(of=("self",), skip_locked=True)
        .filter(pk=case_id)
        .first()
    )
    if case is None:  # somebody is at work on it; the next round looks again
        return
    obligation = Obligation.objects.get(pk=obligation_id)
    if obligation.settled_at is not None or obligation.wake_at is None or obligation.wake_at > at:
        return
    if at < obligations.over_at(obligation.due):
        obligation.colour = Obligation.Colour.YELLOW
        obligation.wake_at = obligations.over_at(obligation.due)
        obligation.save(update_fields=["colour", "wake_at"])
        messages.near(case, obligation, actor=WATCHER, at=at)
        done.near += 1
    elif obligation.kind == "window":
        _lapse(case, obligation, at=at)
        done.lapsed += 1
    else:
        obligation.colour = Obligation.Colour.RED
        obligation.state = Obligation.State.MISSED
        obligation.wake_at = None
        obligation.save(update_fields=["colour", "state", "wake_at"])
        outcome.missed(case, obligation, actor=WATCHER, at=at)
        messages.overdue(case, obligation, actor=WATCHER, at=at)
        done.missed += 1
        if step := law.missed_step(services.facts_of(case), obligation.act):
            services.take_step(case_id=case.id, step=step, actor=WATCHER, at=at, key=f"missed-step/{obligation.id}")


def _lapse(case: Case, obligation: Obligation, *, at: datetime) -> None:
    """A window of the citizen is over: the procedure says what follows; a window that nothing follows is lifted."""
    step = law.lapse_step(services.facts_of(case), obligation.act)
    if not step:
        obligation.state, obligation.settled_at, obligation.settled_on = Obligation.State.LIFTED, at, obligation.due
        obligation.wake_at = None
        obligation.save(update_fields=["state", "settled_at", "settled_on", "wake_at"])
        return
    services.take_step(case_id=case.id, step=step, actor=WATCHER, at=at, key=f"lapse/{obligation.id}")
