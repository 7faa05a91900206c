"""`xinqiao import FILE`: matters from a table that another system exported."""

import argparse
import hashlib
import os
import stat
import time
from pathlib import Path
from typing import BinaryIO

from xinqiao.cli.support import database, tell

SHOWN = 50


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "import",
        help="take matters in from a table (xlsx or csv)",
        description="Columns are guessed unless --mapping names a mapping that was saved on the import page. Rows with a date of "
        "receipt bring their history: their terms are audited, not enforced. The same file twice adds nothing; after a crash "
        "the same command goes on. A workbook's first sheet with headings is read unless --sheet names another one.",
    )
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--mapping", default="", metavar="NAME", help="a mapping saved on the import page")
    parser.add_argument("--sheet", default="", metavar="NAME", help="the sheet of a workbook that is read")
    parser.add_argument(
        "--heading-row", type=int, default=0, metavar="N", help="the row on which the names of the columns stand"
    )
    parser.add_argument("--dry-run", action="store_true", help="only try: say what would come in and what is wrong")
    parser.add_argument(
        "--rejects",
        type=Path,
        metavar="FILE",
        help="write the rows that were not taken in to this csv; it holds persons' data and is readable by its owner alone",
    )
    parser.set_defaults(run=_import)


def _import(arguments: argparse.Namespace) -> int:
    path = arguments.file.expanduser()
    with database("seal"):
        from xinqiao.intake.sheets import selectors, services
        from xinqiao.intake.sheets.cells import Unreadable
        from xinqiao.people import clock
        from xinqiao.people import services as vault
        from xinqiao.people.access import acting
        from xinqiao.people.actors import SYSTEM

        actor, began = SYSTEM("import"), time.monotonic()
        try:
            file = path.open("rb")
        except OSError as error:
            raise Unreadable("这个文件打不开。", remedy=error.strerror or "") from None
        with file:
            digest = hashlib.file_digest(file, "sha256").digest()
            with acting(actor):
                at = clock.now()
            sheet = services.sheet_take_file(
                file=file, name=path.name, size=path.stat().st_size, digest=digest, mapping_name=arguments.mapping,
                dry=arguments.dry_run, actor=actor, at=at, page=arguments.sheet, heading_row=arguments.heading_row,
            )  # fmt: skip
        seconds = round(time.monotonic() - began, 3)
        if sheet.state == services.State.FAILED:
            raise Unreadable(sheet.trouble)
        with acting(actor):
            findings = selectors.findings_of(sheet)
        if arguments.rejects and not arguments.dry_run:
            with acting(actor):
                detail = {"import": str(sheet.pk), "rows": sheet.rejected}
                vault.access_record(kind="export", reason="下载导入时退回的行", actor=actor, at=at, detail=detail)
            with _private(arguments.rejects.expanduser()) as out:
                out.writelines(selectors.rejects_csv(sheet, actor=actor))
    rows = sheet.checked_rows if arguments.dry_run else sheet.rows
    rejected = sheet.checked_wrong if arguments.dry_run else sheet.rejected
    result: dict[str, object] = {
        "rows": rows,
        "imported": sheet.imported,
        "already": sheet.already,
        "rejected": rejected,
        "seconds": seconds,
    }
    lines = [f"共 {rows} 行：导入 {sheet.imported} 件，以前导入过 {sheet.already} 件，没有导入 {rejected} 行。"]
    if arguments.dry_run:
        result["would_import"] = rows - rejected - sheet.already
        result["errors"] = [{"row": line, "column": heading, "error": what} for line, heading, what in findings.rows]
        result["errors_total"] = findings.total
        result["errors_left_out"] = findings.total - len(findings.rows)
        result["notes"] = [{"row": line, "column": heading, "note": what} for line, heading, what in findings.notes]
        lines = [
            f"试跑 {rows} 行：可以导入 {rows - rejected - sheet.already} 件，以前导入过 {sheet.already} 件，有问题 {rejected} 行。"
        ]
        lines += [f"第 {line} 行 {heading}：{what}" for line, heading, what in findings.rows[:SHOWN]]
        if findings.total > SHOWN:
            lines.append(f"一共 {findings.total} 处，这里只列最前面的 {SHOWN} 处；--json 列 {len(findings.rows)} 处。")
        lines += [f"第 {line} 行 {heading}：{what}" for line, heading, what in findings.notes[:SHOWN]]
        if arguments.rejects:
            lines.append("试跑不写 --rejects 的文件。")
    elif rejected and not arguments.rejects:
        lines.append("要看哪些行没有导入、为什么：加上 --rejects 文件名 再执行一次。")
    if len(sheet.table["sheets"]) > 1:
        result["sheet"], result["sheets"] = sheet.table["sheet"], sheet.table["sheets"]
        others = "、".join(name for name in sheet.table["sheets"] if name != sheet.table["sheet"])
        lines.append(f"读的是工作表“{sheet.table['sheet']}”；还有：{others}。要读别的，加上 --sheet 名称。")
    tell(arguments, result, *lines)
    return 0


def _private(path: Path) -> BinaryIO:
    """A file that its owner alone may read, whatever stood there before."""
    place = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    if stat.S_ISREG(os.fstat(place).st_mode):
        os.fchmod(place, 0o600)
    return os.fdopen(place, "wb")
