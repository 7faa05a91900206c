"""Verification finds every way in which a chain can be broken, and says where."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from xinqiao.kernel.ids import uuid7
from xinqiao.ledger import chain, services
from xinqiao.ledger.verify import Broken, verify

pytestmark = pytest.mark.usefixtures("seal")

Add = Callable[..., list[services.Recorded]]
Tamper = Callable[..., None]


@pytest.fixture
def tamper() -> Tamper:
    """What only a superuser can do, who says so: change rows behind the application's back."""

    def act(sql: str, *params: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET ROLE NONE")
            cursor.execute("SET session_replication_role = replica")
            cursor.execute(sql, params)
            cursor.execute("SET session_replication_role = origin")
            cursor.execute("SET ROLE xinqiao_seal")

    return act


def test_whole_chains_are_whole(add: Add) -> None:
    cases = [uuid7() for _ in range(3)]
    heads = [(case, 4, add(case, 4)[-1].hash) for case in cases]
    report = verify(heads=heads)
    assert report.whole
    assert (report.cases, report.entries) == (3, 12)
    assert verify().whole
    one = verify(cases[1], heads=heads[1:2])
    assert one.whole
    assert (one.cases, one.entries) == (1, 4)


def test_nothing_at_all_is_whole() -> None:
    report = verify(heads=[])
    assert report.whole
    assert (report.cases, report.entries, report.anchors) == (0, 0, 0)


@pytest.mark.parametrize(
    ("sql", "seq", "reason"),
    [
        ("UPDATE ledger_entry SET payload = replace(payload, '\"organ\":7', '\"organ\":8') WHERE seq = 3", 3, "hash"),
        ("UPDATE ledger_entry SET hash = sha256('x') WHERE seq = 2", 2, "hash"),
        ("UPDATE ledger_entry SET prev_hash = sha256('x') WHERE seq = 3", 3, "previous"),
        ("DELETE FROM ledger_entry WHERE seq = 2", 3, "gap"),
        ("DELETE FROM ledger_entry WHERE seq = 1", 2, "gap"),
        ("UPDATE ledger_entry SET event = 'test.other' WHERE seq = 2", 2, "columns"),
        ("UPDATE ledger_entry SET step = 'other' WHERE seq = 2", 2, "columns"),
        ("UPDATE ledger_entry SET actor_kind = 'citizen' WHERE seq = 2", 2, "columns"),
        ("UPDATE ledger_entry SET account_id = 99 WHERE seq = 2", 2, "columns"),
        ("UPDATE ledger_entry SET post_id = NULL WHERE seq = 2", 2, "columns"),
        ("UPDATE ledger_entry SET organ_id = 99 WHERE seq = 2", 2, "columns"),
        ("UPDATE ledger_entry SET occurred_at = occurred_at + interval '1 day' WHERE seq = 2", 2, "columns"),
    ],
)
def test_the_first_broken_entry_is_named(add: Add, tamper: Tamper, sql: str, seq: int, reason: str) -> None:
    whole, broken = sorted((uuid7(), uuid7()))
    body = {"step": "accept", "organ": 7}
    heads = [(case, 5, add(case, 5, body=body)[-1].hash) for case in (whole, broken)]
    tamper(f"{sql} AND case_id = %s", broken)
    report = verify(heads=heads)
    assert not report.whole
    assert report.broken == (Broken(broken, seq, reason),)
    assert verify(whole, heads=heads[:1]).whole
    assert verify(broken).broken == (Broken(broken, seq, reason),)


def test_an_entry_of_another_case_does_not_fit(add: Add, tamper: Tamper) -> None:
    case, other = sorted((uuid7(), uuid7()))
    add(case, 2)
    tamper("UPDATE ledger_entry SET case_id = %s WHERE case_id = %s", other, case)
    assert verify().broken == (Broken(other, 1, "columns"),)


def test_a_chain_rewritten_from_some_entry_on_misses_its_head(add: Add, tamper: Tamper) -> None:
    case = uuid7()
    heads = add(case, 3)
    forged = chain.entry_hash(heads[1].hash, b'{"forged":true}')
    assert verify(heads=[(case, 3, forged)]).broken == (Broken(case, 3, "head"),)


def test_a_cut_or_missing_chain_misses_its_head(add: Add, tamper: Tamper) -> None:
    case, gone, empty = uuid7(), uuid7(), uuid7()
    last = add(case, 3)[-1]
    tamper("DELETE FROM ledger_entry WHERE case_id = %s AND seq = 3", case)
    expected = [(case, 3, last.hash), (gone, 2, b"x" * 32), (empty, 0, b"")]
    assert set(verify(heads=expected).broken) == {Broken(case, 2, "head"), Broken(gone, 1, "missing")}


def test_entries_of_no_case_are_told(add: Add) -> None:
    case = uuid7()
    add(case, 2)
    assert verify(heads=[]).broken == (Broken(case, 2, "no case"),)


def test_at_most_a_hundred_breaks_are_listed(add: Add) -> None:
    expected = [(UUID(int=number), 1, b"x" * 32) for number in range(1, 200)]
    assert len(verify(heads=expected).broken) == 100


@pytest.mark.parametrize("role", ["app", "owner"])
def test_who_sees_only_a_part_cannot_verify_all(add: Add, as_role: Any, role: str) -> None:
    add()
    with connection.cursor() as cursor:
        cursor.execute("SELECT relrowsecurity FROM pg_class WHERE relname = 'ledger_entry'")
        protected = cursor.fetchone()[0]
        if not protected:  # the ledger by itself, without the apps above it
            cursor.execute("SET ROLE xinqiao_owner")
            cursor.execute("ALTER TABLE ledger_entry ENABLE ROW LEVEL SECURITY")
            cursor.execute("ALTER TABLE ledger_entry FORCE ROW LEVEL SECURITY")
    with as_role(role), pytest.raises(PermissionError, match=role):
        verify()
    with as_role("backup"):
        assert verify().whole
