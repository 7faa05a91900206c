"""The ways out: mail, text messages, webhooks. Letters leave here, outside of any transaction; what became of each is told back.

Somebody else's server may be slow. One that does not answer is not asked again in the same round, and a webhook's has so many
seconds of a round and no more: what is left waits a minute, and everybody else's goes on.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from xinqiao.notices import hooks, posting, sms

SECONDS_A_SERVER = 20.0
SECONDS_A_ROUND = 60.0


@dataclass(frozen=True)
class Letter:
    """One delivery with its words, ready to leave. `tries` tells this claim of it from every other one."""

    delivery_id: UUID
    channel: str
    ref: str
    address: str
    tries: int
    subject: str = ""
    body: str = ""
    key: bytes = field(default=b"", repr=False)
    params: Mapping[str, str] = field(default_factory=dict)


class PutOff(Exception):
    """Not tried: its server has had its share of this round."""


@dataclass
class Round:
    """What is known of the servers in this round. `stands` says of a letter, just before it leaves, that it still may."""

    stands: Callable[[Letter], bool]
    spent: dict[str, float] = field(default_factory=dict)
    silent: dict[str, OSError] = field(default_factory=dict)

    def used_up(self, server: str) -> bool:
        """Whether a server, or all together, had the seconds of this round."""
        return self.spent.get(server, 0.0) >= SECONDS_A_SERVER or sum(self.spent.values()) >= SECONDS_A_ROUND


Outcomes = Iterator[tuple[Letter, Exception | None]]  # each as soon as it is known, so that it is written down at once


def post(letters: Sequence[Letter], going: Round) -> Outcomes:
    """Text messages and webhooks."""
    for letter in letters:
        hook = letter.channel == "hook"
        server = urlsplit(letter.address).netloc if hook else ""
        error: Exception | None = going.silent.get(server)
        if error is None and hook and going.used_up(server):
            error = PutOff()
        if error is None:
            if not going.stands(letter):
                continue
            began = monotonic()
            try:
                _post_one(letter)
            except (OSError, ValueError) as problem:
                error = problem
                if isinstance(problem, OSError) and not isinstance(problem, posting.Answered):
                    going.silent[server] = problem
            going.spent[server] = going.spent.get(server, 0.0) + monotonic() - began
        yield letter, error


def _post_one(letter: Letter) -> None:
    if letter.channel == "hook":
        hooks.send(delivery_id=str(letter.delivery_id), url=letter.address, key=letter.key, params=dict(letter.params))
    else:
        text = sms.guarded(letter.body, number=letter.params["number"], code=letter.params["code"])
        sms.send(delivery_id=str(letter.delivery_id), to=letter.address, text=text)


def mail(letters: Sequence[Letter], going: Round) -> Outcomes:
    """Letters by the mail server of this instance."""
    backend = get_connection(fail_silently=False)
    try:
        for letter in letters:
            error: Exception | None = going.silent.get("")
            if error is None:
                if not going.stands(letter):
                    continue
                try:
                    backend.open()
                except OSError as problem:
                    error = going.silent[""] = problem
            if error is None:
                try:
                    _mail(letter, backend).send(fail_silently=False)
                except (OSError, ValueError) as problem:  # SMTPException is an OSError
                    error = problem
                    _hang_up(backend)
            yield letter, error
    finally:
        _hang_up(backend)


def _mail(letter: Letter, backend: Any) -> EmailMessage:
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("<> ")
    return EmailMessage(
        letter.subject,
        letter.body,
        to=[letter.address],
        headers={"Message-ID": f"<{letter.delivery_id}@{host}>", "Auto-Submitted": "auto-generated"},
        connection=backend,
    )


def _hang_up(backend: Any) -> None:
    with contextlib.suppress(OSError):
        backend.close()


WAYS: Mapping[str, Callable[[Sequence[Letter], Round], Outcomes]] = {"smtp": mail, "sms": post, "hook": post}
JOBS = {"smtp": "notices.deliver", "sms": "notices.texts", "hook": "notices.hooks"}  # each way has a lock of its own
