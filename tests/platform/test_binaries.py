"""Which of several PostgreSQLs is used: data of one version want programs of the same."""

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from xinqiao.config.environment import BadEnvironment
from xinqiao.people import keyring
from xinqiao.server import binaries, restoration
from xinqiao.server.archive import About, Archive
from xinqiao.server.postgres import Postgres

BASE = About(
    id="20261101T000000000Z", began_at="2026-11-01T00:00:00+00:00", ended_at="2026-11-01T00:01:00+00:00",
    first_piece="000000010000000000000002", system="1", kind="external", database="xinqiao", version=17, bytes=1,
    piece_bytes=16 * 1024 * 1024, key=1, profile="production",
)  # fmt: skip


def _programs(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True)
    program = folder / "postgres"
    program.write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
    program.chmod(0o755)
    return folder


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A system on which nothing is installed but what a test puts there, and the wheel."""
    place = tmp_path / "usr"
    monkeypatch.setattr(binaries, "ON_SYSTEM", (f"{str(place).removeprefix('/')}/*/bin",))
    monkeypatch.setattr("shutil.which", lambda *_: None)
    monkeypatch.delenv("XINQIAO_POSTGRES_BIN", raising=False)
    binaries._installed.cache_clear()
    yield place
    binaries._installed.cache_clear()


@pytest.fixture
def kept(tmp_path: Path) -> Archive:
    ring = keyring.create(
        tmp_path / "keys.json", purpose="demonstration", algorithm="aes-256-gcm", at=datetime(2026, 11, 1, tzinfo=UTC)
    )
    made = Archive(tmp_path / "vault", ring)
    made.folder.mkdir()
    made.write_note(made.folder / "archive.json", {"format": 1, "system": "1", "timeline": 1})
    made.base_write(BASE)
    return made


def test_the_version_that_is_asked_for_is_taken_wherever_it_lies(system: Path) -> None:
    brought = binaries.find_binaries()
    assert brought.bundle is not None
    assert binaries.nearest(17) == brought, "a newer one archives an older server"
    with pytest.raises(BadEnvironment, match=r"PostgreSQL 17 are not on this machine .*XINQIAO_POSTGRES_BIN"):
        binaries.find_binaries(17)
    _programs(system / "17" / "bin", "17.2 (Debian 17.2-1)")
    _programs(system / "15" / "bin", "15.9")
    binaries._installed.cache_clear()
    assert binaries.find_binaries() == brought
    assert binaries.find_binaries(17).folder == system / "17" / "bin"
    assert binaries.nearest(17).version == 17
    assert [each.version for each in binaries.installed()] == [brought.version, 17], "15 is too old for anything"


def test_a_folder_that_is_named_comes_first(system: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    brought = binaries.find_binaries()
    named = _programs(tmp_path / "mine", "17.2")
    monkeypatch.setenv("XINQIAO_POSTGRES_BIN", str(named))
    assert binaries.find_binaries().folder == named
    assert binaries.find_binaries(brought.version) == brought
    monkeypatch.setenv("XINQIAO_POSTGRES_BIN", str(tmp_path / "nowhere"))
    with pytest.raises(BadEnvironment, match="XINQIAO_POSTGRES_BIN names"):
        binaries.find_binaries()


def test_data_are_run_by_the_version_that_made_them(system: Path, tmp_path: Path) -> None:
    server = Postgres(tmp_path / "home")
    assert server.programs() == binaries.find_binaries()
    server.data = tmp_path / "data"
    server.data.mkdir()
    (server.data / "PG_VERSION").write_text("17\n")
    with pytest.raises(BadEnvironment, match=r"made by PostgreSQL 17\. .*postgresql-17"):
        server.programs()
    _programs(system / "17" / "bin", "17.2")
    binaries._installed.cache_clear()
    assert server.programs().version == 17


def test_an_archive_says_while_there_is_time_that_it_cannot_be_restored_here(system: Path, kept: Archive) -> None:
    told = kept.check()
    assert told["versions"] == [17]
    assert len(told["not_here"]) == 1
    assert "PostgreSQL 17 are not on this machine" in told["not_here"][0]
    with pytest.raises(BadEnvironment, match="was taken from PostgreSQL 17"):
        restoration.choose(kept, None)
    _programs(system / "17" / "bin", "17.2")
    binaries._installed.cache_clear()
    assert kept.check()["not_here"] == []
    assert restoration.choose(kept, None) == BASE


def test_the_same_version_needs_no_word(system: Path, kept: Archive) -> None:
    kept.base_write(dataclasses.replace(BASE, version=binaries.find_binaries().version))
    assert kept.check()["not_here"] == []
