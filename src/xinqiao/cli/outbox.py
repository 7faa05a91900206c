"""xinqiao outbox status|open|pause"""

import argparse
from typing import Any

from xinqiao.cli import support


def add(subparsers: Any) -> None:
    """Register `outbox`."""
    words = subparsers.add_parser(
        "outbox",
        help="messages to the outside: see whether they go out, stop them, let them go",
        description="After a restore nothing goes out until a person has looked and opened the outbox, here or at the desk.",
    ).add_subparsers(title="what to do", metavar="WORD", required=True)
    words.add_parser("status", help="whether it is open, and how many deliveries wait").set_defaults(run=_status)
    words.add_parser("open", help="let what waits go out").set_defaults(run=_open)
    pause = words.add_parser("pause", help="let nothing out until it is opened again")
    pause.add_argument("--reason", required=True, help="why; shown at the desk")
    pause.set_defaults(run=_pause)


def _status(arguments: argparse.Namespace) -> None:
    with support.database("seal"):
        from xinqiao.notices import selectors
        from xinqiao.people import access
        from xinqiao.people.actors import SYSTEM

        with access.acting(SYSTEM("outbox")):
            box, waiting = selectors.outbox(), selectors.waiting()["waiting"]
    told = {"paused": box.paused, "reason": box.reason, "waiting": waiting}
    state = f"paused: {box.reason}" if box.paused else "open"
    support.tell(arguments, told, f"The outbox is {state}. {waiting} deliveries wait.")


def _open(arguments: argparse.Namespace) -> None:
    with support.database("seal"):
        from xinqiao.kernel.clock import utc_now
        from xinqiao.notices import selectors, services
        from xinqiao.people import access
        from xinqiao.people.actors import SYSTEM

        actor = SYSTEM("outbox command")
        with access.acting(actor):
            services.outbox_resume(actor=actor, at=utc_now())
            waiting = selectors.waiting()["waiting"]
    support.tell(
        arguments, {"paused": False, "waiting": waiting}, f"The outbox is open; {waiting} deliveries go out now."
    )


def _pause(arguments: argparse.Namespace) -> None:
    with support.database("seal"):
        from xinqiao.kernel.clock import utc_now
        from xinqiao.notices import services
        from xinqiao.people import access
        from xinqiao.people.actors import SYSTEM

        actor = SYSTEM("outbox command")
        with access.acting(actor):
            services.outbox_pause(reason=arguments.reason, actor=actor, at=utc_now())
    support.tell(arguments, {"paused": True, "reason": arguments.reason}, "The outbox is paused; nothing goes out.")
