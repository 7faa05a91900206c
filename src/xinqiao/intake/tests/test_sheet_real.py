"""Real files, as they are: every row comes in, the second time none does; and an import that is killed goes on.

The files are read where they lie (XINQIAO_TEST_DATA); nothing of them is kept.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from datetime import datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from tests.support.harness import FULL
from tests.support.world import World, make

from xinqiao.cases.models import Case, Obligation
from xinqiao.intake.models import SheetImport, SheetRow, Submission
from xinqiao.intake.sheets import services
from xinqiao.kernel.clock import SHANGHAI, utc_now
from xinqiao.ledger.models import Entry
from xinqiao.ledger.verify import verify
from xinqiao.people import access
from xinqiao.people.actors import SYSTEM

IMPORT = SYSTEM("import")
AT = datetime(2026, 9, 1, 10, 0, tzinfo=SHANGHAI)
FILES = {
    "messages/portal_messages.xlsx": (2202, 0),
    "messages/answered_messages.xlsx": (1366, 1366),
    "requests311/nyc311_2022_sample.csv": (924, 480),
}


@pytest.fixture
def seal(world: World, as_role: Callable[[str], AbstractContextManager[None]]) -> Iterator[None]:
    with as_role("seal"):
        access.bind(IMPORT)
        yield


@pytest.mark.usefixtures("seal")
@pytest.mark.parametrize("name", list(FILES))
def test_real_files_come_in_unchanged_and_only_once(name: str) -> None:
    path = Path(settings.XINQIAO_TEST_DATA) / name
    if not path.is_file():
        pytest.skip(f"the real table is not here: {path} (set XINQIAO_TEST_DATA to the folder that holds it)")
    rows, answered = FILES[name]
    assert take(path) == (rows, rows, 0, 0)
    assert take(path) == (rows, 0, rows, 0)
    assert Case.objects.count() == Submission.objects.count() == rows
    assert Case.objects.filter(state="closed", closed_at__isnull=False).count() == answered
    assert not Obligation.objects.filter(state="open", due__lt=AT.date()).exists(), "what is over is told as missed"
    open_ = Case.objects.filter(closed_at__isnull=True)
    assert (
        open_.count() == open_.filter(obligations__settled_at__isnull=True, obligations__kind="duty").distinct().count()
    )
    assert verify(heads=((c.id, c.head_seq, bytes(c.head_hash)) for c in Case.objects.all())).whole


def take(path: Path) -> tuple[int, int, int, int]:
    with path.open("rb") as file:
        done = services.sheet_take_file(
            file=file, name=path.name, size=1, digest=b"x" * 32, mapping_name="", dry=False, actor=IMPORT, at=AT
        )
    access.bind(IMPORT)
    assert done.state == "done", done.trouble
    return done.rows, done.imported, done.already, done.rejected


CHILD = """
import os, sys
sys.path[:0] = sys.argv[3:]
os.environ["XINQIAO_DB_ROLE"] = "seal"
import django
django.setup()
from django.db import connection
connection.settings_dict["NAME"] = sys.argv[1]
from xinqiao.intake import jobs
from xinqiao.intake.sheets import taking
taking.batches.__kwdefaults__["size"] = 40
jobs.sheet_work(sheet_id=sys.argv[2])
"""


@pytest.mark.usefixtures("fresh_database")
def test_killed_in_the_middle_it_goes_on_and_nothing_comes_twice() -> None:
    rows = 2400 if FULL else 400
    table = "编号,姓名,内容,收到时间,检举控告\n" + "".join(
        f"{n},钱大桥,第 {n} 盏路灯坏了。,2026-03-0{n % 9 + 1},{'是' if n % 50 == 0 else ''}\n" for n in range(rows)
    )
    with access.acting(IMPORT):
        make()
        sheet = services.sheet_upload(name="表.csv", chunks=[table.encode()], actor=IMPORT, at=utc_now())
        services.sheet_start(sheet_id=sheet.pk, dry=False, actor=IMPORT, at=utc_now())
    killed = 0
    while killed < (5 if FULL else 1):
        child = start(str(sheet.pk))
        reached = standing(sheet.pk).rows
        while child.poll() is None and standing(sheet.pk).rows < reached + 80:
            with suppress(subprocess.TimeoutExpired):
                child.wait(0.05)
        child.send_signal(signal.SIGKILL)
        child.wait()
        killed += 1
    assert 0 < standing(sheet.pk).rows < rows, "it was killed before its end"
    assert start(str(sheet.pk)).wait() == 0
    done = standing(sheet.pk)
    assert (done.state, done.rows, done.imported, done.already, done.rejected) == ("done", rows, rows, 0, 0)
    with access.acting(IMPORT), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE xinqiao_seal")
        assert Case.objects.count() == SheetRow.objects.values("case_id").distinct().count() == rows
        assert Entry.objects.filter(event="intake.receive").count() == rows
        assert Case.objects.filter(sealed=True).count() == rows // 50
        assert verify(heads=((c.id, c.head_seq, bytes(c.head_hash)) for c in Case.objects.all())).whole


def start(sheet_id: str) -> "subprocess.Popen[bytes]":
    root = settings.ROOT
    name = str(connection.settings_dict["NAME"])
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, name, sheet_id, str(root), str(root / "src")],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "xinqiao.config.testing"},
        stdout=subprocess.DEVNULL,
    )


def standing(sheet_id: object) -> SheetImport:
    with access.acting(IMPORT):
        return SheetImport.objects.get(pk=sheet_id)
