"""Sessions in the database, as Django keeps them; one is read in one round trip together with the clock that its request goes by."""

from typing import Any

from django.contrib.sessions.backends import db

from xinqiao.kernel.clock import utc_now
from xinqiao.ledger import batch
from xinqiao.people import clock

SHORTEST = 8
_SESSION = "SELECT session_data FROM django_session WHERE session_key = %s AND expire_date > %s"


class SessionStore(db.SessionStore):
    """The engine of settings.SESSION_ENGINE."""

    def _validate_session_key(self, key: str | None) -> bool:
        """Keys are letters and figures; what a cookie says besides (a nought, for one) is not put to the database."""
        return bool(key) and len(str(key)) >= SHORTEST and str(key).isascii() and str(key).isalnum()

    def load(self) -> dict[str, Any]:
        """What the session holds; a key that is unknown or has run out is forgotten."""
        reading = batch.Batch()
        reading.add(_SESSION, [self.session_key, utc_now()])
        reading.add(clock.OFFSET)
        found, offset = reading.read()
        clock.read(offset)
        if not found:
            self._session_key = None
            return {}
        return self.decode(found[0][0])
