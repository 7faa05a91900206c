"""Parts that are compiled: escaped, in the reader's language, whole."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.template import Context, Template
from django.utils.safestring import mark_safe
from django.utils.translation import override
from jinja2 import TemplateNotFound, UndefinedError

from xinqiao.law.types import Station, TraceLine
from xinqiao.ui import compiled

COURSE = "ui/parts/course.jinja"
LINE = TraceLine("从第二天起算 {days} 天", day=date(2026, 10, 8), values={"days": "60"}, cite="第三十四条")
SOURCES = {
    "hostile.jinja": """<p title="{{ words }}">{{ words }}{{ markup }}{{ "%(who)s您好"|words(who=words) }}</p>""",
    "one.jinja": """{{ "办理经过"|words }} {{ "search"|icon }} {{ data|words }}{{ ""|words }} {{ "还有 %(n)d 天"|counted(n) }} {{ at|iso }} {{ day|iso }}""",
    "lacking.jinja": "{{ nothing }}",
}


@pytest.fixture(autouse=True)
def _parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, source in SOURCES.items():
        (tmp_path / name).write_text(source)
    compiled._environment.cache_clear()
    folders = compiled.get_app_template_dirs("templates")
    monkeypatch.setattr(compiled, "get_app_template_dirs", lambda _name: (*folders, tmp_path))
    yield
    compiled._environment.cache_clear()


def test_what_people_wrote_is_escaped_and_markup_is_not() -> None:
    hostile = """"><script>alert('&')</script>"""
    html = compiled.render("hostile.jinja", {"words": hostile, "markup": mark_safe("<b>好</b>")})
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 3
    assert "<b>好</b>" in html


def test_each_reader_has_their_language_whoever_came_first() -> None:
    values = {"data": "收到", "n": 1, "at": datetime(2026, 10, 8, 16, tzinfo=UTC), "day": date(2026, 10, 8)}
    chinese = compiled.render("one.jinja", values)
    with override("en"):
        english = compiled.render("one.jinja", values)
    assert chinese.startswith("办理经过 <svg")
    assert chinese.endswith("2026-10-09T00:00:00+08:00 2026-10-08")
    assert "还有 1 天" in chinese
    assert not any("\u4e00" <= letter <= "\u9fff" for letter in english)
    assert "1 day" in english
    assert compiled.render("one.jinja", values) == chinese


def test_a_name_or_a_part_that_is_not_there_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        compiled.render("lacking.jinja", {})
    with pytest.raises(TemplateNotFound):
        compiled.render("ui/parts/lost.jinja", {})


def test_pages_draw_parts_by_their_tags() -> None:
    values = {
        "today": date(2026, 10, 1),
        "line": (Station("received", "收到", ("received",)),),
        "lines": [LINE],
        "entries": [
            {
                "title": "<决定>",
                "at": datetime(2026, 10, 8, 1, tzinfo=UTC),
                "who": "区城管局",
                "text": "一\n二",
                "kind": "step",
                "mood": "late",
                "id": "7",
                "papers": [{"url": "/p/", "label": "告知书"}],
                "cites": ["甲", "乙"],
            }
        ],
    }
    html = Template(
        "{% stations line 'received' %}{% trace lines True %}{% timeline entries %}{% time_bar today today %}"
    ).render(Context(values))
    for words in (
        "收到",
        "从第二天起算 60 天",
        "第三十四条",
        "还没有公布",
        "&lt;决定&gt;",
        "一<br>二",
        "甲、乙",
        "还剩 0 天",
    ):
        assert words in html
    assert 'id="entry-7"' in html
    assert '<a href="/p/">' in html
