"""Calendars, parameters and acts: dated data that never speaks twice and never stays silent."""

from datetime import date, timedelta

import pytest

from xinqiao.law import article, calendars
from xinqiao.law.acts import acts
from xinqiao.law.parameters import Parameter, ParameterError, Value, add, parameters, pick, value


def test_the_calendar_covers_every_year_without_a_hole() -> None:
    assert calendars.years() == tuple(range(2004, 2027))
    assert calendars.first_day() == date(2004, 1, 1)
    assert calendars.last_day() == date(2026, 12, 31)


@pytest.mark.parametrize(
    ("day", "worked", "holiday"),
    [
        (date(2026, 9, 30), True, ""),
        (date(2026, 10, 1), False, "国庆节"),
        (date(2026, 10, 7), False, "国庆节"),
        (date(2026, 10, 8), True, ""),
        (date(2026, 10, 10), True, ""),  # Saturday in exchange
        (date(2026, 10, 11), False, ""),  # Sunday
        (date(2026, 2, 14), True, ""),
        (date(2026, 2, 15), False, "春节"),
        (date(2015, 9, 3), False, "抗战胜利七十周年纪念日"),
        (date(2004, 1, 1), False, "元旦"),
        (date(2027, 10, 1), True, ""),  # a Friday, not published yet
    ],
)
def test_days(day: date, worked: bool, holiday: str) -> None:
    assert calendars.is_workday(day) is worked
    assert calendars.holiday_name(day) == holiday


def test_make_up_days_are_weekends_and_holidays_have_names() -> None:
    day = calendars.first_day()
    while day <= calendars.last_day():
        assert not calendars.is_makeup(day) or day.weekday() >= 5
        assert not (calendars.is_makeup(day) and calendars.holiday_name(day))
        day += timedelta(days=1)


def test_rolling_and_counting() -> None:
    assert calendars.roll(date(2026, 10, 1)) == date(2026, 10, 8)
    assert calendars.roll(date(2026, 10, 8)) == date(2026, 10, 8)
    assert calendars.next_workday(date(2026, 9, 30)) == date(2026, 10, 8)
    assert calendars.add_workdays(date(2026, 9, 30), 3) == date(2026, 10, 10)
    assert not calendars.is_provisional(date(2026, 12, 31))
    assert calendars.is_provisional(date(2027, 1, 1))


def test_before_the_first_calendar_there_is_no_answer() -> None:
    with pytest.raises(calendars.CalendarMissing):
        calendars.is_workday(date(2003, 12, 31))


def make(*values: Value) -> Parameter:
    return Parameter("term.x", "试验", "calendar", values)


NATION = Value(date(2022, 5, 1), None, 15, "xinfang-2022:22")
OLD = Value(date(2005, 5, 1), date(2022, 4, 30), 20, "xinfang-2005:21")
CITY = Value(date(2024, 1, 1), None, 10, "local:register", "3301")


def test_each_day_has_the_value_of_its_law() -> None:
    parameter = make(OLD, NATION)
    assert pick(parameter, date(2022, 4, 30)).value == 20
    assert pick(parameter, date(2022, 5, 1)).value == 15


def test_the_closest_area_goes_first() -> None:
    parameter = make(NATION, CITY)
    assert pick(parameter, date(2024, 1, 1), "330105").value == 10
    assert pick(parameter, date(2023, 12, 31), "330105").value == 15
    assert pick(parameter, date(2024, 1, 1), "320100").value == 15


def test_no_value_and_two_values_are_errors() -> None:
    with pytest.raises(ParameterError, match="no value"):
        pick(make(NATION), date(2022, 4, 30))
    with pytest.raises(ParameterError, match="2 values"):
        pick(make(NATION, NATION), date(2022, 5, 1))
    with pytest.raises(ParameterError, match="no parameter"):
        value("term.nobody", date(2026, 1, 1))


def test_a_parameter_is_declared_once() -> None:
    found = {"term.x": make(NATION)}
    with pytest.raises(ParameterError, match="two parameters"):
        add(found, make(NATION))


def test_open_points_of_law_are_marked() -> None:
    asked = {p.id for p in parameters().values() if p.question}
    assert {
        "roll.duty",
        "clock.without_acceptance",
        "term.evaluation",
        "term.simplified.accept",
        "hops.budget",
        "term.recommendations.feedback",
    } <= asked


def test_every_article_of_the_regulation_is_there() -> None:
    refs = {a.ref for a in acts()["xinfang-2022"].articles}
    assert {str(n) for n in range(1, 51)} <= refs
    assert "信访事项" in article("xinfang-2022", "34").text
    assert article("xinfang-2022:31(6)").title == "第三十一条第（六）项"
    with pytest.raises(KeyError):
        article("xinfang-2022:51")
