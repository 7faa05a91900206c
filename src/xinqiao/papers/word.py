"""A paper as DOCX: the same content as the PDF, in the faces that offices have, for those who must go on writing."""

import io
import zipfile
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import segno
from docx import Document
from docx.document import Document as DocumentObject
from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING, WD_TAB_ALIGNMENT
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
FORMAL = 16  # points: size 3


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
        _plain_head(document, paper)
    body = _Body(document, 16, 28) if paper.red_head else _Body(document, 14, 24)
    if paper.addressee:
        body.line(paper.addressee + "：")
    for block in paper.blocks:
        body.block(block)
    for index, name in enumerate(paper.attachments):
        mark = f"{index + 1}．" if len(paper.attachments) > 1 else ""
        body.line(("附件：" if index == 0 else "\u3000\u3000\u3000") + mark + name, indent=2)
    if paper.signed:
        _signature(document, paper)
    for note in paper.notes:
        _line(document, f"（{note}）", size=12, line=20, before=8, indent=2)
    if paper.copy_to:
        _colophon(document, paper)
    _properties(document, paper)
    return _steady(document, start_of(paper.issued_on))


def _page(document: DocumentObject, paper: Paper) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = (Mm(37), Mm(35)) if paper.red_head else (Mm(24), Mm(24))
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    section.footer_distance = Mm(25) if paper.red_head else Mm(14)
    style = document.styles["Normal"]
    style.font.size = Pt(16)  # type: ignore[attr-defined]
    _face(style.element.get_or_add_rPr(), BODY)
    _language(document)
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


def _language(document: DocumentObject) -> None:
    """Chinese as written in China: an office program then takes Chinese glyphs and sets punctuation as it should."""
    for properties in document.styles.element.xpath("w:docDefaults/w:rPrDefault/w:rPr"):
        for old in properties.findall(qn("w:lang")):
            properties.remove(old)
        language = OxmlElement("w:lang")
        for name, value in (("val", "zh-CN"), ("eastAsia", "zh-CN"), ("bidi", "ar-SA")):
            language.set(qn(f"w:{name}"), value)
        properties.append(language)


def _plain_head(document: DocumentObject, paper: Paper) -> None:
    """Under the title of a plain sheet: the organ, and at the right its number; without signature the day as well."""
    first = paper.issuer if paper.signed else f"{paper.issuer}\n{paper.number}"
    line = _line(document, "", size=12, line=20, after=6)
    line.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.LEFT
    line.paragraph_format.tab_stops.add_tab_stop(Mm(_TYPE_AREA), WD_TAB_ALIGNMENT.RIGHT)
    _apart(line, first, paper.number if paper.signed else day_words(paper.issued_on), size=12)


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
    """At the foot of the last page between two rules: who gets a copy, who printed it and when (GB/T 9704)."""
    table = _table(document, 2, (_TYPE_AREA,), style="")
    properties = table._tbl.tblPr
    place = OxmlElement("w:tblpPr")
    for name, value in (
        ("horzAnchor", "margin"),
        ("vertAnchor", "margin"),
        ("tblpXSpec", "center"),
        ("tblpYSpec", "bottom"),
    ):
        place.set(qn(f"w:{name}"), value)
    properties.find(qn("w:tblW")).addprevious(place)
    borders = OxmlElement("w:tblBorders")
    for side, size in (("top", "8"), ("bottom", "8"), ("insideH", "6")):
        rule = OxmlElement(f"w:{side}")
        for name, value in (("val", "single"), ("sz", size), ("space", "0"), ("color", "000000")):
            rule.set(qn(f"w:{name}"), value)
        borders.append(rule)
    properties.find(qn("w:tblLayout")).addprevious(borders)
    _fill(table.rows[0].cells[0], f"抄送：{'，'.join(paper.copy_to)}。", size=14)
    last = table.rows[1].cells[0]
    last.paragraphs[0].paragraph_format.tab_stops.add_tab_stop(Mm(_TYPE_AREA - 8), WD_TAB_ALIGNMENT.RIGHT)
    _shape(last.paragraphs[0], align="plain", line=22)
    _apart(last.paragraphs[0], paper.issuer, f"{day_words(paper.issued_on)}印发", size=14)
    for row in table.rows:
        row.cells[0].paragraphs[0].paragraph_format.left_indent = Pt(14)
    _gap(document)


@dataclass(frozen=True)
class _Body:
    """The running text: size 3 on 28 points in formal papers, size 4 on 24 in plain sheets, as in the PDF."""

    document: DocumentObject
    size: float
    pitch: float

    def line(self, text: str, *, indent: int = 0, face: str = BODY, style: str = "") -> Paragraph:
        return _line(self.document, text, size=self.size, line=self.pitch, indent=indent, face=face, style=style)

    def block(self, block: Block) -> None:
        match block:
            case Para(text, lead, indent):
                paragraph = self.line("", indent=2 if indent else 0)
                if lead:
                    _run(paragraph, lead, size=self.size, face=HEAD)
                _run(paragraph, text, size=self.size)
            case Heading(text, level):
                first = 2 if self.size == FORMAL else 0
                face = HEAD if level == 1 else "楷体"
                self.line(text, indent=first, face=face, style=f"Heading{level}").paragraph_format.keep_with_next = True
            case Bullets(items):
                for item in items:
                    paragraph = self.line("")
                    _apart(paragraph, "•", item, size=self.size)
                    shape = paragraph.paragraph_format
                    shape.left_indent = Pt(self.size * (3 if self.size == FORMAL else 1.4))
                    shape.first_line_indent = Pt(-self.size)
                    shape.tab_stops.add_tab_stop(shape.left_indent)
            case Because(title, lines):
                for text, face in ((title, HEAD), *((line, BODY) for line in lines)):
                    _line(self.document, text, size=12, face=face, line=20).paragraph_format.left_indent = Pt(40)
            case Form():
                _form(self.document, block)
            case Grid():
                _grid(self.document, block)
            case Ticket():
                _ticket(self.document, block)


def _form(document: DocumentObject, form: Form) -> None:
    table = _table(document, len(form.rows), (27, 51, 27, 51))
    for row, line in zip(form.rows, table.rows, strict=True):
        line.height = Mm(max(10, row.space + 10))
        cells = line.cells
        for index, cell in enumerate(row.cells):
            _fill(cells[2 * index], cell.label, face=HEAD, align="center")
            _fill(cells[1].merge(cells[3]) if len(row.cells) == 1 else cells[2 * index + 1], cell.value)
    _gap(document)


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
    _gap(document)


def _ticket(document: DocumentObject, ticket: Ticket) -> None:
    table = _table(document, 1, (116, 40) if ticket.qr else (_TYPE_AREA,))
    cell = table.rows[0].cells[0]
    for index, (label, value) in enumerate(ticket.rows):
        paragraph = cell.paragraphs[0] if index == 0 else cell.add_paragraph()
        _shape(paragraph, align="plain", line=18)
        paragraph.paragraph_format.space_before = Pt(8)
        _run(paragraph, label, size=12, face=HEAD, colour=GREY)
        paragraph = cell.add_paragraph()
        _shape(paragraph, align="plain", line=32)
        _run(paragraph, value, size=22, face=HEAD)
    if ticket.qr:
        cell = table.rows[0].cells[1]
        picture = io.BytesIO()
        segno.make(ticket.qr, error="m", micro=False).save(picture, kind="png", scale=8, border=2)
        picture.seek(0)
        paragraph = cell.paragraphs[0]
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        paragraph.paragraph_format.space_before = Pt(8)
        paragraph.paragraph_format.line_spacing_rule = WD_LINE_SPACING.SINGLE
        drawn = paragraph.add_run().add_picture(picture, width=Mm(34))
        drawn._inline.docPr.set("descr", clean(ticket.caption))
        _fill(cell, ticket.caption, size=10, align="center", fresh=False)
    _gap(document)


def _gap(document: DocumentObject) -> None:
    """The paragraph that must follow a table, as low as a gap."""
    _line(document, "", size=8, line=12)


def _table(document: DocumentObject, rows: int, widths: tuple[int, ...], style: str = "TableGrid") -> Any:
    table = document.add_table(rows=rows, cols=len(widths))
    if style:
        table._tbl.tblStyle_val = style
    table.autofit = False
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Mm(width)
    for row in table.rows:
        for cell, width in zip(row.cells, widths, strict=True):
            cell.width = Mm(width)
            cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER
    return table


def _fill(
    cell: _Cell, text: str, *, size: float = 12, face: str = BODY, align: str = "left", fresh: bool = True
) -> None:
    paragraph = cell.paragraphs[0] if fresh else cell.add_paragraph()
    _shape(paragraph, align="plain" if align == "left" else align, line=size + 8)
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
    "plain": WD_ALIGN_PARAGRAPH.LEFT,
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


def _apart(paragraph: Paragraph, left: str, right: str, *, size: float) -> None:
    """Two texts with a tab between them."""
    _run(paragraph, left, size=size)
    paragraph.add_run().add_tab()
    _run(paragraph, right, size=size)


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
