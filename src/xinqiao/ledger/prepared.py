"""Statements that the database keeps parsed and planned under a name, as long as a connection lives.

Half of what PostgreSQL does for a step is planning: the same few statements over and over, each with the walls of row-level
security around it. A message names them and gives their values: `EXECUTE name (values)`; what stands in a batch travels
together all the same. Their plans know no values (plan_cache_mode, settings.DATABASES): they are all found by key.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connection
from psycopg.adapt import Transformer

MOST = 500  # names on one connection; what comes after is sent as it is
_PLANNED = re.compile(r"\s*\(?(SELECT|INSERT|UPDATE|DELETE|WITH)\b", re.IGNORECASE)
_SELECT = re.compile(r"\(?SELECT\b")
_TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE)\s+\"?(\w+)", re.IGNORECASE)
_PLACE = re.compile(r"%s|%%")
Statement = tuple[str, Sequence[Any]]


class _Known:
    """What one connection keeps: the names it has been given, and how it writes values as literals."""

    def __init__(self, wire: Any) -> None:
        self.names: set[str] = set()
        self.literal = Transformer(wire).as_literal

    def call(self, template: bytes, values: Sequence[Any]) -> str:
        """An EXECUTE with its values."""
        return (template % tuple([b"NULL" if value is None else self.literal(value) for value in values])).decode()


_kept: WeakKeyDictionary[Any, _Known] = WeakKeyDictionary()


def message(cursor: Any, statements: Sequence[Statement]) -> str:
    """The statements (with %s for their values) as one message, composed for this connection; names it lacks are given first."""
    shapes = [_shape(statement) for statement, _ in statements]
    known = _kept.get(connection.connection)
    if known is None:
        known = _kept[connection.connection] = _Known(connection.connection)
    names = known.names
    new = {name: text for name, text, _ in shapes if name and name not in names}
    if len(names) + len(new) <= MOST:
        for name, text in new.items():  # one by one: a name stays even when the transaction does not
            with connection.wrap_database_errors:
                connection.connection.execute(text)
            names.add(name)
    return ";\n".join(
        known.call(call, values) if name in names else cursor.mogrify(statement, values)
        for (name, _, call), (statement, values) in zip(shapes, statements, strict=True)
    )


@contextmanager
def planned() -> Iterator[None]:
    """Whatever Django asks within is planned once as well: for pages that are asked for all day with other values.

    Not for questions whose best plan depends on their values.
    """
    with connection.execute_wrapper(_planned):
        yield


def _planned(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Mapping[str, Any]) -> Any:
    if many or not params or not _SELECT.match(sql):
        return execute(sql, params, many, context)
    context["cursor"].db.ensure_connection()
    return execute(message(context["cursor"], [(sql, params)]), None, many, context)


@lru_cache(maxsize=2048)
def _shape(statement: str) -> tuple[str, str, bytes]:
    """Name, PREPARE and EXECUTE of a statement; all empty when it is not one that is planned."""
    begins = _PLANNED.match(statement)
    if begins is None:
        return "", "", b""
    count = 0

    def numbered(place: re.Match[str]) -> str:
        nonlocal count
        if place[0] == "%%":
            return "%"
        count += 1
        return f"${count}"

    text = _PLACE.sub(numbered, statement)
    table = _TABLE.search(statement)
    name = f"{begins[1].lower()}_{table[1] if table else ''}_{hashlib.sha256(statement.encode()).hexdigest()[:10]}"
    values = f" ({', '.join(['%s'] * count)})" if count else ""
    return name, f"PREPARE {name} AS {text}", f"EXECUTE {name}{values}".encode()
