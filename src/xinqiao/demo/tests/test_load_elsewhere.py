"""A database that is used for anything else is left alone; the whole demonstration loads at full size."""

from datetime import datetime

import pytest
from django.db import connection

from xinqiao.cases.models import Case
from xinqiao.demo import services
from xinqiao.kernel.clock import SHANGHAI
from xinqiao.kernel.errors import Refused
from xinqiao.ledger import verify
from xinqiao.people import access
from xinqiao.people import services as people
from xinqiao.people.actors import SYSTEM
from xinqiao.people.models import Account, Instance

MORNING = datetime(2026, 11, 22, 9, 0, tzinfo=SHANGHAI)
OPERATOR = SYSTEM("operator")


def test_a_database_with_organs_is_refused(world):
    with access.acting(OPERATOR):
        with pytest.raises(Refused):
            services.load(at=MORNING)
        assert not Instance.objects.exists()
        assert not Account.objects.filter(demonstration=True).exists()


def test_a_production_database_is_refused(db):
    with access.acting(OPERATOR):
        people.instance_create(demonstration=False, actor=OPERATOR, at=MORNING)
        with pytest.raises(Refused):
            services.load(at=MORNING)


def test_its_pages_are_nowhere_else(client, db):
    assert client.get("/demo/").status_code == 404
    assert client.get("/demo/citizen/").status_code == 404


@pytest.fixture
def as_seal(fresh_database, monkeypatch):
    """Every connection, also those of forked helpers, logs in as the role that sees sealed rows."""
    options = connection.settings_dict["OPTIONS"]
    monkeypatch.setitem(options, "options", options["options"].replace("role=xinqiao_app", "role=xinqiao_seal"))
    connection.close()
    yield
    connection.close()


@pytest.mark.full
@pytest.mark.timeout(1500)
def test_the_whole_demonstration_loads(as_seal):
    told = []
    done = services.load(at=MORNING, progress=lambda *said: told.append(said), workers=2)
    assert done.cases >= 380
    assert told[-1][0] == told[-1][1]
    with access.acting(OPERATOR):
        assert Case.objects.count() == done.cases
        assert verify.verify().whole
