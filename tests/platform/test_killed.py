"""kill -9 of the worker in the middle of a letter, and of the stream under an open page: nothing is lost, nothing doubled."""

import asyncio
import contextlib
import http.client
import http.cookiejar
import json
import re
import subprocess
import sys
import threading
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes
from typing import Any

import psycopg
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.platform.support import Running, free_port, laid_out, surroundings, until
from xinqiao.config import environment
from xinqiao.server.postgres import Postgres

pytestmark = pytest.mark.timeout(600)

PASSWORD = "a bridge of hearts"
PEOPLE = f"""
from tests.support.world import make
from xinqiao.people.models import Account
with access.acting(SYSTEM("tests")):
    make()
    officer = Account.objects.get(username="officer")
    officer.set_password({PASSWORD!r})
    officer.email = "officer@office.example"
    officer.save()
"""
LETTER = """
from xinqiao.people.models import Account
with access.acting(SYSTEM("tests")) as actor:
    officer = Account.objects.get(username="officer")
    notices.notice_queue(text="assigned", to="account", account_id=officer.pk, params={}, actor=actor, at=utc_now())
"""
LETTER_TO_NO_WORKER = "import os, signal; os.kill(WORKER, signal.SIGKILL)" + LETTER
MATTER = """
from tests.support.world import World
World({}, {}).receive(at=utc_now())
"""
TAKE_OVER = """
from procrastinate.contrib.django import app
app.configure_task("worker.take_over", allow_unknown=True).defer(timestamp=0)
"""
BEGIN = """
from xinqiao.cli import support
with support.database("seal"):
    from xinqiao.kernel.clock import utc_now
    from xinqiao.notices import services as notices
    from xinqiao.people import access
    from xinqiao.people.actors import SYSTEM
"""


class Mailbox:
    """A mail server that takes its time over the first letter: its sender will not hear that it arrived."""

    def __init__(self) -> None:
        self.port = free_port()
        self.letters: list[str] = []
        self.begun = threading.Event()
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        if not self.begun.is_set():
            self.begun.set()
            await asyncio.Event().wait()
        assert isinstance(envelope.content, bytes)
        self.letters.append(message_from_bytes(envelope.content)["Message-ID"])
        return "250 OK"


@pytest.fixture(scope="module")
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox()
    box.controller.start()
    yield box
    box.controller.stop()


@pytest.fixture(scope="module")
def server(mailbox: Mailbox) -> Iterator[Running]:
    with laid_out() as where:
        running = Running(where, **mail(mailbox))
        try:
            do(running, mailbox, PEOPLE)
            yield running
        finally:
            running.stop()


def mail(mailbox: Mailbox) -> dict[str, str]:
    return {"XINQIAO_SMTP_HOST": "127.0.0.1", "XINQIAO_SMTP_PORT": str(mailbox.port)}


def do(server: Running, mailbox: Mailbox, what: str) -> None:
    """Do something in a process of its own beside the server."""
    given = surroundings(server.where, **mail(mailbox))
    given["PYTHONPATH"] += f":{environment.ROOT}"
    code = BEGIN + "".join(f"    {line}\n" for line in what.splitlines())
    done = subprocess.run([sys.executable, "-c", code], env=given, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def rows(server: Running, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(**Postgres(server.where).admin(), autocommit=True) as connection:
        connection.execute("SELECT set_config('xinqiao.actor', 'system', false)")
        cursor = connection.execute(statement)  # type: ignore[call-overload]
        return cursor.fetchall() if cursor.description else []


def test_a_worker_killed_over_a_letter_sends_it_exactly_once(server: Running, mailbox: Mailbox) -> None:
    do(server, mailbox, LETTER)
    assert mailbox.begun.wait(120), server.told()
    assert rows(server, "SELECT state FROM notices_delivery WHERE channel = 'smtp'") == [("sending",)]
    server.kill("worker")
    do(server, mailbox, LETTER_TO_NO_WORKER.replace("WORKER", str(server.parts()["worker"])))
    # Time goes by: the killed worker is taken for dead, and what it had claimed for lost.
    rows(server, "UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '1 hour'")
    rows(server, "UPDATE notices_delivery SET claimed_at = claimed_at - interval '1 hour' WHERE state = 'sending'")
    do(server, mailbox, TAKE_OVER)
    until("both letters", lambda: len(mailbox.letters) >= 2, told=server.told)
    sent = "SELECT count(*) FROM notices_delivery WHERE channel = 'smtp' AND state = 'sent'"
    until("the record of both", lambda: rows(server, sent) == [(2,)], told=server.told)
    do(server, mailbox, TAKE_OVER)
    server.kill("worker")
    until("all work", lambda: rows(server, "SELECT 1 FROM procrastinate_jobs WHERE status = 'doing'") == [])
    assert list(Counter(mailbox.letters).values()) == [1, 1]


class Page:
    """An officer's browser: signed in, with the desk open."""

    def __init__(self, server: Running) -> None:
        self.base = f"http://127.0.0.1:{server.port}"
        self.wires: list[http.client.HTTPConnection] = []
        self.jar = http.cookiejar.CookieJar()
        self.browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))
        login = self.get("/desk/account/login/")
        (token,) = set(re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', login))
        given = {"login": "officer", "password": PASSWORD, "csrfmiddlewaretoken": token, "next": "/desk/"}
        asked = urllib.request.Request(  # noqa: S310
            f"{self.base}/desk/account/login/", urllib.parse.urlencode(given).encode(), {"Origin": self.base}
        )
        with self.browser.open(asked) as answer:
            page = answer.read().decode()
        (self.stream,) = re.findall(r'data-xq-live="([^"]+)"', page)

    def get(self, path: str) -> str:
        with self.browser.open(f"{self.base}{path}", timeout=60) as answer:
            return str(answer.read().decode())

    def listen(self) -> http.client.HTTPResponse | None:
        """The stream, once it has said that it listens; None when nobody answers there."""
        parts = urllib.parse.urlsplit(self.stream)
        wire = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)
        self.wires.append(wire)
        try:
            wire.request("GET", f"{parts.path}?{parts.query}", headers={"Origin": self.base})
            answer = wire.getresponse()
        except OSError:
            wire.close()
            return None
        assert answer.status == 200, answer.read()
        assert b"listening" in answer.readline()
        return answer

    def close(self) -> None:
        for wire in self.wires:
            wire.close()


def heard(stream: http.client.HTTPResponse) -> dict[str, Any] | None:
    """The next piece of news; None when the stream has ended."""
    try:
        while line := stream.readline():
            if line.startswith(b"data:"):
                found: dict[str, Any] = json.loads(line.removeprefix(b"data:"))
                return found
    except (OSError, ValueError, http.client.HTTPException):  # cut off in the middle: that is what kill -9 does
        pass
    stream.close()
    return None


@pytest.fixture
def page(server: Running) -> Iterator[Page]:
    with contextlib.closing(Page(server)) as opened:
        yield opened


def test_an_open_page_goes_on_listening_after_the_stream_was_killed(
    server: Running, mailbox: Mailbox, page: Page
) -> None:
    stream = page.listen()
    assert stream is not None
    do(server, mailbox, MATTER)
    news = heard(stream)
    assert news is not None
    assert news["organs"]
    server.kill("stream")
    assert heard(stream) is None
    assert "data-xq-refresh" in page.get("/desk/")  # without a stream the page asks by itself
    again: list[http.client.HTTPResponse] = []
    until("the stream", lambda: bool(again.extend(filter(None, [page.listen()])) or again), told=server.told)
    do(server, mailbox, MATTER)
    assert heard(again[0]) == news
    assert json.loads(page.get("/desk/live/"))["url"].startswith(page.stream.partition("?")[0])


def test_signing_out_ends_the_stream(page: Page) -> None:
    stream = page.listen()
    assert stream is not None
    (token,) = {cookie.value for cookie in page.jar if cookie.name == "xinqiao-csrf"}
    asked = urllib.request.Request(  # noqa: S310
        f"{page.base}/desk/account/logout/", b"", {"Origin": page.base, "X-CSRFToken": str(token)}
    )
    page.browser.open(asked).close()
    assert heard(stream) is None
