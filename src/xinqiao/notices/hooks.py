"""Webhooks: other systems are told that something happened to a matter of an organ. Number, event and moment, no more.

What is sealed is never told. `cases.hooks` decides which entries concern whom and queues them here; the outbox carries them.
"""

import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from procrastinate.contrib.django import app

from xinqiao.kernel.clock import day_of, utc_now
from xinqiao.kernel.errors import BadInput, NotFound
from xinqiao.kernel.words import N_
from xinqiao.notices import posting
from xinqiao.notices.models import Delivery, Message, Subscription
from xinqiao.people import keys
from xinqiao.people.actors import Actor
from xinqiao.people.models import Organ, Post, in_force

MOST = 50
GONE = 410
PREFIX = "whsec_"


@dataclass(frozen=True)
class Made:
    """A new subscription. `secret` is shown now and never again."""

    subscription: Subscription
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Happened:
    """Something that a subscriber is to be told."""

    subscription: Subscription
    case_id: UUID
    number: str
    event: str
    at: datetime


def reach() -> posting.Reach:
    """Production tells the world outside over TLS only; a demonstration and tests may tell this machine, too."""
    return "outside" if settings.PRODUCTION else "loopback"


def _administrator(actor: Actor) -> None:
    if not actor.is_staff or actor.role != "admin":
        raise NotFound()


@transaction.atomic
def subscription_make(
    *,
    organ_id: int,
    post_id: int | None,
    url: str,
    events: Sequence[str],
    known: Iterable[str],
    actor: Actor,
    at: datetime,
) -> Made:
    """Let an address be told of `events` about an organ's matters, or only of those in the hands of one of its posts.

    An event is a name, `procedure.*`, or `*`; `known` are the names there are. For administrators (NotFound for others).
    Raises BadInput by field.
    """
    _administrator(actor)
    day = day_of(at)
    wrong: dict[str, str] = {}
    if not Organ.objects.filter(in_force(day), pk=organ_id).exists():
        wrong["organ"] = N_("请选择单位。")
    elif post_id is not None and not Post.objects.filter(in_force(day), pk=post_id, organ_id=organ_id).exists():
        wrong["post"] = N_("这个单位没有这个岗位。")
    if problem := posting.url_problem(url, reach()):
        wrong["url"] = problem
    names = set(known)
    families = {f"{name.partition('.')[0]}.*" for name in names}
    if not events or set(events) - names - families - {"*"}:
        wrong["events"] = N_("请至少选一类事件；单个事件要写全名，例如 redress.accept。")
    if Subscription.objects.filter(ended_at__isnull=True).count() >= MOST:
        wrong["url"] = N_("推送地址太多了，请先停用不再使用的。")
    if wrong:
        raise BadInput(wrong)
    secret = PREFIX + secrets.token_urlsafe(32)
    row = Subscription(
        organ_id=organ_id,
        post_id=post_id,
        url=url,
        events=sorted(set(events)),
        created_at=at,
        created_by=actor.account_id,
    )
    row.secret = keys.encrypt("open", secret.encode(), row.id.bytes)
    row.save(force_insert=True)
    return Made(row, secret)


@transaction.atomic
def subscription_end(*, subscription_id: UUID, actor: Actor, at: datetime) -> None:
    """Tell that address nothing any more, what waits included. For administrators; raises NotFound."""
    _administrator(actor)
    row = Subscription.objects.select_for_update().filter(pk=subscription_id).first()
    if row is None:
        raise NotFound()
    _end(row, at)


def _end(row: Subscription, at: datetime) -> None:
    if row.ended_at is None:
        row.ended_at = at
        row.save(update_fields=["ended_at"])
    waiting = Delivery.objects.filter(channel="hook", address_ref=_reference(row), state="waiting")
    waiting.update(state="set_aside", last_error="ended")


def subscriptions() -> list[Subscription]:
    """All, the living first, newest first."""
    rows = Subscription.objects.order_by("-created_at")[:200]
    return sorted(rows, key=lambda row: row.ended_at is not None)


def living() -> list[Subscription]:
    """Those that are told."""
    return list(Subscription.objects.filter(ended_at__isnull=True).order_by("pk"))


def wants(row: Subscription, event: str) -> bool:
    """Whether a subscription is told of an event of that name."""
    return bool({"*", f"{event.partition('.')[0]}.*", event} & set(row.events))


def _reference(row: Subscription) -> str:
    return f"hook:{row.pk}"


def hooks_queue(happened: Sequence[Happened]) -> int:
    """Put into the outbox what subscribers are to be told, in the caller's transaction. Returns how many it was."""
    now = utc_now()
    told = [
        (
            Message(
                case_id=one.case_id,
                text="hook",
                params={"number": one.number, "event": one.event, "at": one.at.isoformat()},
                to_kind=Message.To.HOOK,
                organ_id=one.subscription.organ_id,
                created_at=one.at,
            ),
            _reference(one.subscription),
        )
        for one in happened
    ]
    Message.objects.bulk_create([message for message, _ in told])
    Delivery.objects.bulk_create(
        Delivery(message=message, channel="hook", address_ref=ref, state="waiting", queued_at=now, next_try_at=now)
        for message, ref in told
    )
    if told:
        app.configure_task("notices.hooks").defer()
    return len(told)


def url_of(reference: str) -> str:
    """The address of a living subscription; '' when it has ended."""
    found = Subscription.objects.filter(pk=UUID(reference.partition(":")[2]), ended_at__isnull=True)
    return found.values_list("url", flat=True).first() or ""


def key_of(reference: str) -> bytes:
    """The secret under which a subscription is signed."""
    row = Subscription.objects.get(pk=UUID(reference.partition(":")[2]))
    return keys.decrypt("open", bytes(row.secret), row.pk.bytes)


def send(*, delivery_id: str, url: str, key: bytes, params: dict[str, str]) -> None:
    """Tell a subscriber one thing. Its id stays the same when it is tried again. Raises OSError, ValueError."""
    body = {"id": delivery_id, "event": params["event"], "number": params["number"], "at": params["at"]}
    sent = posting.signed(json.dumps(body, ensure_ascii=False).encode(), key, int(utc_now().timestamp()))
    posting.post(url, sent, {"X-Xinqiao-Delivery": delivery_id, "X-Xinqiao-Event": params["event"]}, reach=reach())


def told(reference: str, *, at: datetime) -> None:
    """Note that a subscriber was reached."""
    Subscription.objects.filter(pk=UUID(reference.partition(":")[2])).update(last_sent_at=at)


def gone(reference: str, *, at: datetime) -> None:
    """A subscriber answered that it is gone for good (410): it is told no more."""
    row = Subscription.objects.select_for_update().filter(pk=UUID(reference.partition(":")[2])).first()
    if row is not None:
        _end(row, at)
