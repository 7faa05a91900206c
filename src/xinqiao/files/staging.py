"""Uploads of a form that could not be taken yet: kept encrypted for some hours, so that nobody has to choose them again.

Each waits on a shelf: whose form it is. The token alone opens nothing; the shelf is sealed into the encryption, so that
another account, or another form of the same account, gets what a token that does not exist gets: nothing.
"""

import contextlib
import hashlib
import json
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext

from xinqiao.config import environment
from xinqiao.files.checks import MEGABYTE
from xinqiao.files.services import MOST_BYTES, MOST_FILES, blob_check
from xinqiao.kernel.errors import BadInput
from xinqiao.people import keys

LIVES = 6 * 3600
MOST_WAITING = (
    2 * 1024**3
)  # bytes in one room: strangers and programs neither fill the disk nor push out what staff left
MOST_OF_ONE = 512 * MEGABYTE  # bytes of one program in its room
SWEEP_AFTER = 256 * MEGABYTE  # bytes that one process has put away; the worker sweeps every hour besides
_TOKEN_BYTES = 24
_LONGEST_HEAD = 4


_since_sweep = {"bytes": 0}
_known_of: dict[
    str, int
] = {}  # bytes that wait of each program, as this process knows: at least what it put away itself


@dataclass(frozen=True)
class Shelf:
    """Where the uploads of one form wait. `owner` names account (at the portal: visit) and form; the first form of the portal has none.

    In the room `api` the owner is a token's id, and each has a folder of its own.
    """

    room: Literal["portal", "desk", "api"]
    owner: str = ""

    @property
    def folder(self) -> Path:
        return _folder(f"api/{UUID(self.owner)}" if self.room == "api" else self.room)

    def tie(self, token: str) -> bytes:
        """What the encryption is bound to."""
        return f"{self.room}\n{self.owner}\n{token}".encode()


@dataclass(frozen=True)
class Staged:
    """An upload that waits. `kind` is the field it was chosen in, or what the field is for."""

    token: str
    name: str
    kind: str
    size: int


def _folder(room: str) -> Path:
    folder = environment.home() / "staging" / room
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _path(shelf: Shelf, token: str) -> Path | None:
    plain = token.replace("-", "").replace("_", "")
    return shelf.folder / token if 20 <= len(token) <= 64 and plain.isalnum() and plain.isascii() else None


def put(shelf: Shelf, *, name: str, kind: str, data: bytes) -> Staged:
    """Keep an upload that was checked; when much has come in, what is too much is swept away on the way."""
    _since_sweep["bytes"] += len(data)
    if _since_sweep["bytes"] >= SWEEP_AFTER:
        sweep()
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    head = json.dumps([name[:200], kind, len(data)], ensure_ascii=False).encode()
    blob = keys.encrypt("sealed", len(head).to_bytes(_LONGEST_HEAD, "big") + head + data, shelf.tie(token))
    path = shelf.folder / token
    draft = path.with_suffix(".part")
    try:
        draft.touch(mode=0o600)
        draft.write_bytes(blob)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    return Staged(token, name[:200], kind, len(data))


def full(shelf: Shelf, size: int) -> bool:
    """Whether `size` bytes more are too much for a shelf of the room `api`."""
    known = _known_of.get(shelf.owner, MOST_OF_ONE) + size  # what this process has not looked at yet, it looks at
    if known > MOST_OF_ONE:
        known = size
        for path in shelf.folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                known += path.stat().st_size
    if known > MOST_OF_ONE:
        return True
    _known_of[shelf.owner] = known
    return False


def take_up(shelf: Shelf, tokens: Iterable[str]) -> None:
    """Uploads that were taken up wait no more, once that is certain."""
    paths = [path for path in (_path(shelf, token) for token in tokens) if path is not None]
    transaction.on_commit(lambda: _unlink(paths))


def _unlink(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def get(shelf: Shelf, token: str) -> tuple[Staged, bytes] | None:
    """An upload and its bytes; None when it is not there (any more), or waits on another shelf."""
    path = _path(shelf, token)
    try:
        plain = keys.decrypt("sealed", path.read_bytes(), shelf.tie(token)) if path else None
        if path is None or plain is None or path.stat().st_mtime < time.time() - LIVES:
            return None
    except (OSError, keys.KeyTrouble):
        return None
    start = _LONGEST_HEAD + int.from_bytes(plain[:_LONGEST_HEAD], "big")
    name, kind, size = json.loads(plain[_LONGEST_HEAD:start])
    return Staged(token, name, kind, size), plain[start:]


def drop(shelf: Shelf, token: str) -> None:
    """Forget an upload of that shelf; one that is not there, or not on it, is left alone."""
    path = _path(shelf, token)
    if path is not None and get(shelf, token) is not None:
        path.unlink(missing_ok=True)


def sweep() -> int:
    """Forget what is old, and in each room the oldest beyond MOST_WAITING. Returns how many were forgotten."""
    _since_sweep["bytes"] = 0
    _known_of.clear()
    programs = [path for path in _folder("api").iterdir() if path.is_dir()]
    return sum(_sweep(folders) for folders in ([_folder("portal")], [_folder("desk")], programs))


def _sweep(folders: Iterable[Path]) -> int:
    """One room."""
    oldest, held, gone = time.time() - LIVES, 0, 0
    waiting = []
    for path in (path for folder in folders for path in folder.iterdir()):
        try:
            waiting.append((path.stat().st_mtime, path.stat().st_size, path))
        except FileNotFoundError:
            continue
    for since, size, path in sorted(waiting, reverse=True):
        held += size
        if since < oldest or held > MOST_WAITING:
            path.unlink(missing_ok=True)
            gone += 1
    return gone


# --- the uploads of one sending of a form


@dataclass
class Carried:
    """The uploads of one sending: those that waited from the last try, those that came now, and what is unfit."""

    shelf: Shelf
    waiting: list[tuple[Staged, bytes]] = field(default_factory=list)
    fresh: list[tuple[str, str, bytes]] = field(default_factory=list)  # kind, name, data
    unfit: list[tuple[str, BadInput]] = field(default_factory=list)  # field, what is wrong with a file of it

    def all(self) -> list[tuple[str, str, bytes]]:
        """(kind, name, data) of everything that is to be taken, in the order it was added."""
        return [(one.kind, one.name, data) for one, data in self.waiting] + self.fresh

    def references(self, tokens: Iterable[str]) -> list[str]:
        """What stands for the uploads of a sending that named `tokens`: the same again is the same uploads, also when they
        wait no more.
        """
        return [*dict.fromkeys(tokens), *(f"{kind} {hashlib.sha256(data).hexdigest()}" for kind, _, data in self.fresh)]

    def keep(self) -> list[Staged]:
        """Put the new ones away until the next try; returns all that wait."""
        kept = [one for one, _ in self.waiting]
        return kept + [put(self.shelf, name=name, kind=kind, data=data) for kind, name, data in self.fresh]

    def drop(self) -> None:
        """They have arrived: once that is certain, nothing waits any more."""
        take_up(self.shelf, [one.token for one, _ in self.waiting])


def collect(
    shelf: Shelf,
    *,
    tokens: Sequence[str],
    without: Iterable[str],
    files: Mapping[str, Iterable[UploadedFile]],
    kinds: Mapping[str, str] | None = None,
) -> Carried:
    """The uploads of a request: `tokens` of those that wait, `without` those to be forgotten, `files` by field.

    Everything new is checked at once as a hostile upload; what is unfit is told and never kept. `kinds` says what a
    field is for; without it the field's name is the kind.
    """
    found = Carried(shelf)
    left_out = set(without)
    for token in dict.fromkeys(tokens[:MOST_FILES]):
        if token in left_out:
            drop(shelf, token)
        elif (kept := get(shelf, token)) is not None:
            found.waiting.append(kept)
    count, room = len(found.waiting), MOST_BYTES - sum(kept.size for kept, _ in found.waiting)
    for where, given in files.items():
        for one in given:
            count, room = count + 1, room - (one.size or 0)
            if room < 0 or count > MOST_FILES:
                found.unfit.append((where, _too_much(room)))
                return found
            name, data = one.name or "", one.read()
            try:
                blob_check(name=name, data=data)
            except BadInput as error:
                found.unfit.append((where, error))
            else:
                found.fresh.append(((kinds or {}).get(where, where), name, data))
    return found


def _too_much(room: int) -> BadInput:
    """More than one sending may carry: nothing more of it is read."""
    if room < 0:
        text = gettext("照片和材料合计超过 {n} MB 的上限。").format(n=MOST_BYTES // MEGABYTE)
    else:
        text = gettext("附件最多 {n} 个，已经够数了。").format(n=MOST_FILES)
    return BadInput({"files": text}, remedy="请少选几个，其余可以在办好以后再补充。您写的内容都还在。")
