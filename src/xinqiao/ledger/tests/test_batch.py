"""Statements that travel together: where a transaction begins, and questions of several selectors in one message."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DataError, ProgrammingError, connection, transaction

from xinqiao.ledger import batch

Committed = Callable[[], None]


class Broken(Exception):
    """What a request fails with."""


def _kept() -> list[str]:
    return [name for (name,) in batch.rows("SELECT name FROM kept ORDER BY name")]


@pytest.fixture
def kept(committed: Committed) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE kept (name text)")


def _write(name: str) -> None:
    writing = batch.Batch()
    writing.add("INSERT INTO kept VALUES (%s)", [name])
    writing.send()


def _fail_after(name: str) -> None:
    _write(name)
    raise Broken


_NOUGHT = batch.question("SELECT 1 / (%s::int - 1)", [1], len)


def test_a_transaction_that_a_batch_begins_is_one(kept: None) -> None:
    with pytest.raises(Broken), transaction.atomic():
        _fail_after("gone")
    assert _kept() == []
    with transaction.atomic():
        _write("a")
        with pytest.raises(Broken), transaction.atomic():
            _fail_after("undone")
        _write("b")
    connection.rollback()
    assert _kept() == ["a", "b"]


def test_after_an_error_nothing_of_it_stays_and_the_next_begins_anew(kept: None) -> None:
    with pytest.raises(DataError), transaction.atomic():
        batch.together(batch.question("INSERT INTO kept VALUES (%s)", ["gone"], len), _NOUGHT).answer()
    with transaction.atomic():
        with connection.cursor() as cursor:  # begun by the driver, gone on by a batch
            cursor.execute("INSERT INTO kept VALUES ('driver')")
        _write("batch")
    assert _kept() == ["batch", "driver"]


def _go_on_after_nonsense() -> None:
    with pytest.raises(ProgrammingError):
        batch.rows("SELEC 1")  # not even its BEGIN is carried out
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO kept VALUES ('gone')")
    with pytest.raises(ProgrammingError), transaction.atomic():
        batch.rows("SELEC 1")  # here the transaction has begun
    _fail_after("gone too")


def test_after_a_first_message_that_nobody_understood_the_rest_is_a_transaction_all_the_same(kept: None) -> None:
    with pytest.raises(Broken), transaction.atomic():
        _go_on_after_nonsense()
    assert _kept() == []


def test_a_batch_alone_is_carried_out_at_once(kept: None) -> None:
    _write("alone")
    connection.rollback()
    assert _kept() == ["alone"]


def test_the_first_message_begins_the_transaction(kept: None, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []

    def tell(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        sent.append(sql)
        return execute(sql, params, many, context)

    _kept()
    with connection.execute_wrapper(tell), transaction.atomic():
        _kept()
        _kept()
    assert [message.startswith("BEGIN;") for message in sent] == [True, False]


@pytest.mark.django_db
def test_questions_of_several_are_answered_in_their_order() -> None:
    one = batch.question("SELECT %s::int", [1], lambda rows: rows[0][0])
    pair = batch.Question([("SELECT 2", []), ("SELECT 3", [])], lambda found: [rows[0][0] for rows in found])
    assert batch.together(one, pair, batch.together(one)).answer() == (1, [2, 3], (1,))
