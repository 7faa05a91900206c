"""Django's backend for PostgreSQL, which asks a kept connection once a second at most whether it still lives.

Django asks before the first query of every request. A connection that answered within the last second is taken at its word;
after an error it is always asked.
"""

import time

from django.db.backends.postgresql import base

TRUSTED = 1.0  # seconds


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that remembers when it was last seen alive."""

    _seen_alive = float("-inf")

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
        super().close()
