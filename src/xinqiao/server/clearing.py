"""A demonstration begun anew: database emptied, files removed. What is real can never be cleared."""

import shutil
from collections.abc import Callable
from typing import Any

import psycopg

from xinqiao.config import environment
from xinqiao.config.environment import BadEnvironment
from xinqiao.server import places, prepare

FOLDERS = ("files", "staging", "incoming", "anchors")  # keys and logs stay

_USERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'xinqiao-%'
"""

Confirm = Callable[[dict[str, Any]], bool]


def clear(confirm: Confirm) -> dict[str, Any] | None:
    """Empty a demonstration: drop all tables, remove its files, lay out empty tables, ready for `demo load`.

    `confirm` is given what will go ({"home", "database", "cases"}); when it says no, nothing happens and None comes back.
    The caller holds the home's lock (supervisor.alone) and has the database running. Everything that the application's
    role may not do stays so: the schema goes with its tables, by the hand of the owner. Raises BadEnvironment where the
    database is no demonstration, in the profile of production, and while anything of a server uses the database.
    """
    if environment.profile() == "production":
        raise BadEnvironment("In production nothing is cleared: the record of cases only grows.")
    home, address = environment.home(), places.address("owner")
    with places.connect(address.parameters(), role="owner") as connection:
        _refuse_unless_demonstration(connection)
        cases = _cases()
        doomed = {"home": str(home), "database": address.name, "cases": cases}
        if not confirm(doomed):
            return None
        connection.execute("SET LOCAL lock_timeout = '5s'")
        try:
            connection.execute("DROP SCHEMA public CASCADE")
        except psycopg.errors.LockNotAvailable:
            raise BadEnvironment("Somebody is still using the database. Close what is connected to it.") from None
        connection.execute("CREATE SCHEMA public")
        for name in FOLDERS:
            shutil.rmtree(home / name, ignore_errors=True)
    prepare.database(False, _quietly)
    prepare.migrations(False, _quietly)
    return doomed


def _refuse_unless_demonstration(connection: psycopg.Connection[Any]) -> None:
    """Raises BadEnvironment when this is no demonstration, or when it is in use."""
    there = connection.execute("SELECT to_regclass('people_instance')").fetchone()
    marked = there != (None,) and connection.execute("SELECT demonstration FROM people_instance").fetchone()
    if marked != (True,):
        raise BadEnvironment(
            "This database was not made as a demonstration, and only a demonstration can be cleared. "
            "The record of cases only grows; begin anew in another XINQIAO_HOME or XINQIAO_DATABASE_URL."
        )
    if connection.execute(_USERS).fetchone() != (0,):
        raise BadEnvironment("A Xinqiao server or command uses this database. Stop it first (Ctrl-C), then clear.")


def _cases() -> int:
    """How many cases the demonstration has: asked as the role that sees all rows, which the owner does not."""
    with places.connect(places.address("seal").parameters(), role="seal") as connection:
        connection.execute("SELECT set_config('xinqiao.actor', 'system', true)")
        row = connection.execute("SELECT count(*) FROM cases_case").fetchone()
    return int(row[0]) if row else 0


def _quietly(_text: str) -> None:
    """The command says what it did, not how."""
