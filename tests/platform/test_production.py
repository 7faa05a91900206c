"""What the profile of real use insists on, read from the settings as a process of its own sees them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ASK = """
import json
from xinqiao.config import settings
print(json.dumps({name: getattr(settings, name) for name in json.loads(input())}))
"""


def told(home: Path, names: list[str], **surroundings: str) -> dict[str, Any]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("XINQIAO_")}
    named = {"XINQIAO_HOME": str(home / "data"), "XINQIAO_KEYS": str(home / "keys"), **surroundings}
    done = subprocess.run(
        [sys.executable, "-c", ASK], input=json.dumps(names), capture_output=True, text=True, env={**kept, **named}
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_real_use_is_closed_by_default(tmp_path: Path) -> None:
    wanted = {
        "DEBUG": False,
        "SESSION_COOKIE_SECURE": True,
        "SESSION_COOKIE_HTTPONLY": True,
        "CSRF_COOKIE_SECURE": True,
        "LANGUAGE_COOKIE_SECURE": True,
        "SECURE_CONTENT_TYPE_NOSNIFF": True,
        "X_FRAME_OPTIONS": "DENY",
        "STAFF_TOTP_REQUIRED": True,
        "XINQIAO_TRUSTED_PROXIES": 1,
        "ALLOWED_HOSTS": ["localhost", "127.0.0.1", "[::1]"],
        "CSRF_TRUSTED_ORIGINS": [],
    }
    assert told(tmp_path, list(wanted), XINQIAO_PROFILE="production") == wanted
    hsts = told(tmp_path, ["SECURE_HSTS_SECONDS", "XINQIAO_TRUSTED_PROXIES"], XINQIAO_PROFILE="production",
                XINQIAO_TRUSTED_PROXIES="2")  # fmt: skip
    assert hsts["SECURE_HSTS_SECONDS"] >= 31_536_000
    assert hsts["XINQIAO_TRUSTED_PROXIES"] == 2


def test_without_a_proxy_nobody_may_say_where_they_come_from(tmp_path: Path) -> None:
    assert told(tmp_path, ["XINQIAO_TRUSTED_PROXIES", "DEBUG"]) == {"XINQIAO_TRUSTED_PROXIES": 0, "DEBUG": False}


def test_the_secret_key_is_its_owners_alone(tmp_path: Path) -> None:
    told(tmp_path, ["DEBUG"])
    path = tmp_path / "keys" / "secret_key"
    assert path.stat().st_mode & 0o077 == 0
    path.chmod(0o644)
    kept = {key: value for key, value in os.environ.items() if not key.startswith("XINQIAO_")}
    named = {"XINQIAO_HOME": str(tmp_path / "data"), "XINQIAO_KEYS": str(tmp_path / "keys")}
    done = subprocess.run(
        [sys.executable, "-c", "from xinqiao.config import settings"],
        capture_output=True,
        text=True,
        env={**kept, **named},
    )
    assert "Others may read" in done.stderr
