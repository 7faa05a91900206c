"""A kept connection is asked whether it lives: once a second, and always after an error."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.db.utils import DataError, InterfaceError, OperationalError

from xinqiao.config.postgresql import base

pytestmark = pytest.mark.django_db


@pytest.fixture
def own() -> Iterator[base.DatabaseWrapper]:
    """A connection beside the test's."""
    made = base.DatabaseWrapper(connection.settings_dict)
    made.connect()
    yield made
    made.close()


def test_it_is_asked_once_a_second(own: base.DatabaseWrapper, monkeypatch: pytest.MonkeyPatch) -> None:
    moment, asked = [100.0], []
    monkeypatch.setattr(base.time, "monotonic", lambda: moment[0])
    monkeypatch.setattr(base.base.DatabaseWrapper, "is_usable", lambda self: not asked.append(moment[0]))
    for now in (100.0, 100.5, 100.9, 101.0, 101.9, 102.1):
        moment[0] = now
        assert own.is_usable()
    assert asked == [100.0, 101.0, 102.1]


def test_after_an_error_it_is_asked_and_left_when_it_is_gone(own: base.DatabaseWrapper) -> None:
    assert own.is_usable()
    own.connection.pgconn.finish()
    with pytest.raises((OperationalError, InterfaceError)), own.cursor() as cursor:
        cursor.execute("SELECT 1")
    own.close_if_unusable_or_obsolete()
    assert own.connection is None
    with own.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


@pytest.mark.parametrize(
    "moment",
    ["2026-11-23 09:16:25.939179+08", "2026-11-23 01:16:25+00", "1950-06-01 08:00:00.5+09", "0001-01-02 00:00Z"],
)
def test_a_moment_is_read_into_utc(own: base.DatabaseWrapper, moment: str) -> None:
    with own.cursor() as cursor:
        cursor.execute("SET TIME ZONE 'Asia/Shanghai'")
        cursor.execute("SELECT %s::timestamptz, NULL::timestamptz", [moment])
        assert cursor.fetchone() == (datetime.fromisoformat(moment), None)
        cursor.execute("SELECT %s::timestamptz", [moment])
        (found,) = cursor.fetchone()
        assert found.tzinfo is UTC


@pytest.mark.parametrize("moment", ["infinity", "10000-01-01 00:00Z", "0001-01-01 00:00Z BC"])
def test_a_moment_that_python_does_not_know_is_refused(own: base.DatabaseWrapper, moment: str) -> None:
    with own.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz", [moment])
        with pytest.raises(DataError):
            cursor.fetchone()
