"""Homes and processes for the platform's own tests."""

import atexit
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from xinqiao.config import environment

DROPPED = ("XINQIAO_", "DJANGO_", "PG")


@contextmanager
def home() -> Iterator[Path]:
    """An empty place for data that the database's user can enter, removed afterwards."""
    place = Path(tempfile.mkdtemp(prefix="xq-"))
    place.chmod(0o711)
    try:
        yield place / "home"
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def laid_out() -> Iterator[Path]:
    """A home with its keys and a database in which all tables stand, empty: a copy of one that is made once."""
    with home() as place:
        for part in _sample().iterdir():
            subprocess.run(["cp", "-a", str(part), str(place.parent)], check=True)
        yield place


@cache
def _sample() -> Path:
    place = Path(tempfile.mkdtemp(prefix="xq-"))
    place.chmod(0o711)
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    laid = command(place / "home", "db", "shell", "--", "-c", "SELECT 1")
    assert laid.returncode == 0, laid.stderr
    return place


def surroundings(where: Path, **more: str) -> dict[str, str]:
    """The environment of an instance of its own in the profile demo."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(DROPPED)}
    return {**kept, "XINQIAO_HOME": str(where), "PYTHONPATH": str(environment.ROOT / "src"), **more}


def command(where: Path, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
    """Run `xinqiao WORDS` there."""
    return subprocess.run(
        [sys.executable, "-m", "xinqiao.cli", *words],
        env=surroundings(where, **more),
        capture_output=True,
        text=True,
        timeout=300,
    )


def free_port() -> int:
    """A port that nobody has, with the next one free as well most of the time."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(what: str, asked: Callable[[], bool], seconds: float = 240, told: Callable[[], str] = str) -> None:
    """Wait until `asked()` is true; fail after `seconds` with what `told()` says."""
    deadline = time.monotonic() + seconds
    while not asked():
        assert time.monotonic() < deadline, f"waited in vain for {what}\n{told()}"
        time.sleep(0.05)


class Running:
    """`xinqiao server --no-demo` in a process of its own."""

    def __init__(self, where: Path, **more: str) -> None:
        self.where, self.port = where, free_port()
        self.said = where.with_name("said.log")
        before = self.said.stat().st_size if self.said.exists() else 0
        with self.said.open("a") as said:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "xinqiao.cli",
                    "server",
                    "--no-demo",
                    "--port",
                    str(self.port),
                    "--workers",
                    "1",
                ],
                env=surroundings(where, **more),
                stdout=said,
                stderr=said,
            )
        try:
            until(
                "the server",
                lambda: self.process.poll() is not None or b"Ctrl-C" in self.said.read_bytes()[before:],
                told=self.told,
            )
        except AssertionError:
            self.stop()
            raise
        assert self.process.poll() is None, self.told()

    def told(self) -> str:
        """What the server and its web process have said."""
        logs = [self.said, *sorted((self.where / "logs").glob("*.log"))]
        return "\n".join(f"== {path}\n{path.read_text()}" for path in logs if path.exists())

    def answers(self) -> bool:
        """Whether the pages are served."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=1) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def parts(self) -> dict[str, int]:
        """The processes under it by name: web, worker, stream."""
        assert (self.where / "server.json").exists(), f"the server has ended\n{self.told()}"
        found: dict[str, int] = json.loads((self.where / "server.json").read_text())["children"]
        return found

    def kill(self, name: str) -> None:
        """Kill one of its parts and wait until the supervisor has started another one."""
        before = self.parts()[name]
        os.kill(before, signal.SIGKILL)
        until(f"another {name}", lambda: self.parts().get(name, before) != before, told=self.told)

    def stop(self, number: int = signal.SIGINT) -> int:
        """Send a signal and wait for the end."""
        self.process.send_signal(number)
        return self.process.wait(90)
