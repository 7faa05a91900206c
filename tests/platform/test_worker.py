"""The worker process where the machine does not let it do as it likes."""

import os

import pytest

from xinqiao.server import worker


def test_it_works_on_where_it_may_not_give_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """A unit's filter of system calls forbids setpriority."""
    asked: list[int] = []

    def refused(by: int) -> int:
        asked.append(by)
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "nice", refused)
    monkeypatch.setattr("pathlib.Path.write_text", lambda _path, _words: refused(0))
    worker._give_way()
    assert len(asked) == 2
