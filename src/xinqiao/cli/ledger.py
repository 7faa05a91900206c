"""xinqiao ledger verify|anchor"""

import argparse
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from xinqiao.cli import support

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from xinqiao.ledger.lost import Held, Lost
    from xinqiao.ledger.verify import Report


def add(subparsers: Any) -> None:
    """Add the command `ledger`."""
    parser = subparsers.add_parser("ledger", help="check and anchor the case files' chains")
    words = parser.add_subparsers(title="what to do", metavar="WORD", required=True)
    check = words.add_parser("verify", help="recompute every chain and anchor; exit status 1 when one is broken")
    check.add_argument("--case", type=UUID, help="only this case (its id)")
    check.add_argument(
        "--anchors",
        type=Path,
        metavar="FOLDER",
        help="anchors kept outside the data, e.g. ARCHIVE/anchors: says which entries they hold that are missing here",
    )
    check.set_defaults(run=verify)
    take = words.add_parser("anchor", help="anchor today's heads and write what is published to XINQIAO_HOME/anchors")
    take.set_defaults(run=anchor)


REASONS = {
    "gap": "the entry before it is missing",
    "previous": "it does not follow the entry before it",
    "hash": "its words were changed",
    "columns": "its columns say something else than its words",
    "head": "the chain does not end where the case says",
    "missing": "its entries are gone",
    "no case": "there is no case for it",
    "anchor": "the anchor is not the one that was published or does not fit its leaves",
    "anchor gone": "a published anchor is gone",
    "anchored otherwise": "the entry is not the one that was anchored",
}


def verify(arguments: argparse.Namespace) -> int:
    """Recompute, in one snapshot."""
    started = time.perf_counter()
    with support.database("seal"):
        report, lost = _recompute(arguments.case, arguments.anchors)
    seconds = round(time.perf_counter() - started, 3)
    lines = [f"{report.entries} entries of {report.cases} cases and {report.anchors} anchors in {seconds:.1f} s."]
    for each in report.broken:
        where = f"case {each.case_id}, entry {each.seq}" if each.case_id else f"anchor of {each.day}"
        lines.append(f"BROKEN {where}: {REASONS[each.reason]}.")
    lines += [
        f"MISSING case {each.case_id}: entry {each.seq} was anchored on {each.day}, "
        + (f"this database has {each.have}." if each.have < each.seq else "this database has another one.")
        for each in lost
    ]
    if lost:
        lines.append(
            f"{len(lost)} cases had entries that were anchored and are not here: the restored moment is earlier."
        )
    lines.append(
        "Every chain is whole." if report.whole else "Keep the database as it is and compare it with a backup."
    )
    broken = [asdict(each) for each in report.broken]
    found = {
        "whole": report.whole,
        "cases": report.cases,
        "entries": report.entries,
        "anchors": report.anchors,
        "seconds": seconds,
        "first_broken": broken[0] if broken else None,
        "broken": broken,
        "missing": [asdict(each) for each in lost],
    }
    support.tell(arguments, found, *lines)
    return 0 if report.whole else 1


def _recompute(case: UUID | None, elsewhere: Path | None) -> tuple["Report", "list[Lost]"]:
    from django.conf import settings
    from django.db import connection, transaction

    from xinqiao.cases.models import Case
    from xinqiao.ledger import lost, selectors
    from xinqiao.ledger.verify import verify as recompute
    from xinqiao.people import access
    from xinqiao.people.actors import SYSTEM

    own = Path(settings.XINQIAO_HOME) / "anchors"
    folders = [own, own / "beyond", *([elsewhere] if elsewhere else [])]
    published = {day: digest for folder in folders for day, digest in selectors.published(folder).items()}
    held = [] if case else _held(folders[1:], published)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        access.bind(SYSTEM("verify"))
        cases = Case.objects.filter(pk=case) if case else Case.objects.all()
        rows = cases.values_list("id", "head_seq", "head_hash").iterator(chunk_size=5000)
        heads = ((each, seq, bytes(digest)) for each, seq, digest in rows)
        return recompute(case, heads=heads, published=published), lost.missing(held)


def _held(folders: list[Path], published: "Mapping[date, str]") -> "list[Held]":
    """What anchors outside the data hold. Raises BadEnvironment when a list is not what was published."""
    from xinqiao.config.environment import BadEnvironment
    from xinqiao.server import anchors, backup

    found: dict[date, Held] = {}
    for folder in folders:
        if any(folder.glob("*.xqb")):
            found |= {each.day: each for each in anchors.held(folder, backup.ring())}
    for each in found.values():
        if not each.proves(published.get(each.day, "")):
            raise BadEnvironment(f"The list of what the anchor of {each.day} holds is not what was published that day.")
    return list(found.values())


def anchor(arguments: argparse.Namespace) -> int:
    """Anchor now, and publish."""
    with support.database("seal"):
        from django.conf import settings

        from xinqiao.kernel.clock import day_of, utc_now
        from xinqiao.ledger import selectors, services
        from xinqiao.people import access
        from xinqiao.people.actors import SYSTEM

        at = utc_now()
        with access.acting(SYSTEM("anchor")):
            taken = services.anchor_take(day=day_of(at), at=at)
        with access.acting(SYSTEM("anchor")):  # only what is committed is given out
            written = services.anchor_publish(folder=Path(settings.XINQIAO_HOME) / "anchors")
            shown = selectors.publication(taken)
    lines = [f"Anchor of {shown['day']}: {shown['anchor']}", *(f"Written: {path}" for path in written)]
    support.tell(arguments, {**shown, "written": [str(path) for path in written]}, *lines)
    return 0
