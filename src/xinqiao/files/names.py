"""Names that people gave their files, made safe to show, to store and to send in a header."""

import re
import unicodedata

LONGEST = 120
_FORBIDDEN = re.compile(r'[<>:"|?*%&#;\x00-\x1f\x7f]')
_RESERVED = re.compile(r"^(con|prn|aux|nul|com[0-9]|lpt[0-9])$", re.IGNORECASE)


def safe_name(name: str, extension: str) -> str:
    """The last part of `name` without what harms, with the extension that fits the content.

    Whatever the name was, something readable comes out: 附件.pdf when nothing is left of it.
    """
    text = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    text = "".join(c for c in text if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
    text = _FORBIDDEN.sub("_", text)
    stem, dot, ending = text.rpartition(".")
    if not dot or not ending.isascii() or not ending.isalnum() or len(ending) > 8:
        stem = text
    stem = " ".join(stem.split()).strip(". ")[:LONGEST].rstrip(". ")
    if not stem or _RESERVED.match(stem):
        stem = "附件"
    return f"{stem}.{extension}"
