"""How many requests a token and an address may send in a minute, counted by all web processes of a machine together.

The counts stand in one small file of fixed size beside the data, which every request locks for some microseconds: no
query, nothing to clear away. A key is kept as a keyed hash: no address lies there. Where the file cannot be written
nothing is counted (the proxy has limits of its own), and several machines count each for itself.
"""

import fcntl
import os
import struct
import threading
import time
from hashlib import blake2b
from pathlib import Path

import structlog
from django.conf import settings

WINDOW = 60.0
SLOTS = 1 << 15
LOOKED_AT = 8  # slots in which a key may stand
_SLOT = struct.Struct("=QdQ")  # hash of the key, when its window began, requests since

log = structlog.get_logger()
_lock = threading.Lock()  # a file's lock holds off other processes, not other threads
_opened: dict[Path, int] = {}


def take(key: str, most: int, now: float | None = None) -> int:
    """Count one request under `key`; seconds to wait when it is one too many, else 0. `most` 0 is no limit."""
    if not most:
        return 0
    moment = time.monotonic() if now is None else now  # the same for all processes of a machine, until it starts again
    name = int.from_bytes(blake2b(key.encode(), digest_size=8, key=settings.SECRET_KEY.encode()[:64]).digest()) or 1
    try:
        with _lock:
            handle = _file()
            fcntl.lockf(handle, fcntl.LOCK_EX)
            try:
                return _count(handle, name, most, moment)
            finally:
                fcntl.lockf(handle, fcntl.LOCK_UN)
    except OSError as error:
        log.warning("requests are not counted", error=type(error).__name__, errno=error.errno)
        return 0


def place() -> Path:
    """Where the counts stand."""
    return Path(settings.XINQIAO_HOME) / "limits"


def _file() -> int:
    path = place()
    if path not in _opened:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(handle, 0, SLOTS * _SLOT.size)
        except OSError:  # a full disk: this is tried with every request
            os.close(handle)
            raise
        _opened[path] = handle
    return _opened[path]


def _count(handle: int, name: int, most: int, moment: float) -> int:
    """Count in the slot of that name; it takes an unused one, or one whose window is over, or else the oldest's."""
    first = name % (SLOTS - LOOKED_AT) * _SLOT.size
    slots = list(_SLOT.iter_unpack(os.pread(handle, LOOKED_AT * _SLOT.size, first)))
    mine = next((at for at, slot in enumerate(slots) if slot[0] == name), None)
    if mine is None:
        mine = min(range(LOOKED_AT), key=lambda at: slots[at][1] if _runs(slots[at], moment) else -1.0)
    count, began = (slots[mine][2], slots[mine][1]) if slots[mine][0] == name else (0, moment)
    if not _runs((name, began, count), moment):
        began, count = moment, 0
    if count >= most:
        return max(1, int(began + WINDOW - moment + 0.999))
    os.pwrite(handle, _SLOT.pack(name, began, count + 1), first + mine * _SLOT.size)
    return 0


def _runs(slot: tuple[int, float, int], moment: float) -> bool:
    """Whether the window of a slot still runs; one that begins later is from before the machine started again."""
    name, began, _count = slot
    return name != 0 and began <= moment < began + WINDOW


def forget() -> None:
    """Begin anew: for tests."""
    with _lock:
        handle = _file()
        os.pwrite(handle, bytes(SLOTS * _SLOT.size), 0)
