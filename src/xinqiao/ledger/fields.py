"""Column types and defaults of PostgreSQL that Django does not know."""

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


class IdentityField(models.BigIntegerField):
    """A bigint that the database numbers by itself: GENERATED ALWAYS AS IDENTITY, outside the primary key."""

    def db_type_suffix(self, connection: BaseDatabaseWrapper) -> str:
        return "GENERATED ALWAYS AS IDENTITY"


class XidField(models.Field):  # type: ignore[type-arg]
    """A 64-bit transaction id (xid8), an int in Python."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "xid8"

    def from_db_value(self, value: Any, expression: Any, connection: BaseDatabaseWrapper) -> int | None:
        return None if value is None else int(value)

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else str(int(value))


class CurrentXid(models.Func):
    """pg_current_xact_id(): the top-level transaction that writes the row."""

    function = "pg_current_xact_id"
    output_field = XidField()


class ClockTimestamp(models.Func):
    """clock_timestamp(): the moment itself, not the start of the transaction."""

    function = "clock_timestamp"
    output_field = models.DateTimeField()
