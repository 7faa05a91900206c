"""Template tags of all faces: dates as sentences, chips, stations, fields, icons. `{% load xq %}`."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django import template
from django.forms import BoundField
from django.forms.widgets import (
    CheckboxInput,
    CheckboxSelectMultiple,
    ClearableFileInput,
    FileInput,
    RadioSelect,
    Select,
    SelectMultiple,
    Textarea,
    Widget,
)
from django.template.context import Context
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, ngettext, override, pgettext

from xinqiao.kernel.clock import SHANGHAI, day_of
from xinqiao.ui.forms import SPARE_ROWS, DemandsField
from xinqiao.ui.icons import ICONS

register = template.Library()


def _day(value: date | datetime) -> date:
    # fromordinal: `today` comes as a lazy object, which can stand on neither side of a minus
    return day_of(value) if isinstance(value, datetime) else date.fromordinal(value.toordinal())


def _today(context: Context, today: date | None) -> date:
    found = today if today is not None else context["today"]
    return _day(found)


# ---- what is the same for everybody ------------------------------------------------------------------------------------


class Kept(template.Node):
    """Rendered once for each language, without the page's values: nothing of a reader can get in."""

    def __init__(self, nodes: template.NodeList) -> None:
        self.nodes = nodes
        self.rendered: dict[str, SafeString] = {}

    def render(self, context: Context) -> SafeString:
        language = get_language() or ""
        if language not in self.rendered:
            self.rendered[language] = self.nodes.render(context.new({}))
        return self.rendered[language]


@register.tag
def kept(parser: Any, _token: Any) -> Kept:
    """`{% kept %}…{% endkept %}`: words, icons and addresses that depend on the language alone."""
    nodes = parser.parse(("endkept",))
    parser.delete_first_token()
    return Kept(nodes)


# ---- words for days -------------------------------------------------------------------------------------------------

_WEEKDAYS = {
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _english() -> bool:
    return (get_language() or "").startswith("en")


def day_words(day: date, today: date | None = None, weekday: bool = True) -> str:
    """「10 月 8 日（周四）」, with the year when it is not this one (or when no `today` is given)."""
    with_year = today is None or day.year != today.year
    if _english():
        text = f"{day.day} {_MONTHS[day.month - 1]}" + (f" {day.year}" if with_year else "")
        return f"{_WEEKDAYS['en'][day.weekday()]} {text}" if weekday else text
    text = (f"{day.year} 年 " if with_year else "") + f"{day.month} 月 {day.day} 日"
    return f"{text}（{_WEEKDAYS['zh'][day.weekday()]}）" if weekday else text


def distance_words(day: date, today: date) -> str:
    """How far `day` is from `today`: 「还有 3 天」「今天到期」「已超过 2 天」."""
    left = (day - today).days
    if left == 0:
        return gettext("今天到期")
    if left == 1:
        return gettext("明天到期")
    if left > 0:
        return ngettext("还有 %(n)d 天", "还有 %(n)d 天", left) % {"n": left}
    return ngettext("已超过 %(n)d 天", "已超过 %(n)d 天", -left) % {"n": -left}


@register.filter
def cn_date(value: date | datetime | None) -> str:
    """「2026 年 10 月 8 日（周四）」 in Shanghai; '' for nothing."""
    return day_words(_day(value)) if value else ""


@register.filter
def cn_day(value: date | datetime | None) -> str:
    """「10 月 8 日」: no year, no weekday, for dense lists."""
    if not value:
        return ""
    day = _day(value)
    return day_words(day, today=day, weekday=False)


@register.filter
def cn_datetime(value: datetime | None) -> str:
    """「2026 年 10 月 8 日 09:05」 in Shanghai; '' for nothing."""
    if not value:
        return ""
    local = value.astimezone(SHANGHAI)
    return f"{day_words(local.date(), weekday=False)} {local.hour:02}:{local.minute:02}"


@register.simple_tag(takes_context=True)
def date_sentence(
    context: Context, due: date | datetime | None, act: str = "", who: str = "", today: date | None = None
) -> SafeString:
    """「最晚 10 月 8 日（周四）前给您书面答复」 with how far off it is. `act` and `who` are already translated words."""
    return due_sentence(due, _today(context, today), act, who) if due else mark_safe("")


def due_sentence(due: date | datetime, today: date, act: str = "", who: str = "") -> SafeString:
    """What date_sentence says, where the day it is here is known."""
    day, now = _day(due), _day(today)
    moment = format_html('<time datetime="{}">{}</time>', day.isoformat(), day_words(day, now))
    values = {"who": who, "act": act, "day": moment}
    if day < now:
        mood, bare, sentence = "late", gettext("原定 %(day)s前"), gettext("原定 %(day)s前%(act)s")
        whose = gettext("%(who)s原定 %(day)s前%(act)s")
    else:
        mood = "near" if (day - now).days <= 3 else "normal"
        bare, sentence = gettext("最晚 %(day)s前"), gettext("最晚 %(day)s前%(act)s")
        whose = gettext("%(who)s最晚 %(day)s前%(act)s")
    sentence = bare if not act else whose if who else sentence
    return format_html(
        '<span class="xq-due xq-due-{}">{} <span class="xq-due-rel">{}</span></span>',
        mood,
        format_html(
            sentence.replace("%(who)s", "{who}").replace("%(act)s", "{act}").replace("%(day)s", "{day}"), **values
        ),
        distance_words(day, now),
    )


# ---- numbers --------------------------------------------------------------------------------------------------------


@register.filter
def number_grouped(value: object) -> str:
    """A public number as people read it: 4-4-4, an item's suffix kept (「1234 5678 9012-1」)."""
    text = str(value or "")
    head, dash, item = text.partition("-")
    return " ".join(head[at : at + 4] for at in range(0, len(head), 4)) + dash + item


@register.filter
def code_grouped(value: object) -> str:
    """A query code as people read it: 5-5."""
    text = str(value or "")
    return " ".join(text[at : at + 5] for at in range(0, len(text), 5))


# ---- pictures -------------------------------------------------------------------------------------------------------


@register.simple_tag
def icon(name: str, label: str = "", size: str = "") -> SafeString:
    """An icon of xinqiao.ui.icons. Without `label` it is hidden from screen readers. Raises KeyError for no such icon."""
    return _icon(name, str(label), size)  # a page has some forty of them


@lru_cache(maxsize=512)
def _icon(name: str, label: str, size: str) -> SafeString:
    if name not in ICONS:
        raise KeyError(f"no icon {name!r}: add it to xinqiao/ui/icons.py")
    href = f"{static('vendor/icons.svg')}#{name}"
    css = f"xq-icon xq-icon-{size}" if size else "xq-icon"
    if label:
        return format_html('<svg class="{}" role="img" aria-label="{}"><use href="{}"/></svg>', css, label, href)
    return format_html('<svg class="{}" aria-hidden="true" focusable="false"><use href="{}"/></svg>', css, href)


@register.simple_tag(takes_context=True)
def script(context: Context, path: str) -> SafeString:
    """A module from static files under the page's nonce: `{% script "ui/keys.js" %}`."""
    return format_html(
        '<script type="module" src="{}" nonce="{}"></script>',
        _source(path),
        getattr(context.get("request"), "csp_nonce", ""),
    )


@lru_cache(maxsize=64)
def _source(path: str) -> str:
    return static(path)


# ---- state of a duty ------------------------------------------------------------------------------------------------

_CHIP_ICONS = {"normal": "normal", "near": "near", "late": "late", "done": "done", "lifted": "circle", "act": "clock"}


def chip_mood(obligation: Any, today: date) -> str:
    """normal | near | late | done | lifted, or act for what the petitioner may do, from an obligation's state and dates."""
    state, due = getattr(obligation, "state", "open"), _day(obligation.due)
    near, colour = getattr(obligation, "near", None), getattr(obligation, "colour", "")
    if state == "met":
        return "done"
    if state == "lifted":
        return "lifted"
    if getattr(obligation, "kind", "duty") == "window":
        return "act" if today <= due else "lifted"
    if state == "missed" or due < today:
        return "late"
    if colour == "yellow" or (near is not None and _day(near) <= today):
        return "near"
    return "normal"


@register.simple_tag(takes_context=True)
def due_chip(context: Context, obligation: Any, today: date | None = None) -> SafeString:
    """Colour, word and shape of an obligation; nothing for none."""
    return duty_chip(obligation, _today(context, today)) if obligation else mark_safe("")


def duty_chip(obligation: Any, today: date) -> SafeString:
    """What due_chip shows, where the day it is here is known.

    Reads `due` and, where they are there, `state`, `kind`, `colour` or `near`, `settled_on`.
    """
    now, due = _day(today), _day(obligation.due)
    mood = chip_mood(obligation, now)
    settled = getattr(obligation, "settled_on", None)
    late = ((_day(settled) if settled else now) - due).days
    word, when = "", ""
    if mood == "done":
        word = gettext("已办")
    elif mood == "lifted":
        word = gettext("已免除") if getattr(obligation, "kind", "duty") == "duty" else gettext("已过")
    elif mood == "act":
        word, when = gettext("可办到"), day_words(due, now, weekday=False)
    elif mood == "near":
        word, when = gettext("临近"), distance_words(due, now)
    elif mood == "normal":
        word, when = gettext("正常"), day_words(due, now, weekday=False)
    elif settled:
        word = ngettext("迟办 %(n)d 天", "迟办 %(n)d 天", late) % {"n": late}
    else:
        word = ngettext("超期 %(n)d 天", "超期 %(n)d 天", late) % {"n": late} if late > 0 else gettext("超期")
    return format_html(
        '<span class="xq-chip xq-chip-{}" title="{}">{}<span>{}</span>{}</span>',
        mood,
        f"{word} · {day_words(due, now)}",
        icon(_CHIP_ICONS[mood]),
        word,
        format_html(' <span class="xq-chip-when">{}</span>', when) if when else "",
    )


@register.simple_tag
def chip(mood: str, words: str, icon_name: str = "") -> SafeString:
    """A free chip: mood normal | near | late | done | act | plain."""
    picture = icon(icon_name or _CHIP_ICONS[mood]) if (icon_name or mood in _CHIP_ICONS) else ""
    return format_html('<span class="xq-chip xq-chip-{}">{}<span>{}</span></span>', mood, picture, words)


def course_rows(
    stations: Sequence[Any], current: str, dates: Mapping[str, Any] | None = None, ended: bool = False
) -> list[dict[str, Any]]:
    """The course of a case, station by station: `label`, `mood` (done | now | todo), `day`."""
    found = next((at for at, one in enumerate(stations) if current == one.key or current in one.states), -1)
    rows = []
    for at, one in enumerate(stations):
        mood = "done" if at < found or (ended and at == found) else "now" if at == found else "todo"
        rows.append({"label": pgettext("station", one.label), "mood": mood, "day": (dates or {}).get(one.key)})
    return rows


def time_left(start: date | datetime, due: date | datetime, today: date) -> dict[str, Any]:
    """Time used and left between two days: `percent`, `words`, `mood`, `first`, `last`."""
    first, last, now = _day(start), _day(due), _day(today)
    total = max((last - first).days, 1)
    used = min(max((now - first).days, 0), total)
    left = (last - now).days
    mood = "late" if left < 0 else "near" if used * 3 >= total * 2 else "normal"
    if left < 0:
        words = ngettext("已超过 %(n)d 天", "已超过 %(n)d 天", -left) % {"n": -left}
    else:
        words = gettext("已用 %(used)d 天，还剩 %(left)d 天") % {"used": used, "left": left}
    return {"percent": round(used * 100 / total), "words": words, "mood": mood, "first": first, "last": last}


# ---- forms ----------------------------------------------------------------------------------------------------------


def _widget_kind(widget: Widget) -> str:
    if isinstance(widget, CheckboxSelectMultiple | RadioSelect):
        return "group"
    if isinstance(widget, CheckboxInput):
        return "check"
    if isinstance(widget, SelectMultiple):
        return "select"
    if isinstance(widget, Select):
        return "select"
    if isinstance(widget, ClearableFileInput | FileInput):
        return "file"
    if isinstance(widget, Textarea):
        return "long"
    return getattr(widget, "xq_kind", "text")


@register.inclusion_tag("ui/parts/field.html")
def field(bound: BoundField, label: str = "", help: str = "") -> dict[str, Any]:
    """One form field: label, help, control, and the error under it with an icon and a word."""
    widget = bound.field.widget
    kind = _widget_kind(widget)
    help_text = help or bound.help_text
    described = [f"{bound.auto_id}-help"] if help_text else []
    if bound.errors:
        described.append(f"{bound.auto_id}-error")
    classes = {"select": "form-select", "check": "form-check-input", "group": "form-check-input"}.get(
        kind, "form-control"
    )
    attrs: dict[str, Any] = {"class": f"{widget.attrs.get('class', '')} {classes}".strip()}
    if described and kind != "group":
        attrs["aria-describedby"] = " ".join(described)
    if bound.errors:
        attrs["class"] += " is-invalid"
        if kind != "group":
            attrs["aria-invalid"] = "true"
    if bound.field.required and kind in ("text", "long", "select") and not widget.is_hidden:
        attrs["aria-required"] = "true"
    return {
        "bound": bound,
        "kind": kind,
        "label": label or bound.label,
        "help_text": help_text,
        "described": " ".join(described),
        "control": bound.as_widget(attrs=attrs) if kind not in ("group", "rows") else "",
        "attrs": attrs,
        "when": getattr(bound.field, "when", ""),
        "optional": getattr(bound.field, "optional", not bound.field.required) and kind != "check",
    }


@register.filter
def demand_rows(bound: BoundField) -> list[dict[str, Any]]:
    """The rows of a demands field as shown: what was typed, then empty ones."""
    source = bound.field
    if not isinstance(source, DemandsField):
        raise TypeError("not a field of demands")
    typed: list[dict[str, str]] = list(bound.value() or [])
    shown = typed + [{} for _ in range(max(SPARE_ROWS - len(typed), 0) or 1)]
    return [
        {
            "begun": bool(row),
            "parts": [
                {
                    "key": part,
                    "label": label,
                    "name": f"{bound.html_name}-{at}-{part}",
                    "id": f"{bound.auto_id}-{at}-{part}",
                    "value": row.get(part, ""),
                    "choices": source.outcomes if part == "outcome" else (),
                }
                for part, label in source.parts
            ],
        }
        for at, row in enumerate(shown)
    ]


@register.inclusion_tag("ui/parts/error_summary.html")
def error_summary(*forms: Any, remedy: str = "") -> dict[str, Any]:
    """What is wrong in `forms`, at the top of the page, each line leading to its field. Nothing when all is well."""
    lines = []
    for form in forms:
        if form is None or not form.is_bound:
            continue
        for text in form.non_field_errors():
            lines.append({"href": "", "label": "", "text": text})
        for bound in form:
            for text in bound.errors:
                lines.append({"href": f"#{bound.auto_id}", "label": bound.label, "text": text})
    return {"lines": lines, "remedy": remedy}


@register.inclusion_tag("ui/parts/step_form.html", takes_context=True)
def step_form(
    context: Context,
    form: Any,
    action: str = "",
    submit: str = "",
    target: str = "",
    cancel: str = "",
    preview: bool = False,
    seen: int | None = None,
) -> dict[str, Any]:
    """A whole StepForm: hint, errors, fields, the button. htmx posts it when `target` is given.

    `seen` is the number of the case's last entry: the server can then tell what has changed since. With `preview` a second button sends the same form with `preview=1`: show what would go out, take no step.
    """
    return {
        "preview": preview,
        "seen": seen,
        "form": form,
        "option": form.option,
        "action": action,
        "submit": submit or gettext(form.option.label),
        "target": target,
        "cancel": cancel,
        "request": context.get("request"),
        "csrf_token": context.get("csrf_token"),
    }


# ---- desk -----------------------------------------------------------------------------------------------------------


@register.inclusion_tag("ui/parts/rail_item.html", takes_context=True)
def rail_item(
    context: Context, url: str, icon_name: str, label: str, count: int | None = None, exact: bool = False
) -> dict[str, Any]:
    """One entry of the desk's rail; the one whose address the page lies under is marked as current."""
    path = context["request"].path
    current = path == url if exact else path.startswith(url)
    return {"url": url, "icon_name": icon_name, "label": label, "count": count, "current": current}


@register.simple_tag
def language_name(code: str) -> str:
    """The name of a language in that language, without its region."""
    return {"zh-hans": "中文", "en": "English"}.get(code, code)


@register.filter
def in_language(sentence: str, code: str) -> str:
    """`sentence` (a gettext id) in the language `code`."""
    with override(code):
        return gettext(sentence)


@register.filter
def words(sentence: str) -> str:
    """A gettext id that came as data (from the law, from a selector) in the reader's language."""
    return gettext(sentence) if sentence else ""


@register.filter
def trace_words(line: Any) -> str:
    """A law.types.TraceLine as one sentence in the reader's language."""
    values = {name: words(value) for name, value in line.values.items()}
    return gettext(line.text).format(**values) if values else gettext(line.text)


@register.simple_tag
def join_words(items: Iterable[object], mark: str = "、") -> SafeString:
    """Items as one run of words; sentences (no mark between them) stand apart where the language wants it."""
    between = gettext(mark) if mark else " " if _english() else ""
    return format_html_join(between, "{}", ((item,) for item in items))
