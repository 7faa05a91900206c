"""The mark of a demonstration and the rehearsal clock."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.utils import IntegrityError, ProgrammingError

from xinqiao.kernel.clock import day_of, utc_now
from xinqiao.kernel.errors import BadInput, Refused
from xinqiao.people import clock, selectors, services
from xinqiao.people.actors import CITIZEN, SYSTEM, Actor
from xinqiao.people.models import Account, ClockMove, Instance
from xinqiao.people.tests.conftest import AT

STAFF = Actor(kind="staff", account_id=None)


@pytest.fixture
def demonstration(db: None) -> Instance:
    return services.instance_create(demonstration=True, actor=SYSTEM("demo"), at=AT)


def test_the_mark_is_set_once_and_never_changed(demonstration: Instance) -> None:
    assert selectors.demonstration()
    assert services.instance_create(demonstration=True, actor=SYSTEM("demo"), at=AT) == demonstration
    with pytest.raises(Refused):
        services.instance_create(demonstration=False, actor=SYSTEM("demo"), at=AT)
    with pytest.raises(ProgrammingError, match="never changed"), transaction.atomic():
        Instance.objects.update(demonstration=False)
    with pytest.raises(ProgrammingError), transaction.atomic():
        Instance.objects.all().delete()


def test_a_database_in_use_cannot_become_a_demonstration(db: None) -> None:
    account = Account(username="a", name="真人")
    account.save()
    with pytest.raises(ProgrammingError, match="needs an empty one"), transaction.atomic():
        services.instance_create(demonstration=True, actor=SYSTEM("demo"), at=AT)
    services.instance_create(demonstration=False, actor=SYSTEM("setup"), at=AT)
    with pytest.raises(ProgrammingError, match="never changed"), transaction.atomic():
        Instance.objects.update(demonstration=True)
    with pytest.raises(ProgrammingError, match="only in a demonstration"), transaction.atomic():
        Account(username="demo", name="演示", demonstration=True).save()
    with pytest.raises(IntegrityError), transaction.atomic():
        Instance.objects.update(clock_offset=timedelta(days=1))


def test_demonstration_accounts_live_in_a_demonstration(demonstration: Instance) -> None:
    Account(username="demo", name="演示", demonstration=True).save()
    with pytest.raises(IntegrityError), transaction.atomic():
        Account(username="DEMO", name="同名").save()
    with pytest.raises(IntegrityError), transaction.atomic():
        Account(username="x", name="").save()


def test_the_clock_moves_forward_and_is_on_record(demonstration: Instance) -> None:
    before = clock.now()
    moved = services.clock_move(days=3, actor=STAFF, at=before)
    assert timedelta(days=3) <= moved - before < timedelta(days=3, minutes=1)
    assert clock.today() == day_of(utc_now() + timedelta(days=3))
    goal = clock.today() + timedelta(days=10)
    services.clock_move(to=goal, actor=STAFF, at=clock.now())
    assert clock.today() == goal
    assert ClockMove.objects.count() == 2
    with pytest.raises(ProgrammingError), transaction.atomic():
        ClockMove.objects.update(after=AT)


@pytest.mark.parametrize(
    "where", [{"days": 0}, {}, {"days": -1}, {"to": date(2020, 1, 1)}, {"days": 367}, {"days": 10**9}]
)
def test_the_clock_does_not_go_back_or_too_far(demonstration: Instance, where: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        services.clock_move(**where, actor=STAFF, at=clock.now())


def test_only_staff_moves_it_and_only_in_a_demonstration(db: None) -> None:
    services.instance_create(demonstration=False, actor=SYSTEM("setup"), at=AT)
    with pytest.raises(Refused):
        services.clock_move(days=1, actor=STAFF, at=clock.now())
    assert not selectors.demonstration()


def test_a_citizen_moves_nothing(demonstration: Instance) -> None:
    with pytest.raises(Refused):
        services.clock_move(days=1, actor=CITIZEN(), at=clock.now())


def test_inside_one_request_the_clock_is_read_once(demonstration: Instance, django_assert_num_queries: Any) -> None:
    with clock.cached(), django_assert_num_queries(1):
        assert abs(clock.now() - utc_now()) < timedelta(minutes=1)
        clock.now()
    with django_assert_num_queries(2):
        clock.now()
        clock.now()
