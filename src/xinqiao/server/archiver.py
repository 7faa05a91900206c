"""The archiving process: what is committed lies in the archive a few seconds later, encrypted and signed.

    python -m xinqiao.server.archiver          keeps XINQIAO_BACKUP up to date until told to stop

pg_receivewal streams the database's log into a folder inside the data; whole pieces, and every few seconds what there is
of the newest one, are sealed into the archive. Attachments are kept before the log that names them. A replication slot
makes the database keep what has not arrived. The first base is taken at once, then one each day.
"""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import structlog

from xinqiao.config import environment
from xinqiao.config.environment import BadEnvironment
from xinqiao.kernel.errors import XinqiaoError
from xinqiao.server import anchors, archive, backup, binaries, places
from xinqiao.server.archive import HISTORY, PARTIAL, PIECE, Archive

SLOT = "xinqiao_archive"
EVERY = 5.0
PATIENCE = 2.0
LOOK = 60.0  # seconds between two looks whether a base is due
BASE_EVERY = timedelta(days=1)
NAME = "xinqiao-archive"
LOST = (
    "attachments that the database names are gone from the folder files of the data (is it mounted?); the archive keeps "
    "them: restore it elsewhere and bring them back (docs/runbook/backup.md)"
)

log = structlog.get_logger("xinqiao.archive")

_STANDS = "SELECT clock_timestamp(), pg_current_wal_flush_lsn()::text"
_ARRIVED = "SELECT restart_lsn >= %s::pg_lsn FROM pg_replication_slots WHERE slot_name = %s"
_LOST = "SELECT wal_status = 'lost' FROM pg_replication_slots WHERE slot_name = %s"
_MAKE = "SELECT pg_create_physical_replication_slot(%s, true)"
_DROP = "SELECT pg_drop_replication_slot(%s)"


@contextlib.contextmanager
def alone(home: Path) -> Iterator[None]:
    """Hold the right to archive this data. Raises BadEnvironment when another process does."""
    with (home / "archiver.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadEnvironment("Another process archives this database already.") from None
        yield


class Archiver:
    """Keeps one archive up to date; `tick` does once what there is to do."""

    def __init__(self, kept: Archive, home: Path) -> None:
        self.archive, self.home = kept, home
        self.spool = home / "archive-spool"
        self.receiver: subprocess.Popen[bytes] | None = None
        self.settled: dict[Path, int] = {}  # folders of attachments by the time of change that they were kept with
        self.partial: tuple[str, int] = ("", 0)
        self.taking: threading.Thread | None = None
        self.look_again = 0.0

    def start(self) -> None:
        """Make sure whose archive this is, of the slot, and that the log flows. Raises BadEnvironment."""
        embedded = environment.external("XINQIAO_BACKUP_URL") is None and environment.external() is None
        self.spool.mkdir(mode=0o700, parents=True, exist_ok=True)
        with archive.connected() as connection:
            about = archive.identity(connection)
            self.archive.claim(about.system, about.timeline, strict=embedded)
            try:
                row = connection.execute(_LOST, [SLOT]).fetchone()
                if row and row[0]:
                    log.error("archive.gap", word="the database could not keep its log long enough; a new base is due")
                    connection.execute(_DROP, [SLOT])
                    self._forget_bases()
                if not row or row[0]:
                    connection.execute(_MAKE, [SLOT])
            except psycopg.Error as error:
                raise BadEnvironment(archive.NO_REPLICATION.format(problem=error.diag.message_primary)) from None
        if word := binaries.without(about.version):
            log.error("archive.other_version", word=word, server=about.version)
        self._receive(about.version)

    def _forget_bases(self) -> None:
        for path in self.spool.iterdir():
            path.unlink()
        (self.archive.folder / "gap").touch()

    def _receive(self, version: int) -> None:
        command = [binaries.nearest(version)["pg_receivewal"], f"--directory={self.spool}", f"--slot={SLOT}"]
        command += ["--synchronous", "--status-interval=1", "--no-loop", "--no-password"]
        (self.home / "logs").mkdir(mode=0o700, exist_ok=True)
        setting = {**backup.surroundings(archive.source()), "PGAPPNAME": NAME}
        with places.open_log(self.home / "logs" / "archive-receiver.log") as said:
            self.receiver = subprocess.Popen(command, env=setting, stdin=subprocess.DEVNULL, stdout=said, stderr=said)

    def stop(self) -> None:
        """Let the log flow no more."""
        if self.receiver is not None:
            self.receiver.terminate()
            self.receiver.wait()
            self.receiver = None

    def base_due(self, now: datetime) -> bool:
        """Whether it is time for a base."""
        bases = self.archive.bases()
        return not bases or (self.archive.folder / "gap").exists() or now - bases[-1].ended >= BASE_EVERY

    def base(self, now: datetime) -> None:
        """Take a base, and forget what is too old."""
        about = archive.base_take(self.archive, self.home)
        (self.archive.folder / "gap").unlink(missing_ok=True)
        days = int(os.environ.get("XINQIAO_BACKUP_DAYS") or archive.KEPT_DAYS)
        look = datetime.now(UTC)
        gone = self.archive.prune(archive.keep_from(days, now), self.home, at=look, named=archive.named)
        if lost := gone.pop("lost"):
            log.error("archive.files_lost", count=lost, word=LOST)
        log.info("archive.base", base=about.id, size=about.bytes, **{f"forgotten_{k}": v for k, v in gone.items()})

    def base_aside(self) -> None:
        """Begin a base when one is due; meanwhile what is written goes on being kept."""
        if (self.taking and self.taking.is_alive()) or time.monotonic() < self.look_again:
            return
        self.look_again = time.monotonic() + LOOK
        now = datetime.now(UTC)
        if self.base_due(now):
            self.taking = threading.Thread(target=self._base_or_say, args=[now], daemon=True)
            self.taking.start()

    def _base_or_say(self, now: datetime) -> None:
        try:
            self.base(now)
        except (BadEnvironment, OSError, psycopg.Error) as problem:
            log.error("archive.base_failed", problem=str(problem))

    def tick(self) -> bool:
        """Keep what is new. Returns whether everything that was committed when it began is now here."""
        at = self._complete()
        pieces = sorted(path for path in self.spool.iterdir() if PIECE.match(path.name) or HISTORY.match(path.name))
        begun = self._begun()
        self._attachments()
        for path in pieces:
            self.archive.log_write(path.name, path.read_bytes())
            path.unlink()
        if begun is not None:
            name, data, changed = begun
            if not self.archive.log_path(name.removesuffix(PARTIAL)).exists():
                self.archive.log_write(name, data)
            self.partial = (name, changed)
        anchors.keep(self.archive, self.home)
        if at is not None:
            self.archive.note_reach(at)
        return at is not None

    def _begun(self) -> tuple[str, bytes, int] | None:
        """The newest piece as far as it goes, when it has grown."""
        for path in sorted(self.spool.glob(f"*{PARTIAL}"), reverse=True):
            changed = path.stat().st_mtime_ns
            if (path.name, changed) == self.partial:
                return None
            return path.name, path.read_bytes(), changed
        return None

    def _complete(self) -> datetime | None:
        """A moment up to which everything has arrived in the spool; None when the database or the receiver is behind."""
        if self.receiver is None or self.receiver.poll() is not None:
            return None
        deadline = time.monotonic() + PATIENCE
        with archive.connected() as connection:
            row = connection.execute(_STANDS).fetchone()
            assert row is not None  # noqa: S101 - a SELECT without FROM gives one row
            at, wanted = row
            while connection.execute(_ARRIVED, [wanted, SLOT]).fetchone() != (True,):
                if time.monotonic() > deadline:
                    return None
                time.sleep(0.02)
        return at  # type: ignore[no-any-return]

    def _attachments(self) -> None:
        root = self.home / "files"
        for folder in root.glob("*"):
            changed = folder.stat().st_mtime_ns
            if self.settled.get(folder) == changed:
                continue
            self.archive.folder_sync(root, folder)
            if time.time_ns() - changed > 2_000_000_000:  # a clock's tick may hide what came right after
                self.settled[folder] = changed


def forget_slot() -> None:
    """Without an archive nothing may keep the log back: the embedded database would grow for ever."""
    with (
        contextlib.suppress(BadEnvironment, psycopg.Error),
        archive.connected() as connection,
    ):
        connection.execute(
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = %s", [SLOT]
        )


def follow(archiver: Archiver, stopping: threading.Event, *, every: float = EVERY) -> None:
    """Keep the archive up to date until told to stop; comes back when the log flows no more. Raises BadEnvironment."""
    archiver.start()
    try:
        while not stopping.is_set():
            archiver.tick()
            if archiver.receiver is None or archiver.receiver.poll() is not None:
                raise BadEnvironment(f"The log flows no more; see {archiver.home}/logs/archive-receiver.log.")
            archiver.base_aside()
            stopping.wait(every)
        with contextlib.suppress(BadEnvironment):
            archiver.tick()
    finally:
        archiver.stop()


def main() -> int:
    """Archive until told to stop; when the database is away, wait and go on."""
    os.environ["XINQIAO_DB_ROLE"] = "backup"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xinqiao.config.settings")
    import django

    django.setup()
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    folder, home = environment.archive_folder(), environment.home()
    if folder is None:
        print("XINQIAO_BACKUP names no folder: nothing is archived.", file=sys.stderr)  # noqa: T201
        return 1
    try:
        kept = Archive(folder, backup.ring())
        with alone(home):
            pause = 1.0
            every = float(os.environ.get("XINQIAO_BACKUP_SECONDS") or EVERY)
            while not stopping.is_set():
                try:
                    follow(Archiver(kept, home), stopping, every=every)
                    pause = 1.0
                except (BadEnvironment, OSError, psycopg.Error) as problem:
                    log.error("archive.trouble", problem=str(problem), again_in=pause)
                    stopping.wait(pause)
                    pause = min(pause * 2, 60.0)
    except (BadEnvironment, XinqiaoError) as problem:
        print(problem, file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
