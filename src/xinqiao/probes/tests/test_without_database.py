"""The probes when the database is gone."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client

from xinqiao.probes import readings


@pytest.fixture
def gone(fresh_database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(readings, "_kept", None)
    connection.close()
    before = connection.settings_dict["HOST"]
    connection.settings_dict["HOST"] = "/nowhere"
    yield
    connection.close()
    connection.settings_dict["HOST"] = before


def test_alive_but_not_ready_and_the_figures_say_so(gone: None) -> None:
    assert Client().get("/healthz").status_code == 200
    told = Client().get("/readyz")
    assert told.status_code == 503
    assert set(told.json()["missing"]) >= {"database", "migrations", "keys"}
    assert "disk" not in told.json()["missing"]
    assert "nowhere" not in Client().get("/readyz", REMOTE_ADDR="203.0.113.9").content.decode()
    page = Client().get("/metrics").content.decode()
    assert "xinqiao_database_up 0" in page
    assert "xinqiao_disk_free_bytes" in page
