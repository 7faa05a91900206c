"""Names that people gave their files, made safe to show, to store and to send in a header."""

import re
import unicodedata

LONGEST = 120
_FORBIDDEN = re.compile(r'[<>:"|?*%&#;\x00-\x1f\x7f]')
_RESERVED = re.compile(r"^(con|prn|aux|nul|com[0-9]|lpt[0-9])$", re.IGNORECASE)


def shown_name(name: str) -> str:
    """The last part of `name` as it may be shown in a sentence: nothing that hides, turns round or breaks the line."""
    text = " ".join(_plain(name).split()).strip()
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _plain(name: str) -> str:
    text = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c for c in text if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def safe_name(name: str, extension: str) -> str:
    """The last part of `name` without what harms, with the extension that fits the content.

    Whatever the name was, something readable comes out: 附件.pdf when nothing is left of it.
    """
    text = _FORBIDDEN.sub("_", _plain(name))
    stem, dot, ending = text.rpartition(".")
    if not dot or not ending.isascii() or not ending.isalnum() or len(ending) > 8:
        stem = text
    stem = " ".join(stem.split()).strip(". ")[:LONGEST].rstrip(". ")
    if not stem or _RESERVED.match(stem):
        stem = "附件"
    return f"{stem}.{extension}"
