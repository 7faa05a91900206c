"""`xinqiao areas import FILE`: the tree of administrative areas from a table."""

import argparse
from datetime import date
from pathlib import Path

from xinqiao.cli.support import database, tell
from xinqiao.kernel.clock import day_of, utc_now


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser("areas", help="administrative areas: provinces down to communities")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    bring = commands.add_parser(
        "import",
        help="bring the tree of areas to what a CSV file (UTF-8, also gzipped) says, from a day on",
        description="Columns: code,name[,full_name,level,parent_code], or the wide shape "
        "city_code,city,area_code,area,street_code,street[,village_code,village]. The same file twice changes nothing.",
    )
    bring.add_argument("file", type=Path, metavar="FILE")
    bring.add_argument("--from", dest="valid_from", type=date.fromisoformat, metavar="DATE", help="first day (today)")
    bring.add_argument(
        "--within", default="", metavar="CODE", help="take only this area and what lies in it, e.g. 330105"
    )
    bring.add_argument(
        "--ends-missing", action="store_true", help="end areas below the file's topmost ones that it does not name"
    )
    bring.set_defaults(run=_import)


def _import(arguments: argparse.Namespace) -> int:
    with database("app"):
        from xinqiao.people import access, services
        from xinqiao.people.actors import SYSTEM
        from xinqiao.people.imports import read_table

        rows = read_table(arguments.file.expanduser())
        actor, at = SYSTEM("areas import"), utc_now()
        with access.acting(actor):
            done = services.areas_import(
                rows=rows,
                valid_from=arguments.valid_from or day_of(at),
                actor=actor,
                at=at,
                only_within=arguments.within,
                ends_missing=arguments.ends_missing,
            )
    tell(
        arguments,
        {"added": done.added, "ended": done.ended, "unchanged": done.unchanged},
        f"新增 {done.added} 个区划，终止 {done.ended} 个，未变 {done.unchanged} 个。",
    )
    return 0
