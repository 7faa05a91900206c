"""The embedded database under its supervisor."""

import os
import signal
import stat
from pathlib import Path

import psycopg
import pytest

from tests.platform.support import home, until
from xinqiao.config.environment import BadEnvironment
from xinqiao.server import places
from xinqiao.server.postgres import MEGABYTE, Postgres, memory, served, shares


@pytest.fixture
def place():
    with home() as path:
        yield path


@pytest.fixture
def server(place: Path):
    server = Postgres(place, settings={"fsync": "off"})
    server.initialise()
    server.start()
    try:
        yield server
    finally:
        server.stop()


def ask(server: Postgres, statement: str) -> object:
    with psycopg.connect(**server.admin("postgres"), autocommit=True) as connection:
        cursor = connection.execute(statement)  # type: ignore[call-overload]
        return cursor.fetchone() if cursor.description else None


def test_made_once_with_the_right_character_set(server: Postgres) -> None:
    assert server.initialise() is False
    assert ask(server, "SHOW server_encoding") == ("UTF8",)
    assert ask(server, "SHOW data_checksums") == ("on",)
    assert ask(server, "SHOW listen_addresses") == ("",)
    assert ask(server, "SELECT 'é' < 'z', upper('é')") == (False, "É")


def test_it_takes_its_share_of_the_memory(server: Postgres) -> None:
    assert shares(256 * MEGABYTE)["shared_buffers"] == "128MB"
    assert shares(8192 * MEGABYTE)["shared_buffers"] == "2048MB"
    assert shares(1 << 40)["shared_buffers"] == "4096MB"
    assert ask(server, "SELECT pg_size_bytes(current_setting('shared_buffers'))") == (
        int(shares(memory())["shared_buffers"].removesuffix("MB")) * MEGABYTE,
    )


def test_its_log_is_closed_to_others_and_holds_no_statements(server: Postgres) -> None:
    ask(server, "CREATE TABLE kept (n int PRIMARY KEY, said text NOT NULL)")
    for statement in ("INSERT INTO kept VALUES (1, NULL), (2, 'whisper')", "SELECT 'whisper'::int"):
        with pytest.raises(psycopg.Error):
            ask(server, statement)
    told = server.log.read_text()
    assert "violates not-null constraint" in told
    assert "INSERT" not in told
    assert "Failing row" not in told
    assert stat.S_IMODE(server.log.stat().st_mode) == 0o600


def test_stops_and_starts_again(server: Postgres) -> None:
    ask(server, "CREATE TABLE kept AS SELECT 1 AS n")
    server.stop()
    assert server.running() == 0
    server.start()
    assert ask(server, "SELECT n FROM kept") == (1,)


def test_killed_it_recovers_what_was_committed(server: Postgres) -> None:
    ask(server, "CREATE TABLE kept AS SELECT 1 AS n")
    assert server.process is not None
    os.kill(server.running(), signal.SIGKILL)
    server.process.wait()
    until("the rest to end", lambda: _starts(server))
    assert ask(server, "SELECT n FROM kept") == (1,)


def _starts(server: Postgres) -> bool:
    try:
        server.start()
    except BadEnvironment:
        return False
    return True


def test_a_zombie_does_not_stand_in_the_way(server: Postgres) -> None:
    dead = server.process
    assert dead is not None
    os.kill(server.running(), signal.SIGKILL)
    # Not waited for yet: the dead server keeps its number.
    until("the rest to end", lambda: _starts(server))
    assert ask(server, "SELECT 1") == (1,)
    assert dead.wait() == -signal.SIGKILL


def test_a_number_given_to_another_program_is_no_server(server: Postgres) -> None:
    server.stop()
    (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n")
    assert server.running() == 0
    server.start()
    assert ask(server, "SELECT 1") == (1,)


def test_a_second_server_on_the_same_data_is_refused(server: Postgres, place: Path) -> None:
    with pytest.raises(BadEnvironment, match="already runs"):
        Postgres(place).start()
    with served(place) as same:
        assert same.process is None
        assert ask(same, "SELECT 1") == (1,)
    assert server.answers()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can hand a folder to somebody else")
def test_a_home_of_another_user_is_refused(place: Path) -> None:
    place.mkdir()
    os.chown(place, 65534, 65534)
    with pytest.raises(BadEnvironment, match="belongs to user nobody, and you are root"):
        Postgres(place).initialise()


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user's database runs as that user")
def test_in_a_closed_folder_the_database_goes_where_its_user_can_read(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, shared = place / "closed" / "home", place / "shared"
    closed.parent.mkdir(parents=True)
    closed.parent.chmod(0o700)
    place.chmod(0o711)
    monkeypatch.setattr(places, "SHARED", shared)
    server = Postgres(closed)
    assert server.initialise()
    server.start()
    try:
        assert server.data.is_relative_to(shared)
        assert (closed / "postgres").resolve() == server.root
        assert ask(server, "SELECT 1") == (1,)
    finally:
        server.stop()


def test_a_long_name_gets_a_short_socket() -> None:
    deep = Path("/srv") / ("x" * 90) / "home"
    assert len(os.fsencode(places.socket_folder(deep))) <= places.LONGEST_SOCKET


def test_other_users_cannot_connect(server: Postgres) -> None:
    assert server.socket.stat().st_mode & 0o077 == 0
    assert "trust" not in (server.data / "pg_hba.conf").read_text()
