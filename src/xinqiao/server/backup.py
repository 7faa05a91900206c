"""The portable backup: one moment of database and attachments in one file, encrypted and signed; and the way back.

It is written by pg_dump: it fits any PostgreSQL, embedded or not, of the same or a later version. Continuous backups, which
bring back any moment, are xinqiao.server.archive.
"""

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from xinqiao.config import environment
from xinqiao.config.environment import Address, BadEnvironment
from xinqiao.people import keyring
from xinqiao.server import binaries, envelope, places, prepare, roles, unpacking

DUMP, FILES, MANIFEST = "database.dump", "files", "manifest.json"
KIND = "portable"


def ring() -> keyring.Keyring:
    """The keys of this instance. Raises BadEnvironment when there are none: nothing is written or read unencrypted."""
    path = environment.keyring_file()
    found = keyring.read(path)
    if found is None:
        raise BadEnvironment(
            f"There is no keyring at {path}. A backup is encrypted with it. "
            "Bring the keys (xinqiao keys escrow --recover) or name their folder in XINQIAO_KEYS."
        )
    return found


def _program(name: str, parameters: dict[str, str]) -> str:
    """That of the server's version where it is installed: what a newer pg_restore says, an older server may not know."""
    try:
        with places.connect(parameters) as connection:
            version = connection.info.server_version // 10000
    except psycopg.OperationalError as error:
        raise BadEnvironment(f"The database does not answer: {error}") from None
    return binaries.nearest(version)[name]


def surroundings(address: Address | dict[str, str]) -> dict[str, str]:
    """The environment of a PostgreSQL program; a password goes this way, never on a command line."""
    parameters = address.parameters() if isinstance(address, Address) else address
    names = {"host": "PGHOST", "port": "PGPORT", "dbname": "PGDATABASE", "user": "PGUSER", "password": "PGPASSWORD"}
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    return {**kept, **{names[key]: value for key, value in parameters.items() if key in names}}


def run(command: list[str], surroundings: dict[str, str], problem: str) -> None:
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True)
    if done.returncode:
        raise BadEnvironment(f"{problem}\n{done.stderr.strip()[-2000:]}")


def _work_folder(home: Path) -> "tempfile.TemporaryDirectory[str]":
    """A folder inside the data folder: what lies there for a moment is as protected as the data."""
    return tempfile.TemporaryDirectory(prefix="backup-", dir=home)


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write(target: Path, *, at: datetime) -> dict[str, Any]:
    """Write a backup to `target`, which must not exist. Returns its manifest. The server may go on running.

    Files are gathered after the database: whatever the database names is there.
    """
    keys, home = ring(), environment.home()
    if target.exists():
        raise BadEnvironment(f"{target} is there already. Name another file.")
    if target.resolve().is_relative_to(home):
        raise BadEnvironment(f"{target} lies inside the data folder; a backup belongs elsewhere.")
    with _work_folder(home) as work:
        dump, plain = Path(work) / DUMP, Path(work) / "plain.tar"
        run(
            [
                _program("pg_dump", places.address("backup").parameters()),
                "--format=custom",
                "--compress=6",
                "--no-owner",
                "--role=xinqiao_backup",
                "--file",
                str(dump),
            ],
            surroundings(places.address("backup")),
            "The database could not be read.",
        )
        files = home / FILES
        manifest: dict[str, Any] = {
            "made_at": at.isoformat(),
            "database_bytes": dump.stat().st_size,
            "database_sha256": _sum(dump),
            "files": 0,
            "profile": environment.profile(),
            "key": keys.current.version,
        }
        with tarfile.open(plain, "w", dereference=True) as archive:
            archive.add(dump, DUMP)
            manifest["files"] = _gather(archive, files)
            (Path(work) / MANIFEST).write_text(json.dumps(manifest))
            archive.add(Path(work) / MANIFEST, MANIFEST)
        dump.unlink()
        envelope.close(envelope.pieces(plain), target, keys, kind=KIND, name=KIND)
    return {**manifest, "file": str(target), "bytes": target.stat().st_size}


def _gather(archive: tarfile.TarFile, files: Path) -> int:
    """Put every attachment into the archive, while people go on; returns how many those were."""
    count = 0
    for path in sorted(files.rglob("*")):
        if path.suffix == ".part" or path.is_dir():
            continue
        try:
            archive.add(path, f"{FILES}/{path.relative_to(files)}")
            count += 1
        except FileNotFoundError:  # its transaction was rolled back
            continue
    return count


def restore(source: Path, *, at: datetime) -> dict[str, Any]:
    """Bring a backup into an empty database and an empty data folder; the outbox starts paused. Returns the manifest.

    Nothing is touched before the whole backup has been opened and checked. Raises BadEnvironment when the place is not
    empty, the keys do not fit, or the backup was changed.
    """
    keys, home = ring(), environment.home()
    if not source.is_file():
        raise BadEnvironment(f"There is no file {source}.")
    _refuse_full(home)
    with _work_folder(home) as work:
        plain, inside = Path(work) / "plain.tar", Path(work) / "inside"
        envelope.write_out(source, plain, keys, kind=KIND, name=KIND)
        with tarfile.open(plain) as archive:
            unpacking.unpack(archive, inside)
        plain.unlink()
        manifest: dict[str, Any] = json.loads((inside / MANIFEST).read_text())
        if _sum(inside / DUMP) != manifest["database_sha256"]:
            raise BadEnvironment(f"{source} is damaged: its database does not have the hash that its manifest names.")
        administrator = prepare.administrator()
        with places.connect(administrator, role="owner", autocommit=True) as connection:
            roles.forget_defaults(connection)
        run(
            [
                _program("pg_restore", administrator),
                "--no-owner",
                "--role=xinqiao_owner",
                "--exit-on-error",
                "--single-transaction",
                "--no-comments",
                f"--dbname={administrator['dbname']}",
                str(inside / DUMP),
            ],
            surroundings(administrator),
            "The database could not be restored; it is as empty as before.",
        )
        if (inside / FILES).exists():
            shutil.move(inside / FILES, home / FILES)
        prepare.database(False, lambda _text: None)
        pause_outbox(manifest["made_at"], at)
    return manifest


def _refuse_full(home: Path) -> None:
    with places.connect(prepare.administrator()) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'public' AND relkind = 'r'"
        ).fetchone()
    if row and row[0]:
        raise BadEnvironment(
            "This database is not empty, and a backup is only restored into an empty one. "
            "Name another data folder (XINQIAO_HOME) or another database (XINQIAO_DATABASE_URL)."
        )
    if any((home / FILES).glob("*")):
        raise BadEnvironment(f"There are files in {home / FILES}. Restore into an empty data folder (XINQIAO_HOME).")


def pause_outbox(moment: str, at: datetime) -> None:
    """Messages of the past must not go out a second time: a person looks first and then opens the outbox."""
    from django.db import transaction

    from xinqiao.notices import services as notices
    from xinqiao.people import access, actors

    actor = actors.SYSTEM("restore")
    with transaction.atomic():
        access.bind(actor)
        notices.outbox_pause(reason=f"恢复到 {moment} 的状态", actor=actor, at=at)
