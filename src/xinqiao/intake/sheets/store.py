"""An uploaded table until it is taken in: encrypted on disk in frames, read and sought in as if it were plain, then removed."""

import hashlib
import io
import time
from collections import OrderedDict
from collections.abc import Collection, Iterable
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, cast
from uuid import UUID

from xinqiao.config import environment
from xinqiao.people import keys

from .cells import Unreadable

FRAME = 256 * 1024
MOST_BYTES = 1024**3
MOST_UPLOADED = 600 * 1024**2  # at the desk (config.wsgi, nginx); larger ones come in by the command
FRAMES_IN_MEMORY = 16


def _folder() -> Path:
    folder = environment.home() / "imports"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def path_of(import_id: UUID) -> Path:
    """Where the frames of an import lie."""
    return _folder() / f"{import_id}.frames"


def put(import_id: UUID, chunks: Iterable[bytes]) -> tuple[int, bytes]:
    """Keep a file; returns its size and SHA-256. Raises Unreadable beyond a gigabyte; what was written then is removed."""
    digest, size, held, number = hashlib.sha256(), 0, bytearray(), 0
    path = path_of(import_id)
    draft = path.with_suffix(".part")
    try:
        with draft.open("wb") as out:
            for chunk in chunks:
                size += len(chunk)
                if size > MOST_BYTES:
                    raise Unreadable("这个文件超过 1 GB，一次放不下。", remedy="请分成几个文件，一个一个导入。")
                digest.update(chunk)
                held += chunk
                while len(held) >= FRAME:
                    _frame(out, import_id, number, bytes(held[:FRAME]))
                    del held[:FRAME]
                    number += 1
            if held or not number:
                _frame(out, import_id, number, bytes(held))
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return size, digest.digest()


def _frame(out: BinaryIO, import_id: UUID, number: int, plain: bytes) -> None:
    sealed = keys.encrypt("sealed", plain, _aad(import_id, number))
    out.write(len(sealed).to_bytes(4, "big") + sealed)


def _aad(import_id: UUID, number: int) -> bytes:
    return import_id.bytes + number.to_bytes(4, "big")


def opened(import_id: UUID) -> BinaryIO:
    """The plain file again, to be read and sought in. Raises Unreadable when it is not there any more."""
    path = path_of(import_id)
    if not path.is_file():
        raise Unreadable("上传的文件已经删除了。", remedy="请重新上传。")
    return cast(BinaryIO, io.BufferedReader(_Frames(path, import_id), FRAME))


def drop(import_id: UUID) -> None:
    """Remove the file; one that is not there does no harm."""
    path_of(import_id).unlink(missing_ok=True)


def sweep(*, keep: Collection[UUID], older_than: timedelta) -> int:
    """Remove files that no import of `keep` owns and that were written longer ago. Returns how many."""
    wanted, limit, gone = {f"{each}.frames" for each in keep}, time.time() - older_than.total_seconds(), 0
    for path in _folder().iterdir():
        if path.name not in wanted and path.stat().st_mtime < limit:
            path.unlink(missing_ok=True)
            gone += 1
    return gone


class _Frames(io.RawIOBase):
    def __init__(self, path: Path, import_id: UUID) -> None:
        self._file, self._id, self._at = path.open("rb"), import_id, 0
        self._places: list[tuple[int, int]] = []
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        place, end = 0, path.stat().st_size
        while place < end:
            self._file.seek(place)
            length = int.from_bytes(self._file.read(4), "big")
            self._places.append((place + 4, length))
            place += 4 + length
        self._size = (len(self._places) - 1) * FRAME + len(self._plain(len(self._places) - 1))

    def _plain(self, number: int) -> bytes:
        known = self._kept.get(number)
        if known is None:
            offset, length = self._places[number]
            self._file.seek(offset)
            known = keys.decrypt("sealed", self._file.read(length), _aad(self._id, number))
            self._kept[number] = known
            if len(self._kept) > FRAMES_IN_MEMORY:
                self._kept.popitem(last=False)
        return known

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        if self._at >= self._size:
            return 0
        number, inside = divmod(self._at, FRAME)
        piece = self._plain(number)[inside : inside + len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def close(self) -> None:
        self._file.close()
        super().close()
