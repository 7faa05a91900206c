"""What has changed since the last look: read from the ledger below the oldest running transaction, sealed cases left out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg

MOST_AT_ONCE = 5000

_BIND = "SELECT set_config('xinqiao.actor', 'system', false)"
_NOW = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text, 0::bigint"
_NEW = """
WITH new AS (
    SELECT case_id, organ_id, xid, position FROM ledger_entry
    WHERE (xid, position) > (%(xid)s::text::xid8, %(position)s) AND xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY xid, position
    LIMIT %(limit)s)
SELECT (SELECT xid::text FROM new ORDER BY xid DESC, position DESC LIMIT 1),
       (SELECT position FROM new ORDER BY xid DESC, position DESC LIMIT 1),
       coalesce(array_agg(DISTINCT c.id::text) FILTER (WHERE c.id IS NOT NULL), '{}'),
       coalesce(array_agg(DISTINCT o.organ) FILTER (WHERE o.organ IS NOT NULL), '{}')
FROM new
LEFT JOIN cases_case c ON c.id = new.case_id AND NOT c.sealed
LEFT JOIN LATERAL (
    SELECT unnest(ARRAY[c.office_id, c.desk_id, c.lead_id, c.ruling_id, new.organ_id]) AS organ
    UNION SELECT a.organ_id FROM cases_assist a WHERE a.case_id = c.id
) o ON c.id IS NOT NULL
"""


@dataclass(frozen=True)
class News:
    """Organs and cases that something happened to."""

    organs: frozenset[int] = frozenset()
    cases: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.organs or self.cases)

    def __or__(self, other: "News") -> "News":
        return News(self.organs | other.organs, self.cases | other.cases)

    def __and__(self, other: "News") -> "News":
        return News(self.organs & other.organs, self.cases & other.cases)


class Feed:
    """One connection (role seal) and a place in the ledger; begins with what comes after it was opened."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self.parameters = dict(parameters)
        self.connection: psycopg.AsyncConnection[tuple[Any, ...]] | None = None
        self.place: tuple[str, int] | None = None

    async def open(self) -> psycopg.AsyncConnection[tuple[Any, ...]]:
        """Connect, or connect again; the place is kept. Raises psycopg.OperationalError."""
        if self.connection is None or self.connection.closed:
            self.connection = await psycopg.AsyncConnection.connect(**self.parameters, autocommit=True)
            await self.connection.execute(_BIND)
            if self.place is None:
                found = await (await self.connection.execute(_NOW)).fetchone()
                assert found is not None  # noqa: S101 — the query always answers with one row
                self.place = (found[0], found[1])
        return self.connection

    async def news(self) -> News:
        """What is new since the last call. Raises psycopg.OperationalError when the database is gone."""
        connection = await self.open()
        xid, position = self.place or ("0", 0)
        limits = {"xid": xid, "position": position, "limit": MOST_AT_ONCE}
        row = await (await connection.execute(_NEW, limits)).fetchone()
        if row is None or row[0] is None:
            return News()
        self.place = (row[0], row[1])
        return News(frozenset(row[3]), frozenset(row[2]))

    async def pass_over(self) -> None:
        """Nobody listens: what is settled by now is news to nobody. Raises psycopg.OperationalError."""
        found = await (await (await self.open()).execute(_NOW)).fetchone()
        assert found is not None  # noqa: S101 — the query always answers with one row
        self.place = (found[0], found[1])

    async def close(self) -> None:
        """Hang up."""
        if self.connection is not None:
            await self.connection.close()
