"""Back to a moment: a base, the log after it and the attachments out of an archive, into an empty place.

Everything is laid out and recovered beside the place where the database will lie; it moves there as the last act, so that
a restoration that is broken off leaves nothing that could be taken for a database.
"""

import contextlib
import json
import re
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from io import RawIOBase
from pathlib import Path
from typing import Any

from psycopg import sql

from xinqiao.config import environment
from xinqiao.config.environment import BadEnvironment
from xinqiao.people.keyring import Keyring
from xinqiao.server import archive, binaries, envelope, places, unpacking
from xinqiao.server.archive import BASE, HISTORY, PARTIAL, About, Archive
from xinqiao.server.postgres import Postgres

Say = Callable[[str], None]
LONGEST = 24 * 3600.0
_EXTERNAL_SETTINGS = "# Written by a restoration; what the server needs is given to it when it starts.\n"
_NEEDED = {
    "max_connections": "max_connections setting",
    "max_worker_processes": "max_worker_processes setting",
    "max_wal_senders": "max_wal_senders setting",
    "max_prepared_transactions": "max_prepared_xacts setting",
    "max_locks_per_transaction": "max_locks_per_xact setting",
}


@dataclass(frozen=True)
class Restored:
    """What came back."""

    base: str
    asked_for: str
    reached: str
    pieces: int
    files: int

    def told(self) -> dict[str, Any]:
        """For programs."""
        return dict(vars(self))


def choose(kept: Archive, to: datetime | None) -> About:
    """The newest base that ended by the moment asked for. Raises BadEnvironment with what can be had instead."""
    bases = kept.bases()
    if not bases:
        raise BadEnvironment(f"{kept} holds no finished base. Take one: xinqiao db backup {kept}")
    fit = [base for base in bases if to is None or base.ended <= to]
    if not fit:
        raise BadEnvironment(
            f"The oldest base of {kept} ended at {bases[0].ended_at}; nothing earlier can be restored from here."
        )
    if word := binaries.without(fit[-1].version):
        raise BadEnvironment(f"The base {fit[-1].id} was taken from PostgreSQL {fit[-1].version}. {word}")
    return fit[-1]


def refuse_full(home: Path) -> None:
    """Raise BadEnvironment unless this is an empty place with an embedded database."""
    if environment.external() is not None:
        raise BadEnvironment(
            "A moment is restored into the embedded database; XINQIAO_DATABASE_URL names another server. "
            "Restore without it, check the result, then bring it there: xinqiao db backup FILE.xqb, and restore that file."
        )
    if (Postgres(home).data / "PG_VERSION").exists():
        raise BadEnvironment(
            f"There is a database in {home} already; a moment is restored into an empty place only. "
            "Name another data folder (XINQIAO_HOME)."
        )
    if any((home / "files").glob("*")):
        raise BadEnvironment(f"There are files in {home / 'files'}. Restore into an empty data folder (XINQIAO_HOME).")


class _Flow(RawIOBase):
    """Blocks as a file that tarfile reads."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self.blocks, self.rest = blocks, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self.rest:
            self.rest = next(self.blocks, b"")
        count = min(len(buffer), len(self.rest))
        buffer[:count], self.rest = self.rest[:count], self.rest[count:]
        return count


@contextlib.contextmanager
def recovered(kept: Archive, ring: Keyring, home: Path, to: datetime | None, say: Say) -> Iterator[Restored]:
    """The database as it was at `to` (None: the last moment that the archive has), running; it is put in its place at the end.

    What the caller does inside belongs to the restoration: when it fails, nothing stays. Raises BadEnvironment and Spoilt.
    """
    refuse_full(home)
    base = choose(kept, to)
    reach = kept.reaches()
    if to is not None and reach is not None and to > reach:
        raise BadEnvironment(f"{kept} reaches up to {reach.isoformat()}. Name an earlier moment, or leave out --to.")
    server = Postgres(home)
    final = server.data
    server.prepare_places()
    server.data = server.root / "data.restoring"
    spool = server.root / "restoring"
    files = home / "files.restoring"
    shutil.rmtree(server.data, ignore_errors=True)
    shutil.rmtree(spool, ignore_errors=True)
    shutil.rmtree(files, ignore_errors=True)
    try:
        say(f"Base of {base.ended_at}: opening")
        _lay_base(kept, ring, base, server)
        count = _lay_log(kept, ring, base, spool, whole=to is None)
        say(f"Attachments: opening; log: {count} pieces")
        there = _lay_files(kept, ring, files)
        server.own(server.data, spool)
        say("Recovering")
        _recover(server, base, spool, to, known=reach is not None)
        server.start(seconds=120)
        _rename_database(server, base)
        yield Restored(
            base=base.id,
            asked_for=to.isoformat() if to else "",
            reached=_reached(server),
            pieces=count,
            files=there,
        )
        server.stop()
        if files.exists():
            shutil.rmtree(home / "files", ignore_errors=True)
            files.rename(home / "files")
        server.data.rename(final)
    finally:
        server.stop()
        shutil.rmtree(server.data, ignore_errors=True)
        shutil.rmtree(spool, ignore_errors=True)
        shutil.rmtree(files, ignore_errors=True)


def _lay_base(kept: Archive, ring: Keyring, base: About, server: Postgres) -> None:
    path = kept.base_path(base.id, "database")
    blocks = envelope.read(path, ring, kind=BASE, name=base.id)
    server.data.mkdir(mode=0o700)
    with tarfile.open(fileobj=_Flow(blocks), mode="r|") as flow:
        unpacking.unpack(flow, server.data)
    for _ in blocks:  # the last block carries the proof that nothing was cut off
        pass
    for name in ("postmaster.pid", "standby.signal"):
        (server.data / name).unlink(missing_ok=True)
    if base.kind == "external":
        (server.data / "postgresql.conf").write_text(_EXTERNAL_SETTINGS)
        (server.data / "postgresql.auto.conf").write_text("")
    (server.data / "recovery.signal").touch()
    server.write_access()


def _lay_log(kept: Archive, ring: Keyring, base: About, spool: Path, *, whole: bool) -> int:
    spool.mkdir(mode=0o700)
    names, gap = archive.unbroken(kept.log_names(), base.first_piece, base.piece_bytes)
    if gap and whole:
        raise BadEnvironment(
            f"{kept} lacks piece {gap} of the log; what was written after it cannot be had from this base. "
            "Name a moment before it (--to), or take a later base."
        )
    for name in names:
        plain = name.removesuffix(PARTIAL)
        if plain != name and plain in names:
            continue
        data = b"".join(envelope.read(kept.log_path(name), ring, kind=archive.LOG, name=name))
        if not HISTORY.match(plain):
            data = data.ljust(base.piece_bytes, b"\0")
        (spool / plain).write_bytes(data)
    return len(list(spool.iterdir()))


def _lay_files(kept: Archive, ring: Keyring, target: Path) -> int:
    count = 0
    for relative in kept.files():
        path = target / relative
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        envelope.write_out(kept.file_path(relative), path, ring, kind=archive.FILE, name=relative)
        count += 1
    return count


def _recover(server: Postgres, base: About, spool: Path, to: datetime | None, *, known: bool) -> None:
    """Replay the log up to the moment, and become an ordinary database again.

    `known`: the archive is known to hold everything up to that moment. When nothing was written after it, the log ends
    before it, and all of the log is then exactly the state asked for.
    """
    settings = {
        **_enough(server),
        "restore_command": f'cp "{spool}/%f" "%p"',
        "recovery_target_action": "promote",
        "recovery_target_timeline": "latest",
        "hot_standby": "off",
        "archive_mode": "off",
        "fsync": "on",
    }
    if to is not None:
        settings["recovery_target_time"] = to.isoformat(sep=" ")
    before, server.settings = server.settings, settings
    try:
        server.start(seconds=LONGEST)
        server.stop()
    except BadEnvironment as problem:
        if "recovery target" in str(problem) and known:
            server.stop()
            server.settings = {name: value for name, value in settings.items() if name != "recovery_target_time"}
            server.start(seconds=LONGEST)
            server.stop()
        elif "recovery target" in str(problem):
            raise BadEnvironment(
                f"The log in the archive ends before {to}: that moment cannot be reached from the base of {base.ended_at}. "
                "Name an earlier one, or leave out --to: then everything comes back that is there."
            ) from None
        else:
            raise
    finally:
        server.settings = before


def _enough(server: Postgres) -> dict[str, str]:
    """Settings at least as large as they were: recovery insists on it."""
    told = subprocess.run(
        [server.programs()["pg_controldata"], str(server.data)], capture_output=True, text=True, check=True,
        env={"LC_ALL": "C"},
    ).stdout  # fmt: skip
    found = {name: re.search(rf"^{words}:\s+(\d+)$", told, re.MULTILINE) for name, words in _NEEDED.items()}
    return {name: match.group(1) for name, match in found.items() if match}


def _reached(server: Postgres) -> str:
    with places.connect(server.admin()) as connection:
        row = connection.execute("SELECT max(recorded_at) FROM ledger_entry").fetchone()
    return row[0].isoformat() if row and row[0] else ""


def _rename_database(server: Postgres, base: About) -> None:
    if base.database == environment.DATABASE:
        return
    with places.connect(server.admin("postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                sql.Identifier(base.database), sql.Identifier(environment.DATABASE)
            )
        )


def note(home: Path, restored: Restored, at: datetime) -> None:
    """Keep beside the data what was restored, when and from what."""
    (home / "restored.json").write_text(json.dumps({**restored.told(), "at": at.isoformat()}) + "\n")
