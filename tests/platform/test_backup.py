"""The drill: a backup is written, and comes back elsewhere, with the right keys only."""

import json
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.platform.support import command, home, laid_out
from xinqiao.config.environment import BadEnvironment
from xinqiao.people import keyring
from xinqiao.server import backup as portable
from xinqiao.server import envelope
from xinqiao.server.postgres import Postgres, served

pytestmark = pytest.mark.timeout(600)

WRITTEN = "INSERT INTO django_session (session_key, session_data, expire_date) VALUES ('kept', '心桥', now())"


def _keys(place: Path) -> Path:
    return place.with_name("home-keys")


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A home with tables, a row, a file and keys."""
    with laid_out() as path:
        (path / "files" / "ab").mkdir(parents=True)
        (path / "files" / "ab" / "cd").write_bytes(b"sealed bytes")
        with served(path) as server, psycopg.connect(**server.admin()) as connection:
            connection.execute(WRITTEN)
        yield path


@pytest.fixture(scope="module")
def backup(place: Path) -> Path:
    target = place.with_name("kept.xqb")
    made = command(place, "db", "backup", str(target), "--json")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["files"] == 1
    return target


def test_comes_back_with_everything_and_a_paused_outbox(place: Path, backup: Path) -> None:
    with home() as elsewhere:
        shutil.copytree(_keys(place), _keys(elsewhere))
        restored = command(elsewhere, "db", "restore", str(backup))
        assert restored.returncode == 0, restored.stderr
        assert (elsewhere / "files" / "ab" / "cd").read_bytes() == b"sealed bytes"
        with served(elsewhere) as server, psycopg.connect(**server.admin()) as connection:
            row = connection.execute("SELECT session_data FROM django_session WHERE session_key = 'kept'").fetchone()
            assert row == ("心桥",)
            assert connection.execute("SELECT paused FROM notices_outbox").fetchone() == (True,)
            owners = connection.execute(
                "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
            ).fetchall()
            assert owners == [("xinqiao_owner",)]
            may = connection.execute("SELECT has_table_privilege('xinqiao_app', 'ledger_entry', 'DELETE')").fetchone()
            assert may == (False,)
        told = command(elsewhere, "db", "status")
        assert "Tables are up to date" in told.stdout, told.stderr
        again = command(elsewhere, "db", "restore", str(backup))
        assert again.returncode == 1
        assert "not empty" in again.stderr


def test_without_keys_or_with_others_it_is_refused(place: Path, backup: Path) -> None:
    with home() as elsewhere:
        none = command(elsewhere, "db", "restore", str(backup))
        assert none.returncode == 1
        assert "There is no keyring" in none.stderr
        assert command(elsewhere, "keys", "new").returncode == 0
        wrong = command(elsewhere, "db", "restore", str(backup))
        assert wrong.returncode == 1
        assert "cannot be opened" in wrong.stderr


@pytest.mark.parametrize("spoil", ["changed", "cut", "longer", "other"])
def test_a_spoilt_backup_is_refused(place: Path, backup: Path, tmp_path: Path, spoil: str) -> None:
    data = bytearray(backup.read_bytes())
    if spoil == "changed":
        data[len(data) // 2] ^= 1
    elif spoil == "cut":
        del data[-100:]
    elif spoil == "longer":
        data += data[-100:]
    else:
        data = bytearray(b"a letter\n")
    (tmp_path / "spoilt.xqb").write_bytes(data)
    ring = keyring.read(_keys(place) / "keyring.json")
    assert ring is not None
    with pytest.raises(BadEnvironment, match=r"cannot be opened|is not a backup"):
        envelope.write_out(tmp_path / "spoilt.xqb", tmp_path / "plain", ring, kind="portable", name="portable")


@pytest.mark.parametrize("size", [0, 1, envelope.BLOCK - 1, envelope.BLOCK, envelope.BLOCK * 2 + 1])
def test_any_size_comes_back(tmp_path: Path, place: Path, size: int) -> None:
    ring = keyring.read(_keys(place) / "keyring.json")
    assert ring is not None
    (tmp_path / "plain").write_bytes(bytes(size))
    for pack in (True, False):
        closed = tmp_path / f"closed-{pack}"
        envelope.close(envelope.pieces(tmp_path / "plain"), closed, ring, kind="k", name="n", pack=pack)
        assert b"".join(envelope.read(closed, ring, kind="k", name="n")) == bytes(size)
        for kind, name in (("k", "other"), ("other", "n")):
            with pytest.raises(BadEnvironment, match="cannot be opened"):
                list(envelope.read(closed, ring, kind=kind, name=name))


def test_a_backup_shows_nothing_of_its_contents(backup: Path) -> None:
    data = backup.read_bytes()
    assert "心桥".encode() not in data
    assert b"sealed bytes" not in data
    assert b"PGDMP" not in data
    assert backup.stat().st_mode & 0o077 == 0


def test_what_comes_and_goes_while_a_backup_is_written_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upload that is not finished, and a file whose transaction is rolled back between look and taking."""
    folder = tmp_path / "files" / "ab"
    folder.mkdir(parents=True)
    for name in ("1.original", "2.original", "3.original", "4.original.part"):
        (folder / name).write_bytes(b"sealed bytes")
    taking = tarfile.TarFile.add

    def add(self: tarfile.TarFile, name: Path, *words: object) -> None:
        (folder / "2.original").unlink(missing_ok=True)
        taking(self, name, *words)  # type: ignore[arg-type]

    monkeypatch.setattr(tarfile.TarFile, "add", add)
    with tarfile.open(tmp_path / "plain.tar", "w") as archive:
        assert portable._gather(archive, tmp_path / "files") == 2
        assert archive.getnames() == ["files/ab/1.original", "files/ab/3.original"]
    with tarfile.open(tmp_path / "empty.tar", "w") as archive:
        assert portable._gather(archive, tmp_path / "nothing") == 0


def test_it_never_lies_in_the_data(place: Path) -> None:
    assert "inside the data folder" in command(place, "db", "backup", str(place / "in.xqb")).stderr


def test_before_there_is_anything_status_says_so() -> None:
    with home() as fresh:
        assert "There is no database yet" in command(fresh, "db", "status").stdout


def test_status_for_programs(place: Path) -> None:
    told = json.loads(command(place, "db", "status", "--json").stdout)
    assert told["kind"] == "embedded"
    assert told["pending"] == 0
    assert told["database"] == "xinqiao"
    assert Postgres(place).running() == 0
