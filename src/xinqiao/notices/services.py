"""Queueing messages in the caller's transaction, and delivering them outside of any."""

import json
import smtplib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from procrastinate.contrib.django import app

from xinqiao.kernel.clock import day_of, utc_now
from xinqiao.kernel.errors import NotFound
from xinqiao.ledger.batch import Batch
from xinqiao.notices import hooks, posting, sms, texts, wordings
from xinqiao.notices.models import Delivery, Message, Outbox
from xinqiao.notices.ways import JOBS, WAYS, Letter, PutOff, Round
from xinqiao.people import access, keys
from xinqiao.people import selectors as people
from xinqiao.people.actors import SYSTEM, Actor
from xinqiao.people.models import Account, Post, in_force

DELAYS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720))
GIVE_UP_AFTER = timedelta(days=3)
LOST_AFTER = timedelta(minutes=10)
BATCH = 20
REFUSED_NUMBERS = (400, 404, 410, 422)
SEALED = "sealed"  # the last error of what was withdrawn when its matter was sealed: it is never sent
MAILED_ROLES = ("officer", "handler", "head", "arbiter")

_CLAIM = """
UPDATE notices_delivery SET state = 'sending', tries = tries + 1, claimed_at = %(at)s
WHERE id IN (
    SELECT id FROM notices_delivery
    WHERE channel = %(channel)s
      AND ((state = 'waiting' AND next_try_at <= %(at)s) OR (state = 'sending' AND claimed_at < %(lost)s))
      AND NOT EXISTS (SELECT FROM notices_outbox WHERE paused)
    ORDER BY next_try_at
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED)
RETURNING id
"""
_MEND_TIMES = """
UPDATE notices_delivery
SET next_try_at = least(next_try_at, %(at)s), queued_at = least(queued_at, %(at)s),
    claimed_at = CASE WHEN claimed_at > %(at)s THEN %(at)s ELSE claimed_at END
WHERE channel = ANY(%(channels)s)
  AND ((state = 'waiting' AND next_try_at > %(at)s + (%(longest)s::interval[])[least(tries, cardinality(%(longest)s) - 1) + 1])
       OR (state = 'sending' AND claimed_at > %(soon)s))
"""


def notice_queue(
    *,
    text: str,
    to: str,
    params: Mapping[str, Any],
    actor: Actor,
    at: datetime,
    case_id: UUID | None = None,
    person_id: UUID | None = None,
    organ_id: int | None = None,
    account_id: int | None = None,
    phone: str = "",
    sealed: bool = False,
    batch: Batch | None = None,
) -> Message:
    """Put a message into the outbox, in the caller's transaction: gone when it rolls back, kept until delivered when not.

    `text` names the words (texts.py); `to` is petitioner (with case_id, and person_id unless anonymous), organ, account
    or phone. `params` are values for the words; those that the words do not use are dropped, secret ones (codes) are
    encrypted. With `batch` its rows go when that is sent. Every message shows on the page; one with an e-mail address is
    mailed too when a mail server is named, one with a mobile number sent as a text when a gateway is (sms.py).
    Raises ValueError for an unknown kind of recipient.
    """
    if to not in Message.To.values:
        raise ValueError(f"nobody is called {to!r}")
    template = texts.find(text, to, sealed=sealed)
    kept = {name: _plain(value) for name, value in params.items() if name in template.fields}
    hidden = {name: kept.pop(name) for name in template.secrets if name in kept}
    if phone:
        hidden["phone"] = phone
    message = Message(
        case_id=case_id,
        text=text,
        params=kept,
        to_kind=to,
        person_id=person_id,
        organ_id=organ_id,
        account_id=account_id,
        sender_id=actor.organ_id,
        sealed=sealed,
        created_at=at,
    )
    if hidden:
        message.secrets = keys.encrypt(_domain(sealed), json.dumps(hidden).encode(), message.id.bytes)
    writing = batch or Batch()
    writing.insert(message)
    _deliver(message, at, writing)
    if batch is None:
        writing.send()
    return message


def phone_code_carry(*, phone: str, code: str, actor: Actor, at: datetime) -> None:
    """Carry a citizen's phone code: what people.services calls. Nobody but the phone's owner may read it."""
    notice_queue(text="phone_code", to="phone", params={"code": code, "minutes": 5}, phone=phone, actor=actor, at=at)


def secrets_of(message: Message) -> dict[str, str]:
    """The encrypted values of a message. For delivery, and for the pages of a demonstration."""
    if not message.secrets:
        return {}
    plain = keys.decrypt(_domain(message.sealed), message.secrets, message.id.bytes)
    found: dict[str, str] = json.loads(plain)
    return found


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _domain(sealed: bool) -> str:
    return "sealed" if sealed else "open"


def _deliver(message: Message, at: datetime, batch: Batch) -> None:
    now = utc_now()
    page = Delivery(message=message, channel="page", state="sent", queued_at=now, sent_at=now)
    ways = [("smtp", ref) for ref in _mail_refs(message, at)]
    if sms.configured() and (ref := sms.reference(message)):
        ways.append(("sms", ref))
    going = [
        Delivery(message=message, channel=channel, address_ref=ref, state="waiting", queued_at=now, next_try_at=now)
        for channel, ref in ways
    ]
    for delivery in (page, *going):
        batch.insert(delivery)
    for channel in sorted({delivery.channel for delivery in going}):
        app.configure_task(JOBS[channel]).defer()


def _mail_refs(message: Message, at: datetime) -> list[str]:
    if not settings.EMAIL_HOST or message.text == "alarm":
        return []
    match message.to_kind:
        case Message.To.PETITIONER:
            return [f"person:{message.person_id}"] if message.person_id else []
        case Message.To.ACCOUNT:
            return [f"account:{message.account_id}"]
        case Message.To.ORGAN if not message.sealed and message.organ_id is not None:
            posts = people.posts_at(message.organ_id, day_of(at), MAILED_ROLES)
            return sorted({f"account:{post.account_id}" for post in posts if post.account.email})
        case _:
            return []


# --- delivering


@dataclass
class Delivered:
    """What a round of delivering did."""

    sent: int = 0
    retried: int = 0
    set_aside: int = 0
    without_address: int = 0
    put_off: int = 0


def deliveries_send(*, at: datetime, channels: Sequence[str] = tuple(WAYS)) -> Delivered:
    """Send everything that is due on some ways, batch by batch, until nothing is; `at` is the machine's time.

    Each batch is claimed in one transaction (two workers never take the same) and sent outside of any. That a letter has
    left is written before the next one leaves: a crash lets one letter leave twice, with the same Message-ID. What it left
    undone is claimed again after ten minutes. The ways take turns, batch by batch; a server that is slow or silent has its
    share of a round and no more (ways.py).
    """
    done = Delivered()
    _mend_times(at, channels)
    rounds = {channel: Round(_stands) for channel in channels}
    open_ways = list(channels)
    while open_ways:
        for channel in list(open_ways):
            letters = _claim(channel, at, done)
            if not letters:
                open_ways.remove(channel)
                continue
            stayed = []
            for letter, error in WAYS[channel](letters, rounds[channel]):
                if error is not None:
                    stayed.append((letter, error))
                    continue
                with access.acting(SYSTEM("notices")):
                    _note(letter, None, at, done)
            if stayed:
                with access.acting(SYSTEM("notices")):
                    gone = sum(_note(letter, error, at, done) for letter, error in stayed)
                    if gone:
                        _alarm(gone, at)
    return done


def _mend_times(at: datetime, channels: Sequence[str]) -> None:
    """What waits longer than it was told to was queued before the machine's clock was put back: it is due now."""
    longest = [DELAYS[0], *DELAYS]
    with access.acting(SYSTEM("notices")), connection.cursor() as cursor:
        cursor.execute(_MEND_TIMES, {"at": at, "channels": list(channels), "longest": longest, "soon": at + DELAYS[0]})


def _stands(letter: Letter) -> bool:
    """Whether a letter may still leave: nobody has withdrawn it, or taken it over, since it was claimed."""
    with access.acting(SYSTEM("notices")):
        return _claimed(letter).exists()


def _claimed(letter: Letter) -> "QuerySet[Delivery]":
    return Delivery.objects.filter(id=letter.delivery_id, state="sending", tries=letter.tries)


def _claim(channel: str, at: datetime, done: Delivered) -> list[Letter]:
    with access.acting(SYSTEM("notices")) as actor:
        while True:
            with connection.cursor() as cursor:
                cursor.execute(_CLAIM, {"channel": channel, "at": at, "lost": at - LOST_AFTER, "limit": BATCH})
                ids = [row[0] for row in cursor.fetchall()]
            letters = []
            own = wordings.own() if ids else wordings.Own(())
            for delivery in Delivery.objects.filter(id__in=ids).select_related("message").order_by("id"):
                address = _address(delivery, actor)
                if address:
                    letters.append(_letter(delivery, address, own))
                else:
                    Delivery.objects.filter(id=delivery.id).update(state="failed", last_error="no address")
                    done.without_address += 1
            if letters or not ids:
                return letters


def _address(delivery: Delivery, actor: Actor) -> str:
    kind, _, key = delivery.address_ref.partition(":")
    match kind:
        case "account":
            return Account.objects.filter(id=key, is_active=True).values_list("email", flat=True).first() or ""
        case "phone":
            return sms.mobile(secrets_of(delivery.message).get("phone", ""))
        case "hook":
            return hooks.url_of(delivery.address_ref)
    try:
        found = people.identity_for_delivery(UUID(key), actor=actor)
    except NotFound:
        return ""
    return sms.mobile(found.phone) if delivery.channel == "sms" else found.email


def _letter(delivery: Delivery, address: str, own: wordings.Own) -> Letter:
    message, ref = delivery.message, delivery.address_ref
    if delivery.channel == "hook":
        key = hooks.key_of(ref)
        return Letter(delivery.id, "hook", ref, address, delivery.tries, key=key, params=message.params)
    hidden = secrets_of(message)
    here = own.find(message.text, message.to_kind, message.created_at, sealed=message.sealed)
    words = texts.write(message.text, message.to_kind, {**message.params, **hidden}, sealed=message.sealed, own=here)
    told = {"number": str(message.params.get("number", "")), "code": str(hidden.get("code", ""))}
    return Letter(delivery.id, delivery.channel, ref, address, delivery.tries, words.subject, words.body, params=told)


def _note(letter: Letter, error: Exception | None, at: datetime, done: Delivered) -> bool:
    """Write one outcome; True when the delivery had to be set aside. What was withdrawn meanwhile stays as it is."""
    row = _claimed(letter).select_for_update(of=("self",)).select_related("message").first()
    if row is None:
        return False
    if error is None:
        row.state, row.sent_at, row.last_error = "sent", at, ""
        done.sent += 1
    elif isinstance(error, PutOff):
        row.state, row.tries, row.next_try_at = "waiting", row.tries - 1, at + DELAYS[0]
        done.put_off += 1
    elif _for_good(error, letter.channel) or at - row.queued_at >= _patience(row):
        row.state, row.last_error = "set_aside", _told(error)
        done.set_aside += 1
    else:
        row.state, row.last_error = "waiting", _told(error)
        row.next_try_at = at + DELAYS[min(row.tries, len(DELAYS)) - 1]
        done.retried += 1
    row.claimed_at = None
    row.save(update_fields=["state", "sent_at", "last_error", "tries", "next_try_at", "claimed_at"])
    if row.channel == "hook" and error is None:
        hooks.told(row.address_ref, at=at)
    elif row.channel == "hook" and isinstance(error, posting.Answered) and error.status == hooks.GONE:
        hooks.gone(row.address_ref, at=at)
    return row.state == "set_aside"


def _patience(row: Delivery) -> timedelta:
    """How long it is tried: a code for a telephone is of no use once it has run out."""
    minutes = row.message.params.get("minutes") if row.message.text == "phone_code" else None
    return timedelta(minutes=minutes) if minutes else GIVE_UP_AFTER


def _status(error: Exception) -> int:
    if isinstance(error, posting.Answered):
        return error.status
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return max((status for status, _ in error.recipients.values()), default=0)
    return int(getattr(error, "smtp_code", 0) or 0)


def _for_good(error: Exception, channel: str) -> bool:
    """Whether trying again is pointless: this recipient is refused, or the address cannot be one."""
    if isinstance(error, posting.Answered):  # 4xx of a hook may be a slip in the other system that is soon mended
        return error.status == hooks.GONE or (channel == "sms" and error.status in REFUSED_NUMBERS)
    if isinstance(error, smtplib.SMTPRecipientsRefused | smtplib.SMTPDataError):
        return _status(error) >= 500
    return isinstance(error, ValueError)


def _told(error: Exception) -> str:
    """What may be kept of an error: its kind and status. Its words may name the address."""
    return f"{type(error).__name__} {_status(error) or ''}".strip()


def _alarm(count: int, at: datetime) -> None:
    administrators_tell(text="alarm", params={"count": count}, actor=SYSTEM("notices"), at=at)


def administrators_tell(
    *, text: str, params: Mapping[str, Any], actor: Actor, at: datetime, once_in: timedelta = timedelta(0)
) -> int:
    """Tell every administrator something about the system itself, in the caller's transaction; returns how many.

    Who was told the same within `once_in` is not told again.
    """
    posts = Post.objects.filter(in_force(day_of(at)), role="admin", account__is_active=True)
    accounts = set(posts.values_list("account_id", flat=True))
    if once_in:
        lately = Message.objects.filter(account_id__in=accounts, text=text, created_at__gt=at - once_in)
        accounts -= set(lately.values_list("account_id", flat=True))
    for account_id in sorted(accounts):
        notice_queue(text=text, to="account", account_id=account_id, params=params, actor=actor, at=at)
    return len(accounts)


# --- what sealing does to the outbox


def messages_seal(*, case_id: UUID) -> int:
    """A matter is being sealed: nothing that speaks of it leaves any more, not even what is being tried just now. In the
    caller's transaction, with the matter locked. Returns how many deliveries that concerned.

    Other systems, units and staff are not told (who is named on the matter reads it on the page); what is on its way to the
    petitioner goes out in the neutral words.
    """
    going = Delivery.objects.filter(message__case_id=case_id, channel__in=WAYS)
    going = going.filter(state__in=("waiting", "sending", "failed"))
    own = Message.To.PETITIONER, Message.To.PHONE
    others = going.exclude(message__to_kind__in=own).update(state="set_aside", last_error=SEALED, claimed_at=None)
    for message in Message.objects.filter(pk__in=going.values("message_id"), sealed=False):
        hidden = keys.decrypt("open", message.secrets, message.id.bytes) if message.secrets else b""
        message.secrets = keys.encrypt("sealed", hidden, message.id.bytes) if hidden else b""
        message.sealed = True
        message.save(update_fields=["secrets", "sealed"])
    going.filter(state="sending").update(state="waiting", next_try_at=utc_now(), claimed_at=None)
    return others + going.count()


# --- what people do with the outbox


def _administrator(actor: Actor, *others: str) -> None:
    if not actor.is_staff or actor.role not in ("admin", *others):
        raise NotFound()


@transaction.atomic
def delivery_retry(*, delivery_id: UUID, actor: Actor, at: datetime) -> Delivery:
    """Send a delivery again that was set aside or had no address: three more days. Not what sealing withdrew.

    For administrators, and for the keeper of sealed matters, which row-level security hides from administrators. Raises
    NotFound for others.
    """
    _administrator(actor, "confidential")
    rows = Delivery.objects.select_for_update()
    rows = rows.filter(id=delivery_id, state__in=("set_aside", "failed"), channel__in=WAYS)
    row = rows.exclude(last_error=SEALED).first()
    if row is None:
        raise NotFound()
    now = utc_now()
    row.state, row.tries, row.queued_at, row.next_try_at, row.set_aside_by = "waiting", 0, now, now, None
    row.save(update_fields=["state", "tries", "queued_at", "next_try_at", "set_aside_by"])
    app.configure_task(JOBS[row.channel]).defer()
    return row


@transaction.atomic
def message_set_aside(*, message_id: UUID, actor: Actor, at: datetime) -> int:
    """Stop trying to deliver a message; it stays on the page. Returns how many deliveries that was.

    For those who may retry. Raises NotFound.
    """
    _administrator(actor, "confidential")
    rows = Delivery.objects.filter(message_id=message_id)
    if not rows.exists():
        raise NotFound()
    return rows.filter(state__in=("waiting", "failed")).update(state="set_aside", set_aside_by=actor.account_id)


@transaction.atomic
def outbox_pause(*, reason: str, actor: Actor, at: datetime) -> None:
    """Let nothing out until resumed. For administrators and, after a restore, the system. Raises NotFound for others."""
    if actor.kind != "system":
        _administrator(actor)
    _set_outbox(paused=True, reason=reason, actor=actor, at=at)


@transaction.atomic
def outbox_resume(*, actor: Actor, at: datetime) -> None:
    """Let messages out again: a person decides this, at the desk or by command at the machine (then `actor` is the system).

    Raises NotFound for staff other than administrators, and for citizens.
    """
    if actor.kind != "system":
        _administrator(actor)
    _set_outbox(paused=False, reason="", actor=actor, at=at)
    now = utc_now()
    Delivery.objects.filter(state="waiting").update(queued_at=now, next_try_at=now)
    for job in JOBS.values():
        app.configure_task(job).defer()


def _set_outbox(*, paused: bool, reason: str, actor: Actor, at: datetime) -> None:
    Outbox.objects.update_or_create(
        pk=1, defaults={"paused": paused, "reason": reason, "changed_at": at, "changed_by": actor.account_id}
    )
