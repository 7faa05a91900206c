"""A paper as PDF: typst lays it out, the words go in as JSON and are never read as markup."""

import io
import json
from functools import cache
from importlib.resources import files
from threading import local
from typing import TYPE_CHECKING, Any, cast

import segno

from xinqiao.kernel.clock import start_of
from xinqiao.papers.model import Because, Block, Bullets, Form, Grid, Heading, Paper, Para, Row, Ticket
from xinqiao.papers.text import Case, day_words, font_folder

if TYPE_CHECKING:
    import typst

# PDF/A for the archive (GB/T 18894 asks for a lasting form) and PDF/UA so that a screen reader can read it.
STANDARDS: Any = ["a-2a", "ua-1"]
SEAL_WORDS = {"stamp": "（盖章处）", "electronic": "（电子印章位置，尚未用印）", "none": ""}


_own = local()


@cache
def _faces() -> "typst.Fonts":
    """The faces of this process: loading them costs a tenth of a second and 20 MB, setting a page a few thousandths."""
    import typst

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(font_folder())])


def _press() -> "typst.Compiler":
    """This thread's compiler, kept; all of them share the faces."""
    kept = getattr(_own, "compiler", None)
    if kept is not None:
        return cast("typst.Compiler", kept)
    import typst  # only where papers are set: most processes of an instance never do

    template = str(files("xinqiao.papers") / "paper.typ")
    made = typst.Compiler(template, root=str(files("xinqiao.papers")), font_paths=_faces(), ignore_system_fonts=True)
    _own.compiler = made
    return made


def render_pdf(paper: Paper) -> bytes:
    """The PDF of `paper`: the same bytes for the same content, whenever and wherever it is rendered."""
    data = json.dumps(_page(paper), ensure_ascii=False)
    rendered = _press().compile(
        format="pdf",
        sys_inputs={"paper": data},
        pdf_standards=STANDARDS,
        timestamp=int(start_of(paper.issued_on).timestamp()),
    )
    return cast(bytes, rendered)


def render_pictures(paper: Paper, *, dots_per_inch: float = 72.0) -> list[bytes]:
    """The pages of `paper` as PNG, to look at before it goes out."""
    data = json.dumps(_page(paper), ensure_ascii=False)
    pages = _press().compile(format="png", ppi=dots_per_inch, sys_inputs={"paper": data})
    return [cast(bytes, page) for page in (pages if isinstance(pages, list) else [pages])]


def _page(paper: Paper) -> dict[str, Any]:
    case = Case()
    page: dict[str, Any] = {
        "title": case.set(paper.title).replace("\n", " "),
        "heading": case.set(paper.title),
        "issuer": case.set(paper.issuer).replace("\n", " "),
        "signer": case.set(paper.issuer),
        "subject": case.set(paper.meta.get("subject", "")),
        "keywords": [case.set(word) for word in paper.meta.get("keywords", "").split() if word],
        "number": case.set(paper.number),
        "addressee": case.set(paper.addressee),
        "day": day_words(paper.issued_on),
        "red_head": paper.red_head,
        "signed": paper.signed,
        "seal_words": SEAL_WORDS[paper.seal],
        "marking": case.set(paper.marking),
        "watermark": case.set(paper.watermark),
        "blocks": [_block(block, case) for block in paper.blocks],
        "attachments": [case.set(name) for name in paper.attachments],
        "copy_to": case.set("，".join(paper.copy_to)),
    }
    notes = [case.set(note) for note in paper.notes]
    page["notes"] = [*notes, case.note()] if case.missing else notes
    return page


def _block(block: Block, case: Case) -> dict[str, Any]:
    match block:
        case Para(text, lead, indent):
            return {"type": "para", "text": case.set(text), "lead": case.set(lead), "indent": indent}
        case Heading(text, level):
            return {"type": "heading", "text": case.set(text), "level": level}
        case Bullets(items):
            return {"type": "bullets", "items": [case.set(item) for item in items]}
        case Because(title, lines):
            return {"type": "because", "title": case.set(title), "lines": [case.set(line) for line in lines]}
        case Form(rows):
            return {"type": "form", "rows": [_row(row, case) for row in rows]}
        case Grid(head, rows, widths):
            return {
                "type": "grid",
                "head": [case.set(cell) for cell in head],
                "rows": [[case.set(cell) for cell in row] for row in rows],
                "widths": list(widths),
            }
        case Ticket(rows, qr, caption):
            return {
                "type": "ticket",
                "rows": [[case.set(name), case.set(value)] for name, value in rows],
                "qr": qr_svg(qr) if qr else "",
                "caption": case.set(caption),
            }


def _row(row: Row, case: Case) -> dict[str, Any]:
    cells = [{"label": case.set(cell.label), "value": case.set(cell.value)} for cell in row.cells]
    return {"cells": cells, "space": row.space}


def qr_svg(content: str) -> str:
    """A QR code for `content` as SVG, quiet zone included."""
    drawing = io.BytesIO()
    segno.make(content, error="m", micro=False).save(drawing, kind="svg", border=2, xmldecl=False)
    return drawing.getvalue().decode()
