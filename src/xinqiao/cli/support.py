"""What commands share: telling results to people or to programs, and standing on the database."""

import argparse
import contextlib
import json
import os
from collections.abc import Iterator
from typing import Any

from xinqiao.config import environment
from xinqiao.config.environment import BadEnvironment, Role


def tell(arguments: argparse.Namespace, result: Any, *lines: str) -> None:
    """Print `result` as JSON when --json was given, else the lines."""
    if arguments.json:
        print(json.dumps(result, ensure_ascii=False, indent=2, default=str))
    else:
        print("\n".join(lines))


@contextlib.contextmanager
def database(role: Role = "app", *, lay_out: bool = True) -> Iterator[None]:
    """Django ready, connected as `role`, for the length of a command; starts the embedded database if it is not running.

    A database that is not there yet is made with its tables, unless `lay_out` is False. Raises BadEnvironment when the
    database does not answer. Call it before importing models. Rows appear only inside a transaction with people.access.bind(actor).
    """
    os.environ["XINQIAO_DB_ROLE"] = role
    with contextlib.ExitStack() as stack:
        if environment.external() is None:
            from xinqiao.server import postgres

            stack.enter_context(postgres.served(environment.home()))
        from xinqiao.server import prepare

        if lay_out and not prepare.stands():
            prepare.database(False, _quietly)
            prepare.migrations(False, _quietly)
        ready(role)
        from django.db import OperationalError, connections

        stack.callback(connections.close_all)
        try:
            yield
        except OperationalError as problem:
            raise BadEnvironment(f"The database does not answer as it should: {problem}") from problem


def ready(role: Role) -> None:
    """Django ready as `role`, on a database that the caller has running."""
    os.environ["XINQIAO_DB_ROLE"] = role
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xinqiao.config.settings")
    import django

    django.setup()


def _quietly(_text: str) -> None:
    """Commands say what they did, not how the database came about."""
