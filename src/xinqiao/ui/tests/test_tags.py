"""Words, chips and lines that every face shows."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest
from django.template import Context, Template
from django.utils.html import strip_tags
from django.utils.translation import override

from xinqiao.law.types import Station, TraceLine

TODAY = date(2026, 10, 1)


def draw(source: str, **values: object) -> str:
    return Template("{% load xq %}" + source).render(Context({"today": TODAY, **values}))


@dataclass
class Duty:
    due: date
    near: date | None = None
    state: str = "open"
    kind: str = "duty"
    colour: str = "green"
    settled_on: date | None = None


def text(html: str) -> str:
    return " ".join(strip_tags(html).split())


@pytest.mark.parametrize(
    ("due", "said"),
    [
        (date(2026, 10, 8), "最晚 10 月 8 日（周四）前给您书面答复 还有 7 天"),
        (date(2026, 10, 2), "最晚 10 月 2 日（周五）前给您书面答复 明天到期"),
        (date(2026, 10, 1), "最晚 10 月 1 日（周四）前给您书面答复 今天到期"),
        (date(2026, 9, 29), "原定 9 月 29 日（周二）前给您书面答复 已超过 2 天"),
        (date(2027, 3, 1), "最晚 2027 年 3 月 1 日（周一）前给您书面答复 还有 151 天"),
    ],
)
def test_a_date_is_a_sentence(due, said):
    assert text(draw('{% date_sentence due act="给您书面答复" %}', due=due)) == said


def test_a_date_sentence_names_who_and_escapes_it():
    html = draw("{% date_sentence due act=act who=who %}", due=date(2026, 10, 8), act="答复", who="<b>局")
    assert "&lt;b&gt;局最晚" in html
    assert '<time datetime="2026-10-08">' in html


def test_no_date_no_sentence():
    assert draw("{% date_sentence due %}", due=None) == ""


def test_a_moment_is_shown_on_its_day_in_shanghai():
    late_evening_utc = datetime(2026, 10, 7, 16, 30, tzinfo=UTC)
    assert draw("{{ at|cn_datetime }} {{ at|cn_date }}", at=late_evening_utc) == (
        "2026 年 10 月 8 日 00:30 2026 年 10 月 8 日（周四）"
    )


def test_dates_in_english():
    with override("en"):
        assert draw("{{ day|cn_date }}", day=date(2026, 10, 8)) == "Thu 8 Oct 2026"


@pytest.mark.parametrize(
    ("value", "shown"), [("483729105560", "4837 2910 5560"), ("483729105560-2", "4837 2910 5560-2"), (None, "")]
)
def test_numbers_are_grouped_in_fours(value, shown):
    assert draw("{{ value|number_grouped }}", value=value) == shown


def test_codes_are_grouped_in_fives():
    assert draw("{{ code|code_grouped }}", code="0812345679") == "08123 45679"


@pytest.mark.parametrize(
    ("duty", "mood", "word"),
    [
        (Duty(date(2026, 11, 1), date(2026, 10, 20)), "normal", "正常"),
        (Duty(date(2026, 10, 3), date(2026, 9, 30)), "near", "临近"),
        (Duty(date(2026, 10, 1), date(2026, 9, 20)), "near", "今天到期"),
        (Duty(date(2026, 9, 28), date(2026, 9, 20)), "late", "超期 3 天"),
        (Duty(date(2026, 10, 9), None, "missed"), "late", "超期"),
        (Duty(date(2026, 10, 9), colour="yellow"), "near", "还有 8 天"),
        (Duty(date(2026, 9, 28), None, "missed", settled_on=date(2026, 9, 30)), "late", "迟办 2 天"),
        (Duty(date(2026, 10, 31), kind="window"), "act", "可办到 10 月 31 日"),
        (Duty(date(2026, 9, 30), kind="window"), "lifted", "已过"),
        (Duty(date(2026, 9, 28), None, "met"), "done", "已办"),
        (Duty(date(2026, 9, 28), None, "lifted"), "lifted", "已免除"),
    ],
)
def test_a_chip_has_colour_word_and_shape(duty, mood, word):
    html = draw("{% due_chip duty %}", duty=duty)
    assert f"xq-chip-{mood}" in html
    assert word in text(html)
    assert "<use href=" in html


def test_the_line_of_stations_says_where_the_case_is():
    line = (
        Station("a", "收到", ("received",)),
        Station("b", "受理", ("accepted", "extended")),
        Station("c", "答复", ()),
    )
    html = draw("{% stations line 'extended' dates=dates %}", line=line, dates={"a": date(2026, 9, 2)})
    assert html.count('aria-current="step"') == 1
    assert text(html) == "收到（已过） 9 月 2 日 受理（现在在这里） 答复"
    assert "9 月 2 日" in html


def test_a_case_off_the_line_marks_no_station():
    html = draw("{% stations line 'withdrawn' %}", line=(Station("a", "收到", ("received",)),))
    assert "aria-current" not in html


def test_the_bar_of_time_tells_what_is_left_and_what_is_over():
    assert "已用 30 天，还剩 30 天" in draw("{% time_bar start due %}", start=date(2026, 9, 1), due=date(2026, 10, 31))
    assert "已超过 1 天" in draw("{% time_bar start due %}", start=date(2026, 9, 1), due=date(2026, 9, 30))


def test_an_icon_that_is_not_in_the_sprite_is_an_error():
    with pytest.raises(KeyError):
        draw('{% icon "no-such-icon" %}')


def test_an_icon_with_a_label_is_announced_and_one_without_is_not():
    assert 'role="img" aria-label="封存"' in draw('{% icon "lock" "封存" %}')
    assert 'aria-hidden="true"' in draw('{% icon "lock" %}')


def test_a_trace_line_is_a_sentence():
    assert (
        draw("{{ line|trace_words }}", line=TraceLine("从第二天起算 {days} 天", values={"days": "60"}))
        == "从第二天起算 60 天"
    )
    assert draw("{{ line|trace_words }}", line=TraceLine("收到 {什么}")) == "收到 {什么}"
