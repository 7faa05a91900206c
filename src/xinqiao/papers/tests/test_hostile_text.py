"""Citizens' words are data: never markup, never a way off the page."""

import io
from copy import deepcopy
from typing import Any

import pytest
from docx import Document
from pypdf import PdfReader

from xinqiao.papers import compose, render_docx, render_pdf
from xinqiao.papers.tests.samples import FACTS
from xinqiao.papers.tests.test_papers import docx_words, words
from xinqiao.papers.text import Case, breakable, clean, lines, one_line, printable, spaced_code, spaced_number

MARKUP = [
    '#read("/etc/passwd")',
    '#import "x.typ": *',
    "$ x^2 $ *bold* _it_ = heading",
    "] #panic() [",
    "</w:t><w:br/><script>alert(1)</script>&amp;",
    "{{ paper }} {% load x %} ${jndi:ldap://x}",
    "\\u0000 \\# `raw` <label> @ref",
    "' OR 1=1; --",
]


def registration(words_: str, **changes: Any) -> dict[str, Any]:
    return {**deepcopy(FACTS["registration"]), "words": words_, **changes}


@pytest.mark.parametrize("text", MARKUP)
def test_markup_is_printed_as_it_was_written(text: str) -> None:
    paper = compose("registration", registration(text, petitioner=text, about=text))
    expected = "".join(text.split())
    assert expected in words(render_pdf(paper))
    assert expected in docx_words(render_docx(paper))


def test_nothing_of_the_machine_is_read() -> None:
    text = words(
        render_pdf(compose("registration", registration('#read("/etc/passwd") #include "paper.typ" #sys.inputs')))
    )
    assert "root:" not in text
    assert "json(bytes" not in text


@pytest.mark.parametrize("text", ["A" * 500, "https://example.org/" + "x" * 400, "字" * 3000, "1" * 300, "-" * 400])
def test_long_words_stay_on_the_page(text: str) -> None:
    data = render_pdf(compose("registration", registration(text, about=text[:200], petitioner=text[:100])))
    edge: list[float] = []

    def visit(part: str, _: Any, matrix: Any, __: Any, ___: Any) -> None:
        if part.strip():
            edge.append(float(matrix[4]))

    for page in PdfReader(io.BytesIO(data)).pages:
        page.extract_text(visitor_text=visit)
    assert edge
    assert max(edge) < 595 - 26 * 72 / 25.4
    assert text[:200] in words(data)


def test_names_of_sixty_characters_and_bodies_of_ten_thousand() -> None:
    name = "某" * 60
    facts = deepcopy(FACTS["acceptance_notice"]) | {"organ": name, "addressee": name, "about": "事" * 120}
    text = words(render_pdf(compose("acceptance_notice", facts)))
    assert name in text
    facts = deepcopy(FACTS["decision"])
    facts["demands"][0]["facts"] = "\n".join("经查明，" + "情况属实" * 30 for _ in range(80))
    data = render_pdf(compose("decision", facts))
    assert len(PdfReader(io.BytesIO(data)).pages) > 10
    assert render_docx(compose("decision", facts))


def test_characters_without_a_glyph_are_marked_and_explained() -> None:
    facts = registration("谢谢😀😀 مرحبا 𠮷野家", about="🎉")
    text = words(render_pdf(compose("registration", facts)))
    assert "谢谢〓〓" in text
    assert "U+1F600" in text
    assert "以系统中的原文为准" in text
    assert "😀" in docx_words(render_docx(compose("registration", facts)))


def test_many_missing_characters_are_summed_up() -> None:
    case = Case()
    case.set("".join(chr(0x1F600 + n) for n in range(20)))
    assert case.note().endswith("等），以系统中的原文为准。")
    assert Case().note() == ""


def test_control_and_direction_characters_are_gone() -> None:
    text = "甲\x00\x07\x1b乙\u202e丙\u2066丁\ud800戊\ufeff己\u200b庚\ue000辛\ufffe壬"
    assert clean(text) == "甲乙丙丁戊己庚辛壬"
    paper = compose("registration", registration(text))
    assert "甲乙丙丁戊己庚辛壬" in words(render_pdf(paper))
    assert "甲乙丙丁戊己庚辛壬" in docx_words(render_docx(paper))


def test_lines_are_kept_and_empty_ones_dropped() -> None:
    assert clean("甲\r\n乙\r丙\u2028丁\v戊\t己") == "甲\n乙\n丙\n丁\n戊 己"
    assert lines(" 甲 \n\n 乙") == ["甲", "乙"]
    assert one_line("甲\n 乙") == "甲 乙"
    document = Document(io.BytesIO(render_docx(compose("registration", registration("甲\n乙")))))
    assert any("甲\n乙" in cell.text for row in document.tables[0].rows for cell in row.cells)


def test_breaks_are_only_put_where_nothing_else_breaks() -> None:
    assert breakable("short words 和中文") == "short words 和中文"
    assert breakable("a" * 24) == "a" * 24
    assert breakable("甲" + "a" * 25) == "甲" + "\u200b".join("a" * 25)


def test_numbers_and_codes_are_spaced_for_reading_out() -> None:
    assert spaced_number("123456789012") == "1234 5678 9012"
    assert spaced_number("123456789012-2") == "1234 5678 9012-2"
    assert spaced_number("12-3") == "12-3"
    assert spaced_code("1234567890") == "12345 67890"
    assert spaced_code("12") == "12"


def test_the_faces_hold_what_official_papers_need() -> None:
    needed = "〔〕〓—●“”（）《》、。：；！？…·" + "杭州市拱墅区信访局" + "龑喆堃" + "0123456789"
    assert all(ord(character) in printable() for character in needed)
