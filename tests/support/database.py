"""The tests' PostgreSQL: one server kept between runs, a template migrated once per state of the migrations, quick clones."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import sql

from xinqiao.config import environment
from xinqiao.config.testing import TEST_HOME
from xinqiao.server import places, roles
from xinqiao.server.postgres import Postgres

# Tests prove behaviour, not endurance: what crashes here is made anew.
QUICK = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "autovacuum": "off",
}
KEPT_TEMPLATES = 3


def embedded() -> bool:
    """Whether the tests use a server of their own (no URL was given)."""
    address = environment.external()
    return address is not None and address.host == str(places.socket_folder(TEST_HOME))


def admin(name: str = "postgres") -> dict[str, str]:
    """Connection parameters of the tests' administrator."""
    address = environment.external()
    assert address is not None
    return {**address.parameters(), "dbname": name}


@contextlib.contextmanager
def locked(name: str) -> Iterator[None]:
    """Only one process at a time, on this machine."""
    TEST_HOME.mkdir(parents=True, exist_ok=True)
    with (TEST_HOME / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Server:
    """A shared claim on the test server: the first session starts it, the last one stops it."""

    def __init__(self) -> None:
        places.claim_home(TEST_HOME)
        self.postgres = Postgres(TEST_HOME, settings=QUICK)
        self.users = (TEST_HOME / "users.lock").open("w")

    def start(self) -> None:
        """Start the server unless it runs, and make its roles."""
        with locked("start"):
            fcntl.flock(self.users, fcntl.LOCK_SH)
            if embedded() and not (self.postgres.running() and self.postgres.answers()):
                self._start()
            roles.ensure_roles(admin())

    def _start(self) -> None:
        self.postgres.initialise()
        try:
            self.postgres.start(dies_with_us=False)
        except environment.BadEnvironment:
            self.postgres.stop()
            shutil.rmtree(self.postgres.data, ignore_errors=True)
            self.postgres.initialise()
            self.postgres.start(dies_with_us=False)

    def leave(self) -> None:
        """Give up the claim; stop the server when nobody else has one."""
        with locked("start"), contextlib.suppress(BlockingIOError):
            fcntl.flock(self.users, fcntl.LOCK_UN)
            fcntl.flock(self.users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if embedded():
                self.postgres.stop()
        self.users.close()


def _state() -> str:
    """A hash of everything that decides what the migrated database looks like."""
    sum_ = hashlib.sha256()
    paths = sorted(environment.PACKAGE.glob("*/migrations/*.py"))
    paths += [environment.PACKAGE / "server" / "roles.py", environment.ROOT / "requirements" / "base.txt"]
    for path in paths:
        sum_.update(str(path.relative_to(environment.ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return sum_.hexdigest()[:12]


def _exists(connection: psycopg.Connection[tuple[object, ...]], name: str) -> bool:
    return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def _drop(connection: psycopg.Connection[tuple[object, ...]], name: str) -> None:
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def drop(name: str) -> None:
    """Drop a database, throwing out whoever is in it."""
    with psycopg.connect(**admin(), autocommit=True) as connection:
        _drop(connection, name)


def clone(source: str, name: str) -> str:
    """Make `name` a copy of `source` (nobody may be connected to it); returns `name`."""
    with locked("clone"), psycopg.connect(**admin(), autocommit=True) as connection:
        _drop(connection, name)
        for command in (
            "CREATE DATABASE {name} OWNER xinqiao_owner TEMPLATE {source} STRATEGY FILE_COPY",
            "GRANT CONNECT ON DATABASE {name} TO xinqiao_owner, xinqiao_app, xinqiao_seal, xinqiao_backup",
        ):
            connection.execute(sql.SQL(command).format(name=sql.Identifier(name), source=sql.Identifier(source)))
    return name


def template() -> str:
    """The name of a database with all migrations applied by the owner; made when the migrations are new."""
    name = f"xq_template_{_state()}"
    with locked("template"):
        with psycopg.connect(**admin(), autocommit=True) as connection:
            if _exists(connection, name):
                return name
        _forget_old()
        draft = f"xq_draft_{os.getpid()}"
        drop(draft)
        roles.ensure_database(admin(), draft)
        _migrate(draft)
        with psycopg.connect(**admin(), autocommit=True) as connection:
            connection.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(draft), sql.Identifier(name))
            )
    return name


def _migrate(name: str) -> None:
    address = environment.external()
    assert address is not None
    url = "postgresql:///?" + "&".join(f"{k}={v}" for k, v in {**address.parameters(), "dbname": name}.items())
    done = subprocess.run(
        [sys.executable, "-m", "django", "migrate", "--verbosity", "0", "--skip-checks"],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "xinqiao.config.testing",
            "PYTHONPATH": str(environment.ROOT / "src"),
            "XINQIAO_DB_ROLE": "owner",
            "XINQIAO_DATABASE_URL": url,
        },
        capture_output=True,
        text=True,
    )
    if done.returncode:
        drop(name)
        raise RuntimeError(f"The migrations do not run on an empty database:\n{done.stderr[-4000:]}")


def _forget_old() -> None:
    """Drop templates beyond the newest few, and clones whose process is gone."""
    with psycopg.connect(**admin(), autocommit=True) as connection:
        rows = connection.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE 'xq\\_%' ORDER BY oid DESC"
        ).fetchall()
    templates = [name for (name,) in rows if name.startswith("xq_template_")]
    for name in templates[KEPT_TEMPLATES - 1 :]:
        drop(name)
    for (name,) in rows:
        pid = name.split("_")[2]
        if not name.startswith("xq_template_") and not (pid.isdigit() and Path(f"/proc/{pid}").exists()):
            drop(name)
