"""Sessions: read in one round trip with the clock, and as strict as Django's."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from xinqiao.kernel.clock import utc_now
from xinqiao.people import clock
from xinqiao.people.sessions import SessionStore

pytestmark = pytest.mark.django_db


def _kept(**values: Any) -> str:
    store = SessionStore()
    store.update(values)
    store.create()
    store.save()
    return str(store.session_key)


def test_a_session_comes_with_the_clock_in_one_message() -> None:
    key = _kept(mark="甲")
    SessionStore(key).get("mark")  # what is planned is planned now
    with clock.cached(), CaptureQueriesContext(connection) as asked:
        assert SessionStore(key)["mark"] == "甲"
        clock.now()
    assert len(asked) == 1


@pytest.mark.parametrize("wrong", ["unknown0", "over"])
def test_a_key_that_is_unknown_or_has_run_out_opens_nothing_and_is_forgotten(wrong: str) -> None:
    key = _kept(mark="甲")
    if wrong == "over":
        Session.objects.filter(pk=key).update(expire_date=utc_now() - timedelta(seconds=1))
    store = SessionStore(key if wrong == "over" else wrong)
    assert store.get("mark") is None
    assert store.session_key is None


def test_what_was_altered_opens_nothing() -> None:
    key = _kept(mark="甲")
    Session.objects.filter(pk=key).update(session_data="x" * 40)
    assert SessionStore(key).get("mark") is None


@pytest.mark.parametrize("kept", [0, 8])
def test_a_cookie_with_a_nought_in_it_is_nobodys(client: Client, settings: Any, kept: int) -> None:
    settings.XINQIAO_KEPT_PAGES = kept
    cookies = rf'xinqiao="\000abcdefghijk"; xinqiao-csrf={"a" * 32}'
    answer = client.get("/my/140209344242/", headers={"cookie": cookies})
    assert answer.status_code == 404
