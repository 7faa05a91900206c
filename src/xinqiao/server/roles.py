"""The database's roles and what each may do. The application's role owns nothing."""

import contextlib
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import sql

from xinqiao.config.environment import DATABASE, ROLES, BadEnvironment
from xinqiao.server.places import connect

# Extensions that migrations may use; made by the administrator, because the owner is not one.
EXTENSIONS = ("pg_trgm", "btree_gin", "btree_gist")


def _run(connection: psycopg.Connection[Any], text: str, **names: str) -> None:
    connection.execute(sql.SQL(text).format(**{key: sql.Identifier(value) for key, value in names.items()}))


def ensure_roles(administrator: Mapping[str, str]) -> None:
    """Make the four roles unless they are there. `administrator` are connection parameters of who may make roles."""
    with connect(administrator, database="postgres", autocommit=True) as connection:
        have = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'xinqiao\\_%'")}
        for role in ROLES:
            name = f"xinqiao_{role}"
            if name in have:
                continue
            try:
                _run(connection, "CREATE ROLE {role} LOGIN NOINHERIT", role=name)
                if role == "backup":
                    _run(connection, "ALTER ROLE {role} BYPASSRLS", role=name)
                    _run(connection, "GRANT pg_read_all_data TO {role} WITH INHERIT TRUE", role=name)
                _run(connection, "GRANT {role} TO CURRENT_USER WITH SET TRUE", role=name)
            except psycopg.errors.DuplicateObject:
                continue
            except psycopg.errors.InsufficientPrivilege as error:
                raise BadEnvironment(
                    f"The database's user may not make the role {name} ({error.diag.message_primary}). "
                    "Let an administrator make the roles; docs/runbook names the statements."
                ) from None
        with contextlib.suppress(psycopg.errors.InsufficientPrivilege):  # then backups say so when they are taken
            if connection.execute(_MAY_NOT_REPLICATE).fetchone():
                _run(connection, "ALTER ROLE {role} REPLICATION", role="xinqiao_backup")


_MAY_NOT_REPLICATE = "SELECT 1 FROM pg_roles WHERE rolname = 'xinqiao_backup' AND NOT rolreplication"


def ensure_database(administrator: Mapping[str, str], name: str = DATABASE) -> bool:
    """Make database `name` with its rights unless it is there; True when it was made."""
    with connect(administrator, database="postgres", autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if not known:
            _run(connection, "CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' OWNER xinqiao_owner", name=name)
    with connect(administrator, database=name, autocommit=True) as connection:
        prepare(connection)
    return not known


def prepare(connection: psycopg.Connection[Any]) -> None:
    """Rights inside a database: the owner builds, app and seal use what the owner builds, backup reads."""
    database = connection.info.dbname
    _run(connection, "SET ROLE xinqiao_owner")
    for extension in EXTENSIONS:
        _run(connection, "CREATE EXTENSION IF NOT EXISTS {extension}", extension=extension)
    _run(connection, "REVOKE ALL ON DATABASE {database} FROM PUBLIC", database=database)
    for role in ("xinqiao_app", "xinqiao_seal", "xinqiao_backup"):
        _run(connection, "GRANT CONNECT ON DATABASE {database} TO {role}", database=database, role=role)
        _run(connection, "GRANT USAGE ON SCHEMA public TO {role}", role=role)
    _run(connection, "REVOKE ALL ON SCHEMA public FROM PUBLIC")
    _defaults(connection, "GRANT {rights} ON {kind} TO {role}")
    _run(connection, "RESET ROLE")


def forget_defaults(connection: psycopg.Connection[Any]) -> None:
    """Take back what `prepare` gives for tables to come: a restored table has exactly the rights that it had."""
    _defaults(connection, "REVOKE {rights} ON {kind} FROM {role}")


def _defaults(connection: psycopg.Connection[Any], what: str) -> None:
    for role in ("xinqiao_app", "xinqiao_seal"):
        for kind, rights in (
            ("TABLES", "SELECT, INSERT, UPDATE, DELETE"),
            ("SEQUENCES", "USAGE, SELECT"),
            ("FUNCTIONS", "EXECUTE"),
        ):
            statement = "ALTER DEFAULT PRIVILEGES FOR ROLE xinqiao_owner IN SCHEMA public " + what
            connection.execute(
                sql.SQL(statement).format(rights=sql.SQL(rights), kind=sql.SQL(kind), role=sql.Identifier(role))
            )


def owned_by(connection: psycopg.Connection[Any], role: str) -> list[str]:
    """Names of what `role` owns; must be empty for app and seal."""
    rows = connection.execute(
        "SELECT relname FROM pg_class JOIN pg_roles ON pg_roles.oid = relowner WHERE rolname = %s ORDER BY relname",
        [role],
    )
    return [row[0] for row in rows]
