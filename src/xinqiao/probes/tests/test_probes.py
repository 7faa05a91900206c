"""Health, readiness, figures: who is told what, and that a sealed case moves nothing."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from tests.support.world import MORNING, World

from xinqiao.intake import services as intake
from xinqiao.kernel.clock import utc_now
from xinqiao.ledger import cursor
from xinqiao.notices import services as notices
from xinqiao.notices.models import Delivery
from xinqiao.people import access
from xinqiao.people.actors import SYSTEM
from xinqiao.probes import counters, middleware, readiness, readings

pytestmark = pytest.mark.django_db
PROXIED = {"HTTP_X_FORWARDED_FOR": "203.0.113.9"}
FAR = {"REMOTE_ADDR": "203.0.113.9"}


@pytest.fixture(autouse=True)
def own_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counters, "folder", lambda: tmp_path)
    monkeypatch.setattr(counters.counters, "_seen", {})
    monkeypatch.setattr(readings, "_kept", None)


def figures(page: str) -> dict[str, float]:
    """The values by name and labels."""
    return {
        name: float(value) for name, _, value in (line.rpartition(" ") for line in page.splitlines() if line[0] != "#")
    }


def scrape() -> dict[str, float]:
    return figures(readings.text(fresh=True))


# --- who is told


def test_the_process_answers_whatever_name_it_is_called_by() -> None:
    answer = Client().get("/healthz", headers={"host": "anything.example"})
    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.parametrize("stranger", [PROXIED, FAR, {"REMOTE_ADDR": ""}, {"HTTP_VIA": "1.1 proxy"}])
def test_strangers_find_no_figures(stranger: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XINQIAO_METRICS_TOKEN", "let-me-in")
    absent = Client().get("/no-such-page", **stranger)
    page = Client().get("/metrics", **stranger)
    assert (page.status_code, absent.status_code) == (404, 404)
    assert "xinqiao_" not in page.content.decode()
    assert Client().get("/metrics", headers={"Authorization": "Bearer wrong"}, **stranger).status_code == 404
    told = Client().get("/metrics", headers={"Authorization": "Bearer let-me-in"}, **stranger)
    assert told.status_code == 200
    assert told["Content-Type"].startswith("text/plain; version=0.0.4")


def test_without_a_token_in_the_environment_no_token_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XINQIAO_METRICS_TOKEN", raising=False)
    assert Client().get("/metrics", headers={"Authorization": "Bearer "}, **FAR).status_code == 404
    assert Client().get("/metrics").status_code == 200
    assert Client().post("/metrics").status_code in (403, 404)


# --- readiness


@pytest.fixture
def worker(db: None, as_role: Any) -> None:
    with as_role("owner"), connection.cursor() as asked:
        asked.execute("DELETE FROM procrastinate_workers")
        asked.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (clock_timestamp())")


def test_ready(worker: None) -> None:
    assert Client().get("/readyz").json() == {"ready": True, "missing": {}, "attention": {}}
    assert Client().get("/readyz", **PROXIED).content == b"ready\n"


@pytest.mark.parametrize("part", ["database", "migrations", "keys", "disk"])
def test_what_is_missing_is_named_and_why_is_told_to_this_machine_alone(
    part: str, worker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> str:
        raise OSError("the secret of /srv/xinqiao")

    monkeypatch.setitem(readiness.VITAL, part, broken)
    told = Client().get("/readyz")
    assert told.status_code == 503
    assert part in told.json()["missing"]
    outside = Client().get("/readyz", **PROXIED)
    assert outside.status_code == 503
    assert part in outside.content.decode()
    assert outside.content.decode().startswith("not ready: ")
    assert "secret" not in outside.content.decode() + told.content.decode()


def test_a_full_disk_and_a_missing_migration_are_seen(worker: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "LEAST_FREE", 1 << 60)
    assert "MB left" in Client().get("/readyz").json()["missing"]["disk"]
    monkeypatch.setattr(readiness, "_migrated", False)
    with connection.cursor() as asked:
        asked.execute("SELECT current_user")
    monkeypatch.setattr(readiness.MigrationExecutor, "migration_plan", lambda *_: [("one", False)])
    assert "1 migrations" in Client().get("/readyz").json()["missing"]["migrations"]


def test_what_somebody_should_look_at_does_not_take_the_instance_away(worker: None, as_role: Any) -> None:
    with access.acting(SYSTEM("test")) as actor:
        notices.outbox_pause(reason="restored", actor=actor, at=MORNING)
    with as_role("owner"), connection.cursor() as asked:
        asked.execute("UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '5 minutes'")
    told = Client().get("/readyz")
    assert told.status_code == 200
    assert set(told.json()["attention"]) == {"outbox", "worker"}
    assert Client().get("/readyz", **PROXIED).content == b"ready\n"


def test_messages_set_aside_are_seen(worker: None) -> None:
    _mail(utc_now(), state="set_aside")
    assert "1 messages" in Client().get("/readyz").json()["attention"]["outbox"]


# --- figures


def _mail(at: Any, *, state: str = "waiting", sealed: bool = False) -> None:
    with access.acting(SYSTEM("test")) as actor:
        message = notices.notice_queue(
            text="alarm", to="account", account_id=1, params={"count": 1}, actor=actor, at=at, sealed=sealed
        )
        Delivery.objects.create(message=message, channel="smtp", state=state, queued_at=at, next_try_at=at)


def test_open_duties_notices_and_cursors_are_counted(world: World) -> None:
    before = scrape()
    with access.acting(SYSTEM("reader")):
        cursor.read("reader")
    world.receive()
    _mail(utc_now() - timedelta(minutes=5))
    after = scrape()
    green = 'xinqiao_obligations_open{colour="green"}'
    assert after[green] > before.get(green, 0)
    assert after['xinqiao_notices{channel="smtp",state="waiting"}'] == 1
    assert after['xinqiao_notices_oldest_seconds{channel="smtp",state="waiting"}'] == 300
    assert 'xinqiao_cursor_lag_entries{cursor="reader"}' in after
    assert after["xinqiao_database_up"] == 1
    assert after["xinqiao_database_bytes"] % readings.CHUNK == 0


def test_jobs_and_failures_are_told(world: World, as_role: Any) -> None:
    with as_role("owner"), connection.cursor() as asked:
        asked.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, status, args, attempts) VALUES "
            "('papers', 'a.b', 'todo', '{}', 0), ('q', 'poison', 'failed', '{}', 3)"
        )
        asked.execute("UPDATE procrastinate_events SET at = at - interval '65 seconds'")
    after = scrape()
    assert after['xinqiao_jobs_oldest_seconds{queue="papers"}'] == 60
    assert after['xinqiao_jobs_set_aside{task="poison"}'] == 1


def _without_sizes() -> dict[str, float]:
    return {name: value for name, value in scrape().items() if not name.endswith("_bytes")}


def test_a_sealed_case_moves_no_figure(world: World) -> None:
    """Invariant 7: received, sealed, sorted, watched, told by mail, passed on: every figure stays as it was."""
    with access.acting(SYSTEM("reader")):
        cursor.read("reader")
    world.receive()
    before = _without_sizes()
    report = world.receive(
        said=intake.Words(text="某局局长收钱办事。", area_code="330105003"),
        who=intake.Who(
            reporter="person",
            people=[("petitioner", intake.PersonData(name="钱大桥", phone="19900001234"))],
            about_official=True,
        ),
    )
    assert report.case.sealed
    assert _without_sizes() == before
    world.step(report.case, "classify", "keeper", at=MORNING, route="report")
    _mail(utc_now() - timedelta(minutes=5), sealed=True)
    _mail(utc_now() - timedelta(minutes=5), state="set_aside", sealed=True)
    assert _without_sizes() == before


def test_a_figure_that_takes_too_long_is_left_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings, "PATIENCE", "50ms")
    monkeypatch.setattr(readings, "_SIZE", "SELECT 1 FROM pg_sleep(1)")
    found = scrape()
    assert "xinqiao_database_bytes" not in found
    assert found["xinqiao_database_up"] == 1


def test_figures_are_read_once_for_many_scrapers(world: World, django_assert_num_queries: Any) -> None:
    readings.text(fresh=True)
    with django_assert_num_queries(0):
        readings.text()


# --- requests


def test_requests_are_told_by_route_and_never_by_address_or_person(world: World) -> None:
    browser = Client()
    browser.get("/track/?q=19900001234")
    browser.get("/my/123456789012-1/")
    browser.get("/no/钱大桥/")
    page = readings.text(fresh=True)
    assert re.search(r'xinqiao_request_seconds_count\{process="\d+",route="portal:track"\} 1\n', page)
    assert 'route="portal:matter",status="4xx"' in page
    assert 'route="none"' in page
    for word in ("19900001234", "123456789012", "钱大桥", "/track"):
        assert word not in page


def test_each_process_has_series_of_its_own_and_the_dead_have_none(tmp_path: Path) -> None:
    kept = {"portal:say": [[0, 0, 1, 0, 0, 0, 0], 0.2, {"2xx": 1}]}
    (tmp_path / "1.json").write_text(json.dumps(kept))  # lives for ever
    (tmp_path / "4194399.json").write_text(json.dumps(kept))
    (tmp_path / "2.json").write_text("{half")
    found = list(counters.everybody())
    assert [(process, route) for process, route, _ in found] == [("1", "portal:say")]
    assert not (tmp_path / "4194399.json").exists()


def test_buckets_add_up() -> None:
    for seconds in (0.01, 0.2, 0.2, 2, 60):
        counters.counters.note("desk:case", seconds, 200)
    found = figures("".join(f"{line}\n" for figure in readings.requests() for line in figure.lines()))
    of = {re.search(r'le="([^"]+)"', key).group(1): n for key, n in found.items() if "_bucket" in key}  # type: ignore[union-attr]
    assert of == {"0.05": 1, "0.1": 1, "0.3": 3, "1.0": 3, "3.0": 4, "10.0": 4, "+Inf": 5}


def test_a_disk_without_room_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    counters.counters.note("desk:case", 0.1, 200)
    counters.counters.flush()


def test_labels_cannot_break_out() -> None:
    figure = readings.Figure("x", "y", [({"a": 'b"\n\\'}, 1)])
    assert list(figure.lines())[-1] == 'x{a="b\\"\\n\\\\"} 1'


def test_who_is_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XINQIAO_METRICS_TOKEN", raising=False)
    ask = RequestFactory().get
    assert middleware.trusted(ask("/metrics", REMOTE_ADDR="::1"))
    assert not middleware.trusted(ask("/metrics", REMOTE_ADDR="10.0.0.1"))
