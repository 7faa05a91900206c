"""Reading the outbox."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Min, Q, QuerySet

from xinqiao.kernel.errors import NotFound
from xinqiao.kernel.words import N_
from xinqiao.notices import services, texts, wordings
from xinqiao.notices.models import Delivery, Message, Outbox
from xinqiao.people import selectors as people
from xinqiao.people.actors import Actor


@dataclass(frozen=True)
class Shown:
    """One message on a page. `body` is '' for an administrator who only sees that it exists."""

    message: Message
    subject: str
    body: str
    deliveries: tuple[Delivery, ...]

    @property
    def state(self) -> str:
        """The worst state of its deliveries: set_aside, failed, waiting, sending, sent."""
        states = {delivery.state for delivery in self.deliveries}
        return next((s for s in ("set_aside", "waiting", "sending", "failed") if s in states), "sent")


@dataclass(frozen=True)
class NoticesPage:
    """A page of messages, newest first. `next_before` is what to ask for the following page with; None at the end."""

    rows: tuple[Shown, ...]
    next_before: UUID | None


def notices_page(
    *,
    actor: Actor,
    cases: Iterable[UUID] | QuerySet[Any] = (),
    watched: Iterable[UUID] | QuerySet[Any] = (),
    state: str = "",
    before: UUID | None = None,
    limit: int = 50,
) -> NoticesPage:
    """Messages that concern `actor`: to their organ or account; what their organ sent about `cases` (those they may see);
    and whoever sent it, what went out about the cases they have `watched` over (those of their own petition office).

    What another organ told the petitioner or a third organ is no business of a responsible unit.     An administrator sees that every
    message exists and how it fares, without its words. `state` keeps the messages with a delivery in that state. Row-level security keeps sealed matters away. Raises NotFound for anybody but staff.
    """
    if not actor.is_staff:
        raise NotFound()
    own = Q(account_id=actor.account_id) | Q(organ_id=actor.organ_id)
    own |= Q(sender_id=actor.organ_id, case_id__in=cases) | Q(case_id__in=watched)
    own &= ~Q(to_kind=Message.To.HOOK)
    rows = Message.objects.all() if actor.role == "admin" else Message.objects.filter(own)
    if state:
        rows = rows.filter(deliveries__state=state).distinct()
    page = _page(rows, before, limit)
    if actor.role != "admin":
        return page
    mine = set(rows.filter(own, id__in=[row.message.id for row in page.rows]).values_list("id", flat=True))
    shown = tuple(
        row if row.message.id in mine else Shown(row.message, row.subject, "", row.deliveries) for row in page.rows
    )
    return NoticesPage(shown, page.next_before)


def demonstration_page(*, before: UUID | None = None, limit: int = 50) -> NoticesPage:
    """What citizens' phones would show, codes included: only in a demonstration, sealed matters left out.

    Call it as the system (people.access.acting). Raises NotFound in any other database.
    """
    if not people.demonstration():
        raise NotFound()
    rows = Message.objects.filter(to_kind__in=(Message.To.PETITIONER, Message.To.PHONE), sealed=False)
    return _page(rows, before, limit)


def of_case(case_id: UUID, *, to_petitioner: bool = False) -> list[Shown]:
    """The messages about a case, newest first; only those to the petitioner when asked for."""
    rows = Message.objects.filter(case_id=case_id).exclude(to_kind=Message.To.HOOK)
    if to_petitioner:
        rows = rows.filter(to_kind=Message.To.PETITIONER)
    return list(_page(rows, None, 200).rows)


def waiting() -> dict[str, int]:
    """How many deliveries wait and how many are set aside: for the status page."""
    return {state: Delivery.objects.filter(state=state).count() for state in ("waiting", "sending", "set_aside")}


_UNREACHED = (  # kinds of errors of a server that does not answer
    *("OSError", "TimeoutError", "gaierror", "BrokenPipeError"),
    *("ConnectionRefusedError", "ConnectionResetError", "ConnectionAbortedError"),
    *("SMTPServerDisconnected", "SMTPConnectError", "SSLError", "SSLEOFError", "SSLCertVerificationError"),
)
_WHY = {
    "no address": "",
    "ended": N_("推送已经停用，不再发出。"),
    services.SEALED: N_("事项已经密封，不再发出。"),
    "Unreachable": N_("这个地址不能发。"),
    "SMTPAuthenticationError": N_("邮件服务器不认登录名或者密码。"),
    "SMTPRecipientsRefused": N_("对方的服务器不收这个地址。"),
    "SMTPDataError": N_("对方的服务器没有收下。"),
    "Answered": N_("对方的服务器没有收下。"),
}


def why(last_error: str) -> str:
    """What kept a delivery from arriving, in plain words (a gettext id); '' when there is nothing to say."""
    kind = last_error.partition(" ")[0]
    if not last_error or last_error in _WHY:
        return _WHY.get(last_error, "")
    return N_("对方的服务器暂时连不上。") if kind in _UNREACHED else _WHY.get(kind, N_("没有发成。"))


@dataclass(frozen=True)
class Held:
    """What a way could not get rid of yet: how many, since when, why (a gettext id), and the technical word."""

    channel: str
    count: int
    since: datetime
    until: datetime
    why: str
    word: str


def held_up() -> list[Held]:
    """The ways on which deliveries were tried in vain and wait for another try: nothing of it is lost. One query."""
    waiting = Delivery.objects.filter(state="waiting").exclude(last_error="")
    rows = waiting.values("channel").annotate(n=Count("pk"), since=Min("queued_at"), word=Max("last_error"))
    return [
        Held(
            row["channel"], row["n"], row["since"], row["since"] + services.GIVE_UP_AFTER, why(row["word"]), row["word"]
        )
        for row in rows.order_by("channel")
    ]


def outbox() -> Outbox:
    """Whether anything leaves this instance, and why not."""
    return Outbox.objects.filter(pk=1).first() or Outbox()


def _page(rows: QuerySet[Message], before: UUID | None, limit: int) -> NoticesPage:
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = list(rows.order_by("-id").prefetch_related("deliveries")[: limit + 1])
    open_secrets = people.demonstration()
    own = wordings.own() if found else wordings.Own(())
    shown = tuple(_shown(message, open_secrets, own) for message in found[:limit])
    return NoticesPage(shown, found[limit - 1].id if len(found) > limit else None)


def _shown(message: Message, open_secrets: bool, own: wordings.Own) -> Shown:
    template = texts.find(message.text, message.to_kind, sealed=message.sealed)
    hidden = services.secrets_of(message) if open_secrets else dict.fromkeys(template.secrets, texts.MASK)
    here = own.find(message.text, message.to_kind, message.created_at, sealed=message.sealed)
    words = texts.write(message.text, message.to_kind, {**message.params, **hidden}, sealed=message.sealed, own=here)
    return Shown(message, words.subject, words.body, tuple(message.deliveries.all()))
