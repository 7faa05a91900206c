"""A real mail server on loopback, and the outbox as the worker's role sees it."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.db import connection

from xinqiao.kernel.clock import utc_now
from xinqiao.notices import services
from xinqiao.people import access
from xinqiao.people import services as people
from xinqiao.people.actors import SYSTEM, Actor
from xinqiao.people.models import Account, Organ, Person, Post

AT = datetime(2026, 9, 1, 2, 0, tzinfo=UTC)
BY = SYSTEM("tests")


class Mailbox:
    """A mail server that keeps what it is given. `refuse` holds addresses it does not know."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.letters: list[EmailMessage] = []
        self.to: list[str] = []
        self.refuse: set[str] = set()
        self.word = ""
        self.controller: Controller | None = None

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if address in self.refuse:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        if self.word:
            return self.word
        assert isinstance(envelope.content, bytes)
        letter = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        self.to.extend(envelope.rcpt_tos)
        return "250 OK"

    def start(self) -> None:
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port, loop=asyncio.new_event_loop())
        self.controller.start()

    def stop(self) -> None:
        if self.controller is not None:
            self.controller.stop()
            with contextlib.suppress(RuntimeError):
                self.controller.loop.close()
            self.controller = None


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 5
    settings.DEFAULT_FROM_EMAIL = "心桥 <xinqiao@bridge.example>"
    box = Mailbox(port)
    box.start()
    yield box
    box.stop()


@pytest.fixture
def outbox(fresh_database: str) -> Iterator[None]:
    """A database where transactions commit, used as the worker's role."""
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE xinqiao_seal")
    yield
    connection.close()


@pytest.fixture
def office(outbox: None) -> Organ:
    with access.acting(BY):
        return Organ.objects.create(
            code="xf", name="信访局", short_name="信访局", kind="petition_office", area_code="330105", level="district",
            valid_from=AT.date() - timedelta(days=900),
        )  # fmt: skip


@pytest.fixture
def staff(office: Organ) -> Callable[..., Post]:
    """`staff("head", email=...)`: somebody in a post of the office."""

    def hired(role: str, *, email: str = "") -> Post:
        with access.acting(BY):
            name = f"{role}{Account.objects.count()}"
            account = Account.objects.create(username=name, name=name, email=email)
            return Post.objects.create(
                account=account, organ=office, role=role, title=role, valid_from=AT.date() - timedelta(days=9)
            )

    return hired


def actor_of(post: Post) -> Actor:
    return Actor(kind="staff", account_id=post.account_id, post_id=post.pk, organ_id=post.organ_id, role=post.role)


def person(email: str = "", *, domain: str = "open") -> Person:
    with access.acting(BY):
        return people.person_store(domain=domain, actor=BY, at=AT, name="钱大桥", phone="19900001234", email=email)


def deliver(after: timedelta = timedelta()) -> services.Delivered:
    return services.deliveries_send(at=utc_now() + after)
