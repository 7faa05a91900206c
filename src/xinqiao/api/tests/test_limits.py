"""Counting requests: a window at a time, by all processes together, in a file that never grows."""

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from xinqiao.api import limits


@pytest.fixture(autouse=True)
def place(settings: Any, tmp_path: Path) -> Path:
    settings.XINQIAO_HOME = tmp_path
    return tmp_path


def test_a_window_at_a_time() -> None:
    assert [limits.take("a", 2, now) for now in (0, 10, 20, 59.5)] == [0, 0, 40, 1]
    assert limits.take("b", 2, 20) == 0
    assert limits.take("a", 2, 60) == 0
    assert limits.take("a", 2, 5) == 0  # the machine has started again


def test_nought_is_no_limit(place: Path) -> None:
    assert [limits.take("a", 0, 0) for _ in range(9)] == [0] * 9
    assert not (place / "limits").exists()
    assert limits.take("a", 1) == 0


OTHER = """
from django.conf import settings
settings.configure(XINQIAO_HOME={home!r}, SECRET_KEY={secret!r})
from xinqiao.api import limits
print([limits.take("a", 5) for _ in range(3)].count(0))
"""


def test_processes_count_together(place: Path, settings: Any) -> None:
    code = OTHER.format(home=str(place), secret=settings.SECRET_KEY)
    more = {"env": os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}, "capture_output": True, "text": True}
    through = [subprocess.run([sys.executable, "-c", code], **more) for _ in range(2)]
    assert [int(one.stdout) for one in through] == [3, 2], through
    assert limits.take("a", 5) > 0


def test_the_file_never_grows_and_holds_no_address(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SLOTS", 16)
    for n in range(400):
        assert limits.take(f"address 192.0.2.{n}", 1, 10) == 0
    kept = (place / "limits").read_bytes()
    assert len(kept) == 16 * limits._SLOT.size
    assert b"192.0.2" not in kept
    assert (place / "limits").stat().st_mode & 0o077 == 0
    waits = [limits.take(f"address 192.0.2.{n}", 1, 11) for n in range(400)]
    assert any(waits)  # the last ones are still known
    assert not all(waits)  # the first ones made room


def test_where_nothing_can_be_written_nobody_is_held_up(place: Path) -> None:
    (place / "limits").mkdir()
    assert [limits.take("a", 1) for _ in range(3)] == [0, 0, 0]


def test_it_begins_anew() -> None:
    assert [limits.take("a", 1, 10), limits.take("a", 1, 10)] == [0, 60]
    limits.forget()
    assert limits.take("a", 1, 10) == 0


def test_a_full_disk_counts_nothing_and_holds_no_file_open(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[int] = []
    closing = os.close

    def close(handle: int) -> None:
        closed.append(handle)
        closing(handle)

    def full(*_what: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    monkeypatch.setattr(os, "close", close)
    assert [limits.take("a", 1, 0) for _ in range(3)] == [0, 0, 0]
    assert len(closed) == 3
