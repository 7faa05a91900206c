"""`xinqiao ledger verify|anchor`, run as commands on a database with cases in it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support import database
from tests.support.world import make
from xinqiao.config import environment
from xinqiao.people import access
from xinqiao.people.actors import SYSTEM


@pytest.fixture
def command(fresh_database: str, tmp_path: Path) -> Any:
    url = "postgresql:///?" + "&".join(f"{key}={value}" for key, value in database.admin(fresh_database).items())
    given = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "xinqiao.config.testing",
        "PYTHONPATH": str(environment.ROOT / "src"),
        "XINQIAO_DATABASE_URL": url,
        "XINQIAO_TEST_HOME": str(tmp_path / "home"),
    }

    def run(*words: str) -> tuple[int, dict[str, Any]]:
        done = subprocess.run(
            [sys.executable, "-m", "xinqiao.cli", "ledger", *words, "--json"], env=given, capture_output=True, text=True
        )
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    return run


def test_chains_are_verified_and_anchored(command: Any, fresh_database: str, tmp_path: Path) -> None:
    with access.acting(SYSTEM("tests")):
        world = make()
    case = world.receive().case
    world.receive()
    status, taken = command("anchor")
    assert status == 0
    (path,) = taken["written"]
    assert json.loads(Path(path).read_text())["anchor"] == taken["anchor"]
    status, found = command("verify")
    assert (status, found["whole"], found["cases"], found["anchors"], found["first_broken"]) == (0, True, 2, 1, None)

    with psycopg.connect(**database.admin(fresh_database), autocommit=True) as administrator:
        administrator.execute("SET session_replication_role = replica")
        administrator.execute("UPDATE ledger_entry SET event = 'x.y' WHERE case_id = %s AND seq = 1", [case.id])
    status, found = command("verify")
    assert (status, found["whole"]) == (1, False)
    assert found["first_broken"] == {"case_id": str(case.id), "seq": 1, "reason": "columns", "day": None}
