"""What kind of fault of ours an error is: the database is gone, everything is busy, the disk is full, or something broke.

Asks nothing of the database and nothing of the disk.
"""

import errno
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from django.db import InterfaceError, OperationalError

Kind = Literal["away", "busy", "full", "broken"]
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_DISK_FULL = "53100"
_BUSY = frozenset({"57014", "55P03", "40P01", "40001", "53300", "25P03"})  # timeouts, locks, too many connections


@dataclass(frozen=True)
class Fault:
    """How a fault is answered: the HTTP status, and after how many seconds another try makes sense."""

    kind: Kind
    status: int
    retry_after: int = 0


AWAY = Fault("away", 503, 10)
BUSY = Fault("busy", 503, 5)
FULL = Fault("full", 507, 300)
BROKEN = Fault("broken", 500)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def fault_of(error: BaseException | None) -> Fault:
    """The fault that `error`, or what caused it, stands for."""
    chain = list(_chain(error))
    for one in chain:
        if (isinstance(one, OSError) and one.errno in _FULL) or getattr(one, "sqlstate", None) == _DISK_FULL:
            return FULL
    if any(getattr(one, "sqlstate", None) in _BUSY for one in chain):
        return BUSY
    return AWAY if any(isinstance(one, OperationalError | InterfaceError) for one in chain) else BROKEN


def current() -> Fault:
    """The fault of the error that is being handled just now."""
    return fault_of(sys.exception())
