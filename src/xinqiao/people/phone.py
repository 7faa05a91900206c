"""Codes sent to a citizen's phone: six digits, five minutes, one use. How they travel is somebody else's business."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F

from xinqiao.kernel.errors import BadInput, Slowed
from xinqiao.kernel.ids import uuid7
from xinqiao.people import keys
from xinqiao.people.actors import Actor
from xinqiao.people.attempts import attempt_guard, attempt_record
from xinqiao.people.identity import is_mobile, normalise_phone
from xinqiao.people.models import PhoneCode
from xinqiao.people.vault import persons_with

LIVES = timedelta(minutes=5)
PAUSE = timedelta(seconds=60)
MOST_A_DAY = 5
MOST_TRIES = 5

Sender = Callable[..., None]
_senders: list[Sender] = []


def register_sender(sender: Sender) -> None:
    """Name who carries codes: called as sender(phone=, code=, actor=, at=) in the transaction that made the code."""
    _senders[:] = [sender]


@dataclass(frozen=True)
class PhoneProof:
    """A phone that its owner has just proven: the persons in the vault who have it (both domains)."""

    person_ids: frozenset[UUID]


def _exact(phone: str) -> str:
    exact = normalise_phone(phone)
    if not is_mobile(exact):
        raise BadInput({"phone": "请填写 11 位手机号。"})
    return exact


def _hash(exact: str) -> bytes:
    return keys.blind("open", "phone_code", exact)[1]


@transaction.atomic
def phone_code_send(*, phone: str, ip: str = "", actor: Actor, at: datetime) -> datetime:
    """Send a code when somebody in the vault has this phone; returns until when a code sent now would be good.

    The answer is the same whether the phone is known or not. Raises BadInput for what is no mobile number, Slowed when
    codes are asked for too quickly (one a minute, five a day; from one address twenty an hour, then slower).
    """
    exact = _exact(phone)
    attempt_guard(tries=(("ip", ip), ("asked", ip)), at=at)
    digest = _hash(exact)
    recent = list(
        PhoneCode.objects.filter(phone_hash=digest, sent_at__gt=at - timedelta(days=1), sent_at__lte=at)
        .order_by("-sent_at")
        .values_list("sent_at", flat=True)[:MOST_A_DAY]
    )
    if recent and at - recent[0] < PAUSE:
        left = int((recent[0] + PAUSE - at).total_seconds()) + 1
        raise Slowed("验证码刚发过，请稍等再要一次。", seconds=left)
    if len(recent) >= MOST_A_DAY:
        left = int((recent[-1] + timedelta(days=1) - at).total_seconds()) + 1
        raise Slowed("今天发的验证码够多了。请明天再试，或者打电话、到窗口办理。", seconds=left)
    if ip:
        attempt_record(scope="asked", key=ip, success=False, at=at)
    code = f"{secrets.randbelow(10**6):06d}"
    row = PhoneCode(id=uuid7(), phone_hash=digest, sent_at=at, expires_at=at + LIVES)
    row.code_hash = keys.code_hash(code, str(row.id))
    row.save(force_insert=True)
    if persons_with(kind="phone", value=exact):
        for sender in _senders:
            sender(phone=exact, code=code, actor=actor, at=at)
    return row.expires_at


@transaction.atomic
def phone_code_check(*, phone: str, code: str, ip: str = "", actor: Actor, at: datetime) -> PhoneProof | None:
    """The proof when the newest code to this phone is the one given and still good; None otherwise.

    Every wrong try is counted: five kill the code, and tries become slower (Slowed). A code works once.
    """
    exact = _exact(phone)
    attempt_guard(tries=(("phone", exact), ("ip", ip)), at=at)
    row = PhoneCode.objects.select_for_update().filter(phone_hash=_hash(exact)).order_by("-sent_at").first()
    alive = row is not None and row.used_at is None and row.sent_at <= at < row.expires_at and row.tries < MOST_TRIES
    digits = normalise_phone(code)
    right = keys.code_matches(digits, row.code_hash if row and alive else None, str(row.id) if row else "")
    attempt_record(scope="phone", key=exact, success=right, at=at)
    if row is None or not right:
        if row is not None and alive:
            PhoneCode.objects.filter(pk=row.pk).update(tries=F("tries") + 1)
        if ip:
            attempt_record(scope="ip", key=ip, success=False, at=at)
        return None
    PhoneCode.objects.filter(pk=row.pk).update(used_at=at)
    return PhoneProof(frozenset(persons_with(kind="phone", value=exact)))


def phone_codes_forget(*, before: datetime) -> int:
    """Delete codes sent before a moment; returns how many rows went."""
    return PhoneCode.objects.filter(sent_at__lt=before).delete()[0]
