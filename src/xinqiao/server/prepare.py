"""What must stand before pages are served: database and rights, migrations, contents of a new demonstration."""

import os
import subprocess
import sys
from collections.abc import Callable

import psycopg

from xinqiao.config import environment
from xinqiao.config.environment import BadEnvironment
from xinqiao.server import binaries, places, postgres, roles, tables

Say = Callable[[str], None]


def administrator() -> dict[str, str]:
    """Connection parameters of who may make roles and databases."""
    address = environment.external()
    return address.parameters() if address else postgres.Postgres(environment.home()).admin()


def database(_demo: bool, _say: Say) -> None:
    """Roles, database, rights. Raises BadEnvironment when the server is too old, away, or does not let us."""
    admin = administrator()
    name = admin.get("dbname", environment.DATABASE)
    try:
        with places.connect(admin, database="postgres") as connection:
            version = connection.info.server_version // 10000
    except psycopg.OperationalError as error:
        raise BadEnvironment(f"The database does not answer: {error}. Check XINQIAO_DATABASE_URL.") from None
    if version < binaries.OLDEST:
        raise BadEnvironment(f"The database server is PostgreSQL {version}; {binaries.OLDEST} or later is needed.")
    roles.ensure_roles(admin)
    try:
        roles.ensure_database(admin, name)
    except psycopg.errors.InsufficientPrivilege as error:
        raise BadEnvironment(
            f"The database's user may not prepare the database {name} ({error.diag.message_primary}). "
            "Let its owner be xinqiao_owner; docs/runbook names the statements."
        ) from None


def stands() -> bool:
    """Whether roles, database and tables are there."""
    try:
        with places.connect(administrator()) as connection:
            row = connection.execute("SELECT to_regclass('django_migrations'), to_regrole('xinqiao_backup')").fetchone()
    except psycopg.OperationalError:
        return False
    return row is not None and None not in row


_LAID_OUT = """
SELECT to_regclass('django_migrations'), obj_description(to_regclass('django_migrations'), 'pg_class')
"""


def migrations(_demo: bool, say: Say) -> None:
    """Apply what migrations are missing and make the first keys. Raises BadEnvironment when that cannot be."""
    with places.connect(places.address("owner").parameters(), role="owner") as connection:
        row = connection.execute(_LAID_OUT).fetchone()
    fresh = row is None or row[0] is None
    if row and row[1] and row[1] == tables.mark():
        return
    say("Database: laying out tables" if fresh else "Database: checking tables")
    done = subprocess.run([sys.executable, "-m", "xinqiao.server.tables"], capture_output=True, text=True)
    if done.returncode:
        raise BadEnvironment(done.stderr.strip()[-3000:])


def contents(demo: bool, say: Say) -> None:
    """Load the demonstration when profile and database ask for it: nothing in it yet, or a load that was broken off."""
    if not demo or environment.profile() != "demo" or not _unfinished():
        return
    say("Demonstration: loading a district with about 400 cases")
    loading = subprocess.Popen(
        [sys.executable, "-m", "xinqiao.cli", "demo", "load"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    for line in loading.stdout or ():
        say(f"  {line.rstrip()}")
    _, complaint = loading.communicate()
    if loading.returncode:
        raise BadEnvironment(
            f"The demonstration could not be loaded:\n{complaint[-3000:]}\n"
            "Start without it: script/server --no-demo; or begin anew in another XINQIAO_HOME."
        )


_UNFINISHED = """
SELECT NOT EXISTS (SELECT FROM people_organ)
    OR (EXISTS (SELECT FROM people_instance WHERE demonstration) AND NOT EXISTS (SELECT FROM triage_knowledgeentry))
"""


def _unfinished() -> bool:
    """Whether nobody has begun to use the database, or a demonstration was not loaded to its end (knowledge comes last)."""
    with places.connect(places.address("owner").parameters(), role="owner") as connection:
        row = connection.execute(_UNFINISHED).fetchone()
    return bool(row and row[0])


def welcome(url: str) -> str:
    """What a newcomer reads when all is up: the address and, in a demonstration, who to be."""
    lines = ["", f"  Xinqiao 心桥 is ready:  {url}", f"  Staff sign in at        {url}/desk/", ""]
    if environment.profile() == "demo" and not _unfinished():
        told = subprocess.run(
            [sys.executable, "-m", "xinqiao.cli", "demo", "sign-ins"],
            capture_output=True,
            text=True,
            env=dict(os.environ),
        )
        if told.returncode == 0 and told.stdout.strip():
            lines += ["  Sign-ins of the demonstration:", *(f"    {line}" for line in told.stdout.splitlines()), ""]
    return "\n".join([*lines, "  Ctrl-C stops it."])
