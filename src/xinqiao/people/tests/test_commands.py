"""`xinqiao keys` and `xinqiao areas`."""

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xinqiao import cli
from xinqiao.cli import areas as areas_command
from xinqiao.cli import keys as keys_command
from xinqiao.people import keyring, keys
from xinqiao.people.models import Area, DataKey

PHRASE = "three quiet bridges"
Run = Callable[..., tuple[int, Any]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], settings: Any) -> Run:
    monkeypatch.setenv("XINQIAO_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XINQIAO_KEYS", str(tmp_path / "keys"))
    monkeypatch.setenv(keys_command.PASSPHRASE, PHRASE)
    monkeypatch.setattr(keyring, "SCRYPT", {"n": 2**10, "r": 8, "p": 1})
    monkeypatch.setattr(keys_command, "database", lambda _role: contextlib.nullcontext())
    monkeypatch.setattr(areas_command, "database", lambda _role: contextlib.nullcontext())
    settings.XINQIAO_KEYRING = str(tmp_path / "keys" / "keyring.json")
    keys.forget()

    def call(*words: object) -> tuple[int, Any]:
        status = cli.main([*(str(word) for word in words), "--json"])
        told = capsys.readouterr()
        return status, json.loads(told.out or told.err)

    return call


def test_keys_are_made_once(run: Run, tmp_path: Path) -> None:
    status, told = run("keys", "new")
    assert (status, told["version"], told["purpose"]) == (0, 1, "demonstration")
    assert (tmp_path / "keys" / "keyring.json").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "keys" / "secret_key").exists()
    status, told = run("keys", "new")
    assert status == 1
    assert "没有动它" in told["error"]


def test_keys_inside_the_data_are_refused(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XINQIAO_KEYS", str(tmp_path / "data" / "keys"))
    status, told = run("keys", "new")
    assert status == 1
    assert "数据目录里面" in told["error"]


def test_keys_rotate(run: Run, fresh_database: str) -> None:
    run("keys", "new")
    keys.prepare()
    assert run("keys", "rotate") == (0, {"master_version": 2, "rewrapped": 5, "fresh": 2})
    assert set(DataKey.objects.values_list("kek_version", flat=True)) == {2}


def test_keys_go_into_escrow_and_come_back(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ring, copy = tmp_path / "keys" / "keyring.json", tmp_path / "copy.json"
    status, told = run("keys", "escrow", copy)
    assert status == 1
    assert "没有找到" in told["error"]
    run("keys", "new")
    before = ring.read_bytes()
    assert run("keys", "escrow", copy)[0] == 0
    assert copy.stat().st_mode & 0o777 == 0o600
    assert before not in copy.read_bytes()
    assert run("keys", "escrow", copy)[0] == 1
    status, told = run("keys", "escrow", copy, "--recover")
    assert (status, "没有动它" in told["error"]) == (1, True)
    ring.unlink()
    monkeypatch.setenv(keys_command.PASSPHRASE, "three other bridges")
    assert run("keys", "escrow", copy, "--recover")[0] == 1
    monkeypatch.setenv(keys_command.PASSPHRASE, PHRASE)
    assert run("keys", "escrow", copy, "--recover")[0] == 0
    assert ring.read_bytes() == before
    ring.unlink()
    assert run("keys", "escrow", tmp_path / "nothing", "--recover")[0] == 1


def test_the_passphrase_is_asked_for_on_a_terminal(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("keys", "new")
    monkeypatch.delenv(keys_command.PASSPHRASE)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    status, told = run("keys", "escrow", tmp_path / "copy")
    assert (status, told["error"]) == (1, "没有口令。")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    answers = iter([PHRASE, "something else", PHRASE, PHRASE])
    monkeypatch.setattr("getpass.getpass", lambda _prompt: next(answers))
    assert run("keys", "escrow", tmp_path / "copy")[0] == 1
    assert run("keys", "escrow", tmp_path / "copy")[0] == 0


def test_areas_are_imported(run: Run, db: None, tmp_path: Path) -> None:
    table = tmp_path / "areas.csv"
    table.write_text("code,name\n330105,拱墅区\n330105001,米市巷街道\n330106,西湖区\n")
    words = ("areas", "import", table, "--from", "2022-05-01", "--within", "330105")
    assert run(*words) == (0, {"added": 2, "ended": 0, "unchanged": 0})
    assert run(*words) == (0, {"added": 0, "ended": 0, "unchanged": 2})
    assert Area.objects.filter(valid_from="2022-05-01").count() == 2
    status, told = run("areas", "import", tmp_path / "nothing.csv")
    assert status == 1
    assert "UTF-8" in told["remedy"]
