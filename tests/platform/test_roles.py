"""What each database role may do."""

import psycopg
import pytest
from django.db import ProgrammingError, connection, transaction

from tests.support import database
from xinqiao.server import roles


@pytest.mark.django_db
def test_tests_run_as_the_application() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("xinqiao_app",)


@pytest.mark.django_db
def test_application_owns_nothing_and_builds_nothing() -> None:
    with psycopg.connect(**database.admin(str(connection.settings_dict["NAME"]))) as plain:
        assert roles.owned_by(plain, "xinqiao_app") == []
        assert roles.owned_by(plain, "xinqiao_seal") == []
        assert "django_migrations" in roles.owned_by(plain, "xinqiao_owner")
    with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TABLE mine (id int)")


@pytest.mark.django_db
def test_as_role_goes_there_and_back(as_role) -> None:
    with as_role("owner"), connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("xinqiao_owner",)
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("xinqiao_app",)


def test_a_database_of_its_own_keeps_what_is_committed(fresh_database: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        assert cursor.fetchone() == (fresh_database,)
