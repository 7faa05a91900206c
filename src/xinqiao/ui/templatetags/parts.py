"""Parts drawn by compiled templates (xinqiao.ui.compiled). `{% load parts %}`."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django import template
from django.template.context import Context
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from xinqiao.ui import compiled
from xinqiao.ui.templatetags import xq

register = template.Library()
COURSE = "ui/parts/course.jinja"


@register.simple_tag(takes_context=True)
def compiled_part(context: Context, name: str) -> SafeString:
    """`{% compiled_part "portal/parts/matter.jinja" %}`: a compiled template with all the page's values."""
    values: dict[str, Any] = context.flatten()  # type: ignore[assignment]
    return mark_safe(compiled.render(name, values))  # noqa: S308 - a template of our own that escapes


@register.simple_tag
def timeline(entries: Iterable[Any], label: str = "") -> str:
    """What happened, the entries as given: `title`, `at`, and `who`, `text`, `papers`, `cites`, `mood`, `kind`, `id`."""
    return compiled.macro(COURSE, "timeline")(entries, label or gettext("办理经过"))


@register.simple_tag
def trace(lines: Sequence[Any], provisional: bool = False) -> str:
    """Why this day: the lines of the law (law.types.TraceLine), folded."""
    return compiled.macro(COURSE, "trace")(lines, provisional)


@register.simple_tag
def stations(stations: Sequence[Any], current: str, dates: Mapping[str, Any] | None = None, ended: bool = False) -> str:
    """The course of a case as a line. `current` is a station's key or one of its states; `dates` maps keys to days."""
    return compiled.macro(COURSE, "stations")(xq.course_rows(stations, current, dates, ended))


@register.simple_tag(takes_context=True)
def time_bar(context: Context, start: date | datetime, due: date | datetime, today: date | None = None) -> str:
    """Time used and left between two days, as a bar with words."""
    return compiled.macro(COURSE, "time_bar")(xq.time_left(start, due, context["today"] if today is None else today))
