"""Bytes on disk, always encrypted, found by the blob's id."""

import contextlib
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Literal
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext

from xinqiao.files.models import Blob
from xinqiao.kernel.errors import XinqiaoError
from xinqiao.people import keys

Part = Literal["original", "view", "thumb"]
_written: ContextVar[list[Path] | None] = ContextVar("written", default=None)


class Unreadable(XinqiaoError):
    """A file that should be there is missing or damaged."""

    code = "unreadable-file"


def folder() -> Path:
    """Where all files lie."""
    return Path(settings.XINQIAO_HOME) / "files"


def place(blob_id: UUID, part: Part) -> str:
    """The path below the folder: spread by the last two letters of the id, which are random."""
    text = str(blob_id)
    return f"{text[-2:]}/{text}.{part}"


def write(blob_id: UUID, parts: Mapping[Part, bytes], *, domain: str) -> dict[Part, str]:
    """Encrypt the parts of a blob and put them on disk, safe against a power cut. Returns their paths below the folder."""
    paths = {part: _write(blob_id, part, data, domain=domain) for part, data in parts.items()}
    _settle((folder() / place(blob_id, "original")).parent)
    return paths


def _write(blob_id: UUID, part: Part, data: bytes, *, domain: str) -> str:
    relative = place(blob_id, part)
    path = folder() / relative
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    sealed = keys.encrypt(domain, data, _tie(blob_id, part))
    unfinished = path.with_suffix(f".{part}.part")
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(sealed)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError:  # a full disk is not filled further by halves
        unfinished.unlink(missing_ok=True)
        raise
    noted = _written.get()
    if noted is not None:
        noted.append(path)
    return relative


@contextlib.contextmanager
def noting() -> Iterator[list[Path]]:
    """The paths that are written inside, as they are written."""
    paths: list[Path] = []
    token = _written.set(paths)
    try:
        yield paths
    finally:
        _written.reset(token)


def written_before(moment: float) -> dict[UUID, list[Path]]:
    """The files on disk that were last written before `moment` (seconds of the machine's clock), by their blob's id."""
    found: dict[UUID, list[Path]] = defaultdict(list)
    for path in folder().glob("??/*"):
        with contextlib.suppress(ValueError, FileNotFoundError):
            if path.stat().st_mtime < moment:
                found[UUID(path.name.partition(".")[0])].append(path)
    return found


def read(blob: Blob, part: Part) -> bytes:
    """The bytes of a part of `blob`. Raises Unreadable when they are gone or were changed."""
    try:
        sealed = (folder() / place(blob.id, part)).read_bytes()
        return keys.decrypt(blob.domain, sealed, _tie(blob.id, part))
    except (OSError, keys.KeyTrouble) as error:
        raise Unreadable(
            gettext("附件“{name}”暂时读不出来。").format(name=blob.name),
            remedy="记录还在。请联系管理员从备份恢复这个文件。",
        ) from error


def _tie(blob_id: UUID, part: Part) -> bytes:
    return blob_id.bytes + part.encode()


def _settle(parent: Path) -> None:
    """Make the new name itself durable."""
    descriptor = os.open(parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
