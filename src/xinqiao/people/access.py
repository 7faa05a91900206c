"""Binds a transaction to its actor, so that row-level security can tell whose it is. No actor, no rows.

The settings live as long as the transaction (`set_config(..., true)`): a kept connection carries nothing over.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import connection, transaction

from xinqiao.config.postgresql import base as postgresql
from xinqiao.people import clock
from xinqiao.people.actors import Actor

ACTOR_SQL = "NULLIF(current_setting('xinqiao.actor', true), '')"
"""SQL: 'staff', 'citizen', 'system', or NULL when nobody is bound. For policies in migrations."""

ACCOUNT_SQL = "NULLIF(current_setting('xinqiao.account', true), '')::bigint"
"""SQL: the account that is bound, or NULL."""

CASES_SQL = "COALESCE(NULLIF(current_setting('xinqiao.cases', true), ''), '{}')::uuid[]"
"""SQL: the cases that the bound citizen has proven."""

_BIND = (
    "SELECT set_config('xinqiao.actor', %s, true), set_config('xinqiao.account', %s, true), "
    "set_config('xinqiao.cases', %s, true)"
)

_current: ContextVar[Actor | None] = ContextVar("xinqiao_actor", default=None)


def current() -> Actor | None:
    """The actor bound last in this thread or task, if any."""
    return _current.get()


def bind(actor: Actor | None, *, with_next: bool = False) -> None:
    """Make `actor` the owner of the current transaction; None takes everything away.

    `with_next` sends that with the next statement of the transaction, whatever it is (config/postgresql), and spares a round
    trip; for the beginning of a transaction alone. Raises RuntimeError outside a transaction: there the settings would
    vanish at once.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("an actor can only be bound inside a transaction")
    postgresql.current().ahead = None
    if with_next:
        postgresql.current().ahead = binding(actor)
    else:
        with connection.cursor() as cursor:
            cursor.execute(*binding(actor))
    _current.set(actor)


def binding(actor: Actor | None) -> tuple[str, list[str]]:
    """The statement that binds, with its values: for one message of several statements, which is a transaction of its own."""
    if actor is None:
        return _BIND, ["", "", ""]
    cases = "{" + ",".join(sorted(str(case_id) for case_id in actor.case_ids)) + "}"
    return _BIND, [actor.kind, "" if actor.account_id is None else str(actor.account_id), cases]


@contextmanager
def acting(actor: Actor) -> Iterator[Actor]:
    """One transaction that belongs to `actor`: for jobs, commands and streams.

    Inside another transaction it is a savepoint, and the former actor is bound again at the end.
    """
    former = _current.get()
    nested = connection.in_atomic_block
    with clock.cached():
        try:
            with transaction.atomic():
                bind(actor)
                yield actor
            if nested:
                bind(former)
        finally:
            _current.set(former)


def remember(actor: Actor | None) -> None:
    """Set what this thread remembers of its actor at a transaction's end; the database forgets by itself."""
    postgresql.current().ahead = None
    _current.set(actor)
