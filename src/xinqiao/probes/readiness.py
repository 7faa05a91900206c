"""Whether requests may be sent here: what must be there, and what somebody should look at."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from xinqiao.ledger import selectors as ledger
from xinqiao.notices import selectors as notices
from xinqiao.people import access, keys
from xinqiao.people.actors import SYSTEM

LEAST_FREE = int(os.environ.get("XINQIAO_LEAST_FREE_MB", "512")) * 1024 * 1024
WORKER_SILENT = 60
CLOCK_BACK = 5
PROBE = SYSTEM("probes")
log = structlog.get_logger()


@dataclass(frozen=True)
class Part:
    """One thing that was looked at. `word` says what is wrong, "" when nothing is."""

    name: str
    word: str = ""
    vital: bool = True


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return ""


_migrated = False


def _migrations() -> str:
    """Whether the database has what these programs expect; once it had, it is not asked again by this process."""
    global _migrated
    if not _migrated:
        executor = MigrationExecutor(connection)
        missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
        if missing:
            return f"{missing} migrations have not been carried out: xinqiao db migrate"
        _migrated = True
    return ""


def _keys() -> str:
    with access.acting(PROBE):
        for domain in ("open", "sealed"):
            if keys.decrypt(domain, keys.encrypt(domain, b"probe", b"readyz"), b"readyz") != b"probe":
                return f"the keys of domain {domain} do not fit"
    return ""


def _disk() -> str:
    home = settings.XINQIAO_HOME
    free = shutil.disk_usage(home).free
    if free < LEAST_FREE:
        return f"{free >> 20} MB left on the disk of the data, {LEAST_FREE >> 20} MB are wanted"
    return "" if os.access(home, os.W_OK) else f"{home} cannot be written to"


def _outbox() -> str:
    with access.acting(PROBE):
        if notices.outbox().paused:
            return "paused: nothing leaves this instance"
        aside = notices.waiting()["set_aside"]
    return f"{aside} messages were set aside" if aside else ""


def _worker() -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM procrastinate_workers WHERE last_heartbeat > clock_timestamp() - %s * interval '1 second')",
            [WORKER_SILENT],
        )
        (lives,) = cursor.fetchone()
    return "" if lives else f"no worker has given a sign of life for {WORKER_SILENT} s"


def _clock() -> str:
    """A clock that was put back: dates and terms are reckoned from it, so somebody should look."""
    with access.acting(PROBE):
        back = ledger.clock_back()
    return f"the clock stands {back} s before the last entry: mend the machine's time" if back > CLOCK_BACK else ""


VITAL: dict[str, Callable[[], str]] = {
    "database": _database,
    "migrations": _migrations,
    "keys": _keys,
    "disk": _disk,
}
WATCHED: dict[str, Callable[[], str]] = {"outbox": _outbox, "worker": _worker, "clock": _clock}


def parts() -> list[Part]:
    """Everything that was looked at. What needs the database is not asked when there is none."""
    found: list[Part] = []
    gone = False
    for vital, checks in ((True, VITAL), (False, WATCHED)):
        for name, check in checks.items():
            if gone and name != "disk":
                found.append(Part(name, "not known without the database", vital))
                continue
            try:
                word = check()
            except Exception as error:  # whatever it is: this part is not ready
                log.warning("not ready", part=name, error=type(error).__name__)
                word, gone = type(error).__name__, gone or name == "database"
                connection.close_if_unusable_or_obsolete()
            found.append(Part(name, word, vital))
    return found
