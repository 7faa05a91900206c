"""Which anchored entries a database no longer has: told after a restore that ends before an anchor that was given out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self
from uuid import UUID

from django.db import connection

from xinqiao.ledger import merkle
from xinqiao.ledger.verify import split


@dataclass(frozen=True)
class Held:
    """What an anchor commits to, kept outside the data: its leaves, and (case, seq, place, salt, hash) of each head."""

    day: date
    previous: bytes
    leaves: tuple[bytes, ...]
    heads: tuple[tuple[UUID, int, int, bytes, bytes], ...]

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """From the words in which it is kept."""
        heads = tuple(
            (UUID(case), int(seq), int(place), bytes.fromhex(salt), bytes.fromhex(digest))
            for case, seq, place, salt, digest in told["heads"]
        )
        leaves = tuple(split(bytes.fromhex(told["leaves"])))
        return cls(date.fromisoformat(told["day"]), bytes.fromhex(told["previous"]), leaves, heads)

    def proves(self, published: str) -> bool:
        """Whether this is what the published hash of its day stands for."""
        found = merkle.anchor_hash(self.previous, self.day, merkle.root_of(self.leaves)).hex() == published
        return found and all(
            merkle.leaf_of(salt, case, seq, digest) == self.leaves[place]
            for case, seq, place, salt, digest in self.heads
        )


@dataclass(frozen=True)
class Lost:
    """A case whose chain ends (or differs) before what was anchored: it has entries up to `have`, and held `seq`."""

    case_id: UUID
    day: date
    seq: int
    have: int


_HAVE = """
SELECT w.case_id::uuid, coalesce(max(e.seq), 0), bool_or(e.seq = w.seq AND e.hash = w.hash)
FROM unnest(%s::uuid[], %s::int[], %s::bytea[]) AS w(case_id, seq, hash)
LEFT JOIN ledger_entry e ON e.case_id = w.case_id AND e.seq <= w.seq
GROUP BY w.case_id, w.seq
"""


def missing(anchors: Iterable[Held]) -> list[Lost]:
    """The anchored heads that the database does not have, by day. Needs a role and actor that see every entry."""
    found = []
    for anchor in anchors:
        cases = [case for case, *_ in anchor.heads]
        wanted = {case: seq for case, seq, *_ in anchor.heads}
        with connection.cursor() as cursor:
            cursor.execute(_HAVE, [cases, list(wanted.values()), [digest for *_, digest in anchor.heads]])
            for case, have, same in cursor.fetchall():
                if not same:
                    found.append(Lost(case, anchor.day, wanted[case], have))
    return sorted(found, key=lambda each: (each.day, each.case_id))
