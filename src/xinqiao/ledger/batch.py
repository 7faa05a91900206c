"""Statements that travel together: what one step reads, or writes, goes to the database in one round trip.

Every statement still sees what the ones before it did, as if each had been sent alone. A model's columns and conversions are
looked up once; nothing is left of the row's own `save()`, which by the house rules holds no rules.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import islice
from operator import attrgetter
from typing import Any, Generic, TypeVar

from django.db import connection, models
from django.db.models import Field, Model
from django.db.models.base import ModelState
from psycopg import sql

from xinqiao.config.postgresql import base as postgresql

from . import prepared

M = TypeVar("M", bound=Model)
T = TypeVar("T")
Rows = list[tuple[Any, ...]]
Savers = list[Callable[[Any], Any]]
_AS_THEY_ARE = (
    models.CharField,
    models.TextField,
    models.BooleanField,
    models.IntegerField,
    models.UUIDField,
    models.DateField,  # with DateTimeField
)  # what these hold is what PostgreSQL takes


class Batch:
    """Gathers statements until `send` or `read`; then it is empty again."""

    def __init__(self) -> None:
        self._statements: list[prepared.Statement] = []

    def add(self, statement: str, params: Sequence[Any] = ()) -> None:
        """A statement with %s for its parameters."""
        self._statements.append((statement, params))

    def insert(self, row: Model) -> None:
        """A new row; its primary key must be set unless the database gives one that nobody needs here."""
        model = type(row)
        given = row.pk is not None
        savers, statement = _insertion(model, given)
        self.add(statement, [value(row) for value in savers])
        row._state.adding, row._state.db = False, connection.alias

    def update(self, row: Model, names: Iterable[str]) -> None:
        """Write the named fields of a row that exists."""
        savers, statement = _change(type(row), tuple(names))
        self.add(statement, [*(value(row) for value in savers), row.pk])

    def send(self) -> None:
        """Carry the statements out, in order. Raises what the database says of any of them."""
        if self._statements:
            with _sent(self._taken()):
                pass

    def read(self) -> list[list[tuple[Any, ...]]]:
        """Carry the statements out and return the rows of each."""
        with _sent(self._taken()) as cursor:
            found: list[list[tuple[Any, ...]]] = []
            more: bool | None = True
            while more:
                found.append(cursor.fetchall())
                more = cursor.nextset()
            return found

    def _taken(self) -> list[prepared.Statement]:
        statements, self._statements = self._statements, []
        return statements


@contextmanager
def _sent(statements: Sequence[prepared.Statement]) -> Iterator[Any]:
    """The cursor that stands before the first answer. What the connection has lying ahead goes with them."""
    wire = postgresql.current()
    ahead = wire.take_ahead()
    with connection.cursor() as cursor:
        message = prepared.message(cursor, [*ahead, *statements])
        begins = wire.begins()
        try:
            cursor.execute(f"BEGIN;\n{message}" if begins else message)
        except Exception:
            if begins:
                wire.not_begun()
            raise
        for _each in range(begins + len(ahead)):
            cursor.nextset()
        yield cursor


@dataclass(frozen=True)
class Question(Generic[T]):
    """What a selector asks, so that it may travel with others: its statements, and what is made of the rows of each."""

    statements: Sequence[prepared.Statement]
    take: Callable[[list[Rows]], T]

    def answer(self) -> T:
        """The answer, in one round trip."""
        reading = Batch()
        for statement, params in self.statements:
            reading.add(statement, params)
        return self.take(reading.read())


def question(statement: str, params: Sequence[Any], take: Callable[[Rows], T]) -> Question[T]:
    """A question of one statement."""
    return Question([(statement, params)], lambda found: take(found[0]))


def together(*questions: Question[Any]) -> Question[tuple[Any, ...]]:
    """Several questions as one: the answer of each, in their order."""

    def take(found: list[Rows]) -> tuple[Any, ...]:
        left = iter(found)
        return tuple(one.take(list(islice(left, len(one.statements)))) for one in questions)

    return Question([statement for one in questions for statement in one.statements], take)


def rows(statement: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """The rows of one statement, planned once as those of a batch are."""
    with _sent([(statement, params)]) as cursor:
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def selection(model: type[Model]) -> str:
    """`SELECT columns FROM table`, to which a caller adds its WHERE; `made` takes its rows."""
    return _selection(model)


def found(model: type[M], where: str, params: Sequence[Any]) -> list[M]:
    """The rows of a condition that is written out: for what is asked at every step, without building the query anew."""
    return made(model, rows(f"{_selection(model)} WHERE {where}", params))


def columns(*models: type[Model]) -> str:
    """The columns of several models, for a SELECT whose rows `parted` takes."""
    return ", ".join(_columns(model) for model in models)


def parted(models: Sequence[type[Model]], row: tuple[Any, ...]) -> list[Any]:
    """An instance of each model from a row of `columns`."""
    found, place = [], 0
    for model in models:
        wide = len(_loading(model)[0])
        found += made(model, [row[place : place + wide]])
        place += wide
    return found


def made(model: type[M], rows: Iterable[tuple[Any, ...]]) -> list[M]:
    """Model instances from rows of `selection`."""
    names, columns = _loading(model)
    alias = connection.alias
    return [_made(model, names, columns, row, alias) for row in rows]


def hang(row: Model, name: str, on: Model | None) -> None:
    """Let `row.name` be `on`, which its key names: what assigning does, without a look at what is known."""
    row._state.fields_cache[name] = on


def hung(row: Model, name: str) -> Model | None:
    """What `row.name` is, where it is known; None where the database would have to be asked."""
    on: Model | None = row._state.fields_cache.get(name)
    return on


def _made(
    model: type[M],
    names: Sequence[str],
    columns: Sequence[Callable[[Any], Any] | None],
    row: tuple[Any, ...],
    alias: str,
) -> M:
    """What `Model.from_db` gives, without its look at every keyword: no model here has an `__init__` or listens to its own."""
    instance = model.__new__(model)
    instance._state = state = ModelState()
    state.adding, state.db = False, alias
    kept = instance.__dict__
    for name, value, convert in zip(names, row, columns, strict=True):
        kept[name] = value if convert is None else convert(value)
    return instance


def _saver(field: "Field[Any, Any]") -> Callable[[Any], Any]:
    """What takes a field's value off a row, as the database wants it."""
    plain = isinstance(field, _AS_THEY_ARE) and type(field).get_db_prep_save is Field.get_db_prep_save
    if plain or isinstance(field, models.ForeignKey):
        return attrgetter(field.attname)
    return lambda row: field.get_db_prep_save(field.pre_save(row, False), connection=connection)


def _quoted(name: str | None) -> str:
    return sql.Identifier(str(name)).as_string(None)


def _fields(model: type[Model]) -> "list[Field[Any, Any]]":
    return list(model._meta.concrete_fields)


@cache
def _insertion(model: type[Model], with_key: bool) -> tuple[Savers, str]:
    fields = [field for field in _fields(model) if with_key or not field.primary_key]
    names = ", ".join(_quoted(field.column) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    savers = [_saver(field) for field in fields]
    return savers, f"INSERT INTO {_quoted(model._meta.db_table)} ({names}) VALUES ({places})"  # noqa: S608 - names of models


@cache
def _change(model: type[Model], names: tuple[str, ...]) -> tuple[Savers, str]:
    fields: list[Field[Any, Any]] = [model._meta.get_field(name) for name in names]  # type: ignore[misc]
    changes = ", ".join(f"{_quoted(field.column)} = %s" for field in fields)
    key = _quoted(model._meta.pk.column)
    return [_saver(field) for field in fields], f"UPDATE {_quoted(model._meta.db_table)} SET {changes} WHERE {key} = %s"  # noqa: S608 - names of models


@cache
def _selection(model: type[Model]) -> str:
    return f"SELECT {_columns(model)} FROM {_quoted(model._meta.db_table)}"  # noqa: S608 - names of models


@cache
def _columns(model: type[Model]) -> str:
    table = _quoted(model._meta.db_table)
    return ", ".join(f"{table}.{_quoted(field.column)}" for field in _fields(model))


@cache
def _loading(model: type[Model]) -> tuple[list[str], list[Callable[[Any], Any] | None]]:
    names, columns = [], []
    for field in _fields(model):
        names.append(field.attname)
        columns.append(_loader(field))
    return names, columns


def _json(value: str | None) -> Any:
    return None if value is None else json.loads(value)


def _loader(field: "Field[Any, Any]") -> Callable[[Any], Any] | None:
    given = field.get_db_converters(connection)
    if not given:
        return None
    if type(field) is models.JSONField and field.decoder is None:
        return _json

    def convert(value: Any) -> Any:
        for one in given:
            value = one(value, None, connection)
        return value

    return convert
