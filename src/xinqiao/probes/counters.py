"""What one web process has answered: how often and how long, by the route's name. Each process keeps its own file.

Whichever process is asked for figures reads the files of all that live; a label tells them apart, so that each series only grows.
"""

import contextlib
import json
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings

BUCKETS = (0.05, 0.1, 0.3, 1.0, 3.0, 10.0)  # seconds; 0.3 is the promise to people, 1.0 is called slow
FLUSH_SECONDS = 1.0


@dataclass
class Seen:
    """The requests of one route: how many within each bucket and beyond, how long together, by class of status."""

    buckets: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    seconds: float = 0.0
    statuses: dict[str, int] = field(default_factory=dict)


class Counters:
    """The requests of this process since it began."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[str, Seen] = {}
        self._process = os.getpid()
        self._written = 0.0

    def note(self, route: str, seconds: float, status: int) -> None:
        """Count one request; once a second what is known goes to the file."""
        with self._lock:
            if self._process != os.getpid():  # a fork begins anew
                self._seen, self._process = {}, os.getpid()
            seen = self._seen.setdefault(route, Seen())
            seen.buckets[next((n for n, most in enumerate(BUCKETS) if seconds <= most), len(BUCKETS))] += 1
            seen.seconds += seconds
            kind = f"{status // 100}xx"
            seen.statuses[kind] = seen.statuses.get(kind, 0) + 1
            due = time.monotonic() - self._written >= FLUSH_SECONDS
        if due:
            self.flush()

    def flush(self) -> None:
        """Write what is known; a full disk stops nobody's request."""
        with self._lock, contextlib.suppress(OSError):
            if not self._seen:
                return
            self._written = time.monotonic()
            place = folder() / f"{os.getpid()}.json"
            draft = place.with_suffix(".new")
            draft.write_text(json.dumps({name: [s.buckets, s.seconds, s.statuses] for name, s in self._seen.items()}))
            draft.replace(place)


def folder() -> Path:
    """Where the processes of this instance leave their figures."""
    place = Path(settings.XINQIAO_HOME) / "metrics"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


def everybody() -> Iterator[tuple[str, str, Seen]]:
    """(process, route, requests) of every process that lives; the files of those that ended are removed."""
    for path in sorted(folder().glob("*.json")):
        with contextlib.suppress(OSError, ValueError):
            if not _lives(int(path.stem)):
                path.unlink(missing_ok=True)
                continue
            kept: dict[str, list[Any]] = json.loads(path.read_text())
            for route, (buckets, seconds, statuses) in sorted(kept.items()):
                yield path.stem, route, Seen(buckets, seconds, statuses)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


counters = Counters()
