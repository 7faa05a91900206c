"""What the page of a matter was made of, in a few figures: when none of them has moved, the page has not."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from xinqiao.ledger import batch
from xinqiao.people import access
from xinqiao.people.actors import CITIZEN

# The case's row (any change of it), its last entry, who looked, which files and anchors there are, and administrative data.
_VERSION = """
SELECT c.sealed, c.id::text, c.xmin::text, c.head_seq,
  (SELECT count(*) FROM people_accesslog l WHERE l.case_id = c.id),
  (SELECT count(*) FROM files_blob b WHERE b.case_id = c.id),
  (SELECT max(h.day)::text FROM ledger_anchoredhead h WHERE h.case_id = c.id AND h.day <= %s),
  (SELECT max(a.id) FROM people_adminentry a)
FROM cases_case c WHERE c.id = ANY(%s) AND (c.number = %s OR starts_with(c.number, %s))
"""


@dataclass(frozen=True)
class Version:
    """The state of one open matter as its petitioner reads it; equal versions read the same."""

    parts: tuple[object, ...]


def version_proven(case_ids: frozenset[UUID], number: str, on: date) -> Version | None:
    """The version of the one matter of that number among those that a citizen has proven, for their eyes.

    One message, bound to that citizen as far as it reaches (row-level security decides once more). None when there is no
    such matter, or several, or when it is sealed: of sealed matters nothing is kept.
    """
    reading = batch.Batch()
    reading.add(*access.binding(CITIZEN(case_ids)))
    reading.add(_VERSION, [on, sorted(case_ids), number, f"{number}-"])
    _, rows = reading.read()
    if len(rows) != 1 or rows[0][0]:
        return None
    return Version(tuple(rows[0][1:]))
