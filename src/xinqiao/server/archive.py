"""The archive: a folder outside the data with bases, write-ahead log, attachments and anchors, all encrypted and signed.

    archive.json                       whose history this is
    state.json                         up to which moment everything is here
    missed.json                        since when attachments that lie here are gone from the data
    bases/<id>/{database,about}.xqb    the whole database as it was when the base was taken
    log/<piece>[.partial].xqb          what was written since, piece by piece
    files/ab/<id>.<part>.xqb           attachments, each once
    anchors/<day>.json|.xqb            published anchors; under the keys, which entries each of them holds

Nothing in it opens without the keyring, which never lies here.
"""

import json
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from xinqiao.config import environment
from xinqiao.config.environment import Address, BadEnvironment
from xinqiao.people.keyring import Keyring
from xinqiao.server import binaries, envelope, places
from xinqiao.server.backup import surroundings

SUFFIX = ".xqb"
PARTIAL = ".partial"
KEPT_DAYS = 14
BROKEN_OFF = 2 * 24 * 3600  # seconds after which a base that was not finished never will be
PIECE = re.compile(r"^[0-9A-F]{24}$")
HISTORY = re.compile(r"^[0-9A-F]{8}\.history$")
Named = Callable[[list[str]], set[str]]  # which of these attachments (ids) the database still names
IDS_AT_ONCE = 10_000
BASE, ABOUT, LOG, FILE, HEADS = "base", "about", "log", "file", "heads"


@dataclass(frozen=True)
class About:
    """A base: what was taken, when, and with which piece of the log it begins."""

    id: str
    began_at: str
    ended_at: str
    first_piece: str
    system: str
    kind: str  # embedded or external
    database: str
    version: int
    bytes: int
    piece_bytes: int
    key: int
    profile: str

    @property
    def ended(self) -> datetime:
        return datetime.fromisoformat(self.ended_at)


class Archive:
    """One folder. Paths and contents; who may write it at a time is decided by locks (see archiver)."""

    def __init__(self, folder: Path, ring: Keyring) -> None:
        self.folder, self.ring = folder.expanduser().resolve(), ring

    def __str__(self) -> str:
        return str(self.folder)

    # --- whose it is

    @property
    def _card(self) -> Path:
        return self.folder / "archive.json"

    def exists(self) -> bool:
        """Whether there is an archive."""
        return self._card.is_file()

    def claim(self, system: str, timeline: int, *, strict: bool) -> None:
        """Make this the archive of that history, or make sure that it is. Raises BadEnvironment when it is another's.

        `strict`: a history that branched off (a restored database) is another one.
        """
        if self.folder.is_relative_to(environment.home()):
            raise BadEnvironment(f"{self} lies inside the data folder; a backup belongs elsewhere.")
        if not self.exists():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if any(self.folder.iterdir()):
                raise BadEnvironment(f"{self} is no archive and not empty. Name an empty folder.")
            self.write_note(self._card, {"format": 1, "system": system, "timeline": timeline})
            return
        card = self.card()
        if card["system"] != system:
            raise BadEnvironment(
                f"{self} holds the backups of another database. Name a folder of its own for this one."
            )
        if strict and card["timeline"] != timeline:
            raise BadEnvironment(
                f"{self} holds what was written before this database was restored. Give the restored one a new folder "
                "(XINQIAO_BACKUP) and keep the old one as it is."
            )

    def card(self) -> dict[str, Any]:
        """Whose archive this is. Raises BadEnvironment when it is none."""
        try:
            card: dict[str, Any] = json.loads(self._card.read_text())
        except (FileNotFoundError, ValueError):
            raise BadEnvironment(f"{self} is no archive of Xinqiao.") from None
        return card

    def write_note(self, path: Path, told: dict[str, Any]) -> None:
        """Write a small plain file, whole or not at all."""
        draft = path.with_name(f".{path.name}.part")
        draft.write_text(json.dumps(told) + "\n")
        draft.replace(path)

    def reaches(self) -> datetime | None:
        """Everything that was committed up to this moment is here; None when that was never so."""
        try:
            return datetime.fromisoformat(json.loads((self.folder / "state.json").read_text())["reaches"])
        except (FileNotFoundError, ValueError, KeyError):
            return None

    def note_reach(self, at: datetime) -> None:
        """Say up to when everything is here."""
        self.write_note(self.folder / "state.json", {"reaches": at.isoformat()})

    # --- bases

    def bases(self) -> list[About]:
        """All bases that were finished, oldest first. Raises Spoilt when one was changed or the keys do not fit."""
        found = []
        for path in sorted((self.folder / "bases").glob(f"*/about{SUFFIX}")):
            name = path.parent.name
            text = b"".join(envelope.read(path, self.ring, kind=ABOUT, name=name))
            found.append(About(**json.loads(text)))
        return found

    def base_path(self, name: str, what: str) -> Path:
        """Where a base's `database` or `about` lies."""
        return self.folder / "bases" / name / f"{what}{SUFFIX}"

    def base_write(self, about: About) -> None:
        """The last act of taking a base: from now on it counts."""
        envelope.close(
            [json.dumps(asdict(about)).encode()],
            self.base_path(about.id, "about"),
            self.ring,
            kind=ABOUT,
            name=about.id,
        )

    # --- log

    def log_path(self, name: str) -> Path:
        """Where a piece of the log lies."""
        return self.folder / "log" / f"{name}{SUFFIX}"

    def log_write(self, name: str, data: bytes) -> None:
        """Keep a piece (or what there is of one: name ends in .partial) of the log."""
        partial = name.endswith(PARTIAL)
        kept = data.rstrip(b"\0") if partial else data
        envelope.close([kept], self.log_path(name), self.ring, kind=LOG, name=name, pack=not partial)
        if not partial:
            self.log_path(name + PARTIAL).unlink(missing_ok=True)

    def log_names(self) -> list[str]:
        """Names of pieces and histories, in order; the last one may be partial."""
        return sorted(path.name.removesuffix(SUFFIX) for path in (self.folder / "log").glob(f"*{SUFFIX}"))

    def log_read(self, name: str) -> bytes:
        """A piece of the log. Raises Spoilt."""
        return b"".join(envelope.read(self.log_path(name), self.ring, kind=LOG, name=name))

    # --- attachments

    def file_path(self, relative: str) -> Path:
        """Where an attachment lies."""
        return self.folder / "files" / f"{relative}{SUFFIX}"

    def files(self) -> Iterator[str]:
        """The paths of all attachments, relative to the folder of files."""
        root = self.folder / "files"
        for path in sorted(root.rglob(f"*{SUFFIX}")):
            yield str(path.relative_to(root)).removesuffix(SUFFIX)

    def file_write(self, relative: str, source: Path) -> None:
        """Keep an attachment. It is encrypted already; here it is bound to its name and signed."""
        envelope.close(
            envelope.pieces(source), self.file_path(relative), self.ring, kind=FILE, name=relative, pack=False
        )

    def files_sync(self, home: Path) -> int:
        """Keep every attachment that is not here yet. Returns how many those were."""
        root = home / "files"
        count = 0
        for folder in sorted(root.glob("*")):
            count += self.folder_sync(root, folder)
        return count

    def folder_sync(self, root: Path, folder: Path) -> int:
        """Keep what is new in one folder of attachments. Returns how many those were."""
        count = 0
        there = {path.name for path in self.file_path(folder.name).parent.joinpath(folder.name).glob(f"*{SUFFIX}")}
        for path in sorted(folder.glob("*")):
            if path.suffix == ".part" or f"{path.name}{SUFFIX}" in there:
                continue
            try:
                self.file_write(str(path.relative_to(root)), path)
                count += 1
            except FileNotFoundError:  # its transaction was rolled back
                continue
        return count

    # --- looking after

    @cached_property
    def signers(self) -> set[str]:
        """Who may have signed what is here."""
        return envelope.signers(self.ring)

    def check(self) -> dict[str, Any]:
        """Check every signature and that the log has no gap. Returns what can be restored; raises Spoilt, BadEnvironment."""
        self.card()
        sealed = sorted(path for path in self.folder.rglob(f"*{SUFFIX}") if not path.name.startswith("."))
        for path in sealed:
            told = envelope.check(path, self.signers)
            if told["name"] != _name_of(path, self.folder):
                raise envelope.Spoilt(f"{path} is another file under a false name: it says that it is {told['name']}.")
        bases = self.bases()
        gaps = []
        for base in bases:
            _, missing = unbroken(self.log_names(), base.first_piece, base.piece_bytes)
            gaps += [missing] if missing else []
        reach = self.reaches()
        versions = sorted({base.version for base in bases})
        return {
            "files": len(sealed),
            "bases": [base.id for base in bases],
            "from": bases[0].ended_at if bases else None,
            "to": reach.isoformat() if reach else (bases[-1].ended_at if bases else None),
            "missing": sorted(set(gaps)),
            "versions": versions,
            "not_here": [word for version in versions if (word := binaries.without(version))],
        }

    def prune(self, before: datetime, home: Path, *, at: datetime, named: "Named") -> dict[str, int]:
        """Forget bases that ended before `before`, except the newest of those, and what only they needed.

        An attachment that is gone from the data is forgotten when it was missed, at `at` or earlier, before the oldest base
        that is kept began: no moment that can still be restored had it. One that the database still names (`named`) is lost,
        not destroyed: it is never forgotten, and counted as lost.
        """
        for path in (self.folder / "bases").glob("*"):  # begun and broken off
            if not (path / f"about{SUFFIX}").exists() and path.stat().st_mtime < time.time() - BROKEN_OFF:
                shutil.rmtree(path)
        bases = self.bases()
        old = [base for base in bases if base.ended < before][:-1]
        for base in old:
            shutil.rmtree(self.base_path(base.id, "about").parent)
        kept = bases[len(old) :]
        gone = {"bases": len(old), "log": 0, "files": 0, "lost": 0}
        if not kept:
            return gone
        for name in self.log_names():
            if PIECE.match(name[:24]) and name[8:24] < kept[0].first_piece[8:]:
                self.log_path(name).unlink()
                gone["log"] += 1
        missing = [relative for relative in self.files() if not (home / "files" / relative).exists()]
        lost = named([blob for blob in map(_blob_of, missing) if blob])
        before_now = self._missed()
        missed = {
            relative: before_now.get(relative, at.isoformat()) for relative in missing if _blob_of(relative) not in lost
        }
        for relative, since in list(missed.items()):
            if datetime.fromisoformat(since) < datetime.fromisoformat(kept[0].began_at):
                self.file_path(relative).unlink()
                del missed[relative]
                gone["files"] += 1
        self.write_note(self.folder / "missed.json", missed)
        return {**gone, "lost": len(lost)}

    def _missed(self) -> dict[str, str]:
        """Since when which attachments are known to be gone from the data."""
        try:
            told: dict[str, str] = json.loads((self.folder / "missed.json").read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return told


def _blob_of(relative: str) -> str:
    """The id in an attachment's name; '' when there is none."""
    try:
        return str(UUID(Path(relative).name.partition(".")[0]))
    except ValueError:
        return ""


def _name_of(path: Path, folder: Path) -> str:
    inside = path.relative_to(folder)
    match inside.parts[0]:
        case "bases":
            return inside.parts[1]
        case "files":
            return str(inside.relative_to("files")).removesuffix(SUFFIX)
        case _:
            return path.name.removesuffix(SUFFIX)


def following(piece: str, piece_bytes: int) -> str:
    """The name of the piece of the log after `piece`, on the same timeline."""
    high, low = int(piece[8:16], 16), int(piece[16:24], 16)
    low += 1
    if low > 0xFFFFFFFF // piece_bytes:
        high, low = high + 1, 0
    return f"{piece[:8]}{high:08X}{low:08X}"


def unbroken(names: list[str], first: str, piece_bytes: int) -> tuple[list[str], str]:
    """The names from piece `first` on without a gap, over changes of the timeline, and the first missing piece or ''.

    A piece is only missing when there are later ones.
    """
    kept = [name for name in names if HISTORY.match(name)]
    pieces: dict[str, str] = {}
    for name in names:  # the newest timeline's piece of a place counts last, a whole one more than a partial one
        if PIECE.match(name[:24]) and name[8:24] >= first[8:]:
            pieces[name[8:24]] = name
    wanted, last = first, max(pieces, default="")
    while wanted[8:] in pieces:
        kept += [name for name in names if name[8:24] == wanted[8:] and PIECE.match(name[:24])]
        wanted = following(wanted, piece_bytes)
    return kept, wanted if last > wanted[8:] else ""


# --- the database that is archived


def source() -> Address:
    """Where backups are read from: XINQIAO_BACKUP_URL, else where the role backup finds the database."""
    return environment.external("XINQIAO_BACKUP_URL") or places.address("backup")


@contextmanager
def connected() -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """A connection of the role backup, for questions. Raises BadEnvironment when the database does not answer."""
    try:
        with places.connect(source().parameters(), role="backup", autocommit=True) as connection:
            yield connection
    except psycopg.OperationalError as error:
        raise BadEnvironment(f"The database does not answer: {error}") from None


def named(ids: list[str]) -> set[str]:
    """Those of the attachments that the database still names. Raises BadEnvironment when it does not answer."""
    found: set[str] = set()
    if ids:
        with connected() as connection:
            for start in range(0, len(ids), IDS_AT_ONCE):
                rows = connection.execute(_NAMED, [ids[start : start + IDS_AT_ONCE]])
                found |= {row[0] for row in rows}
    return found


_NAMED = "SELECT id::text FROM files_blob WHERE id = ANY(%s::uuid[])"
_IDENTITY = """
SELECT system_identifier::text, timeline_id, pg_walfile_name(pg_current_wal_lsn()), clock_timestamp(),
       current_setting('server_version_num')::int / 10000, pg_size_bytes(current_setting('wal_segment_size')),
       current_database()
FROM pg_control_system(), pg_control_checkpoint()
"""
_SLOT = "SELECT pg_create_physical_replication_slot(%s, true, true)"
NO_REPLICATION = (
    "This database does not let its log be read ({problem}). For backups that reach any moment, let an administrator run "
    "ALTER ROLE xinqiao_backup REPLICATION LOGIN; add to pg_hba.conf: host replication xinqiao_backup <this machine> "
    "scram-sha-256; and name that login in XINQIAO_BACKUP_URL. Where that is not allowed (a managed database), use the "
    "provider's own point-in-time restore together with the portable backup: xinqiao db backup FILE.xqb"
)


@dataclass(frozen=True)
class Identity:
    """Which database answers, and where its log stands."""

    system: str
    timeline: int
    piece: str
    at: datetime
    version: int
    piece_bytes: int
    database: str


def identity(connection: psycopg.Connection[tuple[Any, ...]]) -> Identity:
    """Which database this is. Raises BadEnvironment when it is a standby or does not say."""
    try:
        row = connection.execute(_IDENTITY).fetchone()
    except psycopg.Error as error:
        raise BadEnvironment(NO_REPLICATION.format(problem=error.diag.message_primary or error)) from None
    assert row is not None  # noqa: S101 - the functions give one row
    return Identity(*row)


def base_take(archive: Archive, home: Path) -> About:
    """Take a base while the database runs: database first, then attachments, then what the anchors hold.

    The base carries the log it needs, so that it can be restored alone; from its end on the archived log continues it.
    Raises BadEnvironment when the database does not allow it.
    """
    embedded = environment.external("XINQIAO_BACKUP_URL") is None and environment.external() is None
    with connected() as connection:
        before = identity(connection)
        archive.claim(before.system, before.timeline, strict=embedded)
        name = f"{before.at:%Y%m%dT%H%M%S}{before.at.microsecond // 1000:03d}Z"
        try:
            connection.execute(_SLOT, [f"xinqiao_base_{connection.info.backend_pid}"])
        except psycopg.Error as error:
            raise BadEnvironment(NO_REPLICATION.format(problem=error.diag.message_primary or error)) from None
        try:
            size = envelope.close(
                _base_stream(before.version), archive.base_path(name, "database"), archive.ring, kind=BASE, name=name
            )
            after = identity(connection)
            archive.files_sync(home)
            about = About(
                id=name,
                began_at=before.at.isoformat(),
                ended_at=after.at.isoformat(),
                first_piece=before.piece,
                system=before.system,
                kind="embedded" if embedded else "external",
                database=before.database,
                version=before.version,
                bytes=size,
                piece_bytes=before.piece_bytes,
                key=archive.ring.current.version,
                profile=environment.profile(),
            )
            archive.base_write(about)
        except BaseException:
            shutil.rmtree(archive.base_path(name, "about").parent, ignore_errors=True)
            raise
    return about


def _base_stream(version: int) -> Iterator[bytes]:
    command = [binaries.nearest(version)["pg_basebackup"], "--pgdata=-", "--format=tar", "--wal-method=fetch"]
    command += ["--checkpoint=fast", "--no-password", "--label=xinqiao"]
    with tempfile.TemporaryFile() as complaints:
        running = subprocess.Popen(
            command, env=surroundings(source()), stdout=subprocess.PIPE, stderr=complaints, stdin=subprocess.DEVNULL
        )
        assert running.stdout is not None  # noqa: S101 - a pipe was asked for
        try:
            with running.stdout as flow:
                while block := flow.read(envelope.BLOCK):
                    yield block
            status = running.wait()
        finally:
            running.kill()  # of no effect when it has ended
            running.wait()
        if status:
            complaints.seek(0)
            word = complaints.read().decode(errors="replace").strip()[-1000:]
            if re.search(r"pg_hba|replication|WAL sender", word, re.IGNORECASE):
                raise BadEnvironment(NO_REPLICATION.format(problem=word))
            raise BadEnvironment(f"The database could not be read.\n{word}")


def keep_from(days: int, now: datetime) -> datetime:
    """The moment before which bases may be forgotten."""
    return now - timedelta(days=days)
