"""Files on disk that no row knows of: left by what was rolled back, removed a day later, and never too many at once."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import connection, transaction

from xinqiao.files import jobs, services, storage
from xinqiao.files.models import Blob
from xinqiao.files.tests import makers
from xinqiao.kernel.clock import SHANGHAI
from xinqiao.people import access
from xinqiao.people.actors import SYSTEM, Actor

AT = datetime(2026, 11, 22, 10, 0, tzinfo=SHANGHAI)
CLERK = Actor(kind="staff", account_id=7, post_id=9, name="李某")
YESTERDAY = 25 * 3600

pytestmark = pytest.mark.django_db
AsRole = Callable[[str], AbstractContextManager[None]]


@pytest.fixture(autouse=True)
def _own_folder(settings: Any, tmp_path: Path) -> None:
    settings.XINQIAO_HOME = tmp_path


@pytest.fixture
def worker(as_role: AsRole) -> Iterator[None]:
    with as_role("seal"), access.acting(SYSTEM("test")):
        yield


def store() -> Blob:
    return services.blob_store(name="照片.jpg", data=makers.picture(), kind="photo", actor=CLERK, at=AT)


def rolled_back() -> None:
    with transaction.atomic():
        store()
        transaction.set_rollback(True)


def on_disk() -> set[Path]:
    return {path for path in storage.folder().rglob("*") if path.is_file()}


def age(paths: set[Path], seconds: int = YESTERDAY) -> None:
    for path in paths:
        os.utime(path, (time.time() - seconds,) * 2)


def job() -> None:
    jobs.remove_orphans.func(0)  # type: ignore[attr-defined]


@contextmanager
def somebody_stores() -> Iterator[None]:
    """Another connection that has stored a file and has not ended."""
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute("SELECT pg_advisory_xact_lock_shared(hashtextextended('files:storing', 0))")
        yield


def test_files_of_a_rolled_back_request_go_after_a_day_and_nothing_else(worker: None) -> None:
    kept = store()
    known = on_disk()
    rolled_back()
    orphans = on_disk() - known
    unfinished = storage.folder() / "ab" / f"{uuid4()}.view.part"
    unfinished.parent.mkdir(exist_ok=True)
    unfinished.write_bytes(b"half")
    strange = storage.folder() / "ab" / "README"
    strange.write_bytes(b"somebody's note")
    assert len(orphans) == len(known) == 3
    age({*known, *orphans, unfinished, strange})
    rolled_back()
    young = on_disk() - known - orphans - {unfinished, strange}
    job()
    assert on_disk() == known | young | {strange}
    assert storage.read(kept, "original") == makers.picture()


def test_while_a_transaction_that_stored_a_file_runs_nothing_is_removed(worker: None) -> None:
    rolled_back()
    age(on_disk())
    with somebody_stores():
        job()
        assert len(on_disk()) == 3
    job()
    assert on_disk() == set()


def test_storing_a_file_holds_the_lock_until_its_transaction_ends(worker: None) -> None:
    store()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT mode FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND mode = 'ShareLock'"
        )
        assert cursor.fetchall() == [("ShareLock",)]


def test_who_does_not_see_every_row_removes_nothing(as_role: AsRole) -> None:
    with as_role("app"), access.acting(SYSTEM("test")), pytest.raises(PermissionError, match="xinqiao_app"):
        services.orphans_remove(before=AT)


def test_a_disk_that_does_not_fit_the_database_is_left_alone(worker: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "FEW_ORPHANS", 1)
    store()
    for _ in range(2):
        rolled_back()
    age(on_disk())
    with pytest.raises(services.TooMany, match="2 of 3"):
        job()
    assert len(on_disk()) == 9


def test_a_block_that_is_rolled_back_on_purpose_leaves_no_file(worker: None) -> None:
    with services.nothing_kept():
        rolled_back()
        assert len(on_disk()) == 3
    assert on_disk() == set()
