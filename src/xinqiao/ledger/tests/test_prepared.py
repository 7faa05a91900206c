"""Statements that the database keeps by name: the same answers as without, whatever becomes of the transaction."""

import pytest
from django.db import connection, transaction
from django.db.utils import DataError, ProgrammingError
from django.test.utils import CaptureQueriesContext

from xinqiao.ledger import batch, prepared

pytestmark = pytest.mark.django_db


def names() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_prepared_statements")
        return {name for (name,) in cursor.fetchall()}


def test_a_statement_is_named_once_and_then_only_given_its_values() -> None:
    asked = "SELECT %s::int + 1, '100 %%'"
    with CaptureQueriesContext(connection) as seen:
        assert batch.rows(asked, [1]) == [(2, "100 %")]
        assert batch.rows(asked, [41]) == [(42, "100 %")]
    assert [query["sql"].partition(" ")[0] for query in seen.captured_queries] == ["EXECUTE", "EXECUTE"]
    assert len([name for name in names() if name in seen.captured_queries[0]["sql"]]) == 1


def test_a_name_outlives_a_transaction_that_is_rolled_back() -> None:
    asked = "SELECT 10 / %s::int AS rolled_back"
    with pytest.raises(DataError), transaction.atomic():
        batch.rows(asked, [0])
    assert batch.rows(asked, [5]) == [(2,)]


def test_a_statement_that_cannot_be_planned_names_none_and_harms_no_other() -> None:
    fine, wrong = "SELECT %s::int AS fine_beside_wrong", "SELECT %s::int FROM there_is_no_such_table"
    both = batch.Batch()
    both.add(fine, [1])
    both.add(wrong, [1])
    with pytest.raises(ProgrammingError), transaction.atomic():
        both.read()
    assert not any("there_is_no_such_table" in name for name in names())
    assert batch.rows(fine, [1]) == [(1,)]


def test_what_is_not_planned_and_what_comes_too_late_is_sent_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared, "MOST", 0)
    mixed = batch.Batch()
    mixed.add("SHOW plan_cache_mode")
    mixed.add("SELECT %s::int AS too_late", [7])
    assert mixed.read() == [[("force_generic_plan",)], [(7,)]]
    assert not any("too_late" in name for name in names())
