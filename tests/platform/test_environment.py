"""What the surroundings say, and clear words when they say nonsense."""

import json
import logging
import pwd
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory

from tests.platform.support import surroundings
from xinqiao.cli import main
from xinqiao.config import environment, logs, secret
from xinqiao.config.environment import BadEnvironment
from xinqiao.server import places, supervisor
from xinqiao.server.children import FIRST_PAUSE, Child


def test_another_profile_or_role_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XINQIAO_PROFILE", "staging")
    with pytest.raises(BadEnvironment, match="demo, production or test"):
        environment.profile()
    monkeypatch.setenv("XINQIAO_DB_ROLE", "root")
    with pytest.raises(BadEnvironment, match="owner, app, seal, backup"):
        environment.role()


def test_an_address_keeps_what_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XINQIAO_DATABASE_URL", "postgresql://me:quiet@db.example:6543/mine?sslmode=require")
    found = environment.external()
    assert found is not None
    assert found.parameters() == {
        "host": "db.example",
        "port": "6543",
        "dbname": "mine",
        "user": "me",
        "password": "quiet",
        "sslmode": "require",
    }
    assert "quiet" not in repr(found)
    monkeypatch.setenv("XINQIAO_DATABASE_URL", "postgresql://[")
    with pytest.raises(BadEnvironment, match="XINQIAO_DATABASE_URL"):
        environment.external()


def test_keys_lie_beside_the_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XINQIAO_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("XINQIAO_KEYS")
    assert environment.keys_folder() == tmp_path / "data-keys"
    monkeypatch.setenv("XINQIAO_KEYS", str(tmp_path / "safe"))
    assert environment.keyring_file() == tmp_path / "safe" / "keyring.json"


def test_the_secret_key_is_made_once_and_closed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XINQIAO_KEYS", str(tmp_path))
    first = secret.read()
    assert len(first) > 50
    assert secret.read() == first
    path = tmp_path / secret.NAME
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    with pytest.raises(BadEnvironment, match="chmod 600"):
        secret.read()


def test_logs_withhold_what_is_private() -> None:
    told = logs.withhold(None, "info", {"event": "case.step", "case": "1", "phone": "19900001234", "words": "…"})
    assert told == {"event": "case.step", "case": "1", "phone": "[withheld]", "words": "[withheld]"}
    code = (
        "from xinqiao.config import logs; import structlog, logging; logs.configure();"
        "structlog.get_logger('a').info('b', name='钱大桥'); logging.getLogger('c').warning('d')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=surroundings(Path("/nowhere")), capture_output=True, text=True, check=True
    )
    first, second = map(json.loads, done.stderr.splitlines())
    assert (first["event"], first["name"], first["level"]) == ("b", "[withheld]", "info")
    assert (second["event"], second["level"]) == ("d", "warning")
    assert logging.getLogger("c").handlers == []


def test_a_child_that_dies_is_started_again_with_growing_pauses(tmp_path: Path) -> None:
    child = Child("short", [sys.executable, "-c", "print('here')"], {}, tmp_path / "short.log")
    child.start()
    assert child.process is not None
    child.process.wait()
    now = time.monotonic()
    assert "starts again in 0.5 s" in child.poll(now)
    assert child.poll(now) == ""
    assert child.process is None
    child.poll(now + FIRST_PAUSE)
    assert child.process is not None
    child.process.wait()
    assert "starts again in 1 s" in child.poll(now + 1)
    child.stop()
    assert (tmp_path / "short.log").read_text() == "here\nhere\n"


def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    told = capsys.readouterr().out
    for command in ("server", "db", "demo", "areas", "keys", "ledger", "law"):
        assert command in told
        with pytest.raises(SystemExit, match="0"):
            main([command, "--help"])
    assert "restore" in capsys.readouterr().out


def test_trouble_is_told_to_people_and_to_programs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XINQIAO_PROFILE", "staging")
    assert main(["db", "status"]) == 1
    assert "demo, production or test" in capsys.readouterr().err
    assert main(["db", "status", "--json"]) == 1
    assert "demo, production or test" in json.loads(capsys.readouterr().err)["error"]


@pytest.fixture
def only_nobody(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Root's machine without a user for the database but nobody."""
    entry = pwd.struct_passwd(("nobody", "x", 65534, 65534, "", "/nonexistent", "/usr/sbin/nologin"))

    def known(name: str) -> pwd.struct_passwd:
        if name != "nobody":
            raise KeyError(name)
        return entry

    monkeypatch.setattr(places.os, "geteuid", lambda: 0)
    monkeypatch.setattr(places.pwd, "getpwnam", known)
    monkeypatch.delenv("XINQIAO_DATABASE_URL")
    places.service_user.cache_clear()
    yield
    places.service_user.cache_clear()


def test_nobody_runs_a_demonstrations_database_on_this_machine_only(
    only_nobody: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XINQIAO_PROFILE", "demo")
    user = places.service_user()
    assert user is not None
    assert user.pw_name == "nobody"
    assert "useradd --system xinqiao" in supervisor.shared_user(supervisor.Options())
    with pytest.raises(BadEnvironment, match="loopback only"):
        supervisor.shared_user(supervisor.Options(host="192.0.2.7"))


@pytest.mark.parametrize("named", ["", "nobody"])
def test_in_production_nobody_does_not(only_nobody: None, monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv("XINQIAO_PROFILE", "production")
    monkeypatch.setenv("XINQIAO_POSTGRES_USER", named)
    with pytest.raises(BadEnvironment, match="useradd --system xinqiao"):
        places.service_user()


def test_a_large_upload_arrives_in_a_closed_folder_of_ours(settings: Any) -> None:
    body = b"x" * (settings.FILE_UPLOAD_MAX_MEMORY_SIZE + 1)
    request = RequestFactory().post("/", {"paper": SimpleUploadedFile("paper.pdf", body)})
    path = Path(request.FILES["paper"].temporary_file_path())
    assert path.parent == settings.XINQIAO_HOME / "incoming"
    assert path.parent.stat().st_mode & 0o777 == 0o700
    request.FILES["paper"].close()
    assert not path.exists()
