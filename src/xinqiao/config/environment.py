"""What the surroundings say: folders, profile, database. Read by settings and by the supervisor, needs no Django."""

import os
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Literal, cast

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = Path(__file__).resolve().parents[1]

Profile = Literal["demo", "production", "test"]
Role = Literal["app", "seal", "owner", "backup"]
ROLES: tuple[Role, ...] = ("owner", "app", "seal", "backup")
DATABASE = "xinqiao"


class BadEnvironment(Exception):
    """The surroundings are not as they must be. The message says what is wrong and what to do."""


@lru_cache(maxsize=16)
def _resolved(given: str, _from: str) -> Path:
    return Path(given).expanduser().resolve()


def home() -> Path:
    """The one folder with all data."""
    return _resolved(os.environ.get("XINQIAO_HOME") or str(ROOT / ".home"), str(Path.cwd()))


def keys_folder() -> Path:
    """The folder with keys; outside the data, so that a copy of the data alone opens nothing."""
    chosen = os.environ.get("XINQIAO_KEYS")
    if chosen:
        path = _resolved(chosen, str(Path.cwd()))
        return path.parent if path.suffix == ".json" else path
    here = home()
    return here.with_name(f"{here.name}-keys")


def keyring_file() -> Path:
    """The file with the keys that wrap all others: XINQIAO_KEYS when it names a .json file."""
    given = os.environ
    return _keyring_file(given.get("XINQIAO_KEYS", ""), given.get("XINQIAO_HOME", ""), os.getcwd())  # noqa: PTH109 - asked at every step


@lru_cache(maxsize=32)
def _keyring_file(chosen: str, _home: str, here: str) -> Path:
    return _resolved(chosen, here) if chosen.endswith(".json") else keys_folder() / "keyring.json"


def archive_folder() -> Path | None:
    """The folder of the archive (XINQIAO_BACKUP), or None: nothing is archived all the time."""
    chosen = os.environ.get("XINQIAO_BACKUP")
    return Path(chosen).expanduser().resolve() if chosen else None


def profile() -> Profile:
    """demo (default), production or test. Raises BadEnvironment for another word."""
    word = os.environ.get("XINQIAO_PROFILE") or "demo"
    if word not in ("demo", "production", "test"):
        raise BadEnvironment(f"XINQIAO_PROFILE is {word!r}; it must be demo, production or test.")
    return cast(Profile, word)


def role() -> Role:
    """The database role of this process. Raises BadEnvironment for another word."""
    word = os.environ.get("XINQIAO_DB_ROLE") or "app"
    if word not in ROLES:
        raise BadEnvironment(f"XINQIAO_DB_ROLE is {word!r}; it must be one of {', '.join(ROLES)}.")
    return word


@dataclass(frozen=True)
class Address:
    """Where a database is and as whom to log in."""

    host: str
    port: str
    name: str
    user: str
    password: str = field(default="", repr=False)
    more: dict[str, str] = field(default_factory=dict)

    def parameters(self) -> dict[str, str]:
        """Connection parameters in libpq's words; what is empty is left out."""
        named = {
            "host": self.host,
            "port": self.port,
            "dbname": self.name,
            "user": self.user,
            "password": self.password,
        }
        return {key: value for key, value in {**named, **self.more}.items() if value}


def external(variable: str = "XINQIAO_DATABASE_URL") -> Address | None:
    """The database named by XINQIAO_DATABASE_URL (or by another `variable`), or None.

    Raises BadEnvironment when it cannot be understood.
    """
    url = os.environ.get(variable)
    if not url:
        return None
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        parts = {key: str(value) for key, value in conninfo_to_dict(url).items() if value is not None}
    except ProgrammingError as error:
        raise BadEnvironment(f"{variable} cannot be understood: {error}") from None
    return Address(
        host=parts.pop("host", ""),
        port=parts.pop("port", ""),
        name=parts.pop("dbname", DATABASE),
        user=parts.pop("user", ""),
        password=parts.pop("password", ""),
        more=parts,
    )
