"""xinqiao db status|backup|restore|shell"""

import argparse
import os
import subprocess
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
        help="write database and files into one encrypted file",
        description="Writes database and attachments into one file, encrypted under the keyring. The server may go on "
        "running. Keep the keys (xinqiao keys escrow) in another place: without them a backup opens nothing.",
    )
    backup.add_argument("file", type=Path, help="the file to write, e.g. /backups/xinqiao-2026-01-31.xqb")
    backup.set_defaults(run=run_backup)

    restore = commands.add_parser(
        "restore",
        help="bring a backup into an empty database",
        description="Opens a backup with the keyring and restores it into an empty database and data folder. "
        "The outbox starts paused: look at it, then open it at the desk.",
    )
    restore.add_argument("file", type=Path, help="a file that `xinqiao db backup` wrote")
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
    support.tell(
        arguments,
        result,
        f"PostgreSQL {version} ({result['kind']}{', running' if result.get('running') else ''}) at {result['host']}",
        f"Database {name}, {size / 1_000_000:.0f} MB, data in {result['home']}, profile {result['profile']}",
        f"{pending} migrations wait; script/server applies them" if pending else "Tables are up to date",
    )


def run_backup(arguments: argparse.Namespace) -> None:
    """Write a backup."""
    with support.database("backup"):
        from xinqiao.kernel.clock import utc_now
        from xinqiao.server import backup

        made = backup.write(arguments.file, at=utc_now())
    support.tell(
        arguments,
        made,
        f"Wrote {made['file']}: {made['bytes'] / 1_000_000:.1f} MB, {made['files']} files, under key {made['key']}.",
        "Keep the keys in another place (xinqiao keys escrow).",
    )


def run_restore(arguments: argparse.Namespace) -> None:
    """Restore a backup."""
    from xinqiao.config import environment
    from xinqiao.server import places

    places.claim_home(environment.home())
    with support.database("seal", lay_out=False):
        from xinqiao.kernel.clock import utc_now
        from xinqiao.server import backup, prepare

        prepare.database(False, lambda _text: None)
        manifest = backup.restore(arguments.file, at=utc_now())
    support.tell(
        arguments,
        manifest,
        f"Restored the state of {manifest['made_at']} with {manifest['files']} files.",
        "The outbox is paused: look at what waits, then open it. Check the chains: xinqiao ledger verify",
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
