"""Readers of the ledger: in order, in batches, nothing twice, and no late commit passed over."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from xinqiao.kernel.ids import uuid7
from xinqiao.ledger import cursor, services
from xinqiao.ledger.models import Cursor
from xinqiao.ledger.tests.conftest import settle

Add = Callable[..., list[services.Recorded]]


def all_of(name: str, limit: int = 500, *, settled: bool = True) -> list[cursor.Read]:
    if settled:
        settle()
    seen: list[cursor.Read] = []
    while cursor.follow(name, seen.extend, limit):
        pass
    return seen


@contextmanager
def elsewhere(ready: Callable[[], None], work: Callable[[], None]) -> Iterator[None]:
    """`work` done in a transaction on another connection, which stays open for the block and then commits."""
    done, end = threading.Event(), threading.Event()

    def run() -> None:
        ready()
        try:
            with transaction.atomic():
                work()
                done.set()
                assert end.wait(20)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert done.wait(20)
        yield
    finally:
        end.set()
        thread.join(20)


def test_entries_come_once_in_order_with_what_was_recorded(committed: Callable[[], None], add: Add) -> None:
    case, other = uuid7(), uuid7()
    add(case, 2, body={"step": "accept", "organ": 7})
    add(other)
    seen = all_of("figures")
    assert [(entry.case_id, entry.seq) for entry in seen] == [(case, 1), (case, 2), (other, 1)]
    assert (seen[0].event, seen[0].step, seen[0].body) == ("test.happened", "accept", {"organ": 7})
    assert (seen[0].actor_kind, seen[0].account_id, seen[0].post_id, seen[0].organ_id) == ("staff", 3, 5, 7)
    assert all_of("figures") == []
    assert len(all_of("another reader")) == 3
    add(other, head=services.Recorded(1, bytes(add_head(other))))
    assert [(entry.case_id, entry.seq) for entry in all_of("figures")] == [(other, 2)]


def add_head(case: object) -> bytes:
    with connection.cursor() as sql:
        sql.execute("SELECT hash FROM ledger_entry WHERE case_id = %s ORDER BY seq DESC LIMIT 1", [case])
        return bytes(sql.fetchone()[0])


def test_batches_are_as_small_as_asked(committed: Callable[[], None], add: Add) -> None:
    case = uuid7()
    add(case, 5)
    settle()
    sizes: list[int] = []
    while cursor.follow("small", lambda entries: sizes.append(len(entries)), limit=2):
        pass
    assert sizes == [2, 2, 1]


def test_a_late_commit_is_not_passed_over(committed: Callable[[], None], add: Add) -> None:
    """The transaction that began first commits last: an entry after it must wait, and neither may be missed."""
    early, late = uuid7(), uuid7()
    with elsewhere(committed, lambda: add(early) and None):
        add(late)
        assert all_of("figures", settled=False) == []  # `late` is there, but something older may still come
    seen = [entry.case_id for entry in all_of("figures")]
    assert seen == [early, late]


def test_what_rolls_back_never_comes(committed: Callable[[], None], add: Add) -> None:
    with transaction.atomic():
        add()
        transaction.set_rollback(True)
    assert all_of("figures") == []


def test_a_reaction_that_fails_gets_its_entries_again(committed: Callable[[], None], add: Add) -> None:
    add()
    settle()

    def poison(entries: object) -> None:
        raise RuntimeError("poison")

    with pytest.raises(RuntimeError, match="poison"):
        cursor.follow("figures", poison)
    assert len(all_of("figures")) == 1


def test_two_readers_of_one_name_do_not_read_twice(committed: Callable[[], None], add: Add) -> None:
    add()
    all_of("figures")
    add()
    settle()

    def hold() -> None:
        assert len(cursor.read("figures")) == 1

    with elsewhere(committed, hold):
        assert all_of("figures", settled=False) == []


def test_two_readers_that_both_begin(committed: Callable[[], None], add: Add) -> None:
    """The reader's row is being made by somebody else: wait for it, then leave the work to them."""
    add()
    settle()
    seen: list[int] = []

    def begin() -> None:
        committed()
        try:
            seen.append(len(all_of("fresh", settled=False)))
        finally:
            connection.close()

    thread = threading.Thread(target=begin)
    with elsewhere(committed, lambda: cursor.read("fresh") and None):
        thread.start()
        for _ in range(2400):
            with connection.cursor() as sql:
                sql.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
                if sql.fetchone()[0]:
                    break
                sql.execute("SELECT pg_sleep(0.01)")
    thread.join(20)
    assert seen == [1]
    assert Cursor.objects.get(name="fresh").position > 0


def test_a_new_reader_finds_the_row_taken_after_all(
    committed: Callable[[], None], add: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    add()
    all_of("figures")
    monkeypatch.setattr(cursor, "_LOCK", "SELECT 0, 0 WHERE %s = ''")
    with transaction.atomic():
        assert cursor.read("figures") == []


def test_a_reader_may_pass_over_what_is_settled(committed: Callable[[], None], add: Add) -> None:
    add()
    settle()
    with transaction.atomic():
        cursor.skip("idle")
        cursor.skip("idle")
    assert all_of("idle") == []
    add()
    assert len(all_of("idle")) == 1


def test_a_reader_goes_along_its_index_however_much_waits(committed: Callable[[], None]) -> None:
    """Five million entries of a large table waited once, and each batch sorted them all."""
    with transaction.atomic(), connection.cursor() as sql:
        sql.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off")
        for question in (cursor._READ, cursor._MOVED):
            sql.execute(f"EXPLAIN {question}", ["0", 0, 200])
            lines = [row[0] for row in sql.fetchall()]
            reads = next(place for place, line in enumerate(lines) if "Index Scan using ledger_entry_order" in line)
            assert "Limit" in lines[reads - 1], lines


def test_a_reader_of_cases_hears_of_each_once_in_a_batch(committed: Callable[[], None], add: Add) -> None:
    first, second = uuid7(), uuid7()
    add(first, 3)
    add(second)
    settle()
    heard: list[list[object]] = []
    sizes = [cursor.follow_cases("light", lambda cases: heard.append(sorted(cases)), limit=3) for _ in range(3)]
    assert sizes == [3, 1, 0]
    assert heard == [[first], [second]]
    with elsewhere(committed, lambda: cursor.read("light") and None):
        assert cursor.follow_cases("light", heard.append) == 0
