"""Things that happen at the same moment, in transactions that really commit: two watchers, the same request twice."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from tests.support.world import MORNING, World, days, make

from xinqiao.cases import services, watch
from xinqiao.cases.models import Obligation, Record
from xinqiao.notices.models import Message
from xinqiao.people.access import acting


@pytest.fixture
def living(fresh_database: str, django_db_blocker: Any) -> Any:
    """The small district in a database of its own."""
    with django_db_blocker.unblock():
        with transaction.atomic():
            world = make()
        yield world


def _both(work: Callable[[], Any]) -> list[Any]:
    def run() -> Any:
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        return [done.result() for done in [pool.submit(run), pool.submit(run)]]


def test_two_watchers_at_once_do_no_harm(living: World) -> None:
    cases = [living.receive().case for _ in range(8)]
    rounds = _both(lambda: watch.watch_all(at=MORNING + days(11)))
    rounds.append(watch.watch_all(at=MORNING + days(11)))
    assert sum(done.near for done in rounds) == len(cases)
    assert sum(done.failed for done in rounds) == 0
    with acting(watch.WATCHER):
        assert Obligation.objects.filter(colour="yellow").count() == len(cases)
        assert Message.objects.filter(text="due_soon").count() == len(cases)


def test_the_same_request_twice_at_once_has_one_effect(living: World) -> None:
    case, key = living.receive().case, str(uuid4())
    actor = living.actor("officer")

    def note() -> services.StepResult:
        with acting(actor):
            return services.take_step(
                case_id=case.id, step="note", actor=actor, at=MORNING, inputs={"text": "看过"}, key=key
            )

    results = _both(note)
    assert {result.seq for result in results} == {results[0].seq}
    assert sorted(result.replayed for result in results) == [False, True]
    with acting(actor):
        assert Record.objects.filter(case_id=case.id, step="note").count() == 1


def test_two_officers_on_one_case_one_after_the_other(living: World) -> None:
    case = living.receive().case
    actor = living.actor("officer")

    def classify() -> str:
        with acting(actor):
            try:
                services.take_step(
                    case_id=case.id,
                    step="classify",
                    actor=actor,
                    at=MORNING,
                    inputs={"route": "redress"},
                    key=str(uuid4()),
                )
            except services.Refused:
                return "refused"
            return "done"

    assert sorted(_both(classify)) == ["done", "refused"]
