"""Settings of the tests: the same as everywhere, in the profile `test`, with a database and keys of their own."""

import os
from pathlib import Path

from xinqiao.config import environment
from xinqiao.server import places

TEST_HOME = Path(os.environ.get("XINQIAO_TEST_HOME") or environment.ROOT / ".home" / "test").resolve()
os.environ["XINQIAO_PROFILE"] = "test"
os.environ["XINQIAO_HOME"] = str(TEST_HOME)
os.environ["XINQIAO_KEYS"] = str(TEST_HOME.with_name(f"{TEST_HOME.name}-keys"))
if not os.environ.get("XINQIAO_DATABASE_URL"):
    os.environ["XINQIAO_DATABASE_URL"] = (
        f"postgresql:///postgres?host={places.socket_folder(TEST_HOME)}&port={places.PORT}&user=postgres"
    )

from xinqiao.config.settings import *  # noqa: E402, F403

places.incoming(TEST_HOME)
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
