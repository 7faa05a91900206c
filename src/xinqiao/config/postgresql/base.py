"""Django's backend for PostgreSQL, which asks a kept connection once a second at most whether it still lives.

Django asks before the first query of every request. A connection that answered within the last second is taken at its word;
after an error it is always asked.

The first message of a transaction begins it: where that is a batch, BEGIN goes with it instead of alone before it.

A statement may be laid `ahead`: it goes out before the next one of its transaction, in the same message where that is a batch.

Moments are read by Python's own parser of ISO dates, ten times as fast as the driver's: a list of cases holds hundreds.
"""

import time
from datetime import UTC, datetime
from functools import cache
from typing import Any, cast

from django.db import connection
from django.db.backends.postgresql import base
from psycopg.adapt import AdaptersMap, Buffer
from psycopg.pq import TransactionStatus
from psycopg.types.datetime import TimestamptzLoader

TRUSTED = 1.0  # seconds


class Moments(TimestamptzLoader):
    """Reads a moment into UTC."""

    timezone = UTC  # Django looks whether it is that of the connection

    def load(self, data: Buffer) -> datetime:
        """The moment. Raises psycopg.DataError for one that no datetime can hold."""
        try:
            found = datetime.fromisoformat(str(data, "ascii"))
        except ValueError:
            found = super().load(data)
        return found.astimezone(UTC)


@cache
def _adapters(given: AdaptersMap) -> AdaptersMap:
    adapters = AdaptersMap(given)
    adapters.register_loader("timestamptz", Moments)
    return adapters


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that remembers when it was last seen alive."""

    ahead: tuple[str, list[Any]] | None = None
    _seen_alive = float("-inf")

    def get_connection_params(self) -> dict[str, Any]:
        """What a connection is opened with."""
        params: dict[str, Any] = super().get_connection_params()
        return {**params, "context": _adapters(params["context"])}

    def take_ahead(self) -> list[tuple[str, list[Any]]]:
        """What lies ahead, for whoever sends it with their own statements."""
        taken, self.ahead = self.ahead, None
        return [] if taken is None else [taken]

    def begins(self) -> bool:
        """Whether the next message is the first of a transaction; it must then say BEGIN itself, and the driver does not."""
        wire = self.connection
        if wire is None or wire.autocommit or wire.isolation_level is not None:
            return False
        if wire.info.transaction_status != TransactionStatus.IDLE:
            return False
        wire.autocommit = True  # until the end of the transaction, when Django sets what it wants
        return True

    def not_begun(self) -> None:
        """The first message failed: where not even its BEGIN was carried out, the driver begins with the next one."""
        if self.connection is not None and self.connection.info.transaction_status == TransactionStatus.IDLE:
            self.connection.autocommit = False

    def _cursor(self, name: str | None = None) -> Any:
        for statement, values in self.take_ahead():
            with super()._cursor() as cursor:  # type: ignore[misc]
                cursor.execute(statement, values)
        return super()._cursor(name)  # type: ignore[misc]

    def _commit(self) -> None:
        self.ahead = None
        super()._commit()  # type: ignore[misc]

    def _rollback(self) -> None:
        self.ahead = None
        super()._rollback()  # type: ignore[misc]

    def is_usable(self) -> bool:
        """Whether the connection lives."""
        now = time.monotonic()
        if now - self._seen_alive < TRUSTED and not self.errors_occurred:
            return True
        usable: bool = super().is_usable()
        if usable:
            self._seen_alive = now
        return usable

    def close(self) -> None:
        """Close it; a new one has been seen by nobody."""
        self._seen_alive = float("-inf")
        self.ahead = None
        super().close()


def current() -> DatabaseWrapper:
    """This thread's connection."""
    return cast(DatabaseWrapper, connection)
