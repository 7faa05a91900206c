"""Uploads of a form that could not be taken yet: kept encrypted for some hours, so that nobody has to choose them again."""

import json
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from xinqiao.config import environment
from xinqiao.people import keys

LIVES = 6 * 3600
MOST_BYTES = 2 * 1024**3
_TOKEN_BYTES = 24
_LONGEST_HEAD = 4


@dataclass(frozen=True)
class Staged:
    """An upload that waits. `token` is the only way back to it."""

    token: str
    name: str
    kind: str
    size: int


def _folder() -> Path:
    folder = environment.home() / "staging"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _path(token: str) -> Path | None:
    plain = token.replace("-", "").replace("_", "")
    return _folder() / token if 20 <= len(token) <= 64 and plain.isalnum() and plain.isascii() else None


def put(*, name: str, kind: str, data: bytes) -> Staged:
    """Keep an upload; old ones are swept away on the way."""
    _sweep()
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    head = json.dumps([name[:200], kind, len(data)], ensure_ascii=False).encode()
    blob = keys.encrypt("sealed", len(head).to_bytes(_LONGEST_HEAD, "big") + head + data, token.encode())
    path = _folder() / token
    draft = path.with_suffix(".part")
    draft.write_bytes(blob)
    draft.replace(path)
    return Staged(token, name[:200], kind, len(data))


def get(token: str) -> tuple[Staged, bytes] | None:
    """An upload and its bytes; None when it is not there any more."""
    path = _path(token)
    if path is None or not path.is_file():
        return None
    plain = keys.decrypt("sealed", path.read_bytes(), token.encode())
    start = _LONGEST_HEAD + int.from_bytes(plain[:_LONGEST_HEAD], "big")
    name, kind, size = json.loads(plain[_LONGEST_HEAD:start])
    return Staged(token, name, kind, size), plain[start:]


def drop(token: str) -> None:
    """Forget an upload; one that is not there does no harm."""
    path = _path(token)
    if path is not None:
        path.unlink(missing_ok=True)


def _sweep() -> None:
    """Forget what is old, and the oldest beyond MOST_BYTES: strangers cannot fill the disk."""
    oldest, held = time.time() - LIVES, 0
    waiting = []
    for path in _folder().iterdir():
        try:
            waiting.append((path.stat().st_mtime, path.stat().st_size, path))
        except FileNotFoundError:
            continue
    for since, size, path in sorted(waiting, reverse=True):
        held += size
        if since < oldest or held > MOST_BYTES:
            path.unlink(missing_ok=True)
