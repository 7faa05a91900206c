"""Terms against the cases that a lawyer reads and adds (*.yaml beside this file), and against the shape of every date."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from xinqiao.law import calendars, explain, term
from xinqiao.law.parameters import ParameterError
from xinqiao.law.terms import TERMS, UnknownTerm, chinese_day

PAGES = sorted(Path(__file__).parent.glob("*.yaml"))
CASES = [(page.stem, row) for page in PAGES for row in yaml.safe_load(page.read_text("utf-8"))]


def stretches(text: str) -> list[tuple[date, date]]:
    return [(date.fromisoformat(a), date.fromisoformat(b)) for a, b in [text.split("..")]] if text else []


@pytest.mark.parametrize(("page", "case"), CASES, ids=[f"{p}:{i}" for i, (p, _) in enumerate(CASES)])
def test_a_lawyers_case(page: str, case: dict[str, Any]) -> None:
    if case.get("error"):
        with pytest.raises(ParameterError):
            term(case["term"], case["from"])
        return
    due = term(case["term"], case["from"], days=case.get("days"), paused=stretches(case.get("paused", "")))
    assert (due.due, due.due_unrolled) == (case["due"], case["due_unrolled"]), case["why"]
    assert due.provisional == case.get("provisional", False)
    if "cites" in case:
        assert case["cites"] in due.cites


def test_there_are_cases_for_every_term() -> None:
    assert len(CASES) >= 60
    assert {case["term"] for _, case in CASES} == set(TERMS)
    assert all(case["why"] for _, case in CASES)


def test_every_date_says_why() -> None:
    due = term("notice", date(2026, 9, 20))
    assert explain(due) == [
        "2026年9月20日（周日）：承办单位收到转送的事项",
        "2026年9月21日（周一）：当天不算，从第二天起算。",
        "2026年10月5日（周一）：数满 15 天，到这一天。",
        "2026年10月5日（周一）：这一天是国庆节假期，休息。",
        "2026年10月8日（周四）：所以顺延到休息日后的第一个工作日。",
    ]
    assert due.cites == ("xinfang-2022:23(3)", "minfadian:201", "minfadian:203")
    assert due.near == date(2026, 9, 30)


def test_working_days_name_the_holidays_and_the_saturdays_worked() -> None:
    lines = explain(term("objection", date(2026, 9, 29)))
    assert "中间的国庆节假期不算工作日。" in lines
    assert "2026年10月10日（周六）：这个周末调休上班，算工作日。" in lines
    assert lines[-1] == "2026年10月12日（周一）：数满 5 个工作日，到这一天。"


def test_a_weekend_rolls_without_a_holiday() -> None:
    assert "2026年10月11日（周日）：这一天是周末，休息。" in explain(term("referral", date(2026, 9, 26)))


def test_an_extension_is_one_run_from_acceptance_and_says_so() -> None:
    assert "办理期限和延长的日子连着算，都从受理那天起。" in explain(term("extension", date(2026, 8, 2)))


def test_a_hearing_stops_the_re_review() -> None:
    due = term("rereview.decide", date(2026, 4, 1), paused=[(date(2026, 4, 10), date(2026, 4, 14))])
    assert "听证用去的 5 天不算在内。" in explain(due)
    assert due.near == date(2026, 4, 26)


def test_beyond_the_published_calendar_a_date_is_provisional_and_says_so() -> None:
    due = term("decision", date(2026, 11, 22))
    assert due.provisional
    assert any("国务院还没有公布" in line for line in explain(due))


def test_two_thirds_of_a_term_are_near() -> None:
    assert term("decision", date(2026, 3, 2)).near == date(2026, 4, 11)
    assert term("objection", date(2026, 6, 1)).near == date(2026, 6, 5)
    assert term("simplified.hop", date(2026, 6, 1)).near == date(2026, 6, 2)


@pytest.mark.parametrize("days", [0, -1])
def test_no_term_is_shorter_than_a_day(days: int) -> None:
    with pytest.raises(ValueError, match="at least one day"):
        term("decision", date(2026, 3, 2), days=days)


def test_a_name_nobody_declared_is_refused() -> None:
    with pytest.raises(UnknownTerm):
        term("soon", date(2026, 3, 2))


def test_the_law_of_another_day_can_be_asked_for() -> None:
    assert "xinfang-2005:33" in term("decision", date(2022, 6, 1), on=date(2022, 4, 1)).cites


@given(
    name=st.sampled_from(sorted(TERMS)),
    start=st.dates(date(2022, 5, 1), date(2030, 12, 31)),
    later=st.integers(1, 40),
)
def test_dates_hold_their_shape(name: str, start: date, later: int) -> None:
    due = term(name, start)
    assert start < due.near <= due.due_unrolled <= due.due
    assert calendars.is_workday(due.due)
    assert (due.due != due.due_unrolled) == (not calendars.is_workday(due.due_unrolled))
    assert term(name, start + timedelta(days=later)).due >= due.due
    assert due.trace[0].day == start
    assert len(explain(due)) == len(due.trace)
    assert all("{" not in line for line in explain(due))
    assert chinese_day(due.due_unrolled) in " ".join(explain(due))
