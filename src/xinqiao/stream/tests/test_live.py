"""The stream as a process of its own, on a real socket, beside steps that commit."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import psycopg
import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from tests.support import database
from tests.support.world import LONG_AGO, MORNING, World, make

from xinqiao.cases import outcome
from xinqiao.cases.models import Case
from xinqiao.config import environment
from xinqiao.people import access
from xinqiao.people.actors import SYSTEM
from xinqiao.people.models import Account, Post
from xinqiao.people.presence import LOCKED_KEY, SEEN_KEY, Presence
from xinqiao.stream import tokens

NOBODY = Presence("k" * 32, 1, 1)
ORIGIN = "http://127.0.0.1:8000"


class Page:
    """An open page that listens."""

    def __init__(self, port: int, token: str, origin: str = ORIGIN) -> None:
        self.wire = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.wire.request("GET", f"/live/?token={quote(token)}", headers={"Origin": origin} if origin else {})
        self.answer = self.wire.getresponse()
        if self.answer.status == 200:
            assert self.line() == ": listening"

    def line(self) -> str:
        """The next line that says something; "" at the end."""
        while raw := self.answer.readline():
            line = raw.decode().strip()
            if line and not line.startswith(("retry:", ": ping")):
                return line
        return ""

    def news(self) -> dict[str, Any]:
        assert self.line() == "event: change"
        found: dict[str, Any] = json.loads(self.line().removeprefix("data: "))
        return found

    def close(self) -> None:
        self.answer.close()
        self.wire.close()


@pytest.fixture(scope="module")
def district(module_database: str, django_db_blocker: Any) -> Iterator[World]:
    with django_db_blocker.unblock(), access.acting(SYSTEM("tests")):
        world = make()
    with django_db_blocker.unblock():
        yield world
        connection.close()


def sit_down(world: World, login: str = "officer") -> Presence:
    """That member of staff signs in at a desk of their own."""
    post, session = world.posts[login], SessionStore()
    account = Account.objects.get(pk=post.account_id)
    session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(account.pk), settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY], session[SEEN_KEY] = account.get_session_auth_hash(), time.time()
    session.save()
    return Presence(session.session_key, account.pk, post.pk)


@pytest.fixture
def reader(district: World) -> Presence:
    return sit_down(district)


@pytest.fixture(scope="module")
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def process(district: World, module_database: str, port: int) -> Iterator[subprocess.Popen[bytes]]:
    url = "postgresql:///?" + "&".join(f"{key}={value}" for key, value in database.admin(module_database).items())
    given = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "xinqiao.config.testing",
        "PYTHONPATH": str(environment.ROOT / "src"),
        "XINQIAO_DB_ROLE": "seal",
        "XINQIAO_DATABASE_URL": url,
        "XINQIAO_WEB_ORIGINS": ORIGIN,
    }
    command = [sys.executable, "-m", "uvicorn", "--port", str(port), "--log-level", "warning"]
    command += ["--timeout-graceful-shutdown", "2", "xinqiao.stream.app:app"]
    with subprocess.Popen(command, env=given, cwd=Path(environment.ROOT)) as running:
        for _ in range(100_000):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=5).close()
                break
            except ConnectionRefusedError:
                assert running.poll() is None
        yield running
        running.kill()


@pytest.fixture
def listen(process: subprocess.Popen[bytes], port: int) -> Iterator[Any]:
    pages: list[Page] = []

    def opened(token: str, origin: str = ORIGIN) -> Page:
        pages.append(Page(port, token, origin))
        return pages[-1]

    yield opened
    for page in pages:
        page.close()


def received(world: World, **more: Any) -> Case:
    receipt = world.receive(**more)
    with access.acting(SYSTEM("tests")):
        return Case.objects.get(id=receipt.case.id)


def note(case_id: UUID) -> None:
    """Anything that happens to the case: a step of the system that decides nothing."""
    from xinqiao.ledger import services as ledger

    with access.acting(SYSTEM("tests")):
        case = Case.objects.select_for_update(of=("self",)).get(id=case_id)
        entry = ledger.record(
            case_id=case.id,
            seq=case.head_seq + 1,
            prev_hash=bytes(case.head_hash),
            event="obligation.missed",
            actor=outcome.actor_reference(SYSTEM("tests")),
            occurred_at=MORNING,
            body={"step": "note"},
            key=str(uuid4()),
        )
        case.head_seq, case.head_hash = entry.seq, entry.hash
        case.save()


def told_so_far(listen: Any, reader: Presence, world: World) -> None:
    """Wait until the stream has told all that happened before: it tells in order, and a later matter comes last."""
    later = received(world)
    page = listen(tokens.issue(holder=reader, case_ids=[later.id]))
    note(later.id)
    assert page.news()["cases"] == [str(later.id)]


def test_a_page_hears_that_something_of_its_organ_or_case_changed(
    listen: Any, district: World, reader: Presence
) -> None:
    case = received(district)
    office, other = district.organs["xf"].pk, district.organs["zj"].pk
    own, citizen, stranger = (
        listen(tokens.issue(holder=reader, organ_ids=[office])),
        listen(tokens.issue(holder=reader, case_ids=[case.id])),
        listen(tokens.issue(holder=reader, organ_ids=[other])),
    )
    note(case.id)
    assert own.news() == {"organs": [office], "cases": []}
    assert citizen.news() == {"organs": [], "cases": [str(case.id)]}
    with access.acting(SYSTEM("tests")):
        Case.objects.filter(id=case.id).update(lead_id=other)
    note(case.id)
    assert stranger.news() == {"organs": [other], "cases": []}  # the first thing it hears is its own


def test_sealed_matters_make_no_news(listen: Any, district: World, reader: Presence, as_role: Any) -> None:
    case, secret = received(district), received(district)
    office = district.organs["xf"].pk
    with as_role("seal"), access.acting(SYSTEM("tests")):
        Case.objects.filter(id=secret.id).update(sealed=True)
    page = listen(tokens.issue(holder=reader, organ_ids=[office], case_ids=[case.id, secret.id]))
    with as_role("seal"):
        note(secret.id)
    note(case.id)
    heard = page.news()  # one piece of news: of the open case, whatever came before it
    assert heard == {"organs": [office], "cases": [str(case.id)]}


def test_news_that_come_together_are_told_together(listen: Any, district: World, reader: Presence) -> None:
    first, second = received(district), received(district)
    told_so_far(listen, reader, district)
    page = listen(tokens.issue(holder=reader, case_ids=[first.id, second.id]))
    with access.acting(SYSTEM("tests")):
        note(first.id)
        note(first.id)
        note(second.id)
    assert page.news()["cases"] == sorted((str(first.id), str(second.id)))


@pytest.mark.parametrize(
    "token",
    [
        "",
        "nonsense",
        "x" * 5000,
        tokens.issue(holder=NOBODY, organ_ids=[1], ttl=timedelta(seconds=-1)),
        tokens.issue(holder=NOBODY, organ_ids=[1]),
    ],
    ids=["none", "nonsense", "long", "over", "no session"],
)
def test_without_a_valid_pass_there_is_nothing_to_hear(listen: Any, token: str) -> None:
    page = listen(token)
    assert page.answer.status == 401
    assert page.answer.headers["Access-Control-Allow-Origin"] == ORIGIN  # the page may read why


def test_only_the_webs_own_pages_may_listen(listen: Any, reader: Presence) -> None:
    token = tokens.issue(holder=reader, organ_ids=[1])
    assert listen(token, origin="https://elsewhere.example").answer.status == 403
    assert listen(token, origin="").answer.status == 200
    page = listen(token)
    assert page.answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert page.answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert page.answer.headers["Cache-Control"] == "no-store"


def test_a_token_opens_twenty_pages_and_no_more(listen: Any, reader: Presence) -> None:
    token = tokens.issue(holder=reader, organ_ids=[2])
    pages = [listen(token) for _ in range(20)]
    assert [page.answer.status for page in pages] == [200] * 20
    refused = listen(token)
    assert refused.answer.status == 503
    assert refused.answer.headers["Retry-After"] == "60"
    assert listen(tokens.issue(holder=reader, organ_ids=[3])).answer.status == 200


def test_a_pass_that_is_over_ends_the_stream(listen: Any, reader: Presence) -> None:
    page = listen(tokens.issue(holder=reader, organ_ids=[1], ttl=timedelta(seconds=3)))
    assert page.answer.status == 200
    assert page.line() == ""


def sign_out(held: Presence) -> None:
    browser = Client()
    browser.cookies[settings.SESSION_COOKIE_NAME] = held.session
    assert browser.post("/desk/account/logout/").status_code == 302


def end_session(held: Presence) -> None:
    Session.objects.get(session_key=held.session).delete()


def leave_the_desk(held: Presence) -> None:
    session = SessionStore(held.session)
    session[SEEN_KEY] = time.time() - settings.DESK_IDLE_SECONDS - 1
    session.save()


def lock_the_desk(held: Presence) -> None:
    session = SessionStore(held.session)
    session[LOCKED_KEY] = time.time()
    session.save()


def end_post(held: Presence) -> None:
    Post.objects.filter(pk=held.post_id).update(valid_to=LONG_AGO + timedelta(days=1))


def close_account(held: Presence) -> None:
    Account.objects.filter(pk=held.account_id).update(is_active=False)


def change_password(held: Presence) -> None:
    account = Account.objects.get(pk=held.account_id)
    account.set_password("another one")
    account.save()


@pytest.mark.parametrize(
    ("login", "gone"),
    [
        ("window", sign_out),
        ("window", end_session),
        ("window", leave_the_desk),
        ("window", lock_the_desk),
        ("cg.handler", end_post),
        ("cg.head", close_account),
        ("zj.handler", change_password),
    ],
)
def test_a_stream_ends_with_its_reader(
    listen: Any, district: World, reader: Presence, login: str, gone: Callable[[Presence], None]
) -> None:
    case, leaver = received(district), sit_down(district, login)
    told_so_far(listen, reader, district)
    token = tokens.issue(holder=leaver, case_ids=[case.id])
    page, other = listen(token), listen(tokens.issue(holder=reader, case_ids=[case.id]))
    note(case.id)
    assert page.news()["cases"] == [str(case.id)]
    before = time.monotonic()
    with access.acting(SYSTEM("tests")):
        gone(leaver)
    assert page.line() == ""  # read until it ends
    assert time.monotonic() - before < 20
    assert listen(token).answer.status == 401
    assert other.news()["cases"] == [str(case.id)]
    note(case.id)
    assert other.news()["cases"] == [str(case.id)]


def test_somebody_elses_post_or_session_opens_nothing(listen: Any, district: World, reader: Presence) -> None:
    other = sit_down(district, "arbiter")
    borrowed = [replace(reader, session=other.session), replace(reader, post_id=other.post_id)]
    for held in borrowed:
        assert listen(tokens.issue(holder=held, organ_ids=[1])).answer.status == 401


def test_a_lost_database_connection_is_made_again(
    listen: Any, district: World, reader: Presence, module_database: str
) -> None:
    case = received(district)
    page = listen(tokens.issue(holder=reader, case_ids=[case.id]))
    with psycopg.connect(**database.admin(module_database), autocommit=True) as administrator:
        administrator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = 'xinqiao-seal'"
        )
    note(case.id)
    assert page.news()["cases"] == [str(case.id)]


def test_it_says_that_it_is_well(process: subprocess.Popen[bytes], port: int) -> None:
    wire = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    wire.request("GET", "/healthz")
    assert wire.getresponse().read().startswith(b"ok ")
    wire.close()


def test_it_ends_when_told_to_though_pages_listen(
    listen: Any, reader: Presence, process: subprocess.Popen[bytes]
) -> None:
    page = listen(tokens.issue(holder=reader, organ_ids=[1]))
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) in (0, -signal.SIGTERM)
    assert page.line() == ""
