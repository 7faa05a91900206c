"""From the ledger to webhooks: whom an entry concerns, that sealed matters stay silent, and history too."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from tests.support.world import MORNING, World, days, make

from xinqiao import law
from xinqiao.cases import hooks, jobs
from xinqiao.cases.models import Case
from xinqiao.kernel.clock import utc_now
from xinqiao.ledger.tests.conftest import settle
from xinqiao.notices import hooks as outbox
from xinqiao.notices.models import Delivery, Message
from xinqiao.people import access, clock
from xinqiao.people.actors import SYSTEM, Actor

BY = SYSTEM("test")


@pytest.fixture
def district(fresh_database: str, monkeypatch: pytest.MonkeyPatch) -> World:
    """The small district where transactions commit; it is the world's morning for the clock."""
    monkeypatch.setattr(clock, "offset", lambda: MORNING - utc_now())
    with access.acting(BY):
        return make()


def follow() -> int:
    with access.acting(BY):
        settle()
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE xinqiao_seal")
    jobs.tell_hooks(timestamp=0)
    with access.acting(BY):
        found = Message.objects.filter(text="hook").count()
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE xinqiao_app")
    return found


def told() -> list[tuple[int | None, str]]:
    with access.acting(BY):
        rows = Message.objects.filter(text="hook").order_by("id")
        return [(row.organ_id, row.params["event"]) for row in rows]


def subscribe(world: World, organ: str, *events: str, post: str = "") -> outbox.Made:
    admin = Actor(kind="staff", account_id=world.posts["officer"].account_id, role="admin")
    with access.acting(BY):
        return outbox.subscription_make(
            organ_id=world.organs[organ].pk,
            post_id=world.posts[post].pk if post else None,
            url="https://example.org/hook",
            events=events or ("*",),
            known=[kind.event for kind in law.events()],
            actor=admin,
            at=utc_now(),
        )


def referred(world: World) -> Case:
    case = world.receive().case
    case = world.step(case, "classify", "officer", at=MORNING, route="redress")
    return world.step(case, "refer", "officer", at=MORNING, lead=world.organs["cg"].pk)


def test_an_organ_is_told_of_what_concerns_it(district: World) -> None:
    office = subscribe(district, "xf", "case.*")
    subscribe(district, "cg", "case.refer", "case.sign_for")
    subscribe(district, "zj")
    subscribe(district, "xf", post="officer")
    case = referred(district)
    district.step(case, "sign_for", "cg.handler", at=MORNING)
    assert follow() == 4
    xf, cg = district.organs["xf"].pk, district.organs["cg"].pk
    assert sorted(told(), key=str) == sorted(
        [(cg, "case.refer"), (xf, "case.refer"), (cg, "case.sign_for"), (xf, "case.sign_for")], key=str
    )
    with access.acting(BY):
        message = Message.objects.filter(text="hook").first()
        assert message is not None
        assert message.params["number"] == case.number
        assert {one.state for one in Delivery.objects.filter(channel="hook")} == {"waiting"}
        assert outbox.living()[0].pk == office.subscription.pk
    assert follow() == 4  # nothing twice


def test_what_happened_before_is_not_told_later(district: World) -> None:
    referred(district)
    assert follow() == 0
    subscribe(district, "xf")
    assert follow() == 0
    case = referred(district)
    assert follow() > 0
    with access.acting(BY):
        assert set(Message.objects.filter(text="hook").values_list("case_id", flat=True)) == {case.id}


def test_sealed_matters_stay_silent_and_what_waits_is_withdrawn(district: World) -> None:
    subscribe(district, "xf")
    case = district.receive().case
    before = follow()
    assert before > 0
    sealed = district.step(case, "classify", "officer", at=MORNING, route="report")
    assert sealed.sealed
    with access.acting(BY), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE xinqiao_seal")
        assert {one.state for one in Delivery.objects.filter(channel="hook")} == {"set_aside"}
    assert follow() == before


def elsewhere(work: Callable[[], Any]) -> Any:
    """In a session of its own that waits for nobody's lock."""

    def run() -> Any:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET ROLE xinqiao_seal")
                cursor.execute("SET lock_timeout = '250ms'")
            with access.acting(BY):
                return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


def test_who_tells_waits_for_who_seals(district: World) -> None:
    subscribe(district, "xf")
    follow()
    case = district.receive().case
    with access.acting(BY):
        settle()
    with access.acting(district.actor("officer")):
        district.step(case, "classify", "officer", at=MORNING, route="report")
        with pytest.raises(OperationalError, match="lock timeout"):
            elsewhere(hooks.follow)
    assert follow() == 0


def test_who_seals_waits_for_who_tells_and_takes_it_back(district: World) -> None:
    subscribe(district, "xf")
    follow()
    case = district.receive().case
    with access.acting(BY):
        settle()
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE xinqiao_seal")
    with access.acting(BY):
        assert hooks.follow() > 0
        lock = Case.objects.filter(pk=case.pk).select_for_update(no_key=True)
        with pytest.raises(OperationalError, match="lock timeout"):
            elsewhere(lock.get)
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE xinqiao_app")
    district.step(case, "classify", "officer", at=MORNING, route="report")
    with access.acting(BY), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE xinqiao_seal")
        assert {(one.state, one.last_error) for one in Delivery.objects.filter(channel="hook")} == {
            ("set_aside", "sealed")
        }


def test_history_is_not_told(district: World) -> None:
    subscribe(district, "xf")
    district.receive(at=MORNING - days(30))
    assert follow() == 0
    district.receive(at=MORNING - timedelta(hours=1))
    assert follow() > 0


def test_batches_follow_one_another(district: World) -> None:
    subscribe(district, "xf")
    district.receive()
    with access.acting(BY):
        settle()
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE xinqiao_seal")
    with access.acting(BY):
        assert hooks.follow(limit=1) == 1
    with access.acting(BY):
        assert hooks.follow() >= 1
        assert hooks.follow() == 0
