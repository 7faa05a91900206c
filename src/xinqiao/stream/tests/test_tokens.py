"""Passes: what they carry, and that nobody can make or keep one."""

import base64
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from xinqiao.people.presence import Presence
from xinqiao.stream import tokens

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CASE = UUID(int=9)
READER = Presence("s3cr3t" * 5, 4, 5)


def test_a_pass_names_organs_and_cases_for_a_while() -> None:
    token = tokens.issue(holder=READER, organ_ids=[7, 3, 7], case_ids=[CASE], ttl=timedelta(minutes=5), at=AT)
    held = tokens.check(token, at=AT + timedelta(minutes=4))
    assert held is not None
    assert held.holder == READER
    assert (held.organs, held.cases) == (frozenset({3, 7}), frozenset({str(CASE)}))
    assert tokens.check(token, at=AT + timedelta(minutes=5)) is None


def test_now_is_the_machines_when_nobody_says_otherwise() -> None:
    assert tokens.check(tokens.issue(holder=READER, organ_ids=[7])) is not None
    assert tokens.check(tokens.issue(holder=READER, organ_ids=[7], ttl=timedelta(seconds=-1))) is None


def test_a_pass_shows_nobodys_session() -> None:
    token = tokens.issue(holder=READER, organ_ids=[7])
    assert READER.session not in token
    assert READER.session.encode() not in base64.urlsafe_b64decode(token)
    assert READER.session not in repr(tokens.check(token))


@pytest.mark.parametrize("change", [lambda t: "", lambda t: t[:-1], lambda t: "x" + t, lambda t: t.swapcase()])
def test_a_changed_pass_is_none(change: object) -> None:
    assert tokens.check(change(tokens.issue(holder=READER, organ_ids=[7]))) is None  # type: ignore[operator]


def test_nobody_listens_to_everything() -> None:
    with pytest.raises(ValueError, match="own organ"):
        tokens.issue(holder=READER, organ_ids=range(51))
    with pytest.raises(ValueError, match="own organ"):
        tokens.issue(holder=READER, case_ids=[UUID(int=n) for n in range(51)])
