"""`xinqiao demo load|clear|sign-ins`: the demonstration's district with about 400 invented cases."""

import argparse
import os
import sys
import time

from xinqiao.cli.support import database, tell
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
    clear = commands.add_parser("clear", help="say how to begin anew: the record of cases can only grow")
    clear.set_defaults(run=_clear)
    shown = commands.add_parser("sign-ins", help="who may be signed in as, with the password of the demonstration")
    shown.set_defaults(run=_sign_ins)


def _load(arguments: argparse.Namespace) -> int:
    with database("seal"):
        from xinqiao.demo import services

        begun = last = time.monotonic()

        def progress(done: int, total: int, words: str) -> None:
            nonlocal last
            if not arguments.json and (time.monotonic() - last > 2 or done == total):
                last = time.monotonic()
                print(f"{done * 100 // max(total, 1):3d} %  {words}", flush=True)

        done = services.load(at=utc_now(), progress=progress, workers=min(os.cpu_count() or 1, 2))
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
    with database("app"):
        from xinqiao.demo import services

        services.clear()
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
