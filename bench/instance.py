"""A running instance for measurements: the real server, with the demonstration's district and as many cases as asked for.

It lies in XINQIAO_BENCH_HOME (default: .home/bench-ROWS of this checkout) and is kept between runs. The cases are those of the
demonstration, multiplied over ten years (`growing.grow`). Who asks of it stands in `clients`.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from bench.growing import grow

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]
_LEFT = """
SELECT EXISTS (SELECT FROM cases_document WHERE number IS NOT NULL AND pdf IS NULL) OR EXISTS (
    SELECT FROM ledger_cursor c
    WHERE c.name <> 'anchor' AND EXISTS (SELECT FROM ledger_entry e WHERE (e.xid, e.position) > (c.xid, c.position)))
"""  # the anchor is the night's work


def home_of(rows: int) -> Path:
    """Where the instance of that size lies."""
    return Path(os.environ.get("XINQIAO_BENCH_HOME") or ROOT / ".home" / f"bench-{rows}").resolve()


def environment(home: Path) -> dict[str, str]:
    """The environment of everything that works on the instance."""
    kept = {k: v for k, v in os.environ.items() if k not in {"DJANGO_SETTINGS_MODULE", "XINQIAO_DATABASE_URL"}}
    return {
        **kept,
        "XINQIAO_HOME": str(home),
        "PYTHONPATH": str(ROOT / "src"),
        "XINQIAO_API_TOKEN_PER_MINUTE": "0",
        "XINQIAO_API_ADDRESS_PER_MINUTE": "0",
    }


@dataclass
class Instance:
    """An instance that serves."""

    home: Path
    port: int
    server: subprocess.Popen[str]
    started_in: float
    tokens: dict[str, str] = field(default_factory=dict)

    def xinqiao(self, *arguments: str) -> str:
        """Run the command and return what it prints."""
        done = subprocess.run(
            [sys.executable, "-m", "xinqiao.cli", *arguments],
            env=environment(self.home), capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"xinqiao {' '.join(arguments)}: {done.stderr or done.stdout}")
        return done.stdout

    def token(self, login: str) -> str:
        """A token of that member of staff, with every scope."""
        if not self.tokens:  # those of earlier runs stand in the way of new ones
            with self.database() as link:
                link.execute(
                    "UPDATE people_apitoken SET revoked_at = now() WHERE name = 'bench' AND revoked_at IS NULL"
                )
        if login not in self.tokens:
            scopes = "submit,read,step,search"
            said = self.xinqiao("token", "make", login, "--name", "bench", "--scopes", scopes, "--days", "7", "--json")
            self.tokens[login] = json.loads(said)["token"]
        return self.tokens[login]

    def database(self) -> psycopg.Connection[Any]:
        """A connection of the administrator."""
        return connect(self.home)


@contextlib.contextmanager
def _database(home: Path) -> Iterator[None]:
    os.environ["XINQIAO_HOME"] = str(home)
    from xinqiao.server.postgres import served

    with served(home):
        yield


def connect(home: Path) -> psycopg.Connection[Any]:
    """A connection of the administrator of the embedded database, which must run."""
    os.environ["XINQIAO_HOME"] = str(home)
    from xinqiao.config import environment as settings
    from xinqiao.server import places
    from xinqiao.server.postgres import Postgres

    return places.connect(Postgres(home).admin(), database=settings.DATABASE)


@contextlib.contextmanager
def serving(rows: int, *, say: Callable[[str], None]) -> Iterator[Instance]:
    """The instance of that size, served; filled first when it is new."""
    home = home_of(rows)
    home.mkdir(parents=True, exist_ok=True)
    whole = home / "grown"
    if not whole.exists():
        say(f"filling {home} (kept for later runs; remove it when this is broken off)")
        _run(["demo", "load"], home)  # goes on where it stopped; nothing when it is whole
        with _server(home), connect(home) as connection:
            _wait_for_worker(connection)
        with _database(home), connect(home) as connection:  # no worker looks at the copies while they are made
            grow(connection, rows, say=say)
        whole.write_text(str(rows))
    with _server(home) as instance:
        with connect(home) as connection:
            _wait_for_worker(connection)  # what a former run left behind is not this run's
            connection.execute("VACUUM cases_case, cases_obligation, cases_document")
        yield instance


@contextlib.contextmanager
def serving_new(home: Path, *, say: Callable[[str], None]) -> Iterator[Instance]:
    """An instance made anew in `home`, with the demonstration's district, served once its own papers are drawn."""
    home.mkdir(parents=True)
    say(f"making {home}")
    _run(["demo", "load"], home)
    with _server(home) as instance:
        with connect(home) as connection:
            _wait_for_worker(connection)
        yield instance


@contextlib.contextmanager
def _server(home: Path) -> Iterator[Instance]:
    port = _free_port()
    began = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, "-m", "xinqiao.cli", "server", "--no-demo", "--port", str(port), "--workers", "2"],
        env=environment(home), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        _wait(port, server)
        yield Instance(home, port, server, time.perf_counter() - began)
    finally:
        server.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(60)
        server.kill()


def _run(arguments: Sequence[str], home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "xinqiao.cli", *arguments],
        env=environment(home), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])


def _wait_for_worker(connection: psycopg.Connection[Any]) -> None:
    connection.autocommit = True
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        row = connection.execute(_LEFT).fetchone()
        if row and not row[0]:
            return
        time.sleep(0.5)
    raise RuntimeError("the worker does not catch up")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(port: int, server: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer,
        ):
            if answer.status == 200:
                return
        if server.poll() is not None:
            raise RuntimeError(f"the server ended: {(server.stderr.read() if server.stderr else '')[-2000:]}")
        time.sleep(0.05)
    raise RuntimeError("the server does not answer")


def staffed(home: Path) -> None:
    """Set Django up in this process on the instance's database, as the web process sees it."""
    os.environ |= {
        "XINQIAO_HOME": str(home), "XINQIAO_DB_ROLE": "app", "DJANGO_SETTINGS_MODULE": "xinqiao.config.settings",
    }  # fmt: skip
    import django

    django.setup()


def machine() -> str:
    """The machine in a few words, for the table of results."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        "?",
    )
    memory = int(Path("/proc/meminfo").read_text().split()[1]) // 2**20
    return f"{os.cpu_count()} cores ({model}), {memory} GiB"
