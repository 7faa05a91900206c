"""xinqiao search rebuild"""

import argparse
from typing import Any
from uuid import UUID

from xinqiao.cli import support


def add(subparsers: Any) -> None:
    """Register `search`."""
    words = subparsers.add_parser("search", help="the index in which words are looked up").add_subparsers(
        title="what to do", metavar="WORD", required=True
    )
    words.add_parser(
        "rebuild",
        help="write every row anew that was written by other rules",
        description="Due after an update that changes which words are kept. May be stopped and started again at any time;"
        " the instance goes on working meanwhile.",
    ).set_defaults(run=_rebuild)


def _rebuild(arguments: argparse.Namespace) -> None:
    with support.database("seal"):
        from xinqiao.cases import finding, jobs
        from xinqiao.people import access

        written = 0
        after: UUID | None = finding.FROM_THE_FIRST
        while after is not None:
            with access.acting(jobs.FINDER):
                count, after = finding.rebuild(after)
            written += count
    support.tell(arguments, {"written": written}, f"{written} rows were written anew; the others were right.")
