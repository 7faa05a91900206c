"""Parts of pages that are asked for all day, compiled to Python (Jinja2), once for each language.

Pages are Django templates. Inside them the part that is long and asked for most (a matter's course, the rows of a list) may be a
`.jinja` file beside the others, drawn in an eighth of the time; ADR 18. What does not change from reader to reader (words, icons,
addresses) is put in when a part is compiled. Everything is escaped unless it says that it is markup; a name that is not there is an error.
"""

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Any

from django.template.defaultfilters import linebreaks_filter, linebreaksbr
from django.template.utils import get_app_template_dirs
from django.urls import reverse
from django.utils.translation import get_language, gettext, ngettext
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.runtime import Macro

from xinqiao.kernel.clock import SHANGHAI
from xinqiao.law.types import TraceLine
from xinqiao.ui.templatetags import xq


def render(name: str, values: Mapping[str, Any]) -> str:
    """The part of that name, with these values, in the language that is active."""
    return _environment(get_language() or "").get_template(name).render(values)


def macro(name: str, part: str) -> Macro:
    """One macro of a file of them, in the language that is active."""
    found: Macro = getattr(_environment(get_language() or "").get_template(name).module, part)
    return found


def _iso(value: datetime | date) -> str:
    """For `<time datetime>`: a day, or a moment in Shanghai."""
    return (value.astimezone(SHANGHAI) if isinstance(value, datetime) else value).isoformat()


def _url(name: str, *args: object) -> str:
    return reverse(name, args=args)


def _counted(sentence: str, n: int) -> str:
    """A sentence with %(n)s in it, as the language says it of so many."""
    return ngettext(sentence, sentence, n) % {"n": n}


@cache
def _environment(_language: str) -> Environment:
    """One for each language: a part is compiled, and drawn, while that language is active, and keeps its words."""
    tell = lru_cache(maxsize=4096)(gettext)

    def words(sentence: str, **values: object) -> str:
        """A sentence in the reader's language, its %(names)s filled; nothing for nothing."""
        return "" if not sentence else tell(sentence) % values if values else tell(sentence)

    def trace_words(line: TraceLine) -> str:
        values = {name: words(value) for name, value in line.values.items()}
        return tell(line.text).format(**values) if values else tell(line.text)

    made = Environment(
        loader=FileSystemLoader(get_app_template_dirs("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        words=words,
        trace_words=trace_words,
        counted=_counted,
        icon=xq.icon,
        url=_url,
        iso=_iso,
        cn_date=lru_cache(maxsize=1024)(xq.cn_date),
        cn_day=lru_cache(maxsize=1024)(xq.cn_day),
        cn_datetime=lru_cache(maxsize=1024)(xq.cn_datetime),
        number_grouped=xq.number_grouped,
        join_words=xq.join_words,
        linebreaks=linebreaks_filter,
        linebreaksbr=linebreaksbr,
    )
    made.globals.update(
        chip=xq.chip,
        duty_chip=xq.duty_chip,
        due_sentence=xq.due_sentence,
        course_rows=xq.course_rows,
        time_left=xq.time_left,
    )
    return made
