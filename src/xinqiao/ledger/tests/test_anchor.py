"""The daily anchor: what is published, what a citizen can prove with it, and what it does not tell."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from xinqiao.kernel.ids import uuid7
from xinqiao.ledger import jobs, merkle, selectors, services
from xinqiao.ledger.models import Anchor, AnchoredHead
from xinqiao.ledger.tests.conftest import AT, settle
from xinqiao.ledger.verify import Broken, verify

Add = Callable[..., list[services.Recorded]]
DAY = date(2026, 3, 2)


def take(day: date = DAY) -> Anchor:
    settle()
    with transaction.atomic():
        return services.anchor_take(day=day, at=AT)


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.XINQIAO_HOME = tmp_path
    return tmp_path / "anchors"


pytestmark = pytest.mark.usefixtures("committed")


def test_a_citizen_can_check_their_file_against_the_published_hash(add: Add, folder: Path) -> None:
    cases = [uuid7() for _ in range(5)]
    heads = {case: add(case, 3)[-1] for case in cases}
    take()
    (path,) = services.anchor_publish(folder=folder)
    published = json.loads(path.read_text())
    for case in cases:
        proof = selectors.proof(case, DAY)
        assert proof is not None
        assert proof == json.loads(json.dumps(proof))
        assert (proof["head"], proof["seq"]) == (heads[case].hash.hex(), 3)
        assert merkle.verify_proof(proof, published["anchor"])


CHANGES: list[dict[str, Any]] = [
    {"seq": 2},
    {"seq": 2**40},
    {"head": "00" * 32},
    {"salt": "00" * 32},
    {"case": "00000000-0000-0000-0000-000000000007"},
    {"index": 5000},
    {"index": "x"},
    {"index": -1},
    {"path": []},
    {"path": ["zz"]},
    {"path": None},
    {"day": "2026-03-03"},
    {"day": "never"},
    {"previous": "11" * 32},
]


def test_a_proof_that_was_changed_proves_nothing(add: Add) -> None:
    case = uuid7()
    add(case, 3)
    anchor = take()
    proof = selectors.proof(case, DAY)
    assert proof is not None
    assert merkle.verify_proof(proof, anchor.hash.hex())
    for change in CHANGES:
        assert not merkle.verify_proof({**proof, **change}, anchor.hash.hex()), change
        assert not merkle.verify_proof({k: v for k, v in proof.items() if k not in change}, anchor.hash.hex()), change
    assert not merkle.verify_proof(proof, "00" * 32)
    assert not merkle.verify_proof(proof, "not hex")


def test_later_days_anchor_what_changed_and_bind_the_days_before(add: Add) -> None:
    quiet, busy = uuid7(), uuid7()
    add(quiet)
    head = add(busy)[-1]
    first = take()
    add(busy, head=head)
    second = take(DAY + timedelta(days=3))
    assert second.previous == first.hash
    assert (selectors.proof(quiet, DAY + timedelta(days=9)) or {})["day"] == "2026-03-02"
    assert (selectors.proof(busy, DAY + timedelta(days=2)) or {})["seq"] == 1
    proof = selectors.proof(busy, DAY + timedelta(days=3))
    assert proof is not None
    assert proof["seq"] == 2
    assert merkle.verify_proof(proof, second.hash.hex())
    assert selectors.proof(quiet, DAY - timedelta(days=1)) is None
    assert selectors.proof(uuid7(), DAY) is None
    report = verify()
    assert report.whole
    assert report.anchors == 2


def test_a_day_has_one_anchor_and_days_only_go_forward(add: Add) -> None:
    add()
    first = take()
    add()
    assert take().hash == first.hash
    assert take(DAY - timedelta(days=1)).day == DAY
    assert Anchor.objects.count() == 1


def test_quiet_and_busy_days_look_the_same(add: Add, folder: Path) -> None:
    quiet = take()
    for _ in range(40):
        add()
    busy = take(DAY + timedelta(days=1))
    assert len(quiet.leaves) == len(busy.leaves) == 32 * merkle.SMALLEST
    first, second = services.anchor_publish(folder=folder)
    keys = {"v", "day", "root", "previous", "anchor", "taken_at"}
    assert json.loads(first.read_text()).keys() == json.loads(second.read_text()).keys() == keys
    assert len(first.read_text()) == len(second.read_text())


def test_a_leaf_cannot_be_guessed_from_its_case(add: Add) -> None:
    """Who knows a case's id, seq and head, as the ledger shows them, still cannot say whether it is in the anchor."""
    case = uuid7()
    head = add(case)[-1]
    leaves = bytes(take().leaves)
    for salt in (b"", bytes(32)):
        assert merkle.leaf_of(salt, case, 1, head.hash) not in leaves
    own = AnchoredHead.objects.get(case_id=case)
    assert merkle.leaf_of(bytes(own.salt), case, 1, head.hash) in leaves
    assert case.hex not in leaves.hex()


def test_many_heads_grow_the_tree_to_the_next_power_of_two() -> None:
    leaves = merkle.padded([bytes([n % 256, n // 256]) * 16 for n in range(merkle.SMALLEST + 1)])
    assert len(leaves) == 2 * merkle.SMALLEST
    assert leaves == sorted(leaves)
    assert len(merkle.path_of(leaves, 7)) == 11


def tamper(sql: str, *params: object) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE NONE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql, params)


def test_verification_finds_a_changed_anchor(add: Add, folder: Path) -> None:
    case = uuid7()
    add(case)
    take()
    services.anchor_publish(folder=folder)
    given = selectors.published(folder)
    assert verify(published=given).whole
    tamper("UPDATE ledger_anchor SET leaves = overlay(leaves placing '\\x0102030405' from 7)")
    assert Broken(None, 0, "anchor", DAY) in verify(published=given).broken
    tamper("DELETE FROM ledger_anchor")
    assert verify(published=given).broken == (Broken(None, 0, "anchor gone", DAY),)


def test_verification_finds_a_history_rewritten_with_all_its_anchors(add: Add, folder: Path) -> None:
    """Who owns the database can make everything fit again, but not what was given out."""
    add()
    take()
    services.anchor_publish(folder=folder)
    given = selectors.published(folder)
    tamper("TRUNCATE ledger_entry, ledger_anchor, ledger_anchoredhead")
    add()
    take()
    assert verify().whole
    assert verify(published=given).broken == (Broken(None, 0, "anchor", DAY),)


def test_verification_finds_a_chain_that_is_not_what_was_anchored(add: Add) -> None:
    case, gone = uuid7(), uuid7()
    add(case)
    add(gone)
    take()
    tamper("DELETE FROM ledger_entry WHERE case_id = %s", gone)
    assert verify().broken == (Broken(gone, 1, "anchored otherwise", DAY),)
    tamper("DELETE FROM ledger_entry WHERE case_id = %s", case)
    add(case, body={"step": "other"})
    assert set(verify().broken) == {
        Broken(gone, 1, "anchored otherwise", DAY),
        Broken(case, 1, "anchored otherwise", DAY),
    }


def test_published_files_are_written_once(folder: Path) -> None:
    take()
    assert [path.name for path in services.anchor_publish(folder=folder)] == ["2026-03-02.json"]
    before = (folder / "2026-03-02.json").read_bytes()
    assert services.anchor_publish(folder=folder) == []
    take(DAY + timedelta(days=1))
    assert [path.name for path in services.anchor_publish(folder=folder)] == ["2026-03-03.json"]
    assert (folder / "2026-03-02.json").read_bytes() == before
    assert list(folder.glob("*.part")) == []


def test_the_job_anchors_the_day_that_is_over_and_publishes(add: Add, folder: Path) -> None:
    case = uuid7()
    add(case)
    settle()
    just_after_midnight = datetime(2026, 3, 2, 16, 7, tzinfo=UTC)  # 00:07 of the 3rd in Shanghai
    for _ in range(2):
        jobs.anchor(timestamp=int(just_after_midnight.timestamp()))
    assert list(Anchor.objects.values_list("day", flat=True)) == [DAY]
    assert selectors.published(folder)[DAY] == Anchor.objects.get().hash.hex()
    assert selectors.proof(case, DAY) is not None
