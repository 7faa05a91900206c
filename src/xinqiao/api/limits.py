"""How many requests a token and an address may send in a minute. Counted in each web process, nothing is written."""

import threading
import time

WINDOW = 60.0
MOST_KEYS = 20_000

_lock = threading.Lock()
_counts: dict[str, tuple[float, int]] = {}


def take(key: str, most: int, now: float | None = None) -> int:
    """Count one request under `key`; seconds to wait when it is one too many, else 0. `most` 0 is no limit."""
    if not most:
        return 0
    moment = time.monotonic() if now is None else now
    with _lock:
        began, count = _counts.get(key, (moment, 0))
        if moment - began >= WINDOW:
            began, count = moment, 0
        if count >= most:
            return max(1, int(began + WINDOW - moment + 0.999))
        if key not in _counts and len(_counts) >= MOST_KEYS:
            _forget(moment)
        _counts[key] = (began, count + 1)
    return 0


def _forget(moment: float) -> None:
    for key in [key for key, (began, _count) in _counts.items() if moment - began >= WINDOW]:
        del _counts[key]
    if len(_counts) >= MOST_KEYS:
        _counts.clear()


def forget() -> None:
    """Begin anew: for tests."""
    with _lock:
        _counts.clear()
