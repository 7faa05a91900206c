"""Reading the ledger."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from xinqiao.ledger import batch, merkle
from xinqiao.ledger.models import Anchor, AnchoredHead, Entry
from xinqiao.ledger.verify import split

_CLOCK_BACK = """
SELECT coalesce(greatest(extract(epoch FROM max(recorded_at) - clock_timestamp()), 0), 0)
FROM (SELECT recorded_at FROM ledger_entry ORDER BY xid DESC, position DESC LIMIT 500) lately
"""


def entries(case_id: UUID) -> QuerySet[Entry]:
    """The chain of a case, first entry first. Row-level security decides whether there is anything to see."""
    return Entry.objects.filter(case_id=case_id).order_by("seq")


def body(entry: Entry) -> dict[str, Any]:
    """What was recorded with an entry: references, cites, commitments."""
    found: dict[str, Any] = json.loads(entry.payload)["body"]
    return found


def clock_back() -> int:
    """By how many seconds the database's clock stands before what was recorded last; 0 when it does not."""
    ((seconds,),) = batch.rows(_CLOCK_BACK)
    return int(seconds)


def proof(case_id: UUID, day: date) -> dict[str, Any] | None:
    """The path that proves the case's file as it stood in the last anchor up to `day`; None when no anchor holds it yet.

    A citizen checks it with merkle.verify_proof against the hash that was published for the proof's own day.
    """
    place = AnchoredHead.objects.filter(case_id=case_id, day__lte=day).order_by("-day").first()
    if place is None:
        return None
    head = Entry.objects.values_list("hash", flat=True).get(case_id=case_id, seq=place.seq)
    anchor = Anchor.objects.get(day=place.day)
    leaves = split(bytes(anchor.leaves))
    return {
        "v": 1,
        "day": place.day.isoformat(),
        "case": str(case_id),
        "seq": place.seq,
        "head": bytes(head).hex(),
        "salt": bytes(place.salt).hex(),
        "index": place.leaf_index,
        "path": [node.hex() for node in merkle.path_of(leaves, place.leaf_index)],
        "root": bytes(anchor.root).hex(),
        "previous": bytes(anchor.previous).hex(),
        "anchor": bytes(anchor.hash).hex(),
    }


def proof_day(case_id: UUID, day: date) -> batch.Question[date | None]:
    """The day of the last anchor up to `day` that holds the case, as `proof` would name it; asks for nothing else."""
    last = "SELECT max(day) FROM ledger_anchoredhead WHERE case_id = %s AND day <= %s"
    return batch.question(last, [case_id, day], lambda rows: rows[0][0])


def publication(anchor: Anchor) -> dict[str, Any]:
    """What the public gets to see of a day."""
    return {
        "v": 1,
        "day": anchor.day.isoformat(),
        "root": bytes(anchor.root).hex(),
        "previous": bytes(anchor.previous).hex(),
        "anchor": bytes(anchor.hash).hex(),
        "taken_at": anchor.taken_at.isoformat(),
    }


def published(folder: Path) -> Mapping[date, str]:
    """The hashes that were given out, by day, from the files in `folder`."""
    found = (json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json")))
    return {date.fromisoformat(each["day"]): each["anchor"] for each in found}
