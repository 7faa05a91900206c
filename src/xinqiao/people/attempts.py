"""Slows down who guesses: failures under a hashed key make the next try wait, longer each time. No row is ever locked."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from xinqiao.kernel.errors import Slowed
from xinqiao.kernel.ids import uuid7
from xinqiao.people import keys
from xinqiao.people.models import Attempt


@dataclass(frozen=True)
class Policy:
    """`free` failures cost nothing; from then on the wait doubles from `first` seconds up to `longest`."""

    free: int
    first: int
    longest: int
    window: timedelta
    one_at_a_time: bool = False  # a second try while one is still being answered waits too


DAY = timedelta(days=1)
POLICIES = {
    "number": Policy(free=4, first=2, longest=900, window=DAY, one_at_a_time=True),
    "phone": Policy(free=4, first=2, longest=900, window=DAY, one_at_a_time=True),
    "signin": Policy(free=4, first=60, longest=900, window=DAY, one_at_a_time=True),
    "asked": Policy(free=20, first=60, longest=3600, window=timedelta(hours=1)),  # codes asked for from one address
    "sent": Policy(free=20, first=60, longest=3600, window=timedelta(hours=1)),  # submissions by API without a token
    "ip": Policy(free=40, first=2, longest=300, window=timedelta(hours=1)),
}


def _hash(scope: str, key: str) -> bytes:
    return keys.blind("open", "attempt", f"{scope}|{key}")[1]


def attempt_allowed(*, scope: str, key: str, at: datetime) -> int:
    """Seconds that a try must still wait; 0 when it may go ahead. Scopes: number, phone, signin, asked, ip."""
    policy, digest = POLICIES[scope], _hash(scope, key)
    if policy.one_at_a_time and not _first(digest):
        return 1
    since, failures = at - policy.window, []
    rows = Attempt.objects.filter(scope=scope, key_hash=digest, at__gt=since, at__lte=at).order_by("-at", "-id")
    for happened, cleared in rows.values_list("at", "cleared")[: policy.free + 20]:
        if cleared:
            break
        failures.append(happened)
    if len(failures) <= policy.free:
        return 0
    wait = min(policy.longest, policy.first * 2 ** (len(failures) - policy.free - 1))
    left = (failures[0] + timedelta(seconds=wait) - at).total_seconds()
    return max(0, int(left + 0.999))


def _first(digest: bytes) -> bool:
    number = int.from_bytes(hashlib.sha256(digest).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        return bool(cursor.fetchone()[0])


def attempt_guard(*, tries: Iterable[tuple[str, str]], at: datetime) -> None:
    """Raise Slowed when any of the (scope, key) pairs must still wait."""
    seconds = max((attempt_allowed(scope=scope, key=key, at=at) for scope, key in tries if key), default=0)
    if seconds:
        raise Slowed("试的次数有点多，请稍等一会儿再试。", seconds=seconds)


def attempt_record(*, scope: str, key: str, success: bool, at: datetime) -> None:
    """Remember a failure; a success clears what was before it. A success without failures leaves nothing behind."""
    digest = _hash(scope, key)
    if success:
        newest = Attempt.objects.filter(scope=scope, key_hash=digest, at__gt=at - POLICIES[scope].window)
        if newest.order_by("-at", "-id").values_list("cleared", flat=True).first() is not False:
            return
    Attempt(id=uuid7(), scope=scope, key_hash=digest, at=at, cleared=success).save(force_insert=True)


def use_once(*, key: str, at: datetime) -> bool:
    """Whether this is the first use of a short-lived code within ten minutes, in any process; False also while it is
    being used elsewhere.
    """
    digest = _hash("once", key)
    if not _first(digest):
        return False
    used = Attempt.objects.filter(scope="once", key_hash=digest, at__gt=at - timedelta(minutes=10)).exists()
    if not used:
        Attempt(id=uuid7(), scope="once", key_hash=digest, at=at, cleared=True).save(force_insert=True)
    return not used


def attempts_forget(*, before: datetime) -> int:
    """Delete what no policy looks at any more; returns how many rows went."""
    return Attempt.objects.filter(at__lt=before).delete()[0]
