"""Where things lie: data, binaries and sockets, in places that the database's user can reach."""

import hashlib
import os
import pwd
import shutil
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import psycopg
from psycopg.conninfo import make_conninfo

from xinqiao.config import environment
from xinqiao.config.environment import Address, BadEnvironment

PORT = "5432"  # names the socket's file; nothing listens on TCP
SHARED = Path("/var/lib/xinqiao")  # where root's database goes when its user cannot enter the data folder
SHARED_USER = "nobody"
LONGEST_SOCKET = 107 - len(f"/.s.PGSQL.{PORT}") - 1


@cache
def service_user() -> pwd.struct_passwd | None:
    """The unprivileged user that runs PostgreSQL when we are root; None when we are an ordinary user.

    The user nobody, whom other services may share, is good enough for a demonstration. Raises BadEnvironment when there
    is no user to take, and in production when there is none but nobody.
    """
    if os.geteuid() != 0:
        return None
    wanted = os.environ.get("XINQIAO_POSTGRES_USER")
    for name in [wanted] if wanted else ["xinqiao", "postgres", SHARED_USER]:
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        if user.pw_uid == 0:
            raise BadEnvironment("XINQIAO_POSTGRES_USER is root; PostgreSQL refuses to run as root. Name another user.")
        if name == SHARED_USER and environment.profile() == "production":
            raise BadEnvironment(
                "In production PostgreSQL does not run as nobody: whatever else runs as nobody could read the database. "
                "Make a user of its own (useradd --system xinqiao) or set XINQIAO_POSTGRES_USER."
            )
        return user
    raise BadEnvironment(
        f"There is no user {wanted or 'postgres or nobody'} to run PostgreSQL as. "
        "Make one (useradd --system xinqiao) or set XINQIAO_POSTGRES_USER."
    )


def reachable(path: Path) -> bool:
    """Whether the service user can enter every folder above `path` (which need not exist)."""
    user = service_user()
    if user is None:
        return True
    groups = set(os.getgrouplist(user.pw_name, user.pw_gid))
    for folder in path.parents:
        try:
            status = folder.stat()
        except FileNotFoundError:
            continue
        if status.st_uid == user.pw_uid:
            allowed = status.st_mode & 0o100
        elif status.st_gid in groups:
            allowed = status.st_mode & 0o010
        else:
            allowed = status.st_mode & 0o001
        if not allowed:
            return False
    return True


def _mark(home: Path) -> str:
    return hashlib.sha256(str(home).encode()).hexdigest()[:12]


def data_root(home: Path) -> Path:
    """The folder that holds the database: in `home`, or in SHARED when its user cannot enter `home`."""
    inside = home / "postgres"
    return inside if reachable(inside / "data") else SHARED / _mark(home)


def socket_folder(home: Path) -> Path:
    """The folder of the socket: beside the data, or in the temporary folder when the name would be too long."""
    inside = data_root(home) / "run"
    if len(os.fsencode(inside)) <= LONGEST_SOCKET:
        return inside
    return Path(tempfile.gettempdir()) / f"xinqiao-{os.geteuid()}-{_mark(home)}"


def address(role: environment.Role) -> Address:
    """Where the database is for a process of `role`: XINQIAO_DATABASE_URL, else the embedded one's socket."""
    return environment.external() or Address(
        host=str(socket_folder(environment.home())), port=PORT, name=environment.DATABASE, user=f"xinqiao_{role}"
    )


def check_home(home: Path) -> None:
    """Raises BadEnvironment when `home` is there and belongs to another user."""
    if home.exists() and (owner := home.stat().st_uid) != os.geteuid():
        raise BadEnvironment(
            f"{home} belongs to user {user_name(owner)}, and you are {user_name(os.geteuid())}. "
            "Start it as that user, or set XINQIAO_HOME to a folder of your own."
        )


def claim_home(home: Path) -> None:
    """Make `home`, or make sure that it is ours and open to us. Raises BadEnvironment when it is not."""
    check_home(home)
    try:
        home.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BadEnvironment(
            f"{home} cannot be made ({error.strerror}). Make it for user {user_name(os.geteuid())}, or set XINQIAO_HOME."
        ) from None
    if not os.access(home, os.W_OK):
        raise BadEnvironment(f"{home} cannot be written to. Free it or set XINQIAO_HOME to another folder.")


def incoming(home: Path, *, clear: bool = False) -> Path:
    """The folder where uploads lie while they arrive, for our eyes only; with `clear`, without what a crash left there."""
    folder = home / "incoming"
    if clear:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


def open_log(path: Path) -> BinaryIO:
    """`path` to write at its end, for its owner's eyes only: a log may name what went wrong with whose matter."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    os.fchmod(handle, 0o600)
    return os.fdopen(handle, "ab")


def user_name(uid: int) -> str:
    """The user's name, or the number when it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def connect(
    parameters: Mapping[str, str], *, database: str = "", role: str = "", autocommit: bool = False
) -> psycopg.Connection[tuple[Any, ...]]:
    """A plain connection for the supervisor's own work, to another `database` of the same server, as another `role`."""
    chosen = {**parameters, **({"dbname": database} if database else {})}
    options = f"-c role=xinqiao_{role}" if role else None
    return psycopg.connect(make_conninfo(**chosen, options=options), autocommit=autocommit, connect_timeout=5)
