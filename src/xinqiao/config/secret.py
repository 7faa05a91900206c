"""Django's secret key: made once, kept beside the other keys, readable by its owner alone."""

import os
import secrets
from pathlib import Path

from xinqiao.config import environment

NAME = "secret_key"


def read() -> str:
    """The secret key, made on first use. Raises BadEnvironment when others may read it.

    It signs sessions and links, which only ends sign-ins when it is lost; what encrypts data is people.keyring.
    """
    folder = environment.keys_folder()
    path = folder / NAME
    if not path.exists():
        make(folder)
    if path.stat().st_mode & 0o077:
        raise environment.BadEnvironment(f"Others may read {path}. Close it first: chmod 600 {path}")
    return path.read_text().strip()


def given(name: str) -> bytes:
    """A key that the surroundings give: the file named by `NAME_FILE`, else the variable itself; b"" when neither is set.

    Raises BadEnvironment when others may read the file, or it cannot be read.
    """
    chosen = os.environ.get(f"{name}_FILE", "")
    if not chosen:
        return os.environ.get(name, "").encode()
    path = Path(chosen).expanduser()
    try:
        if path.stat().st_mode & 0o077:
            raise environment.BadEnvironment(f"Others may read {path}. Close it first: chmod 600 {path}")
        return path.read_bytes().strip()
    except OSError as error:
        raise environment.BadEnvironment(f"{name}_FILE names {path}, which cannot be read: {error.strerror}") from None


def make(folder: Path) -> Path:
    """Write a new secret key into `folder` unless there is one; safe when two processes try at once."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / NAME
    draft = folder / f".{NAME}.{os.getpid()}"
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_urlsafe(50))
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path
