"""What the archive keeps of attachments that are gone from the data, and until when."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.platform.test_binaries import BASE
from xinqiao.people import keyring
from xinqiao.people.keyring import Keyring
from xinqiao.server import restoration
from xinqiao.server.archive import About, Archive

START = datetime(2026, 11, 1, tzinfo=UTC)
BLOB = "0198c0de-0000-7000-8000-0000000000ab"
FILE = f"ab/{BLOB}.original"
OTHER = "ab/0198c0de-0000-7000-8000-0000000001ab.original"


def _base(day: int) -> About:
    began = START + timedelta(days=day)
    ended = began + timedelta(minutes=5)
    return About(**{**vars(BASE), "id": f"{began:%Y%m%dT%H%M%S}000Z", "began_at": began.isoformat(),
                    "ended_at": ended.isoformat()})  # fmt: skip


@pytest.fixture
def ring(tmp_path: Path) -> Keyring:
    return keyring.create(tmp_path / "keys.json", purpose="demonstration", algorithm="aes-256-gcm", at=START)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Two attachments."""
    for name in (FILE, OTHER):
        path = tmp_path / "home" / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"sealed bytes")
    return tmp_path / "home"


@pytest.fixture
def kept(tmp_path: Path, ring: Keyring, home: Path) -> Archive:
    """An archive that has both attachments since long ago, and a base of today."""
    made = Archive(tmp_path / "vault", ring)
    made.folder.mkdir()
    made.files_sync(home)
    made.base_write(_base(10))
    return made


def _prune(kept: Archive, home: Path, day: float, *, named: frozenset[str] = frozenset()) -> dict[str, int]:
    now = START + timedelta(days=day)
    return kept.prune(now - timedelta(days=14), home, at=now, named=lambda ids: named & set(ids))


def test_a_base_that_is_kept_keeps_its_attachments(kept: Archive, home: Path, ring: Keyring, tmp_path: Path) -> None:
    """The file was archived long before the oldest base, and destroyed after it: that base still wants it."""
    (home / "files" / FILE).unlink()
    assert _prune(kept, home, 11)["files"] == 0
    assert restoration._lay_files(kept, ring, tmp_path / "back") == 2
    assert (tmp_path / "back" / FILE).read_bytes() == b"sealed bytes"
    kept.base_write(_base(20))
    assert _prune(kept, home, 23)["files"] == 0, "the base of day 10 is kept"
    kept.base_write(_base(25))
    gone = _prune(kept, home, 36)
    assert (gone["bases"], gone["files"], gone["lost"]) == (1, 1, 0)
    assert list(kept.files()) == [OTHER]
    assert _prune(kept, home, 60)["files"] == 0


def test_what_came_back_begins_anew(kept: Archive, home: Path) -> None:
    (home / "files" / FILE).rename(home / "aside")
    _prune(kept, home, 11)
    (home / "aside").rename(home / "files" / FILE)
    _prune(kept, home, 12)
    (home / "files" / FILE).unlink()
    kept.base_write(_base(20))
    kept.base_write(_base(25))
    assert _prune(kept, home, 36)["files"] == 0


def test_what_the_database_still_names_is_lost_and_never_forgotten(kept: Archive, home: Path) -> None:
    """The folder was not mounted, or wiped."""
    named = frozenset({BLOB, OTHER[3:-9]})
    (home / "files").rename(home / "elsewhere")
    for day in (11, 26, 41, 90):
        kept.base_write(_base(day))
        gone = _prune(kept, home, day, named=named)
        assert (gone["files"], gone["lost"]) == (0, 2)
    assert len(list(kept.files())) == 2
