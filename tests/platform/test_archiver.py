"""The archiving process when things are not as they should be: no archive any more, a log that was lost, a second archiver."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from structlog.testing import capture_logs

from tests.platform.support import laid_out
from xinqiao.config.environment import BadEnvironment
from xinqiao.server import archive, archiver, backup, binaries
from xinqiao.server.archive import Archive
from xinqiao.server.archiver import Archiver
from xinqiao.server.postgres import Postgres

pytestmark = pytest.mark.timeout(900)
FORGETFUL = {"max_slot_wal_keep_size": "64MB", "max_wal_size": "32MB", "min_wal_size": "32MB"}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Postgres]:
    """An embedded database that keeps little of its log; the surroundings point at it."""
    with laid_out() as place:
        monkeypatch.delenv("XINQIAO_DATABASE_URL", raising=False)
        monkeypatch.setenv("XINQIAO_HOME", str(place))
        monkeypatch.setenv("XINQIAO_KEYS", str(place.with_name("home-keys")))
        running = Postgres(place, settings=FORGETFUL)
        running.start()
        with psycopg.connect(**running.admin(), autocommit=True) as connection:
            connection.execute("CHECKPOINT")  # what laying out the tables wrote is more than this database keeps
        yield running
        running.stop()


def _slots(server: Postgres) -> list[tuple[object, ...]]:
    with psycopg.connect(**server.admin()) as connection:
        return connection.execute("SELECT slot_name FROM pg_replication_slots").fetchall()


def _write_much(server: Postgres) -> None:
    with psycopg.connect(**server.admin(), autocommit=True) as connection:
        for _ in range(10):
            connection.execute("SELECT pg_logical_emit_message(false, 'drill', 'x'), pg_switch_wal()")
        connection.execute("CHECKPOINT")


def test_a_log_that_was_lost_is_said_and_healed_by_a_new_base(server: Postgres) -> None:
    kept = Archive(server.home.with_name("vault"), backup.ring())
    first = Archiver(kept, server.home)
    first.start()
    try:
        assert first.base_due(datetime.now(UTC))
        first.base(datetime.now(UTC))
        assert not first.base_due(datetime.now(UTC))
        assert first.tick()
    finally:
        first.stop()
    _write_much(server)
    again = Archiver(kept, server.home)
    again.start()
    try:
        now = datetime.now(UTC)
        assert again.base_due(now), "what was lost is made good by a base"
        again.base(now)
        assert not again.base_due(now)
        assert again.tick()
    finally:
        again.stop()
    told = kept.check()
    assert archive.named([str(uuid4())]) == set(), "the role that archives may ask"
    assert len(told["bases"]) == 2
    assert len(told["missing"]) == 1


def test_without_an_archive_nothing_holds_the_log_back(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Archive(server.home.with_name("vault"), backup.ring())
    one = Archiver(kept, server.home)
    monkeypatch.setattr(binaries, "without", lambda version: f"no programs of {version}")
    with capture_logs() as said:
        one.start()
    one.stop()
    version = server.programs().version
    assert [(each["event"], each["word"]) for each in said] == [
        ("archive.other_version", f"no programs of {version}")
    ], "what is archived and cannot be restored here is said at once"
    assert _slots(server) == [("xinqiao_archive",)]
    archiver.forget_slot()
    assert _slots(server) == []


def test_one_archiver_at_a_time_and_a_folder_of_its_own(server: Postgres, tmp_path: Path) -> None:
    with (
        archiver.alone(server.home),
        pytest.raises(BadEnvironment, match="Another process archives"),
        archiver.alone(server.home),
    ):
        pass
    (tmp_path / "letters").write_text("mine")
    with pytest.raises(BadEnvironment, match="not empty"):
        Archiver(Archive(tmp_path, backup.ring()), server.home).start()
    inside = Archive(server.home / "vault", backup.ring())
    with pytest.raises(BadEnvironment, match="inside the data folder"):
        Archiver(inside, server.home).start()
