"""Phrases and frames that the papers share."""

from collections.abc import Sequence

from xinqiao.papers.model import Block, Heading, Paper, Para
from xinqiao.papers.reading import Facts
from xinqiao.papers.text import spaced_number

ACT = "《信访工作条例》"
_DIGITS = "零一二三四五六七八九"


def numeral(count: int) -> str:
    """1 to 99 in Chinese numerals, as headings are counted."""
    tens, ones = divmod(count, 10)
    return f"{_DIGITS[tens] if tens > 1 else ''}{'十' if tens else ''}{_DIGITS[ones] if ones else ''}"


def headed(number: int, title: str) -> Heading:
    """A heading of the first level with its number."""
    return Heading(f"{numeral(number)}、{title}")


def quoted(facts: Facts) -> str:
    """The matter as papers name it: its title and its number."""
    return f"“{facts.text('about')}”（编号：{spaced_number(facts.text('case_number'))}）"


def paras(lines: Sequence[str]) -> tuple[Para, ...]:
    return tuple(Para(line) for line in lines)


def listed(items: Sequence[str]) -> tuple[Para, ...]:
    """Paragraphs, numbered when there are several."""
    if len(items) == 1:
        return (Para(items[0]),)
    return tuple(Para(f"{index}．{item}") for index, item in enumerate(items, 1))


def letter(kind: str, title: str, facts: Facts, blocks: Sequence[Block], *, addressee: str = "") -> Paper:
    """A formal paper: red head, addressee, signature with a place for the seal."""
    return Paper(
        kind=kind,
        title=title,
        issuer=facts.text("organ"),
        issued_on=facts.day("issued_on"),
        addressee=addressee or facts.text("addressee"),
        blocks=tuple(blocks),
    )


def sheet(
    kind: str, title: str, facts: Facts, blocks: Sequence[Block], *, addressee: str = "", signed: bool = True
) -> Paper:
    """A plain sheet: no red head; forms are signed in their own boxes."""
    return Paper(
        kind=kind,
        title=title,
        issuer=facts.text("organ"),
        issued_on=facts.day("issued_on"),
        addressee=addressee,
        blocks=tuple(blocks),
        red_head=False,
        signed=signed,
    )
