"""Copy what the pages need out of node_modules into static/vendor: `python -m xinqiao.ui.vendor [node_modules]`.

htmx goes as it is, Tabler's style sheet cut down to the classes named here, Tabler's icons as one sprite.
"""

import re
import sys
from pathlib import Path

from xinqiao.ui.icons import ICONS
from xinqiao.ui.reduce import reduce_css

HERE = Path(__file__).resolve().parent
TARGET = HERE / "static" / "vendor"
OWN_CSS = HERE / "static" / "ui"

_STEP = r"(?:0|1|2|3|4|5|auto)"
_AT = r"(?:-(?:md|lg))?"
TABLER_CLASSES = re.compile(
    "|".join(
        (
            r"container(?:-fluid|-narrow|-tight)?",
            r"row|col(?:-(?:sm|md|lg|xl))?(?:-(?:auto|\d+))?",
            r"g[xy]?-[0-5]",
            r"btn(?:-(?:primary|outline-primary|outline-secondary|outline-danger|danger|ghost-secondary|link|sm|lg|icon|group|check|list|action|close))?",
            r"form-(?:control|select|check|label|text|hint|range|fieldset|selectgroup)(?:-(?:sm|lg|input|label|inline|reverse))?",
            r"input-(?:group|icon)(?:-(?:text|addon|flat))?",
            r"is-invalid|invalid-feedback|was-validated|required",
            r"card(?:-(?:header|body|footer|title|subtitle|actions|sm|table))?",
            r"table(?:-(?:sm|hover|responsive|vcenter|nowrap|active|borderless))?",
            r"alert(?:-(?:info|success|warning|danger|title|icon|description|important))?",
            r"badge|list-group(?:-(?:item|flush|item-action))?|active|disabled|show",
            r"list-unstyled|list-inline(?:-item)?|datagrid(?:-\w+)?|subheader|hr|lead|small|mark|h[1-6]",
            r"nav(?:-(?:link|item|tabs|underline))?|page(?:-(?:wrapper|body|header|title|link|item))?|pagination",
            r"breadcrumb(?:-item)?|spinner-border(?:-sm)?|kbd|strong",
            rf"d{_AT}-(?:none|block|inline|inline-block|flex|inline-flex|grid)|d-print-(?:none|block)",
            rf"flex{_AT}-(?:row|column|wrap|nowrap|fill|grow-1|grow-0|shrink-0)",
            rf"(?:justify-content|align-items|align-self){_AT}-(?:start|end|center|between|baseline|stretch)",
            rf"[mp][tbsexy]?-{_STEP}|gap-[0-5]|(?:row|column)-gap-[0-5]|ms{_AT}-auto|vr|hstack|vstack",
            r"w-(?:25|50|75|100|auto)|mw-100|h-(?:100|auto)",
            r"text-(?:start|end|center|nowrap|truncate|break|wrap|secondary|muted|reset|decoration-none)",
            r"fw-(?:normal|medium|bold|semibold)|font-monospace|fs-[1-6]|lh-(?:1|sm|base|lg)",
            r"border(?:-(?:0|top|bottom|start|end))?|rounded(?:-(?:0|circle|pill))?|shadow-none|overflow-(?:auto|hidden)",
            r"position-(?:relative|absolute|sticky|static)|sticky-top|top-0|visually-hidden(?:-focusable)?",
        )
    )
)


def tabler_css(modules: Path) -> str:
    """Tabler's style sheet, reduced. Raises FileNotFoundError when node_modules is incomplete."""
    source = (modules / "@tabler/core/dist/css/tabler.min.css").read_text(encoding="utf-8")
    own = "".join(path.read_text(encoding="utf-8") for path in sorted(OWN_CSS.glob("*.css")))
    licence = re.search(r"/\*!.*?\*/", source, flags=re.S)
    head = licence.group(0) if licence else ""
    return head + "\n" + reduce_css(source, lambda name: bool(TABLER_CLASSES.fullmatch(name)), also=own)


def icon_sprite(modules: Path) -> str:
    """One SVG file with a <symbol> for every name in ICONS (Tabler Icons, MIT)."""
    symbols = []
    for name, (style, source) in sorted(ICONS.items()):
        svg = (modules / f"@tabler/icons/icons/{style}/{source}.svg").read_text(encoding="utf-8")
        shape = re.search(r"<svg[^>]*>(.*)</svg>", svg, flags=re.S)
        if shape is None:
            raise ValueError(f"no shape in icon {source}")
        inner = re.sub(r"\s*\n\s*", "", re.sub(r"<!--.*?-->", "", shape.group(1), flags=re.S))
        look = (
            'fill="currentColor"'
            if style == "filled"
            else 'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"'
        )
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24" {look}>{inner}</symbol>')
    return '<svg xmlns="http://www.w3.org/2000/svg"><!-- Tabler Icons, MIT licence -->' + "".join(symbols) + "</svg>\n"


def vendor(modules: Path, target: Path = TARGET) -> list[Path]:
    """Write the vendored files below `target` and return them. Raises FileNotFoundError when a package is missing."""
    target.mkdir(parents=True, exist_ok=True)
    texts = {
        "tabler.css": tabler_css(modules),
        "icons.svg": icon_sprite(modules),
        "htmx.js": (modules / "htmx.org/dist/htmx.min.js").read_text(encoding="utf-8"),
    }
    written = []
    for name, text in texts.items():
        path = target / name
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def main(arguments: list[str]) -> int:
    modules = Path(arguments[0]) if arguments else Path.cwd() / "node_modules"
    try:
        for path in vendor(modules):
            print(f"{path.name}: {path.stat().st_size:,} bytes")
    except FileNotFoundError as missing:
        print(f"{missing.filename} is missing: run `npm ci` first.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
