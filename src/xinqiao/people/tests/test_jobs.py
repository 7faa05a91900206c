"""The nightly sweep."""

from datetime import timedelta

from django.contrib.sessions.models import Session

from xinqiao.kernel.clock import utc_now
from xinqiao.people import jobs, services
from xinqiao.people.actors import CITIZEN
from xinqiao.people.models import Attempt, PhoneCode


def test_what_is_over_is_swept_away(db: None) -> None:
    now = utc_now()
    for at in (now - timedelta(days=3), now):
        services.attempt_record(scope="number", key="1", success=False, at=at)
        services.phone_code_send(phone="13800001234", actor=CITIZEN(), at=at)
    Session.objects.create(session_key="old", session_data="", expire_date=now - timedelta(days=1))
    Session.objects.create(session_key="new", session_data="", expire_date=now + timedelta(days=1))
    jobs.sweep(int(now.timestamp()))
    assert Attempt.objects.count() == PhoneCode.objects.count() == 1
    assert Session.objects.get().session_key == "new"
