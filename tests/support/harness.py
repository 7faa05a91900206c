"""The harness: a real PostgreSQL for every test, as the application's role; clones for tests that serve pages."""

import contextlib
import itertools
import os
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import pytest
from django.db import connection, connections

from tests.support import database

FULL = os.environ.get("XINQIAO_FULL") == "1"
LONG = ("tests/stories/", "tests/platform/", "tests/test_sheet", "test_schema", "tests/browser/", "test_load")
_serial = itertools.count(1)

# script/test --full runs the same tests at full size.
_calm = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
hypothesis.settings.register_profile("usual", max_examples=50, **_calm)
hypothesis.settings.register_profile("full", max_examples=2000, **_calm)
hypothesis.settings.load_profile("full" if FULL else "usual")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what is marked `full`, unless this is a full run. What takes long begins first, so that nobody waits for it."""
    items.sort(key=lambda item: next((n for n, part in enumerate(LONG) if part in item.nodeid), len(LONG)))
    for item in items:
        if not FULL and item.get_closest_marker("full"):
            item.add_marker(pytest.mark.skip(reason="only in script/test --full"))


def pytest_configure(config: pytest.Config) -> None:
    """The controlling process keeps the server alive for all workers."""
    if not hasattr(config, "workerinput") and not config.option.collectonly:
        config.stash[_SERVER] = database.Server()
        config.stash[_SERVER].start()


_SERVER = pytest.StashKey[database.Server]()


def pytest_unconfigure(config: pytest.Config) -> None:
    server = config.stash.get(_SERVER, None)
    if server:
        server.leave()


def _switch(name: str) -> None:
    """Point Django at another database of the same server."""
    connections.close_all()
    connections.databases["default"]["NAME"] = name
    connection.settings_dict["NAME"] = name


def _own_name() -> str:
    return f"xq_test_{os.getpid()}_{next(_serial)}"


@pytest.fixture(scope="session")
def template_database() -> str:
    """The name of the migrated template."""
    return database.template()


@pytest.fixture(scope="session")
def django_db_setup(template_database: str, django_db_blocker: Any) -> Iterator[None]:
    """Every process has a clone of the template; tests roll back in it."""
    name = database.clone(template_database, _own_name())
    with django_db_blocker.unblock():
        _switch(name)
    yield
    with django_db_blocker.unblock():
        connections.close_all()
    database.drop(name)


@contextlib.contextmanager
def _clone_in_use(template: str, blocker: Any) -> Iterator[str]:
    before = connection.settings_dict["NAME"]
    name = database.clone(template, _own_name())
    with blocker.unblock():
        _switch(name)
        try:
            yield name
        finally:
            _switch(before)
            database.drop(name)


@pytest.fixture(scope="module")
def module_database(template_database: str, django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """A database of this module's own, where transactions commit; dropped afterwards. For served pages and workers."""
    with _clone_in_use(template_database, django_db_blocker) as name:
        yield name


@pytest.fixture
def fresh_database(template_database: str, django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """A database of this test's own, where transactions commit; dropped afterwards. For locks, cursors and threads."""
    with _clone_in_use(template_database, django_db_blocker) as name:
        yield name


@pytest.fixture(autouse=True)
def keys_of_this_test() -> Iterator[None]:
    """No data key is remembered that was rolled back with its test: the next one would lose it when it is read again."""
    yield
    from xinqiao.people import keys

    keys.forget()


@pytest.fixture
def as_role() -> Callable[[str], contextlib.AbstractContextManager[None]]:
    """`with as_role("owner"):` runs a block of a test as owner, seal or backup instead of app."""

    @contextlib.contextmanager
    def acting(role: str) -> Iterator[None]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            before = cursor.fetchone()[0]
            cursor.execute(f"SET ROLE xinqiao_{role}")
        try:
            yield
        finally:
            if not connection.needs_rollback:
                with connection.cursor() as cursor:
                    cursor.execute(f"SET ROLE {before}")

    return acting
