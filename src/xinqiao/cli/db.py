"""xinqiao db status|backup|check|restore|shell"""

import argparse
import os
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

from xinqiao.cli import support


def add(subparsers: Any) -> None:
    """Register `db`."""
    commands = subparsers.add_parser(
        "db",
        help="the database: status, backup, restore, shell",
        description="Look after the database and its backups.",
    ).add_subparsers(title="commands", metavar="COMMAND", required=True)

    status = commands.add_parser("status", help="where it is, how large, whether its tables are up to date")
    status.set_defaults(run=run_status)

    backup = commands.add_parser(
        "backup",
        help="back up database and attachments, encrypted and signed",
        description="FOLDER: takes a base into an archive; together with the log that the archiving process keeps there "
        "(XINQIAO_BACKUP=FOLDER) any later moment can be restored. FILE.xqb: one moment in one file, which fits any "
        "PostgreSQL. The server may go on running. Keep the keys (xinqiao keys escrow) in another place: without them a "
        "backup opens nothing.",
    )
    backup.add_argument("target", type=Path, metavar="FOLDER|FILE.xqb", help="outside the data, e.g. /backups/xinqiao")
    backup.set_defaults(run=run_backup)

    check = commands.add_parser(
        "check",
        help="check an archive: every signature, and that the log has no gap",
        description="Changes nothing, and needs no database. Prints from which moment to which it can restore.",
    )
    check.add_argument("folder", type=Path, help="the archive")
    check.set_defaults(run=run_check)

    restore = commands.add_parser(
        "restore",
        help="bring a backup into an empty place, to any moment that the archive reaches",
        description="Opens a backup with the keyring and restores it into an empty data folder. The outbox starts paused: "
        "look at it, then open it (xinqiao outbox open, or at the desk).",
    )
    restore.add_argument("source", type=Path, metavar="FOLDER|FILE.xqb", help="what `xinqiao db backup` wrote")
    restore.add_argument(
        "--to",
        type=_moment,
        metavar="MOMENT",
        help="e.g. '2026-01-31 16:30:00', in Shanghai time unless it names a zone; without it: the last moment there is",
    )
    restore.set_defaults(run=run_restore)

    shell = commands.add_parser(
        "shell",
        help="psql on the database",
        description="Opens psql as one of the database's roles. As app and seal no row of a case appears before an actor "
        "is set: SELECT set_config('xinqiao.actor', 'system', false).",
    )
    shell.add_argument("--role", choices=["app", "seal", "owner", "backup"], default="app", help="default: app")
    shell.add_argument("words", nargs=argparse.REMAINDER, help="handed on to psql, after --")
    shell.set_defaults(run=run_shell)


def run_status(arguments: argparse.Namespace) -> None:
    """Tell where the database is and how it stands."""
    from xinqiao.config import environment
    from xinqiao.server import places, postgres

    external = environment.external()
    result: dict[str, Any] = {
        "home": str(environment.home()),
        "profile": environment.profile(),
        "kind": "external" if external else "embedded",
    }
    if not external:
        server = postgres.Postgres(environment.home())
        result["data"], result["running"] = str(server.data), bool(server.running())
        if not (server.data / "PG_VERSION").exists():
            support.tell(arguments, {**result, "made": False}, "There is no database yet. script/server makes it.")
            return
    with support.database("owner", lay_out=False):
        from django.db import connection
        from django.db.migrations.executor import MigrationExecutor

        from xinqiao.server import prepare

        if not prepare.stands():
            support.tell(arguments, {**result, "made": False}, "There is no database yet. script/server makes it.")
            return
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('server_version'), pg_database_size(current_database()), current_database()"
            )
            version, size, name = cursor.fetchone()
        executor = MigrationExecutor(connection)
        pending = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
        address = places.address("owner")
        result |= {
            "made": True,
            "version": version,
            "bytes": size,
            "database": name,
            "host": address.host,
            "pending": pending,
        }
    archived = _archived()
    result |= {"archive": archived}
    support.tell(
        arguments,
        result,
        f"PostgreSQL {version} ({result['kind']}{', running' if result.get('running') else ''}) at {result['host']}",
        f"Database {name}, {size / 1_000_000:.0f} MB, data in {result['home']}, profile {result['profile']}",
        f"{pending} migrations wait; script/server applies them" if pending else "Tables are up to date",
        f"Archive {archived['folder']}: {archived['bases']} bases, everything up to {archived['reaches'] or 'no moment yet'}"
        if archived
        else "No archive (XINQIAO_BACKUP): a moment between two backups cannot be restored",
    )


def _archived() -> dict[str, Any] | None:
    from xinqiao.config import environment
    from xinqiao.server import archive, backup

    folder = environment.archive_folder()
    if folder is None:
        return None
    kept = archive.Archive(folder, backup.ring())
    reaches = kept.reaches()
    return {"folder": str(kept), "bases": len(kept.bases()), "reaches": reaches.isoformat() if reaches else None}


def _moment(text: str) -> datetime:
    from xinqiao.kernel.clock import SHANGHAI

    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no moment; write it like '2026-01-31 16:30:00'") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)


def _is_portable(path: Path) -> bool:
    return path.is_file() or (path.suffix == ".xqb" and not path.is_dir())


def run_backup(arguments: argparse.Namespace) -> None:
    """Write a backup."""
    from xinqiao.config import environment

    if not _is_portable(arguments.target):
        return _take_base(arguments)
    with support.database("backup"):
        from xinqiao.kernel.clock import utc_now
        from xinqiao.server import backup

        made = backup.write(arguments.target, at=utc_now())
    return support.tell(
        arguments,
        made,
        f"Wrote {made['file']}: {made['bytes'] / 1_000_000:.1f} MB, {made['files']} files, under key {made['key']}.",
        f"Keep the keys in another place (xinqiao keys escrow). Kind of instance: {environment.profile()}.",
    )


def _take_base(arguments: argparse.Namespace) -> None:
    from dataclasses import asdict

    from xinqiao.config import environment
    from xinqiao.server import backup

    ring = backup.ring()
    with support.database("backup"):
        from xinqiao.server import anchors, archive, binaries

        kept = archive.Archive(arguments.target, ring)
        base = archive.base_take(kept, environment.home())
        anchors.keep(kept, environment.home())
        files = sum(1 for _ in kept.files())
    followed = environment.archive_folder() == kept.folder
    missing = binaries.without(base.version)
    support.tell(
        arguments,
        {**asdict(base), "folder": str(kept), "files": files, "followed": followed},
        f"Base {base.id} in {kept}: {base.bytes / 1_000_000:.1f} MB, {files} files, under key {base.key}.",
        f"It restores the state of {base.ended_at}"
        + (" and, with the archived log, every later moment." if followed else "."),
        *([] if followed else [f"For every later moment too, let the server run with XINQIAO_BACKUP={kept}"]),
        "Keep the keys in another place (xinqiao keys escrow).",
        *([f"NOT ON THIS MACHINE: {missing}"] if missing else []),
    )


def run_check(arguments: argparse.Namespace) -> int:
    """Check an archive."""
    from xinqiao.server import archive, backup

    found = archive.Archive(arguments.folder, backup.ring()).check()
    lines = [f"{found['files']} files are whole and signed; {len(found['bases'])} bases."]
    if found["bases"]:
        lines.append(f"It restores any moment from {found['from']} to {found['to']}.")
    lines += [
        f"MISSING: piece {name} of the log, and with it what came after, up to the next base."
        for name in found["missing"]
    ]
    lines += [f"NOT ON THIS MACHINE: {word}" for word in found["not_here"]]
    support.tell(arguments, found, *lines)
    return 1 if found["missing"] or found["not_here"] or not found["bases"] else 0


def run_restore(arguments: argparse.Namespace) -> None:
    """Restore a backup."""
    from xinqiao.config import environment
    from xinqiao.config.environment import BadEnvironment
    from xinqiao.server import places

    if not arguments.source.exists():
        raise BadEnvironment(f"There is nothing at {arguments.source}.")
    places.claim_home(environment.home())
    if arguments.source.is_dir():
        return _restore_moment(arguments)
    if arguments.to:
        raise BadEnvironment(f"{arguments.source} holds one moment only; --to needs an archive (a folder).")
    with support.database("seal", lay_out=False):
        from xinqiao.kernel.clock import utc_now
        from xinqiao.server import backup, prepare

        prepare.database(False, lambda _text: None)
        manifest = backup.restore(arguments.source, at=utc_now())
    return support.tell(
        arguments,
        manifest,
        f"Restored the state of {manifest['made_at']} with {manifest['files']} files.",
        "The outbox is paused: look at what waits, then xinqiao outbox open. Check the chains: xinqiao ledger verify",
    )


def _restore_moment(arguments: argparse.Namespace) -> None:
    from xinqiao.config import environment
    from xinqiao.kernel.clock import utc_now
    from xinqiao.server import archive, backup, restoration

    def say(text: str) -> None:
        if not arguments.json:
            print(f"  {text}", flush=True)

    home, ring = environment.home(), backup.ring()
    kept = archive.Archive(arguments.source, ring)
    kept.card()
    with restoration.recovered(kept, ring, home, arguments.to, say) as restored:
        support.ready("seal")
        from django.db import connections

        from xinqiao.ledger.models import Anchor
        from xinqiao.people import access
        from xinqiao.people.actors import SYSTEM
        from xinqiao.server import anchors

        at = utc_now()
        backup.pause_outbox(restored.asked_for or restored.reached or restored.base, at)
        with access.acting(SYSTEM("restore")):
            days = {day.isoformat() for day in Anchor.objects.values_list("day", flat=True)}
        beyond = anchors.bring_beyond(kept, home, days)
        restoration.note(home, restored, at)
        connections.close_all()
    support.tell(
        arguments,
        {**restored.told(), "anchors_beyond": beyond},
        f"Restored base {restored.base} and {restored.pieces} pieces of the log, with {restored.files} files.",
        f"The last entry of the ledger is of {restored.reached or 'no moment: it is empty'}.",
        *(
            [
                f"Anchors of {', '.join(beyond)} were given out and are later: xinqiao ledger verify names what they held."
            ]
            if beyond
            else []
        ),
        "The outbox is paused: look at what waits, then xinqiao outbox open. Check the chains: xinqiao ledger verify",
        "Give this instance a new archive (XINQIAO_BACKUP): the old one belongs to the history before.",
    )


def run_shell(arguments: argparse.Namespace) -> int:
    """Open psql."""
    with support.database(arguments.role):
        from xinqiao.server import binaries, places

        address = places.address(arguments.role)
        words = [word for word in arguments.words if word != "--"]
        environ = {
            **os.environ,
            "PGHOST": address.host,
            "PGPORT": address.port,
            "PGDATABASE": address.name,
            "PGUSER": address.user,
            "PGPASSWORD": address.password,
            "PGOPTIONS": f"-c role=xinqiao_{arguments.role}",
        }
        return subprocess.run(
            [binaries.find_binaries()["psql"], *words], env={k: v for k, v in environ.items() if v}
        ).returncode
