"""`xinqiao server`: database, web, worker and stream, from nothing to an address to open, and cleanly back."""

import contextlib
import fcntl
import json
import os
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from xinqiao.config import environment, production
from xinqiao.config.environment import BadEnvironment
from xinqiao.server import archiver, guard, places, postgres, prepare
from xinqiao.server.children import MARK, Child, sweep_leftovers

Say = Callable[[str], None]
FIRST_PAGE_WITHIN = 60.0  # seconds after its start
QUICK_DEATHS = 4  # of the web process, before its first page: then it is not an accident
LOOPBACK = {"127.0.0.1", "::1", "localhost"}
WILDCARDS = {"0.0.0.0", "::"}  # noqa: S104 - named to be told apart from addresses


@dataclass(frozen=True)
class Options:
    """How the server is to run."""

    host: str = "127.0.0.1"
    port: int = 8000
    stream_port: int = 0  # 0: the next free one after `port`
    workers: int = 2
    demo: bool = True  # load the demonstration into a new database (profile demo only)

    def url(self, port: int = 0) -> str:
        """The address that a browser on this machine opens."""
        host = "127.0.0.1" if self.host in WILDCARDS else self.host
        return f"http://{host}:{port or self.port}"


def run(options: Options, say: Say) -> None:
    """Run until told to stop (Ctrl-C, SIGTERM, SIGHUP). Raises BadEnvironment when it cannot start."""
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stopping.set())
    home = environment.home()
    production.check(host=options.host)
    if word := shared_user(options):
        say(word)
    places.claim_home(home)
    with _only_server(home, options) as note:
        if killed := sweep_leftovers(home):
            say(f"Ended {killed} processes of a server that was killed")
        _free(options.host, options.port)
        places.incoming(home, clear=True)
        stream_port = options.stream_port or _next_free(options.host, options.port + 1)
        database = None
        if environment.external() is None:
            database = postgres.Postgres(home)
            say("Database: making it" if database.initialise() else "Database: starting")
            database.start()
        children: list[Child] = []
        try:
            for work in (prepare.database, prepare.migrations, prepare.contents):
                if not stopping.is_set():
                    work(options.demo, say)
            if not stopping.is_set():
                guard.check("app", "seal")
                if database and not environment.archive_folder():
                    archiver.forget_slot()
                children = _children(home, options, stream_port)
                begun = children[:1]  # the pages first: the others would load their programs at the same time
                begun[0].start()
                note(options.url(), children)

                def look() -> None:
                    _look_after(database, begun, stopping, say, lambda: note(options.url(), children))

                if _first_page(options, begun[0], stopping, look):
                    begun += children[1:]
                    look()
                    _welcome(options, say)
                while not stopping.wait(0.2):
                    look()
        finally:
            say("Stopping")
            for child in children:
                child.stop()
            if database:
                database.stop()
            say("Stopped. Nothing is lost; script/server starts it again.")


@contextlib.contextmanager
def alone(home: Path) -> Iterator[None]:
    """Hold the home's lock. Raises BadEnvironment when a server, or a command that wants to be alone, holds it."""
    path = home / "server.json"
    with (home / "server.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = json.loads(path.read_text()) if path.exists() else {}
            raise BadEnvironment(
                f"A Xinqiao server (process {other.get('pid', '?')}) already uses {home}. "
                f"Open {other.get('url', 'its address')}, stop it first, or set XINQIAO_HOME to another folder."
            ) from None
        yield


@contextlib.contextmanager
def _only_server(home: Path, options: Options) -> Iterator[Callable[[str, list[Child]], None]]:
    """Hold the home's lock for as long as the server runs. Raises BadEnvironment when another one holds it."""
    path = home / "server.json"
    with alone(home):

        def note(url: str, children: list[Child]) -> None:
            running = {child.name: child.process.pid for child in children if child.process}
            draft = path.with_suffix(".new")
            draft.write_text(json.dumps({"pid": os.getpid(), "url": url, "children": running}))
            draft.replace(path)

        try:
            note(options.url(), [])
            yield note
        finally:
            path.unlink(missing_ok=True)


def shared_user(options: Options) -> str:
    """A word about a database that runs as nobody; raises BadEnvironment when others than this machine may come in."""
    user = None if environment.external() else places.service_user()
    if user is None or user.pw_name != places.SHARED_USER:
        return ""
    remedy = "Make a user of its own: useradd --system xinqiao (or set XINQIAO_POSTGRES_USER)."
    if options.host not in LOOPBACK:
        raise BadEnvironment(
            f"The database would run as nobody, whom other services may share; that will do on loopback only. {remedy}"
        )
    return f"The database runs as nobody, whom other services may share: good enough to look round. {remedy}"


def _free(host: str, port: int) -> None:
    if not _is_free(host, port):
        raise BadEnvironment(f"Port {port} on {host} is taken. Choose another: script/server --port {port + 10}")


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as caller:  # servers that share their port let others bind it: ask whether one answers
        caller.settimeout(1)
        if caller.connect_ex((host, port)) == 0:
            return False
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _next_free(host: str, port: int) -> int:
    return next((number for number in range(port, port + 100) if _is_free(host, number)), port)


def web_words(host: str, port: int, workers: int) -> list[str]:
    """The module and words of the web process."""
    words = [
        "granian",
        "--interface",
        "wsgi",
        "--host",
        host,
        "--port",
        str(port),
        "--no-ws",
        "--workers",
        str(workers),
    ]
    words += ["--blocking-threads", "4", "--backlog", "1024", "--log-level", "warning", "--respawn-failed-workers"]
    words += ["--respawn-interval", "0.5"]
    return [*words, "--workers-kill-timeout", "5", "xinqiao.config.wsgi:application"]


def stream_words(host: str, port: int) -> list[str]:
    """The module and words of the stream process."""
    words = ["uvicorn", "--host", host, "--port", str(port), "--log-level", "warning", "--no-access-log"]
    return [*words, "--timeout-graceful-shutdown", "2", "xinqiao.stream.app:app"]


def _children(home: Path, options: Options, stream_port: int) -> list[Child]:
    stream = os.environ.get("XINQIAO_STREAM_URL") or options.url(stream_port)
    ours = {f"http://{host}:{options.port}" for host in ("127.0.0.1", "localhost", "[::1]", options.host)}
    names = ["localhost", "127.0.0.1", "[::1]", *({options.host} - WILDCARDS)]
    common = {
        "XINQIAO_HOSTS": ",".join(names),
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "xinqiao.config.settings",
        "XINQIAO_STREAM_URL": stream,
        "XINQIAO_WEB_ORIGINS": os.environ.get("XINQIAO_ORIGINS") or ",".join(sorted(ours)),
        "PYTHONUNBUFFERED": "1",
        MARK: str(home),
    }
    python = [sys.executable, "-m"]
    plans: dict[str, tuple[str, list[str]]] = {
        "web": ("app", [*python, *web_words(options.host, options.port, options.workers)]),
        "worker": ("seal", [*python, "xinqiao.server.worker"]),
        "stream": ("seal", [*python, *stream_words(options.host, stream_port)]),
    }
    if environment.archive_folder():
        plans["archive"] = ("backup", [*python, "xinqiao.server.archiver"])
    return [
        Child(name, command, {**common, "XINQIAO_DB_ROLE": role}, home / "logs" / f"{name}.log")
        for name, (role, command) in plans.items()
    ]


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=2) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _first_page(options: Options, web: Child, stopping: threading.Event, look: Callable[[], None]) -> bool:
    """Wait for the first page, starting again what dies meanwhile; False when told to stop before.

    Raises BadEnvironment when the pages will not come.
    """
    while not _answers(options.url()):
        if stopping.wait(0.05):
            return False
        look()
        if web.quick >= QUICK_DEATHS:
            raise BadEnvironment(
                f"The web process ended {web.quick} times before it served a page. "
                f"The last lines of {web.log}:\n{_tail(web.log)}"
            )
        if time.monotonic() > web.started + FIRST_PAGE_WITHIN:
            raise BadEnvironment(f"The web process does not answer at {options.url()}; see {web.log}.")
    return True


def _welcome(options: Options, say: Say) -> None:
    say(prepare.welcome(options.url()))
    if options.host in WILDCARDS and not os.environ.get("XINQIAO_HOSTS"):
        say(
            "Other machines are let in by name: XINQIAO_HOSTS=xinqiao.example.gov,10.0.0.5 script/server --host 0.0.0.0"
        )


def _tail(path: Path) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-10:])


def _look_after(
    database: postgres.Postgres | None,
    children: list[Child],
    stopping: threading.Event,
    say: Say,
    changed: Callable[[], None],
) -> None:
    """Start again what has died: the database at once, a part after its pause."""
    if database and database.process and database.process.poll() is not None:
        say("The database ended; starting it again")
        _restart(database, stopping, say)
    for child in children:
        before = child.process
        if told := child.poll(time.monotonic()):
            say(told)
        if child.process is not before:
            changed()


def _restart(database: postgres.Postgres, stopping: threading.Event, say: Say) -> None:
    pause = 0.5
    while not stopping.is_set():
        try:
            database.start()
            say("The database is back")
            return
        except BadEnvironment as problem:
            say(f"{problem}\nTrying again in {pause:g} s")
            stopping.wait(pause)
            pause = min(pause * 2, 30)
