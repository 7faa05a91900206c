"""What may be recorded: declared events, with a body that their privacy rule allows."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from xinqiao.ledger.events import Event, Privacy, check_body, declare, find, known

OPEN = Event("test.open", "试", Privacy.reference_only)


def test_declaring_makes_an_event_known_once() -> None:
    event = declare("test.declared", label="试", privacy=Privacy.public_words)
    assert find("test.declared") is event
    assert declare("test.declared", label="试", privacy=Privacy.public_words) == event
    assert event in known()
    assert [each.code for each in known()] == sorted(each.code for each in known())
    with pytest.raises(ValueError, match="already declared"):
        declare("test.declared", label="另", privacy=Privacy.public_words)


def test_a_privacy_rule_is_mandatory() -> None:
    with pytest.raises(TypeError):
        declare("test.bare", label="试")  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="privacy"):
        declare("test.bare", label="试", privacy="none")  # type: ignore[arg-type]


@pytest.mark.parametrize("code", ["happened", "Test.happened", "test.", "test happened", "事.件"])
def test_a_code_is_domain_and_what_happened(code: str) -> None:
    with pytest.raises(ValueError, match="domain"):
        declare(code, label="试", privacy=Privacy.reference_only)


def test_an_undeclared_event_is_unknown() -> None:
    with pytest.raises(ValueError, match="undeclared"):
        find("test.nobody_said_so")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {
            "organ": 17,
            "extended": True,
            "ruling": None,
            "due": date(2026, 5, 1),
            "at": datetime(2026, 5, 1, tzinfo=UTC),
        },
        {"document": UUID(int=7), "opened": [{"act": "decide", "organs": (1, 2)}], "roles": {"lead"}},
        {"cites": ["信访工作条例 第二十三条"]},
        {"commitment": "ab" * 32},
    ],
)
def test_references_numbers_dates_and_commitments_are_fine(body: dict[str, Any]) -> None:
    check_body(OPEN, body)


@pytest.mark.parametrize(
    "body",
    [
        {"note": "楼下的树叶黄了"},
        {"note": "two words"},
        {"by": "13800001111"},
        {"by": "+8613800001111"},
        {"by": "33010519900101123X"},
        {"by": "someone@example.org"},
        {"deep": [{"name": "张三"}]},
        {"张三": 1},
        {"ratio": 0.5},
        {"long": "x" * 201},
    ],
)
def test_words_and_peoples_numbers_are_refused(body: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"test\.open"):
        check_body(OPEN, body)


def test_public_words_may_be_words() -> None:
    check_body(Event("test.public", "试", Privacy.public_words), {"organ": "区城管局"})
