"""What the database must be like before pages are served from it: the application owns nothing and goes round nothing."""

from collections.abc import Iterator
from typing import Any

import psycopg

from xinqiao.config import environment, production
from xinqiao.config.environment import BadEnvironment, Role
from xinqiao.config.production import Refusal
from xinqiao.server import places

_WHO = """
SELECT rolname, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles
WHERE rolname IN (current_user, session_user) ORDER BY rolname <> current_user
"""
_OWNS = """
SELECT relname FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
  AND (relowner = current_user::regrole OR relowner = session_user::regrole AND NOT %(shared)s)
UNION ALL SELECT nspname FROM pg_namespace WHERE nspowner = current_user::regrole
UNION ALL SELECT datname FROM pg_database WHERE datdba = current_user::regrole
ORDER BY 1
"""
_BECOMES = """
SELECT rolname FROM pg_roles
WHERE rolname IN ('xinqiao_owner', 'xinqiao_backup', 'xinqiao_seal', 'xinqiao_app') AND rolname <> current_user
  AND rolname <> session_user AND pg_has_role(session_user, oid, 'MEMBER')
ORDER BY rolname
"""
_WALLS = """
SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
  AND relrowsecurity AND NOT row_security_active(oid) ORDER BY relname
"""
_LEDGER = """
SELECT word FROM unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) AS word
WHERE has_table_privilege(to_regclass('ledger_entry'), word)
"""
_DEMONSTRATION = "SELECT demonstration FROM people_instance"

Connection = psycopg.Connection[tuple[Any, ...]]


def _roles(connection: Connection, strict: bool) -> Iterator[Refusal]:
    remedy = "Make the roles with deploy/database/roles and let this process log in as its own."
    for name, superuser, bypass, maker in connection.execute(_WHO).fetchall()[: 2 if strict else 1]:
        if superuser:
            yield Refusal(f"The database role {name} is a superuser; policies would not bind it.", remedy)
        if bypass:
            yield Refusal(f"The database role {name} may bypass row-level security.", remedy)
        if strict and maker and not superuser:
            yield Refusal(f"The database role {name} may make and change roles.", remedy)
    if owned := [row[0] for row in connection.execute(_OWNS, {"shared": not strict})]:
        yield Refusal(
            f"The database role of this process owns {', '.join(owned[:5])}; it may own nothing.",
            "Let xinqiao_owner own them: ALTER … OWNER TO xinqiao_owner",
        )
    if strict and (others := [row[0] for row in connection.execute(_BECOMES)]):
        yield Refusal(f"The login of this process may become {', '.join(others)} and so go round its limits.", remedy)


def _contents(connection: Connection, strict: bool) -> Iterator[Refusal]:
    there = connection.execute("SELECT to_regclass('ledger_entry'), to_regclass('people_instance')").fetchone()
    if there is None or None in there:
        yield Refusal("The database has no tables yet.", "Lay them out as the owner: xinqiao run migrate")
        return
    if bare := [row[0] for row in connection.execute(_WALLS)]:
        yield Refusal(
            f"Row-level security does not bind this process on {', '.join(bare[:5])}.",
            "See who owns the tables and who may bypass policies; deploy/database/roles sets both right.",
        )
    if words := [row[0] for row in connection.execute(_LEDGER)]:
        yield Refusal(
            f"The application may {' and '.join(words)} entries of the ledger.",
            "Take it back: REVOKE UPDATE, DELETE, TRUNCATE ON ledger_entry FROM xinqiao_app, xinqiao_seal",
        )
    if strict and connection.execute(_DEMONSTRATION).fetchone() == (True,):
        yield Refusal(
            "This database was made as a demonstration（演示） and stays one; production refuses it.",
            "Name another XINQIAO_HOME or XINQIAO_DATABASE_URL.",
        )


def refusals(connection: Connection, *, strict: bool) -> list[Refusal]:
    """What speaks against serving from this connection's database as its role; `strict` as production is."""
    return [*_roles(connection, strict), *_contents(connection, strict)]


def check(*roles: Role) -> None:
    """Raise BadEnvironment with every refusal for the connections of `roles`, as this profile asks."""
    strict = environment.profile() == "production"
    found: dict[str, None] = {}
    for role in roles:
        try:
            with places.connect(places.address(role).parameters(), role=role) as connection:
                found |= dict.fromkeys(map(str, refusals(connection, strict=strict)))
        except psycopg.OperationalError as error:
            raise BadEnvironment(f"The database does not answer as xinqiao_{role}: {error}") from None
    if found:
        raise BadEnvironment("\n".join(["The database is not as it must be:", *(f"- {each}" for each in found)]))


def check_all(*roles: Role, host: str = "127.0.0.1") -> None:
    """Surroundings first, then the database."""
    production.check(host=host)
    check(*roles)
