"""Text on its way to paper: what cannot be printed is taken out or shown as missing, never passed on as markup."""

import re
import struct
import unicodedata
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path

WEEKDAYS = "一二三四五六日"
GETA = "〓"  # the printer's mark for a character that the type case does not hold
ZERO_WIDTH_SPACE = "\u200b"
LONGEST_WORD = 24

# Joiners, variation selectors, marks that turn the direction of writing: invisible on paper, useful only to deceive.
_INVISIBLE = re.compile(
    "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
_UNBROKEN = re.compile(rf"[!-~\u00a1-\u024f]{{{LONGEST_WORD + 1},}}")


def clean(text: str) -> str:
    """`text` without control, format and half characters; line ends become newlines, tabs become spaces."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    text = text.replace("\t", " ").replace("\v", "\n").replace("\f", "\n")
    text = _INVISIBLE.sub("", text)
    return "".join(c for c in text if c == "\n" or unicodedata.category(c) not in {"Cc", "Cs", "Co", "Cn"})


def lines(text: str) -> list[str]:
    """The lines of `text` that hold something, cleaned and trimmed."""
    return [line for line in (raw.strip() for raw in clean(text).split("\n")) if line]


def one_line(text: str) -> str:
    """`text` cleaned, on one line."""
    return " ".join(lines(text))


def breakable(text: str) -> str:
    """Let words that no line can hold break anywhere, so that nothing runs off the page."""
    return _UNBROKEN.sub(lambda match: ZERO_WIDTH_SPACE.join(match.group()), text)


def day_words(day: date, *, weekday: bool = False) -> str:
    """2026年11月22日, with the weekday in brackets when asked for (GB/T 9704: Arabic numerals, no leading zero)."""
    words = f"{day.year}年{day.month}月{day.day}日"
    return f"{words}（星期{WEEKDAYS[day.weekday()]}）" if weekday else words


def spaced_number(number: str) -> str:
    """A public number as it is read out: 4-4-4 digits, the item's suffix kept. Other text comes back as it is."""
    head, dash, item = number.partition("-")
    if len(head) != 12 or not head.isdecimal():
        return number
    return f"{head[:4]} {head[4:8]} {head[8:]}{dash}{item}"


def spaced_code(code: str) -> str:
    """A query code as it is read out: 5-5 digits. Other text comes back as it is."""
    return f"{code[:5]} {code[5:]}" if len(code) == 10 and code.isdecimal() else code


def font_folder() -> Path:
    """The folder that holds Noto Serif SC and Noto Sans SC, brought by the package pylopdf-fonts-zh-cn."""
    return Path(str(files("pylopdf_fonts_zh_cn")))


@cache
def printable() -> frozenset[int]:
    """The code points that both faces can draw."""
    covered = [_cmap(path.read_bytes()) for path in sorted(font_folder().glob("*.otf"))]
    return frozenset.intersection(*covered)


def _cmap(font: bytes) -> frozenset[int]:
    """The code points in a font's character map (OpenType table cmap, format 12)."""
    tables = struct.unpack_from(">H", font, 4)[0]
    for number in range(tables):
        tag, _, start, _ = struct.unpack_from(">4sIII", font, 12 + 16 * number)
        if tag != b"cmap":
            continue
        for entry in range(struct.unpack_from(">H", font, start + 2)[0]):
            offset = start + struct.unpack_from(">HHI", font, start + 4 + 8 * entry)[2]
            if struct.unpack_from(">H", font, offset)[0] == 12:
                groups = struct.unpack_from(">I", font, offset + 12)[0]
                spans = (struct.unpack_from(">III", font, offset + 16 + 12 * group) for group in range(groups))
                return frozenset(point for first, last, _ in spans for point in range(first, last + 1))
    raise ValueError("the font has no character map of format 12")


class Case:
    """A type case: sets text, puts the geta mark for what it does not hold, and remembers what was missing."""

    def __init__(self) -> None:
        self.missing: dict[str, None] = {}

    def set(self, text: str) -> str:
        """`text` ready for the page."""
        known = printable()
        out = []
        for character in breakable(clean(text)):
            if character in "\n" + ZERO_WIDTH_SPACE or ord(character) in known:
                out.append(character)
            else:
                self.missing.setdefault(character)
                out.append(GETA)
        return "".join(out)

    def note(self) -> str:
        """One line that says what the geta marks stand for; empty when there are none."""
        if not self.missing:
            return ""
        shown = "、".join(f"U+{ord(character):04X}" for character in list(self.missing)[:12])
        return (
            f"文中“{GETA}”处是字库里没有的字符（{shown}{'等' if len(self.missing) > 12 else ''}），以系统中的原文为准。"
        )
