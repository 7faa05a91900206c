"""What a paper is before it has a form: plain values that the PDF and the DOCX are both drawn from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

Seal = Literal["stamp", "electronic", "none"]


@dataclass(frozen=True)
class Para:
    """A paragraph of the body. `lead` is set before the text in the face for headings."""

    text: str
    lead: str = ""
    indent: bool = True


@dataclass(frozen=True)
class Heading:
    text: str
    level: Literal[1, 2] = 1


@dataclass(frozen=True)
class Bullets:
    items: tuple[str, ...]


@dataclass(frozen=True)
class Because:
    """The answer to "why this day": small, set off, under the sentence that names the day."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Cell:
    label: str
    value: str = ""


@dataclass(frozen=True)
class Row:
    """One ruled row of a form: one or two labelled cells. `space` is the least height in millimetres, for signing."""

    cells: tuple[Cell, ...]
    space: int = 0


@dataclass(frozen=True)
class Form:
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Grid:
    """A ruled table with a head. `widths` are relative."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...]


@dataclass(frozen=True)
class Ticket:
    """What a citizen must be able to read out: labelled numbers in large type, and a QR code when `qr` is not empty."""

    rows: tuple[tuple[str, str], ...]
    qr: str = ""
    caption: str = ""


Block = Para | Heading | Bullets | Because | Form | Grid | Ticket


@dataclass(frozen=True)
class Paper:
    """One official paper. Everything in it is text: the renderers never read it as markup."""

    kind: str
    title: str
    issuer: str
    issued_on: date
    blocks: tuple[Block, ...]
    number: str = ""  # "拱信转〔2026〕K7M3PQ号"
    addressee: str = ""
    red_head: bool = True
    signed: bool = True
    seal: Seal = "stamp"
    attachments: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()  # 附注
    copy_to: tuple[str, ...] = ()
    marking: str = ""  # at the top left, e.g. "注意保密"
    watermark: str = ""  # "草稿" or "演示"
    meta: Mapping[str, str] = field(default_factory=dict)  # subject, keywords of the file
