"""One transaction for each request, bound to who sends it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import path

from xinqiao.config.urls import urlpatterns as house_urls
from xinqiao.people import access, clock, proof
from xinqiao.people.actors import SYSTEM
from xinqiao.people.models import Attempt
from xinqiao.people.tests.conftest import AT, PASSWORD, House, make_house

CASE = UUID("018f0000-0000-7000-8000-000000000001")


def who(request: HttpRequest) -> HttpResponse:
    """Tells to whom the database thinks this transaction belongs."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {access.ACTOR_SQL}, {access.ACCOUNT_SQL}, ({access.CASES_SQL})::text, pg_backend_pid()")
        kind, account, cases, process = cursor.fetchone()
    return HttpResponse(f"{kind} {account} {cases} {process}")


def write(request: HttpRequest, status: int) -> HttpResponse:
    """Writes a row, then answers with a status."""
    Attempt(scope="test", key_hash=b"x", at=AT).save(force_insert=True)
    return HttpResponse(status=status)


def prove(request: HttpRequest) -> HttpResponse:
    proof.add(request, case_ids=[CASE], submission_ids=[CASE], at=clock.now())
    return HttpResponse()


urlpatterns = [
    *house_urls,
    path("who", who),
    path("desk/who", who),
    path("write/<int:status>", write),
    path("prove", prove),
]


@pytest.fixture
def kept_connection(fresh_database: str, settings: Any) -> House:
    """Requests share one connection that stays open, as in production."""
    settings.ROOT_URLCONF = __name__
    with access.acting(SYSTEM("test")):
        return make_house()


def signed_in(username: str) -> Client:
    client = Client()
    client.post("/desk/account/login/", {"login": username, "password": PASSWORD})
    return client


def test_two_users_alternate_on_one_kept_connection(kept_connection: House) -> None:
    first, second, stranger = signed_in("xfr"), signed_in("cbr"), Client()
    citizen = Client()
    citizen.get("/prove")
    ids = kept_connection.officer.account_id, kept_connection.handler.account_id
    processes = set()
    for _ in range(3):
        for client, url, expected in (
            (first, "/desk/who", f"staff {ids[0]} {{}}"),
            (stranger, "/who", "citizen None {}"),
            (second, "/desk/who", f"staff {ids[1]} {{}}"),
            (citizen, "/who", f"citizen None {{{CASE}}}"),
            (first, "/who", "citizen None {}"),
        ):
            told, _, process = client.get(url).content.decode().rpartition(" ")
            assert told == expected
            processes.add(process)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {access.ACTOR_SQL}")
            assert cursor.fetchone() == (None,)
    assert len(processes) == 1
    assert access.current() is None


@pytest.mark.parametrize(("url", "kept"), [("/write/200", 1), ("/write/404", 1), ("/write/503", 0)])
def test_what_a_request_wrote_stays_unless_it_failed(kept_connection: House, url: str, kept: int) -> None:
    Client().get(url)
    assert Attempt.objects.filter(scope="test").count() == kept


def test_the_health_page_asks_nothing_of_the_database(
    db: None, client: Client, django_assert_num_queries: Callable[[int], Any]
) -> None:
    with django_assert_num_queries(0):
        assert client.get("/healthz").status_code == 200


def test_a_request_inside_a_test_gives_the_tests_actor_back(house: House, client: Client) -> None:
    client.get("/healthz")
    client.get("/desk/")
    assert access.current() == SYSTEM("test")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {access.ACTOR_SQL}")
        assert cursor.fetchone() == ("system",)


def test_proofs_last_an_hour_and_end_with_the_visit(db: None) -> None:
    request = RequestFactory().get("/")
    request.session = SessionStore()
    request.session.save()
    old_key, other = request.session.session_key, uuid4()
    assert proof.case_ids(request, AT) == frozenset()
    proof.add(request, case_ids=[CASE], submission_ids=[other], at=AT)
    assert request.session.session_key != old_key
    proof.add(request, case_ids=[other], submission_ids=[], at=AT + timedelta(minutes=30))
    soon = AT + timedelta(minutes=89)
    assert proof.actor(request, soon).case_ids == {CASE, other}
    assert proof.submission_ids(request, soon) == {other}
    for moment in (AT + timedelta(minutes=91), AT - timedelta(days=1)):
        assert proof.case_ids(request, moment) == frozenset()
    proof.forget(request)
    assert proof.case_ids(request, soon) == frozenset()


def test_a_long_running_job_binds_each_of_its_transactions(fresh_database: str) -> None:
    for name in ("one", "two"):
        with access.acting(SYSTEM(name)) as actor:
            assert access.current() == actor
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT {access.ACTOR_SQL}")
        assert cursor.fetchone() == (None,)
