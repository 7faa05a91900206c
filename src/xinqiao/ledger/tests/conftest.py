"""The ledger alone: as role seal, with an actor, so that entries of cases that are not there can be seen."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from xinqiao.kernel.ids import uuid7
from xinqiao.ledger import events, services

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
STAFF = {"kind": "staff", "account_id": 3, "post_id": 5, "organ_id": 7}


def see_all() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE xinqiao_seal")
        cursor.execute("SELECT set_config('xinqiao.actor', 'system', false)")


def settle() -> None:
    """The horizon of readers is the server's, and other tests have transactions of their own in other databases."""
    assert services.wait_until_settled(120), "a transaction in another database of this server stays open"


def reset() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('xinqiao.actor', '', false)")
        cursor.execute("SET ROLE xinqiao_app")


@pytest.fixture
def happened() -> str:
    return events.declare("test.happened", label="试", privacy=events.Privacy.reference_only).code


@pytest.fixture
def seal(db: None) -> Iterator[None]:
    """Role seal with an actor; everything is rolled back."""
    see_all()
    yield
    if not connection.needs_rollback:
        reset()


@pytest.fixture
def committed(fresh_database: str) -> Iterator[Callable[[], None]]:
    """A database of one's own where transactions commit; the value readies another thread's connection."""
    see_all()
    yield see_all
    connection.close()


@pytest.fixture
def add(happened: str) -> Callable[..., list[services.Recorded]]:
    """`add(case, 3)`: record three entries on a new case (or the next ones after `start`)."""

    def adding(case_id: UUID | None = None, count: int = 1, **given: Any) -> list[services.Recorded]:
        case_id = case_id or uuid7()
        head, heads = given.pop("head", services.Recorded(0, b"")), []
        for _ in range(count):
            head = services.record(
                case_id=case_id,
                seq=head.seq + 1,
                prev_hash=head.hash,
                event=happened,
                actor=given.get("actor", STAFF),
                occurred_at=given.get("at", AT),
                body=given.get("body", {"step": "happen", "cites": ["信访工作条例 23"]}),
                key=given.get("key", ""),
                input_hash=given.get("input_hash", b""),
            )
            heads.append(head)
        return heads

    return adding
