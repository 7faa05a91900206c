"""Rows by the thousand in one statement: columns as binary arrays, unnested by the database.

COPY would be the usual way, but PostgreSQL refuses it to a role that stands behind row-level security. Arrays carry the
same bytes, pass every policy, constraint and trigger as single inserts do, and cost about as much.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection
from psycopg.adapt import Dumper
from psycopg.pq import Format

_NULL = b"\xff\xff\xff\xff"
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(2000, 1, 1).toordinal()
_MICROSECOND = 1_000_000
_HEAD = 20  # bytes of an array before its values
_length = struct.Struct(">i").pack
_size = struct.Struct(">i").unpack_from
_uuid_head = _length(16)
_int4 = struct.Struct(">ii").pack
_int8 = struct.Struct(">iq").pack
_TRUE, _FALSE = b"\x00\x00\x00\x01\x01", b"\x00\x00\x00\x01\x00"


@dataclass(frozen=True)
class Column:
    """The values of one column: an array in PostgreSQL's binary form."""

    type: str
    oid: int
    data: bytes
    count: int


class _ColumnDumper(Dumper):
    """Sends a Column as it is; the cast in the statement names its type."""

    format = Format.BINARY

    def dump(self, obj: Column) -> bytes:  # type: ignore[override]
        """The bytes of the array."""
        return obj.data


def _column(name: str, oid: int, cells: Sequence[bytes]) -> Column:
    head = struct.pack(">iiiii", 1, 1, oid, len(cells), 1)
    return Column(name, oid, head + b"".join(cells), len(cells))


def uuids(values: Iterable[UUID | None]) -> Column:
    """A column of type uuid."""
    return _column("uuid", 2950, [_NULL if v is None else _uuid_head + v.bytes for v in values])


def texts(values: Iterable[str | bytes | None]) -> Column:
    """A column of type text, also for varchar; bytes are UTF-8."""
    encoded = [v.encode() if isinstance(v, str) else v for v in values]
    return _column("text", 25, [_NULL if v is None else _length(len(v)) + v for v in encoded])


def blobs(values: Iterable[bytes | None]) -> Column:
    """A column of type bytea."""
    return _column("bytea", 17, [_NULL if v is None else _length(len(v)) + v for v in values])


def jsons(values: Iterable[str | bytes | None]) -> Column:
    """A column of type jsonb, given as JSON text; bytes are UTF-8."""
    encoded = [v.encode() if isinstance(v, str) else v for v in values]
    return _column("jsonb", 3802, [_NULL if v is None else _length(len(v) + 1) + b"\x01" + v for v in encoded])


def ints(values: Iterable[int | None]) -> Column:
    """A column of type int, also for smallint."""
    return _column("int", 23, [_NULL if v is None else _int4(4, v) for v in values])


def bigints(values: Iterable[int | None]) -> Column:
    """A column of type bigint."""
    return _column("bigint", 20, [_NULL if v is None else _int8(8, v) for v in values])


def bools(values: Iterable[bool]) -> Column:
    """A column of type boolean."""
    return _column("boolean", 16, [_TRUE if v else _FALSE for v in values])


def days(values: Iterable[date | None]) -> Column:
    """A column of type date."""
    return _column("date", 1082, [_NULL if v is None else _int4(4, v.toordinal() - _EPOCH_DAY) for v in values])


def moments(values: Iterable[datetime | None]) -> Column:
    """A column of type timestamptz. Raises TypeError for a moment without a zone."""
    return _column("timestamptz", 1184, [_NULL if v is None else moment(v) for v in values])


def moment(value: datetime) -> bytes:
    """One place of a column of moments, for a moment that stands in many."""
    return _int8(8, _microseconds(value))


def uuid(value: UUID) -> bytes:
    """One place of a column of uuids, for one that stands in many."""
    return _uuid_head + value.bytes


def uuid_places(cells: Sequence[bytes]) -> Column:
    """A column of what `uuid` made."""
    return _column("uuid", 2950, cells)


def moment_places(cells: Sequence[bytes | None]) -> Column:
    """A column of what `moment` made."""
    return _column("timestamptz", 1184, [_NULL if cell is None else cell for cell in cells])


def picked(column: Column, places: Iterable[int]) -> Column:
    """For each place the value that stands there in `column`; the first place is 0."""
    data, at, cells = column.data, _HEAD, []
    for _ in range(column.count):
        end = at + 4 + max(0, _size(data, at)[0])
        cells.append(data[at:end])
        at = end
    return _column(column.type, column.oid, [cells[place] for place in places])


def _microseconds(value: datetime) -> int:
    since = value - _EPOCH
    return (since.days * 86_400 + since.seconds) * _MICROSECOND + since.microseconds


@dataclass(frozen=True)
class Insert:
    """A statement with its values, made before a transaction begins. Without a statement when there are no rows."""

    statement: str
    values: Sequence[Any]


def insert(table: str, columns: Mapping[str, Column], *, fixed: Mapping[str, Any] | None = None) -> None:
    """Insert one row for each place of `columns`, in the caller's transaction: see `inserting`."""
    run([inserting(table, columns, fixed=fixed)])


def inserting(
    table: str,
    columns: Mapping[str, Column],
    *,
    kinds: Mapping[str, Column] | None = None,
    fixed: Mapping[str, Any] | None = None,
) -> Insert:
    """What inserts one row for each place of `columns`, in their order. Reads nothing and writes nothing.

    `kinds` are columns of a small table that the rows share; `columns["kind"]` then holds the place in it, counted from 1.
    `fixed` values are the same in every row. Raises ValueError when the columns differ in length.
    """
    counts = {column.count for column in columns.values()}
    if len(counts) != 1 or len({column.count for column in (kinds or {}).values()}) > 1:
        raise ValueError("columns of one table are of one length")
    if not counts.pop():
        return Insert("", ())
    rows = [name for name in columns if name != "kind" or kinds is None]
    shared, same = list(kinds or {}), dict(fixed or {})
    wanted = [*(f'r."{name}"' for name in rows), *(f'k."{name}"' for name in shared), *("%s" for _ in same)]
    source = f"unnest({_places(columns)}) AS r({_names(columns)})"
    values: list[Any] = [*same.values(), *columns.values()]
    if kinds:
        source += f" JOIN unnest({_places(kinds)}) WITH ORDINALITY AS k({_names(shared)}, place_) ON k.place_ = r.kind"
        values += kinds.values()
    statement = f"INSERT INTO {table} ({_names([*rows, *shared, *same])}) SELECT {', '.join(wanted)} FROM {source}"  # noqa: S608 - names are ours
    return Insert(statement, values)


def run(inserts: Iterable[Insert]) -> None:
    """Carry out what was made beforehand, in its order, in the caller's transaction."""
    with _cursor() as cursor:
        for one in inserts:
            if one.statement:
                cursor.execute(one.statement, one.values)


@contextmanager
def together() -> Iterator[None]:
    """What is inserted here goes out without a wait for each answer. What the database refuses is raised at the end at the latest,
    as Django's errors."""
    connection.ensure_connection()
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield


def known(table: str, name: str, wanted: Column, *also: str) -> list[tuple[Any, ...]]:
    """Of the values `wanted` of column `name` those that are in the table, each with the columns `also`."""
    with _cursor() as cursor:
        cursor.execute(f"SELECT {_names([name, *also])} FROM {table} WHERE {name} = ANY(%s::{wanted.type}[])", [wanted])  # noqa: S608 - names are ours
        return cursor.fetchall()


def _cursor() -> psycopg.Cursor[Any]:
    connection.ensure_connection()
    cursor = psycopg.Cursor(connection.connection)
    cursor.adapters.register_dumper(Column, _ColumnDumper)
    return cursor


def _names(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _places(columns: Mapping[str, Column]) -> str:
    return ", ".join(f"%s::{column.type}[]" for column in columns.values())
