"""The machine's clock is set back between two acts: order stays, the entry says so, no duty is lifted, jobs go on."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from procrastinate.contrib.django import app

from tests.support.world import MORNING, World, days
from xinqiao.cases import watch
from xinqiao.cases.models import Obligation
from xinqiao.desk.tests.road import signed_in
from xinqiao.ledger import selectors as ledger
from xinqiao.ledger.verify import verify
from xinqiao.people import access
from xinqiao.people.actors import SYSTEM
from xinqiao.probes import readings

pytestmark = pytest.mark.django_db
CLASSIFIED = {"route": "inquiry", "title": "路灯什么时候修"}


def test_order_and_numbers_stay_and_the_entry_says_that_the_clock_went_back(world: World) -> None:
    case = world.receive(at=MORNING).case
    case = world.step(case, "classify", "officer", at=MORNING + timedelta(hours=2), **CLASSIFIED)
    case = world.step(case, "note", "officer", at=MORNING + timedelta(hours=1), text="钟拨回去了。")
    case = world.step(case, "note", "officer", at=MORNING + timedelta(hours=1, minutes=5), text="照常办。")
    with access.acting(SYSTEM("test")):
        entries = list(ledger.entries(case.pk))
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
        assert [entry.recorded_at for entry in entries] == sorted(entry.recorded_at for entry in entries)
        said = {entry.seq: ledger.body(entry).get("clock_back") for entry in entries}
        assert said[entries[-2].seq] == 3600
        assert [seq for seq, back in said.items() if back] == [entries[-2].seq]
        assert verify(case.pk, heads=[(case.pk, case.head_seq, bytes(case.head_hash))]).whole


def test_staff_read_on_the_timeline_that_the_clock_went_back(world: World) -> None:
    case = world.receive(at=MORNING).case
    case = world.step(case, "classify", "officer", at=MORNING + timedelta(hours=2), **CLASSIFIED)
    before = signed_in(world, "officer").get(f"/desk/cases/{case.number}/").content.decode()
    assert "时钟往回拨过" not in before
    world.step(case, "note", "officer", at=MORNING + timedelta(hours=1), text="钟拨回去了。")
    page = signed_in(world, "officer").get(f"/desk/cases/{case.number}/").content.decode()
    assert page.count("机器的时钟往回拨过") == 1
    line = page.partition("机器的时钟往回拨过")[2].partition("</li>")[0]
    assert "比下面一步早 1\xa0小时" in line
    assert "期限也不受影响" in line
    assert page.index("钟拨回去了。") < page.index("机器的时钟往回拨过")


def test_whoever_watches_the_machine_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.receive()
    assert "clock" not in Client().get("/readyz").json().get("attention", {})
    with access.acting(SYSTEM("test")):
        assert ledger.clock_back() == 0
    an_hour_ago = ledger._CLOCK_BACK.replace("clock_timestamp()", "(clock_timestamp() - interval '1 hour')")
    monkeypatch.setattr(ledger, "_CLOCK_BACK", an_hour_ago)
    assert "mend the machine's time" in Client().get("/readyz").json()["attention"]["clock"]
    said = [line for line in readings.text(fresh=True).splitlines() if line.startswith("xinqiao_clock_back_seconds")]
    assert float(said[0].split()[1]) >= 3580


def test_a_second_more_or_less_between_machines_is_no_matter(world: World) -> None:
    case = world.receive(at=MORNING).case
    case = world.step(case, "classify", "officer", at=MORNING - timedelta(seconds=2), **CLASSIFIED)
    with access.acting(SYSTEM("test")):
        assert all("clock_back" not in ledger.body(entry) for entry in ledger.entries(case.pk))


def test_duties_that_were_near_or_missed_stay_so(world: World) -> None:
    case = world.receive(at=MORNING).case
    with access.acting(watch.WATCHER):
        watch.watch(at=MORNING + days(40))
    with access.acting(SYSTEM("test")):
        before = list(Obligation.objects.filter(case=case).order_by("id").values_list("act", "state", "colour", "due"))
    assert {"red"} <= {colour for _, _, colour, _ in before}
    with access.acting(watch.WATCHER):
        assert watch.watch(at=MORNING + days(1)).total == 0
    world.step(case, "note", "officer", at=MORNING + days(1), text="钟拨回去了。")
    with access.acting(SYSTEM("test")):
        after = list(Obligation.objects.filter(case=case).order_by("id").values_list("act", "state", "colour", "due"))
    assert after == before


def test_what_is_done_every_minute_goes_on_after_the_clock_went_back() -> None:
    """The queue remembers the last moment only: minutes of an hour that comes again are worked again."""

    def defer(moment: int) -> object:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT procrastinate_defer_periodic_job_v2('default', NULL, NULL, 'notices.sweep', 0, '', %s, '{}')",
                [moment],
            )
            return cursor.fetchone()[0]

    noon = 1_790_000_000
    assert defer(noon) is not None
    assert defer(noon) is None
    assert all(defer(noon - 3600 + 60 * n) is not None for n in range(3))
    assert "notices.sweep" in app.tasks
