"""Area codes: GB/T 2260 pads the codes of provinces and cities with noughts; the tree is found by what is left. Pure."""


def area_stem(code: str) -> str:
    """What a code has in common with the codes below it: 330000 → 33, 330100 → 3301, 330105 and 330105001 as they are."""
    if len(code) == 12 and code.endswith("000"):
        code = code[:9]
    if len(code) == 9 and code.endswith("000"):
        code = code[:6]
    while len(code) in (4, 6) and code.endswith("00"):
        code = code[:-2]
    return code


def area_chain(code: str) -> list[str]:
    """Every code that may stand above `code` or be it, the longest first, '' at the end."""
    stem = area_stem(code)
    chain = [stem[:length] for length in range(len(stem), 0, -1)]
    padded = [stem[:length].ljust(6, "0") for length in (4, 2) if len(stem) > length]
    if len(stem) in (2, 4):
        padded.insert(0, stem.ljust(6, "0"))
    return list(dict.fromkeys([code, *chain, *padded, ""])) if code else [""]


def within(code: str, area: str) -> bool:
    """Whether `code` is `area` or lies in it; everything lies in ''."""
    return code.startswith(area_stem(area))


def content_stem(code: str) -> str:
    """A content code without the pairs of noughts at its end: 030700 → 0307."""
    while len(code) > 2 and len(code) % 2 == 0 and code.endswith("00"):
        code = code[:-2]
    return code


def content_chain(code: str) -> list[str]:
    """Every content code that may stand above `code` or be it, padded or not, '' included."""
    stem = content_stem(code)
    heads = [stem[:length] for length in range(len(stem), 0, -1)]
    return list(dict.fromkeys([code, *heads, *(head.ljust(len(code), "0") for head in heads), ""])) if code else [""]
