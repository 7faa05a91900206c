"""A paper as DOCX: the same content as the PDF, in the faces that offices have, for those who must go on writing."""

import io
import zipfile
from datetime import datetime
from typing import Any

import segno
from docx import Document
from docx.document import Document as DocumentObject
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.table import _Cell
from docx.text.paragraph import Paragraph

from xinqiao.kernel.clock import start_of
from xinqiao.papers.model import Because, Block, Bullets, Form, Grid, Heading, Paper, Para, Ticket
from xinqiao.papers.pdf import SEAL_WORDS
from xinqiao.papers.text import clean, day_words

BODY, HEAD, TITLE = "仿宋", "黑体", "方正小标宋简体"
RED = RGBColor(0xD0, 0x12, 0x1B)
GREY = RGBColor(0x73, 0x73, 0x73)
_TYPE_AREA = 156  # millimetres between the margins


def render_docx(paper: Paper) -> bytes:
    """The DOCX of `paper`: the same bytes for the same content."""
    document = Document()
    _page(document, paper)
    if paper.marking:
        _line(document, paper.marking, face=HEAD)
    if paper.red_head:
        _red_head(document, paper)
    _line(document, paper.title, size=22, face=TITLE, align="center", before=0, after=14, line=36, style="Title")
    if not paper.red_head:
        day = "" if paper.signed else day_words(paper.issued_on)
        _line(document, "\u3000".join(part for part in (paper.issuer, paper.number, day) if part), size=12, line=20)
    if paper.addressee:
        _line(document, paper.addressee + "：")
    for block in paper.blocks:
        _block(document, block)
    for index, name in enumerate(paper.attachments):
        mark = f"{index + 1}．" if len(paper.attachments) > 1 else ""
        _line(document, ("附件：" if index == 0 else "\u3000\u3000\u3000") + mark + name, indent=2)
    if paper.signed:
        _signature(document, paper)
    for note in paper.notes:
        _line(document, f"（{note}）", indent=2)
    if paper.copy_to:
        _colophon(document, paper)
    _properties(document, paper)
    return _steady(document, start_of(paper.issued_on))


def _page(document: DocumentObject, paper: Paper) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    section.footer_distance = Mm(25)
    style = document.styles["Normal"]
    style.font.size = Pt(16)  # type: ignore[attr-defined]
    _face(style.element.get_or_add_rPr(), BODY)
    for border in document.styles.element.xpath("w:style[@w:styleId='Title']/w:pPr/w:pBdr"):
        border.getparent().remove(border)
    document.settings.odd_and_even_pages_header_footer = True
    for footer, align in (
        (section.footer, WD_ALIGN_PARAGRAPH.RIGHT),
        (section.even_page_footer, WD_ALIGN_PARAGRAPH.LEFT),
    ):
        footer.is_linked_to_previous = False
        paragraph = footer.paragraphs[0]
        paragraph.alignment = align
        _run(paragraph, "— ", size=14, face="宋体")
        _field(paragraph, "PAGE")
        _run(paragraph, " —", size=14, face="宋体")
    if paper.watermark:
        section.header.is_linked_to_previous = False
        section.even_page_header.is_linked_to_previous = False
        for header in (section.header, section.even_page_header):
            header.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.CENTER
            _run(header.paragraphs[0], f"【{paper.watermark}】", size=14, face=HEAD, colour=GREY)


def _red_head(document: DocumentObject, paper: Paper) -> None:
    size = max(20, min(40, int(442 / max(1, len(paper.issuer)))))
    _line(document, paper.issuer, size=size, face=TITLE, align="center", line=size + 12, colour=RED, after=12)
    number = _line(document, paper.number, align="center", after=24)
    borders = OxmlElement("w:pBdr")
    rule = OxmlElement("w:bottom")
    for name, value in (("val", "single"), ("sz", "14"), ("space", "8"), ("color", str(RED))):
        rule.set(qn(f"w:{name}"), value)
    borders.append(rule)
    number._p.get_or_add_pPr().insert_element_before(borders, "w:shd", "w:spacing", "w:ind", "w:jc", "w:rPr")


def _signature(document: DocumentObject, paper: Paper) -> None:
    words = [word for word in (SEAL_WORDS[paper.seal], paper.issuer, day_words(paper.issued_on)) if word]
    for index, word in enumerate(words):
        seal = bool(SEAL_WORDS[paper.seal]) and index == 0
        line = _line(
            document,
            word,
            align="right",
            before=28 if index == 0 else 0,
            size=10.5 if seal else 16,
            colour=GREY if seal else None,
        )
        line.paragraph_format.right_indent = Pt(32)
        line.paragraph_format.keep_with_next = index + 1 < len(words)


def _colophon(document: DocumentObject, paper: Paper) -> None:
    table = document.add_table(rows=2, cols=1)
    table._tbl.tblStyle_val = "TableGrid"
    words = (f"抄送：{'，'.join(paper.copy_to)}。", f"{paper.issuer}\u3000{day_words(paper.issued_on)}印发")
    for row, word in zip(table.rows, words, strict=True):
        _fill(row.cells[0], word, size=14)


def _block(document: DocumentObject, block: Block) -> None:
    match block:
        case Para(text, lead, indent):
            paragraph = _line(document, "", indent=2 if indent else 0)
            if lead:
                _run(paragraph, lead, face=HEAD)
            _run(paragraph, text)
        case Heading(text, level):
            paragraph = _line(document, text, indent=2, face=HEAD if level == 1 else "楷体", style=f"Heading{level}")
            paragraph.paragraph_format.keep_with_next = True
        case Bullets(items):
            for item in items:
                _line(document, f"• {item}", indent=2)
        case Because(title, lines):
            for text, face in ((title, HEAD), *((line, BODY) for line in lines)):
                _line(document, text, size=12, face=face, line=20).paragraph_format.left_indent = Pt(40)
        case Form():
            _form(document, block)
        case Grid():
            _grid(document, block)
        case Ticket():
            _ticket(document, block)


def _form(document: DocumentObject, form: Form) -> None:
    table = _table(document, len(form.rows), (27, 51, 27, 51))
    for row, line in zip(form.rows, table.rows, strict=True):
        line.height = Mm(max(10, row.space + 10))
        cells = line.cells
        for index, cell in enumerate(row.cells):
            _fill(cells[2 * index], cell.label, face=HEAD, align="center")
            _fill(cells[1].merge(cells[3]) if len(row.cells) == 1 else cells[2 * index + 1], cell.value)
    document.add_paragraph()


def _grid(document: DocumentObject, grid: Grid) -> None:
    share = _TYPE_AREA / sum(grid.widths)
    table = _table(document, len(grid.rows) + 1, tuple(int(width * share) for width in grid.widths))
    for cell, word in zip(table.rows[0].cells, grid.head, strict=True):
        _fill(cell, word, face=HEAD, align="center")
    repeat = OxmlElement("w:tblHeader")
    table.rows[0]._tr.get_or_add_trPr().append(repeat)
    for row, words in zip(table.rows[1:], grid.rows, strict=True):
        for cell, word in zip(row.cells, words, strict=True):
            _fill(cell, word)
    document.add_paragraph()


def _ticket(document: DocumentObject, ticket: Ticket) -> None:
    table = _table(document, 1, (116, 40) if ticket.qr else (_TYPE_AREA,))
    cell = table.rows[0].cells[0]
    for index, (label, value) in enumerate(ticket.rows):
        paragraph = cell.paragraphs[0] if index == 0 else cell.add_paragraph()
        _run(paragraph, label, size=12, face=HEAD, colour=GREY)
        _run(cell.add_paragraph(), value, size=22, face=HEAD)
    if ticket.qr:
        cell = table.rows[0].cells[1]
        picture = io.BytesIO()
        segno.make(ticket.qr, error="m", micro=False).save(picture, kind="png", scale=8, border=2)
        picture.seek(0)
        paragraph = cell.paragraphs[0]
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        drawn = paragraph.add_run().add_picture(picture, width=Mm(34))
        drawn._inline.docPr.set("descr", clean(ticket.caption))
        _fill(cell, ticket.caption, size=10, align="center", fresh=False)
    document.add_paragraph()


def _table(document: DocumentObject, rows: int, widths: tuple[int, ...]) -> Any:
    table = document.add_table(rows=rows, cols=len(widths))
    table._tbl.tblStyle_val = "TableGrid"
    table.autofit = False
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    for row in table.rows:
        for cell, width in zip(row.cells, widths, strict=True):
            cell.width = Mm(width)
    return table


def _fill(
    cell: _Cell, text: str, *, size: float = 12, face: str = BODY, align: str = "left", fresh: bool = True
) -> None:
    paragraph = cell.paragraphs[0] if fresh else cell.add_paragraph()
    _shape(paragraph, align=align, line=size + 8)
    _run(paragraph, text, size=size, face=face)


def _line(
    document: DocumentObject,
    text: str,
    *,
    size: float = 16,
    face: str = BODY,
    align: str = "left",
    indent: int = 0,
    before: float = 0,
    after: float = 0,
    line: float = 28,
    colour: RGBColor | None = None,
    style: str = "",
) -> Paragraph:
    paragraph = document.add_paragraph()
    if style:
        paragraph._p.style = style
    _shape(paragraph, align=align, line=line)
    paragraph.paragraph_format.space_before = Pt(before)
    paragraph.paragraph_format.space_after = Pt(after)
    if indent:
        paragraph.paragraph_format.first_line_indent = Pt(indent * size)
    if text:
        _run(paragraph, text, size=size, face=face, colour=colour)
    return paragraph


_ALIGN = {
    "left": WD_ALIGN_PARAGRAPH.JUSTIFY,
    "center": WD_ALIGN_PARAGRAPH.CENTER,
    "right": WD_ALIGN_PARAGRAPH.RIGHT,
}


def _shape(paragraph: Paragraph, *, align: str, line: float) -> None:
    shape = paragraph.paragraph_format
    shape.alignment = _ALIGN[align]
    shape.line_spacing_rule = WD_LINE_SPACING.EXACTLY
    shape.line_spacing = Pt(line)
    shape.space_before = shape.space_after = Pt(0)


def _run(
    paragraph: Paragraph, text: str, *, size: float = 16, face: str = BODY, colour: RGBColor | None = None
) -> None:
    """Add `text` as a run: python-docx escapes it, newlines become line breaks."""
    run = paragraph.add_run(clean(text))
    run.font.size = Pt(size)
    run.font.bold = False
    run.font.color.rgb = colour or RGBColor(0, 0, 0)
    _face(run._r.get_or_add_rPr(), face)


def _face(properties: Any, face: str) -> None:
    fonts = properties.get_or_add_rFonts()
    for name in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{name}"), None)
    for name in ("ascii", "hAnsi", "eastAsia"):
        fonts.set(qn(f"w:{name}"), face)


def _field(paragraph: Paragraph, code: str) -> None:
    run = paragraph.add_run()
    run.font.size = Pt(14)
    for kind, text in (("begin", ""), ("", code), ("end", "")):
        part = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            part.set(qn("w:fldCharType"), kind)
        part.text = text or None
        run._r.append(part)


def _properties(document: DocumentObject, paper: Paper) -> None:
    moment = start_of(paper.issued_on).replace(tzinfo=None)
    core = document.core_properties
    core.title, core.author = clean(paper.title)[:255], clean(paper.issuer)[:255]
    core.subject, core.keywords = (
        clean(paper.meta.get("subject", ""))[:255],
        clean(paper.meta.get("keywords", ""))[:255],
    )
    core.comments, core.last_modified_by, core.language = "", clean(paper.issuer)[:255], "zh-CN"
    core.created = core.modified = moment
    core.revision = 1


def _steady(document: DocumentObject, moment: datetime) -> bytes:
    """Write the archive with one fixed time for all its members."""
    loose, steady = io.BytesIO(), io.BytesIO()
    document.save(loose)
    with zipfile.ZipFile(loose) as source, zipfile.ZipFile(steady, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            member = zipfile.ZipInfo(name, date_time=moment.timetuple()[:6])
            member.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(member, source.read(name))
    return steady.getvalue()
