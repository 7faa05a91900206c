"""Figures for Prometheus, read from the database as the system under the role `app`: of open matters only.

A sealed case moves no figure: row-level security hides its rows, jobs that a single matter puts into the queue are left
out, ages are rounded down to ten seconds and sizes to 64 MB.
"""

import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, transaction

from xinqiao.ledger import selectors as ledger
from xinqiao.people import access
from xinqiao.people.actors import SYSTEM
from xinqiao.probes import counters

PROBE = SYSTEM("probes")
PATIENCE = "5s"
KEPT_SECONDS = 15.0  # several scrapers, or a nervous one, do not make the database work more
CHUNK = 64 * 1024 * 1024
Rows = Sequence[tuple[Any, ...]]
log = structlog.get_logger()


@dataclass(frozen=True)
class Figure:
    """One metric: its name, what it says, and its values by labels."""

    name: str
    help: str
    values: Sequence[tuple[dict[str, str], float]]
    kind: Literal["gauge", "counter", "histogram"] = "gauge"

    def lines(self) -> Iterator[str]:
        """As Prometheus reads it."""
        if self.kind != "histogram" or self.values:
            yield f"# HELP {self.name} {self.help}"
            yield f"# TYPE {self.name} {self.kind}"
        for labels, value in self.values:
            suffix = labels.get("", "")
            inner = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items() if key)
            yield f"{self.name}{suffix}{{{inner}}} {value:.15g}" if inner else f"{self.name}{suffix} {value:.15g}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


_JOBS = """
SELECT job.queue_name, extract(epoch FROM clock_timestamp() - min(coalesce(job.scheduled_at, event.at)))
FROM procrastinate_jobs job JOIN procrastinate_events event ON event.job_id = job.id AND event.type = 'deferred'
WHERE job.status = 'todo' AND job.task_name NOT IN ('notices.deliver', 'notices.texts', 'notices.hooks')
  AND coalesce(job.scheduled_at, event.at) <= clock_timestamp()
GROUP BY job.queue_name ORDER BY job.queue_name
"""
_FAILED = (
    "SELECT task_name, count(*) FROM procrastinate_jobs WHERE status = 'failed' GROUP BY task_name ORDER BY task_name"
)
_WORKER = "SELECT extract(epoch FROM clock_timestamp() - max(last_heartbeat)) FROM procrastinate_workers"
_CURSORS = """
SELECT cursor.name,
  (SELECT count(*) FROM (
     SELECT 1 FROM ledger_entry e WHERE (e.xid, e.position) > (cursor.xid, cursor.position)
     AND e.xid < pg_snapshot_xmin(pg_current_snapshot()) LIMIT 10000) waiting),
  coalesce((SELECT extract(epoch FROM clock_timestamp() - e.recorded_at) FROM ledger_entry e
     WHERE (e.xid, e.position) > (cursor.xid, cursor.position) ORDER BY e.xid, e.position LIMIT 1), 0)
FROM ledger_cursor cursor ORDER BY cursor.name
"""
_OBLIGATIONS = """
SELECT colour, count(*) FROM cases_obligation WHERE settled_at IS NULL AND kind = 'duty' GROUP BY colour ORDER BY colour
"""
_NOTICES = """
SELECT delivery.channel, delivery.state, count(*), extract(epoch FROM clock_timestamp() - min(delivery.queued_at))
FROM notices_delivery delivery JOIN notices_message message ON message.id = delivery.message_id
WHERE delivery.state IN ('waiting', 'sending', 'set_aside', 'failed') AND NOT message.sealed
GROUP BY delivery.channel, delivery.state ORDER BY delivery.channel, delivery.state
"""
_PAUSED = "SELECT count(*) FROM notices_outbox WHERE paused"
_SIZE = "SELECT pg_database_size(current_database())"
AGE_STEP = 10


def _rows(statement: str) -> Rows:
    """The rows of a statement; none when it took too long or failed: the other figures are told all the same."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
            found: Rows = cursor.fetchall()
            return found
    except DatabaseError as error:
        if connection.connection is None or connection.connection.closed:
            raise
        log.warning("figure left out", error=type(error).__name__)
        return []


def _age(seconds: Any) -> float:
    return max(0.0, float(seconds or 0) // AGE_STEP * AGE_STEP)


def _of_database() -> list[Figure]:
    with access.acting(PROBE):
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = '{PATIENCE}'")
        cursors, notices = _rows(_CURSORS), _rows(_NOTICES)
        return [
            Figure(
                "xinqiao_jobs_oldest_seconds",
                "Age of the oldest job that waits, by queue.",
                [({"queue": queue}, _age(age)) for queue, age in _rows(_JOBS)],
            ),
            Figure(
                "xinqiao_jobs_set_aside",
                "Jobs that failed for good and wait for a person.",
                [({"task": task}, n) for task, n in _rows(_FAILED)],
            ),
            Figure(
                "xinqiao_worker_silent_seconds",
                "Since when no worker has given a sign of life.",
                [({}, _age(age)) for (age,) in _rows(_WORKER) if age is not None],
            ),
            Figure(
                "xinqiao_cursor_lag_entries",
                "Entries that a reader of the ledger has not seen yet, at most 10000.",
                [({"cursor": name}, n) for name, n, _ in cursors],
            ),
            Figure(
                "xinqiao_cursor_lag_seconds",
                "Age of the oldest entry that a reader of the ledger has not seen yet.",
                [({"cursor": name}, _age(age)) for name, _, age in cursors],
            ),
            Figure(
                "xinqiao_clock_back_seconds",
                "By how much the database's clock stands before what was recorded last.",
                [({}, _age(ledger.clock_back()))],
            ),
            Figure(
                "xinqiao_obligations_open",
                "Open duties by colour.",
                [({"colour": colour}, n) for colour, n in _rows(_OBLIGATIONS)],
            ),
            Figure(
                "xinqiao_notices",
                "Deliveries that have not arrived, by channel and state.",
                [({"channel": channel, "state": state}, n) for channel, state, n, _ in notices],
            ),
            Figure(
                "xinqiao_notices_oldest_seconds",
                "Age of the oldest such delivery.",
                [({"channel": channel, "state": state}, _age(age)) for channel, state, _, age in notices],
            ),
            Figure(
                "xinqiao_outbox_paused", "1 when nothing leaves this instance.", [({}, n) for (n,) in _rows(_PAUSED)]
            ),
            Figure(
                "xinqiao_database_bytes", "Size of the database.", [({}, n // CHUNK * CHUNK) for (n,) in _rows(_SIZE)]
            ),
        ]


_kept: tuple[float, list[Figure]] | None = None


def database(*, fresh: bool = False) -> list[Figure]:
    """The figures of the database, up to KEPT_SECONDS old; only `xinqiao_database_up 0` when it does not answer."""
    global _kept
    if not fresh and _kept is not None and time.monotonic() - _kept[0] < KEPT_SECONDS:
        return _kept[1]
    up = "Whether the database answers."
    try:
        found = [Figure("xinqiao_database_up", up, [({}, 1)]), *_of_database()]
    except (DatabaseError, InterfaceError):
        connection.close()
        return [Figure("xinqiao_database_up", up, [({}, 0)])]
    _kept = (time.monotonic(), found)
    return found


def machine() -> list[Figure]:
    """Room on the disk that holds the data."""
    free = shutil.disk_usage(settings.XINQIAO_HOME).free
    return [Figure("xinqiao_disk_free_bytes", "Room left on the disk of the data.", [({}, free // CHUNK * CHUNK)])]


def requests() -> list[Figure]:
    """How long requests took and how they ended, by the route's name."""
    counters.counters.flush()
    times: list[tuple[dict[str, str], float]] = []
    ends: list[tuple[dict[str, str], float]] = []
    for process, route, seen in counters.everybody():
        labels, below = {"process": process, "route": route}, 0
        for most, n in zip((*map(str, counters.BUCKETS), "+Inf"), seen.buckets, strict=True):
            below += n
            times.append(({"": "_bucket", **labels, "le": most}, below))
        times += [({"": "_sum", **labels}, seen.seconds), ({"": "_count", **labels}, below)]
        ends += [({**labels, "status": status}, n) for status, n in sorted(seen.statuses.items())]
    return [
        Figure("xinqiao_request_seconds", "How long requests took, by route.", times, "histogram"),
        Figure("xinqiao_responses_total", "How requests ended, by route.", ends, "counter"),
    ]


def text(*, fresh: bool = False) -> str:
    """All figures in Prometheus' text format."""
    figures = [*database(fresh=fresh), *machine(), *requests()]
    return "".join(f"{line}\n" for figure in figures for line in figure.lines())
