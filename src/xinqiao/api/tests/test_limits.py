"""Counting requests: a window at a time, forgetting what is old, never without bound."""

import pytest

from xinqiao.api import limits


@pytest.fixture(autouse=True)
def _begin_anew() -> None:
    limits.forget()


def test_a_window_at_a_time() -> None:
    assert [limits.take("a", 2, now) for now in (0, 10, 20, 59.5)] == [0, 0, 40, 1]
    assert limits.take("b", 2, 20) == 0
    assert limits.take("a", 2, 60) == 0


def test_nought_is_no_limit() -> None:
    assert [limits.take("a", 0, 0) for _ in range(9)] == [0] * 9
    assert limits.take("a", 1) == 0


def test_what_is_old_is_forgotten_and_there_is_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_KEYS", 2)
    limits.take("a", 1, 0)
    limits.take("b", 1, 50)
    assert limits.take("c", 1, 70) == 0  # a is old
    assert limits.take("b", 1, 70) > 0
    assert limits.take("d", 1, 70) == 0  # nothing is old: all begin anew
    assert limits.take("b", 1, 70) == 0
