"""Who a transaction belongs to."""

from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from xinqiao.ledger import batch
from xinqiao.people import access
from xinqiao.people.actors import CITIZEN, SYSTEM, Actor


def bound() -> tuple[str, str, str]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT coalesce({access.ACTOR_SQL}, ''), coalesce(({access.ACCOUNT_SQL})::text, ''), ({access.CASES_SQL})::text"
        )
        return cursor.fetchone()


@pytest.mark.django_db
def test_an_actor_is_bound_and_taken_away() -> None:
    case = uuid4()
    access.bind(Actor(kind="staff", account_id=7))
    assert bound() == ("staff", "7", "{}")
    access.bind(CITIZEN({case}))
    assert bound() == ("citizen", "", f"{{{case}}}")
    access.bind(None)
    assert bound() == ("", "", "{}")


@pytest.mark.django_db
def test_acting_inside_a_transaction_gives_the_former_actor_back() -> None:
    access.bind(Actor(kind="staff", account_id=7))
    with access.acting(SYSTEM("watcher")):
        assert bound()[0] == "system"
    assert bound() == ("staff", "7", "{}")
    with pytest.raises(ValueError, match="broken"), access.acting(SYSTEM("watcher")):
        raise ValueError("broken")
    assert bound() == ("staff", "7", "{}")
    assert access.current() == Actor(kind="staff", account_id=7)
    access.bind(None)


def test_nothing_outlives_the_transaction(fresh_database: str) -> None:
    with access.acting(Actor(kind="staff", account_id=7)):
        assert bound()[1] == "7"
    with transaction.atomic():
        assert bound() == ("", "", "{}")
    assert access.current() is None


def test_binding_outside_a_transaction_is_refused(fresh_database: str) -> None:
    with pytest.raises(RuntimeError, match="inside a transaction"):
        access.bind(SYSTEM("watcher"))


@pytest.mark.django_db
def test_who_acts_may_go_out_with_the_next_statement() -> None:
    staff = Actor(kind="staff", account_id=7)
    access.bind(staff, with_next=True)
    with CaptureQueriesContext(connection) as asked:
        assert batch.rows(f"SELECT {access.ACTOR_SQL}") == [("staff",)]
    assert len(asked) == 1
    access.bind(CITIZEN(), with_next=True)
    assert bound() == ("citizen", "", "{}")
    access.bind(staff, with_next=True)
    with pytest.raises(ValueError, match="broken"), transaction.atomic():
        raise ValueError("broken")
    assert bound() == ("staff", "7", "{}")
    access.bind(staff, with_next=True)
    access.bind(None)
    assert bound() == ("", "", "{}")


@pytest.mark.parametrize("end", ["commit", "rollback", "error", "remember"])
def test_what_waits_to_be_bound_ends_with_its_transaction(fresh_database: str, end: str) -> None:
    try:
        with transaction.atomic():
            access.bind(Actor(kind="staff", account_id=7), with_next=True)
            transaction.set_rollback(end == "rollback")
            if end == "error":
                raise ValueError(end)
            if end == "remember":
                access.remember(None)
                assert bound() == ("", "", "{}")
    except ValueError:
        assert end == "error"
    with transaction.atomic():
        assert bound() == ("", "", "{}")
