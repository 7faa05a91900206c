"""Recording: one INSERT, a chain, keys that have one effect, rows that nobody changes."""

import hashlib
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from django.test.utils import CaptureQueriesContext

from xinqiao.kernel.errors import Conflict
from xinqiao.kernel.ids import uuid7
from xinqiao.ledger import chain, events, selectors, services
from xinqiao.ledger.models import Anchor, AnchoredHead, Cursor, Entry, RequestKey
from xinqiao.ledger.tests.conftest import AT, STAFF

pytestmark = pytest.mark.usefixtures("seal")

Add = Callable[..., list[services.Recorded]]


def test_an_entry_keeps_what_happened_and_repeats_it_in_columns(add: Add) -> None:
    case = uuid7()
    (head,) = add(case, body={"step": "accept", "cites": ["信访工作条例 23"], "organ": 7})
    entry = selectors.entries(case).get()
    assert json.loads(entry.payload) == {
        "v": 1,
        "case": str(case),
        "seq": 1,
        "event": "test.happened",
        "step": "accept",
        "actor": STAFF,
        "occurred_at": "2026-03-02T09:30:00+00:00",
        "body": {"cites": ["信访工作条例 23"], "organ": 7},
    }
    assert selectors.body(entry) == {"cites": ["信访工作条例 23"], "organ": 7}
    assert (entry.event, entry.step, entry.actor_kind) == ("test.happened", "accept", "staff")
    assert (entry.account_id, entry.post_id, entry.organ_id, entry.occurred_at) == (3, 5, 7, AT)
    assert entry.recorded_at > AT
    assert entry.xid > 0
    assert bytes(entry.prev_hash) == chain.GENESIS
    assert head.hash == bytes(entry.hash) == hashlib.sha256(chain.GENESIS + entry.payload.encode()).digest()
    assert str(entry) == f"{case}/1 test.happened"


def test_recording_is_one_insert_and_reads_nothing(add: Add) -> None:
    with CaptureQueriesContext(connection) as queries:
        add(key="one", input_hash=b"1")
    assert len(queries) == 1


def test_each_entry_follows_the_one_before(add: Add) -> None:
    case = uuid7()
    heads = add(case, 3)
    entries = list(selectors.entries(case))
    assert [bytes(entry.prev_hash) for entry in entries] == [chain.GENESIS, heads[0].hash, heads[1].hash]
    assert sorted(entry.position for entry in entries) == [entry.position for entry in entries]


def test_a_case_that_moved_on_is_a_conflict(add: Add) -> None:
    case = uuid7()
    add(case, 2)
    with pytest.raises(Conflict), transaction.atomic():
        add(case, head=services.Recorded(1, b"x" * 32))


@pytest.mark.parametrize(("seq", "prev_hash"), [(0, b""), (2, b""), (1, b"x" * 32), (2, b"short")])
def test_seq_and_hash_must_fit(happened: str, seq: int, prev_hash: bytes) -> None:
    with pytest.raises(ValueError, match="fit"):
        services.record(
            case_id=uuid7(), seq=seq, prev_hash=prev_hash, event=happened, actor=STAFF, occurred_at=AT, body={}
        )


@pytest.mark.parametrize("actor", [{}, {"kind": "robot"}, {"kind": "staff", "phone": "1"}])
def test_an_actor_is_ids_only(add: Add, actor: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="actor"):
        add(actor=actor)


def test_the_system_says_which_part_of_it(add: Add) -> None:
    case = uuid7()
    add(case, actor={"kind": "system", "name": "watcher"})
    assert json.loads(selectors.entries(case).get().payload)["actor"]["name"] == "watcher"


def test_undeclared_and_retired_events_are_not_recorded() -> None:
    events.declare("test.gone", label="旧", privacy=events.Privacy.reference_only, retired=True)
    for code, word in (("test.never", "undeclared"), ("test.gone", "retired")):
        with pytest.raises(ValueError, match=word):
            services.record(case_id=uuid7(), seq=1, prev_hash=b"", event=code, actor=STAFF, occurred_at=AT, body={})


def test_words_are_refused_before_anything_is_written(add: Add) -> None:
    with CaptureQueriesContext(connection) as queries, pytest.raises(ValueError, match="words"):
        add(body={"step": "note", "text": "我家漏水"})
    assert len(queries) == 0


def test_many_entries_of_several_cases_chain_by_themselves(happened: str) -> None:
    first, second = uuid7(), uuid7()
    entries = [
        services.NewEntry(case, seq, None, happened, STAFF, AT, {"n": seq, "cites": ['\\ " 条']}, key, b"k")
        for case, key in ((first, "first"), (second, ""))
        for seq, key in ((1, key), (2, ""))
    ]
    heads = services.record_many(entries)
    assert [head.seq for head in heads] == [1, 2, 1, 2]
    assert [bytes(entry.hash) for entry in selectors.entries(first)] == [heads[0].hash, heads[1].hash]
    assert [entry.position for entry in Entry.objects.order_by("position")][-4:] == [
        entry.position for case in (first, second) for entry in selectors.entries(case)
    ]
    assert services.replayed("first", b"k") == (first, 1)
    assert services.record_many([]) == []
    with pytest.raises(Conflict), transaction.atomic():
        services.record_many(entries)


def test_a_key_has_one_effect(add: Add) -> None:
    case = uuid7()
    assert services.replayed("again", b"same") is None
    add(case, key="again", input_hash=b"same")
    assert services.replayed("again", b"same") == (case, 1)
    with pytest.raises(Conflict) as conflict:
        services.replayed("again", b"other")
    assert conflict.value.remedy
    with pytest.raises(Conflict), transaction.atomic():
        add(key="again", input_hash=b"same")


@pytest.mark.parametrize("role", ["app", "seal", "owner"])
@pytest.mark.parametrize(
    "act",
    ["UPDATE {} SET case_id = case_id", "DELETE FROM {}", "TRUNCATE {}", "DELETE FROM {} WHERE false"],
)
@pytest.mark.parametrize("table", ["ledger_entry", "ledger_requestkey", "ledger_anchor"])
def test_nobody_changes_what_is_recorded(table: str, act: str, role: str, as_role: Any) -> None:
    sql = act.format(table).replace(
        "case_id = case_id", "hash = hash" if table == "ledger_anchor" else "case_id = case_id"
    )
    with pytest.raises(ProgrammingError, match=r"append-only|permission denied"), as_role(role), transaction.atomic():
        connection.cursor().execute(sql)


@pytest.mark.parametrize("role", ["app", "seal"])
def test_the_application_keeps_its_hands_off_anchored_heads(role: str, as_role: Any) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), as_role(role), transaction.atomic():
        connection.cursor().execute("DELETE FROM ledger_anchoredhead")


def test_an_upsert_cannot_slip_by(add: Add, as_role: Any) -> None:
    case = uuid7()
    add(case)
    sql = (
        "INSERT INTO ledger_entry SELECT (e).* FROM (SELECT e FROM ledger_entry e WHERE case_id = %s) x "
        "ON CONFLICT (case_id, seq) DO UPDATE SET event = 'x'"
    )
    with pytest.raises(ProgrammingError), transaction.atomic():
        connection.cursor().execute(sql, [case])


def test_rows_say_what_they_are() -> None:
    key, case = UUID(int=5), UUID(int=6)
    assert str(RequestKey(key=key)) == str(key)
    assert str(Cursor(name="figures", xid=7, position=8)) == "figures at 7/8"
    assert str(Anchor(day=AT.date())) == "2026-03-02"
    assert str(AnchoredHead(case_id=case, day=AT.date())) == f"{case} in 2026-03-02"


def test_a_commitment_binds_and_hides() -> None:
    salt = chain.new_salt()
    assert chain.commitment(salt, {"words": "漏水"}) == chain.commitment(salt, {"words": "漏水"})
    assert chain.commitment(salt, {"words": "漏水"}) != chain.commitment(chain.new_salt(), {"words": "漏水"})
    with pytest.raises(ValueError, match="salt"):
        chain.commitment(b"short", 1)
