"""Production does not start where it would be open: each refusal is a clear word with its remedy."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.platform.support import command, home, surroundings
from tests.support import database
from xinqiao.config import environment, production, secret
from xinqiao.config.environment import BadEnvironment
from xinqiao.people import keyring
from xinqiao.server import guard
from xinqiao.server.postgres import Postgres

NAME = "xinqiao.example.gov.cn"


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Surroundings in which production starts. Returns the folder of keys."""
    keys = tmp_path / "keys"
    named = {
        "XINQIAO_PROFILE": "production",
        "XINQIAO_HOME": str(tmp_path / "data"),
        "XINQIAO_KEYS": str(keys),
        "XINQIAO_HOSTS": NAME,
        "XINQIAO_ORIGINS": f"https://{NAME}",
        "XINQIAO_STREAM_URL": f"https://{NAME}",
        "XINQIAO_SMS_KEY": "k" * 32,
    }
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    for name in ("XINQIAO_TRUSTED_PROXIES", "XINQIAO_PROXY_ELSEWHERE", "XINQIAO_SMTP_HOST", "XINQIAO_SMS_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    _ring(keys / "keyring.json", "production")
    secret.make(keys)
    return keys


def _ring(path: Path, purpose: keyring.Purpose) -> None:
    keyring.create(path, purpose=purpose, algorithm="aes-256-gcm", at=datetime.now(UTC))


def _one(**how: Any) -> production.Refusal:
    found = production.refusals(**how)
    assert len(found) == 1, found
    with pytest.raises(BadEnvironment) as told:
        production.check(**how)
    assert str(found[0]) in str(told.value)
    return found[0]


def test_sound_surroundings_are_not_refused(sound: Path) -> None:
    assert production.refusals() == []
    production.check()


def test_other_profiles_are_not_asked(sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XINQIAO_PROFILE", "demo")
    monkeypatch.delenv("XINQIAO_HOSTS")
    production.check(debug=True)


@pytest.mark.parametrize(
    ("name", "value", "word", "remedy"),
    [
        ("XINQIAO_HOSTS", "", "XINQIAO_HOSTS is missing", "XINQIAO_HOSTS="),
        ("XINQIAO_HOSTS", f"{NAME},*", "holds *", "Write out each name"),
        ("XINQIAO_HOSTS", ".gov.cn", "holds .gov.cn", "Write out each name"),
        ("XINQIAO_ORIGINS", "", "XINQIAO_ORIGINS is missing", "https://"),
        ("XINQIAO_ORIGINS", f"http://{NAME}", "in the open", "Use https://"),
        ("XINQIAO_STREAM_URL", f"http://{NAME}:8001", "in the open", "Use https://"),
        ("XINQIAO_TRUSTED_PROXIES", "0", "behind a proxy", "deploy/nginx"),
        ("XINQIAO_SMS_URL", "http://gateway.example/send", "in the open", "Use https://"),
        ("XINQIAO_SMS_URL", "http://10.1.2.3/send", "in the open", "Use https://"),
        ("XINQIAO_SMS_URL", "http://127.0.0.1.example.com/send", "in the open", "Use https://"),
        ("XINQIAO_SMS_URL", "gateway.example/send", "in the open", "Use https://"),
        ("XINQIAO_SMS_URL", "https:///send", "in the open", "Use https://"),
        ("XINQIAO_SMS_URL", "http://[/send", "in the open", "Use https://"),
        ("XINQIAO_SMTP_HOST", "mail.example", "in the open", "XINQIAO_SMTP_TLS=1"),
        ("XINQIAO_SMTP_HOST", "10.1.2.3", "in the open", "XINQIAO_SMTP_TLS=1"),
        ("XINQIAO_SMS_KEY_FILE", "/nowhere/key", "cannot be read", "Name a file"),
    ],
)
def test_names_and_addresses(
    sound: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, word: str, remedy: str
) -> None:
    monkeypatch.setenv(name, value)
    refusal = _one()
    assert word in refusal.word
    assert remedy in refusal.remedy


@pytest.mark.parametrize(
    "url", ["", "https://gateway.example/send", "http://127.0.0.1:9000/send", "http://[::1]/send", "http://localhost/s"]
)
def test_a_gateway_for_text_messages_over_tls_or_on_this_machine_is_fine(
    sound: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("XINQIAO_SMS_URL", url)
    assert production.refusals() == []


@pytest.mark.parametrize(("host", "tls"), [("mail.example", "1"), ("127.0.0.1", ""), ("localhost", ""), ("", "")])
def test_mail_over_tls_or_through_this_machine_is_fine(
    sound: Path, monkeypatch: pytest.MonkeyPatch, host: str, tls: str
) -> None:
    monkeypatch.setenv("XINQIAO_SMTP_HOST", host)
    monkeypatch.setenv("XINQIAO_SMTP_TLS", tls)
    assert production.refusals() == []


def test_a_gateway_without_a_key_would_send_nothing(sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XINQIAO_SMS_KEY")
    assert production.refusals() == []
    monkeypatch.setenv("XINQIAO_SMS_URL", "https://gateway.example/send")
    refusal = _one()
    assert "no key that signs" in refusal.word
    assert "XINQIAO_SMS_KEY_FILE" in refusal.remedy


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "203.0.113.9", NAME])  # noqa: S104
def test_a_public_address_without_a_proxy(sound: Path, monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    assert "goes round the proxy" in _one(host=host).word
    monkeypatch.setenv("XINQIAO_PROXY_ELSEWHERE", "1")
    production.check(host=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_this_machine_alone_is_well(sound: Path, host: str) -> None:
    production.check(host=host)


def test_debug(sound: Path) -> None:
    assert "DEBUG" in _one(debug=True).word


def test_keys_are_missing(sound: Path) -> None:
    (sound / "keyring.json").unlink()
    refusal = _one()
    assert "There are no keys" in refusal.word
    assert "keys escrow --recover" in refusal.remedy


def test_keys_of_a_demonstration(sound: Path) -> None:
    (sound / "keyring.json").unlink()
    _ring(sound / "keyring.json", "demonstration")
    assert "demonstration" in _one().word


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_keys_that_others_may_read(sound: Path, mode: int) -> None:
    (sound / "keyring.json").chmod(mode)
    assert "chmod 600" in _one().remedy


def test_a_folder_of_keys_that_others_may_enter(sound: Path) -> None:
    sound.chmod(0o750)
    assert "chmod 700" in _one().remedy


def test_keys_inside_the_data(sound: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    inside = tmp_path / "data" / "keys"
    _ring(inside / "keyring.json", "production")
    secret.make(inside)
    monkeypatch.setenv("XINQIAO_KEYS", str(inside))
    assert "inside the data folder" in _one().word


def test_damaged_keys(sound: Path) -> None:
    (sound / "keyring.json").write_text("{}")
    assert "escrow --recover" in _one().remedy


def test_the_secret_key(sound: Path) -> None:
    path = sound / secret.NAME
    path.chmod(0o640)
    assert "chmod 600" in _one().remedy
    path.chmod(0o600)
    path.write_text("short")
    assert "too short" in _one().word
    path.unlink()
    assert "missing" in _one().word


def test_everything_is_told_at_once(sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XINQIAO_HOSTS")
    monkeypatch.delenv("XINQIAO_ORIGINS")
    (sound / "keyring.json").unlink()
    with pytest.raises(BadEnvironment) as told:
        production.check(host="192.0.2.1", debug=True)
    assert len(str(told.value).splitlines()) == 6


# --- the database

Connection = psycopg.Connection[tuple[Any, ...]]


@pytest.fixture
def as_administrator(fresh_database: str) -> Iterator[Connection]:
    with psycopg.connect(**database.admin(fresh_database), autocommit=True) as connection:
        yield connection


def _words(connection: Connection, login: str, role: str = "", *, strict: bool = True) -> str:
    connection.execute(f"SET SESSION AUTHORIZATION {login}")  # type: ignore[arg-type]
    try:
        if role:
            connection.execute(f"SET ROLE {role}")  # type: ignore[arg-type]
        return "\n".join(map(str, guard.refusals(connection, strict=strict)))
    finally:
        connection.execute("RESET ROLE")
        connection.execute("RESET SESSION AUTHORIZATION")


@pytest.fixture
def odd_login(as_administrator: Connection) -> Iterator[str]:
    name = f"xq_odd_{os.getpid()}"
    as_administrator.execute(f"CREATE ROLE {name} LOGIN NOINHERIT")  # type: ignore[arg-type]
    yield name
    as_administrator.execute(f"DROP OWNED BY {name}")  # type: ignore[arg-type]
    as_administrator.execute(f"DROP ROLE {name}")  # type: ignore[arg-type]


@pytest.mark.parametrize("role", ["xinqiao_app", "xinqiao_seal"])
def test_a_role_of_its_own_is_well(as_administrator: Connection, role: str) -> None:
    assert _words(as_administrator, role) == ""


def test_a_superuser_behind_a_role(as_administrator: Connection) -> None:
    administrator = database.admin()["user"]
    assert "is a superuser" in _words(as_administrator, administrator, "xinqiao_app")
    assert "is a superuser" in _words(as_administrator, administrator, strict=False)


def test_one_who_may_bypass_row_level_security(as_administrator: Connection) -> None:
    told = _words(as_administrator, "xinqiao_backup")
    assert "xinqiao_backup may bypass row-level security" in told
    assert "deploy/database/roles" in told


def test_one_who_makes_roles(as_administrator: Connection, odd_login: str) -> None:
    as_administrator.execute(f"ALTER ROLE {odd_login} CREATEROLE")  # type: ignore[arg-type]
    assert "may make and change roles" in _words(as_administrator, odd_login)


def test_one_who_may_become_the_owner(as_administrator: Connection, odd_login: str) -> None:
    as_administrator.execute(f"GRANT xinqiao_owner, xinqiao_app TO {odd_login} WITH SET TRUE")  # type: ignore[arg-type]
    assert "may become xinqiao_owner" in _words(as_administrator, odd_login, "xinqiao_app")
    assert "may become" not in _words(as_administrator, odd_login, "xinqiao_app", strict=False)


def test_one_who_owns_tables(as_administrator: Connection) -> None:
    as_administrator.execute("ALTER TABLE cases_case OWNER TO xinqiao_app")
    told = _words(as_administrator, "xinqiao_app", strict=False)
    assert "owns cases_case" in told
    assert "OWNER TO xinqiao_owner" in told


def test_tables_whose_policies_do_not_bind(as_administrator: Connection) -> None:
    assert "Row-level security does not bind" in _words(as_administrator, "xinqiao_backup")


def test_a_ledger_that_can_be_rewritten(as_administrator: Connection) -> None:
    as_administrator.execute("GRANT UPDATE, DELETE ON ledger_entry TO xinqiao_app")
    told = _words(as_administrator, "xinqiao_app", strict=False)
    assert "may UPDATE and DELETE entries of the ledger" in told
    assert "REVOKE" in told


def test_a_demonstration(as_administrator: Connection) -> None:
    as_administrator.execute(
        "INSERT INTO people_instance (id, demonstration, clock_offset, created_at) VALUES (1, true, '0', now())"
    )
    assert "made as a demonstration" in _words(as_administrator, "xinqiao_app")
    assert _words(as_administrator, "xinqiao_app", strict=False) == ""


def test_a_database_without_tables(as_administrator: Connection) -> None:
    as_administrator.execute("DROP SCHEMA public CASCADE")
    as_administrator.execute("CREATE SCHEMA public")
    assert "xinqiao run migrate" in _words(as_administrator, "xinqiao_app")


# --- each process, as it is started


@pytest.mark.parametrize("process", ["web", "worker", "stream", "check"])
def test_no_process_starts_in_open_surroundings(process: str) -> None:
    with home() as place:
        refused = command(place, "run", process, XINQIAO_PROFILE="production")
        assert refused.returncode == 1
        assert "XINQIAO_HOSTS is missing" in refused.stderr
        assert Postgres(place).running() == 0


def test_the_server_itself_refuses_a_public_address() -> None:
    with home() as place:
        refused = command(place, "server", "--host", "192.0.2.1", XINQIAO_PROFILE="production")
        assert refused.returncode == 1
        assert "goes round the proxy" in refused.stderr


def test_the_web_process_refuses_by_itself() -> None:
    """Whoever starts granian by hand is not let past either."""
    with home() as place:
        done = subprocess.run(
            [sys.executable, "-c", "import xinqiao.config.wsgi"],
            env=surroundings(place, XINQIAO_PROFILE="production", DJANGO_SETTINGS_MODULE="xinqiao.config.settings"),
            capture_output=True,
            text=True,
        )
    assert done.returncode != 0
    assert "XINQIAO_HOSTS is missing" in done.stderr


def test_the_example_of_settings_lacks_nothing_but_keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for line in (environment.ROOT / "deploy" / "xinqiao.env.example").read_text().splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.partition("=")
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("XINQIAO_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XINQIAO_KEYS", str(tmp_path / "keys"))
    no_keys, no_secret = production.refusals()
    assert "There are no keys" in no_keys.word
    assert "secret key" in no_secret.word
