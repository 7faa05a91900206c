"""Anchors that are later than the database: which entries they held, and that the list itself is proven."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest

from xinqiao.kernel.ids import uuid7
from xinqiao.ledger import merkle, services
from xinqiao.ledger.lost import Held, Lost, missing

Add = Callable[..., list[services.Recorded]]
DAY = date(2026, 3, 2)
SALT = b"s" * 32


def held(*heads: tuple[object, int, bytes], day: date = DAY) -> Held:
    """What an anchor over those heads keeps."""
    own = [merkle.leaf_of(SALT, case, seq, digest) for case, seq, digest in heads]  # type: ignore[arg-type]
    leaves = merkle.padded(own)
    told = {
        "day": day.isoformat(),
        "previous": merkle.FIRST.hex(),
        "leaves": b"".join(leaves).hex(),
        "heads": [
            [str(case), seq, leaves.index(leaf), SALT.hex(), digest.hex()]
            for (case, seq, digest), leaf in zip(heads, own, strict=True)
        ],
    }
    return Held.of(told)


def _published(anchor: Held) -> str:
    return merkle.anchor_hash(anchor.previous, anchor.day, merkle.root_of(anchor.leaves)).hex()


@pytest.mark.usefixtures("seal")
def test_entries_that_are_not_here_are_named(add: Add) -> None:
    there, shorter, other, gone = (uuid7() for _ in range(4))
    whole = add(there, 3)
    add(shorter, 2)
    add(other, 3)
    anchors = [
        held((there, 3, whole[-1].hash), (other, 3, b"o" * 32)),
        held((shorter, 5, b"x" * 32), (gone, 1, b"y" * 32), day=date(2026, 3, 3)),
    ]
    assert missing(anchors) == [
        Lost(other, DAY, 3, 3),
        *sorted([Lost(shorter, date(2026, 3, 3), 5, 2), Lost(gone, date(2026, 3, 3), 1, 0)], key=lambda e: e.case_id),
    ]
    assert missing(anchors[:0]) == []


def test_a_list_proves_itself_against_what_was_published() -> None:
    anchor = held((uuid4(), 3, b"h" * 32), (uuid4(), 1, b"i" * 32))
    assert anchor.proves(_published(anchor))
    assert not anchor.proves("00" * 32)
    case, seq, place, salt, digest = anchor.heads[0]
    for changed in ((uuid4(), seq, place, salt, digest), (case, seq + 1, place, salt, digest)):
        assert not replace(anchor, heads=(changed,)).proves(_published(anchor))
