"""`xinqiao server`: starts, is one, survives its parts, stops and leaves nothing behind."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.platform.support import Running, command, free_port, home, laid_out, until
from xinqiao.config import environment
from xinqiao.server.postgres import Postgres

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    with laid_out() as path:
        yield path


@pytest.fixture(scope="module")
def kept() -> Iterator[list[Running]]:
    """The server that runs now, if any."""
    running: list[Running] = []
    yield running
    for one in running:
        one.stop()


@pytest.fixture
def server(place: Path, kept: list[Running]) -> Iterator[Running]:
    """A server that runs: the one before when it still does."""
    if not kept:
        kept.append(Running(place))
    yield kept[0]
    if kept[0].process.poll() is not None:
        kept.clear()


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_second_one_is_refused_clearly(server: Running, place: Path) -> None:
    refused = command(place, "server", "--no-demo", "--port", "1")
    assert refused.returncode == 1
    assert f"process {server.process.pid}" in refused.stderr
    assert "XINQIAO_HOME" in refused.stderr


def test_a_taken_port_is_named(server: Running) -> None:
    with laid_out() as elsewhere:
        refused = command(elsewhere, "server", "--no-demo", "--port", str(server.port))
    assert refused.returncode == 1
    assert f"Port {server.port}" in refused.stderr
    assert "--port" in refused.stderr


def test_killed_parts_come_back(server: Running, place: Path) -> None:
    server.kill("web")
    until("the pages", server.answers)
    database = Postgres(place).running()
    os.kill(database, signal.SIGKILL)
    until("another database", lambda: Postgres(place).running() not in (0, database) and Postgres(place).answers())
    until("the worker", lambda: _workers_seen(place))
    until("the pages", server.answers)


def test_interrupted_it_stops_everything(server: Running, place: Path) -> None:
    until("children", lambda: {"web", "worker"} <= server.parts().keys())
    pids = [*server.parts().values(), Postgres(place).running()]
    assert all(map(_lives, pids))
    assert server.stop() == 0
    assert not any(map(_lives, pids))
    assert not (place / "server.json").exists()


def test_a_web_process_killed_before_its_first_page_is_started_again(place: Path) -> None:
    killed: list[int] = []

    def kill_the_first() -> None:
        until("the first web process", lambda: "web" in _parts_noted(place))
        killed.append(_parts_noted(place)["web"])
        os.kill(killed[0], signal.SIGKILL)

    killer = threading.Thread(target=kill_the_first)
    killer.start()
    running = Running(place)  # waits for the welcome
    killer.join()
    try:
        assert "web ended (-9); it starts again" in running.told()
        assert running.parts()["web"] not in killed
        assert running.answers()
    finally:
        assert running.stop() == 0


def _parts_noted(place: Path) -> dict[str, int]:
    try:
        parts: dict[str, int] = json.loads((place / "server.json").read_text())["children"]
    except FileNotFoundError:
        return {}
    return parts


def test_a_web_process_that_never_lives_is_given_up_with_its_last_words(place: Path, tmp_path: Path) -> None:
    (tmp_path / "granian.py").write_text("raise SystemExit('no web server today')\n")
    inherited = f"{tmp_path}:{environment.ROOT / 'src'}"
    refused = command(place, "server", "--no-demo", "--port", str(free_port()), PYTHONPATH=inherited)
    assert refused.returncode == 1
    assert "ended 4 times before it served a page" in refused.stderr
    assert "no web server today" in refused.stderr
    assert Postgres(place).running() == 0


def _workers_seen(place: Path) -> bool:
    """Whether a worker has given a sign of life since the database began."""
    with psycopg.connect(**Postgres(place).admin()) as connection:
        return bool(
            connection.execute(
                "SELECT 1 FROM procrastinate_workers WHERE last_heartbeat > pg_postmaster_start_time()"
            ).fetchone()
        )


def test_killed_itself_it_leaves_nothing_and_starts_again(server: Running, place: Path) -> None:
    pids = [*server.parts().values(), Postgres(place).running()]
    (place / "incoming" / "half.upload").write_bytes(b"half of a letter")
    assert server.stop(signal.SIGKILL) == -signal.SIGKILL
    until("all to end", lambda: not any(map(_lives, pids)))
    again = Running(place)
    assert list((place / "incoming").iterdir()) == []
    assert again.stop() == 0


def test_production_without_its_keys_is_refused() -> None:
    with home() as elsewhere:
        refused = command(elsewhere, "server", XINQIAO_PROFILE="production")
        assert refused.returncode == 1
        assert "keys new" in refused.stderr
        assert Postgres(elsewhere).running() == 0
        assert command(elsewhere, "keys", "new").returncode == 0
        demonstration = command(elsewhere, "server", XINQIAO_PROFILE="production")
        assert demonstration.returncode == 1
        assert "演示" in demonstration.stderr
