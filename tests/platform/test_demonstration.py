"""`xinqiao demo load|clear`: a demonstration can be begun anew; whatever else a database is, it is left alone."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.platform.support import Running, command, home, laid_out, surroundings
from tests.support.harness import FULL
from xinqiao.server.postgres import Postgres, served

pytestmark = pytest.mark.timeout(600)

SMALL = """
from xinqiao.cli import support
with support.database("seal"):
    from pathlib import Path
    from django.conf import settings
    from xinqiao.demo import services
    from xinqiao.demo.generator import one_of_each
    from xinqiao.kernel.clock import utc_now
    services.load(at=utc_now(), choose=lambda scripts: one_of_each(scripts)[:6], anchors=Path(settings.XINQIAO_HOME) / "anchors")
"""


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A home with a small demonstration in it."""
    with laid_out() as path:
        load(path)
        yield path


def load(where: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SMALL], env=surroundings(where), capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr


def told(done: "subprocess.CompletedProcess[str]") -> dict[str, object]:
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_a_fresh_demonstration_has_an_anchor_that_holds(place: Path) -> None:
    found = told(command(place, "ledger", "verify", "--json"))
    assert (found["whole"], found["anchors"], found["cases"]) == (True, 1, 6)
    (path,) = (place / "anchors").glob("*.json")
    published = json.loads(path.read_text())
    path.write_text(json.dumps({**published, "anchor": "00" * 32}))
    assert command(place, "ledger", "verify").returncode == 1
    path.write_text(json.dumps(published))


def test_nothing_goes_without_a_word_and_nothing_while_a_server_runs(place: Path) -> None:
    silent = command(place, "demo", "clear")
    assert silent.returncode == 1
    assert "--yes" in silent.stderr
    server = Running(place)
    try:
        refused = command(place, "demo", "clear", "--yes")
        assert refused.returncode == 1
        assert f"process {server.process.pid}" in refused.stderr
    finally:
        server.stop()
    assert told(command(place, "ledger", "verify", "--json"))["cases"] == 6


def test_somebody_who_is_connected_keeps_it(place: Path) -> None:
    with served(place), psycopg.connect(**Postgres(place).admin(), application_name="xinqiao-app"):
        refused = command(place, "demo", "clear", "--yes")
    assert refused.returncode == 1
    assert "Stop it first" in refused.stderr


@pytest.mark.parametrize("role", ["app", "seal", "backup"])
def test_only_the_owner_could(place: Path, role: str) -> None:
    login = {**Postgres(place).admin(), "user": f"xinqiao_{role}"}
    with served(place), psycopg.connect(**login) as connection:
        for statement in ("DROP SCHEMA public CASCADE", "DROP TABLE ledger_entry", "TRUNCATE ledger_entry"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(statement)


def test_production_clears_nothing(place: Path) -> None:
    refused = command(place, "demo", "clear", "--yes", XINQIAO_PROFILE="production")
    assert refused.returncode == 1
    assert "production" in refused.stderr


def test_a_database_that_is_no_demonstration_is_left_alone() -> None:
    with home() as elsewhere:
        for _ in range(2):  # empty; then laid out, and never marked
            refused = command(elsewhere, "demo", "clear", "--yes")
            assert refused.returncode == 1
            assert "not made as a demonstration" in refused.stderr
            told(command(elsewhere, "ledger", "verify", "--json"))


def test_cleared_it_is_empty_and_can_be_loaded_again(place: Path) -> None:
    (place / "incoming").mkdir(exist_ok=True)
    (place / "incoming" / "half.upload").write_bytes(b"half")
    gone = told(command(place, "demo", "clear", "--yes", "--json"))
    assert (gone["cases"], gone["home"]) == (6, str(place))
    assert not any((place / name).exists() for name in ("files", "staging", "incoming", "anchors"))
    status = told(command(place, "db", "status", "--json"))
    assert (status["made"], status["pending"]) == (True, 0)
    assert told(command(place, "ledger", "verify", "--json"))["entries"] == 0
    with served(place), psycopg.connect(**{**Postgres(place).admin(), "user": "xinqiao_app"}) as connection:
        rights = "SELECT has_table_privilege('ledger_entry', 'INSERT'), has_table_privilege('ledger_entry', 'UPDATE')"
        assert connection.execute(rights).fetchone() == (True, False)
    if not FULL:
        return
    load(place)
    found = told(command(place, "ledger", "verify", "--json"))
    assert (found["whole"], found["anchors"], found["cases"]) == (True, 1, 6)
