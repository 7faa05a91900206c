"""A style sheet cut down to the classes that the pages may use. Pure text in, pure text out."""

import re
from collections.abc import Callable, Iterator

_CLASS = re.compile(r"\.(-?[A-Za-z_](?:[\w-]|\\.)*)")
_NOT = re.compile(r":not\((?:[^()]|\([^()]*\))*\)")
_VAR_USE = re.compile(r"var\(\s*(--[\w-]+)")
_NESTING = ("@media", "@supports", "@layer", "@container")

Keep = Callable[[str], bool]


def _skip_string(css: str, at: int) -> int:
    quote = css[at]
    at += 1
    while css[at] != quote:
        at += 2 if css[at] == "\\" else 1
    return at + 1


def _blocks(css: str) -> Iterator[tuple[str, str | None]]:
    """Yield (prelude, body) for each top-level rule; body is None for a statement such as @charset."""
    at, start, length = 0, 0, len(css)
    while at < length:
        char = css[at]
        if char in "\"'":
            at = _skip_string(css, at)
        elif char == ";":
            yield css[start:at].strip(), None
            start = at = at + 1
        elif char == "{":
            prelude, depth, inner = css[start:at].strip(), 1, at + 1
            at += 1
            while depth:
                if css[at] in "\"'":
                    at = _skip_string(css, at)
                    continue
                depth += {"{": 1, "}": -1}.get(css[at], 0)
                at += 1
            yield prelude, css[inner : at - 1]
            start = at
        else:
            at += 1


def _split(text: str, mark: str) -> list[str]:
    """Split at `mark` outside of brackets and strings."""
    parts, depth, start, at = [], 0, 0, 0
    while at < len(text):
        char = text[at]
        if char in "\"'":
            at = _skip_string(text, at)
            continue
        if char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
        elif char == mark and not depth:
            parts.append(text[start:at])
            start = at + 1
        at += 1
    parts.append(text[start:])
    return parts


def _wanted(selector: str, keep: Keep) -> bool:
    return all(keep(name) for name in _CLASS.findall(_NOT.sub("", selector)))


def _rules(css: str, keep: Keep) -> str:
    out = []
    for prelude, body in _blocks(css):
        if body is None:
            continue
        if prelude.startswith(_NESTING):
            inner = _rules(body, keep)
            if inner:
                out.append(f"{prelude}{{{inner}}}")
        elif prelude.startswith("@keyframes"):
            out.append(f"{prelude}{{{body}}}")
        elif not prelude.startswith("@"):
            selectors = [s.strip() for s in _split(prelude, ",") if _wanted(s, keep)]
            if selectors and body.strip():
                out.append(f"{','.join(selectors)}{{{body}}}")
    return "".join(out)


def _without_unused(css: str, also: str) -> str:
    """Drop custom properties that nothing reads and keyframes that nothing plays, until nothing more falls away."""
    while True:
        used = set(_VAR_USE.findall(css)) | set(_VAR_USE.findall(also))

        def prune(text: str, used: set[str] = used) -> str:
            out = []
            for prelude, body in _blocks(text):
                if body is None:
                    continue
                if prelude.startswith(_NESTING):
                    body = prune(body, used)
                elif not prelude.startswith("@"):
                    kept = [d for d in _split(body, ";") if d.strip() and not _unused(d, used)]
                    body = ";".join(kept)
                if body:
                    out.append(f"{prelude}{{{body}}}")
            return "".join(out)

        smaller = prune(css)
        for name in re.findall(r"@keyframes ([\w-]+)", smaller):
            if not re.search(rf"animation[^;}}]*[: ,]{re.escape(name)}\b", smaller + also):
                smaller = "".join(
                    f"{prelude}{{{body}}}" for prelude, body in _blocks(smaller) if prelude != f"@keyframes {name}"
                )
        if smaller == css:
            return css
        css = smaller


def _unused(declaration: str, used: set[str]) -> bool:
    name = declaration.split(":", 1)[0].strip()
    return name.startswith("--") and name not in used


def reduce_css(css: str, keep: Keep, also: str = "") -> str:
    """Return `css` with only those rules whose every class satisfies `keep`.

    Custom properties read neither there nor in `also` (our own style sheets) go too. Comments are dropped.
    """
    bare = re.sub(r"/\*.*?\*/", "", css, flags=re.S)
    return _without_unused(_rules(bare, keep), also)
