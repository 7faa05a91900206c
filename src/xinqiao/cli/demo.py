"""`xinqiao demo load|clear|sign-ins`: the demonstration's district with about 400 invented cases."""

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

from xinqiao.cli.support import database, tell
from xinqiao.config.environment import BadEnvironment
from xinqiao.kernel.clock import utc_now


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser("demo", help="the demonstration: a district with invented staff and cases")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    load = commands.add_parser(
        "load",
        help="load the demonstration into an empty database (about a minute)",
        description="Marks the database as a demonstration for ever and replays about 400 invented cases through the same "
        "doors as real ones. Refused where the database is used for anything else. Broken off, it goes on where it stopped.",
    )
    load.set_defaults(run=_load)
    clear = commands.add_parser(
        "clear",
        help="empty a demonstration, so that it can be loaded anew",
        description="Drops all tables of a demonstration, removes its files and lays out empty tables. Works only on a "
        "database that was made as a demonstration, and only while no server runs on it; a database of real use is "
        "refused always. Keys and logs stay.",
    )
    clear.add_argument("--yes", action="store_true", help="do it without asking")
    clear.set_defaults(run=_clear)
    shown = commands.add_parser("sign-ins", help="who may be signed in as, with the password of the demonstration")
    shown.set_defaults(run=_sign_ins)


def _load(arguments: argparse.Namespace) -> int:
    with database("seal"):
        from django.conf import settings

        from xinqiao.demo import services

        begun = last = time.monotonic()

        def progress(done: int, total: int, words: str) -> None:
            nonlocal last
            if not arguments.json and (time.monotonic() - last > 2 or done == total):
                last = time.monotonic()
                print(f"{done * 100 // max(total, 1):3d} %  {words}", flush=True)

        done = services.load(
            at=utc_now(),
            progress=progress,
            workers=min(os.cpu_count() or 1, 2),
            anchors=Path(settings.XINQIAO_HOME) / "anchors",
        )
    seconds = round(time.monotonic() - begun)
    tell(
        arguments,
        {
            "today": done.today,
            "cases": done.cases,
            "steps": done.steps,
            "knowledge": done.knowledge,
            "seconds": seconds,
        },
        f"{done.cases} cases, {done.steps} steps, {done.knowledge} knowledge entries in {seconds} s",
    )
    return 0


def _clear(arguments: argparse.Namespace) -> int:
    from xinqiao.config import environment
    from xinqiao.server import clearing, places, supervisor

    def confirmed(doomed: dict[str, Any]) -> bool:
        if arguments.yes:
            return True
        if arguments.json or not sys.stdin.isatty():
            raise BadEnvironment("Nothing was cleared. Say --yes to clear the demonstration without being asked.")
        print(f"All {doomed['cases']} cases of the demonstration in {doomed['home']} will be gone.")
        return input("Type clear to go on: ").strip() == "clear"

    home = environment.home()
    places.claim_home(home)
    with supervisor.alone(home), database("owner"):
        done = clearing.clear(confirmed)
    if done is None:
        raise BadEnvironment("Nothing was cleared.")
    tell(
        arguments,
        done,
        f"Cleared {done['cases']} cases. The database is empty and laid out; load anew: xinqiao demo load",
    )
    return 0


def _sign_ins(arguments: argparse.Namespace) -> int:
    from xinqiao.demo import sign_ins

    secret = sign_ins.password()
    shown = [{"login": one.login, "name": one.name, "shows": one.shows} for one in sign_ins.sign_ins()]
    width = max(len(row["login"]) for row in shown)
    tell(
        arguments,
        {"password": secret, "sign_ins": shown},
        f"{'password':{width}}  {secret}",
        *(f"{row['login']:{width}}  {row['shows']}" for row in shown),
    )
    sys.stdout.flush()
    return 0
