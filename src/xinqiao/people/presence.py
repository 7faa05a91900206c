"""Whether somebody whose page listens is still there: signed in, at the desk, in the post. For streams; reads only."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import SimpleNamespace
from typing import Any, cast

from allauth.account.internal.flows.login import get_authentication_records
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from xinqiao.people import selectors
from xinqiao.people.models import Account

SEEN_KEY = "xinqiao_seen"
LOCKED_KEY = "xinqiao_locked"


@dataclass(frozen=True)
class Presence:
    """Somebody in a session of the browser, working in a post. The session's key is a secret: never show it."""

    session: str
    account_id: int
    post_id: int

    def __repr__(self) -> str:
        return f"Presence(account_id={self.account_id}, post_id={self.post_id})"


def left_alone(session: Mapping[str, Any], signed_in: float, now: float) -> bool:
    """Whether the desk of that session was left alone for DESK_IDLE_SECONDS and the password not given since.

    `signed_in` is when the password was given last, `now` the machine's time, both in seconds since 1970.
    """
    if LOCKED_KEY in session:
        return signed_in <= float(session[LOCKED_KEY])
    newest = max(float(session.get(SEEN_KEY, 0.0)), signed_in)
    return now - newest > int(getattr(settings, "DESK_IDLE_SECONDS", 1800))


def still_there(claimed: Collection[Presence], *, at: datetime, on: date) -> set[Presence]:
    """Those of `claimed` who are still signed in, not locked out, active, and whose post is theirs to work in on a day.

    `at` is the machine's time (sessions end by it), `on` the day that posts are looked up for. Four queries for any number.
    """
    rows = Session.objects.filter(session_key__in={one.session for one in claimed}, expire_date__gt=at)
    sessions = {row.session_key: row.get_decoded() for row in rows}
    accounts = Account.objects.filter(is_active=True).in_bulk({one.account_id for one in claimed})
    manned = selectors.manned({one.post_id for one in claimed}, on)
    return {
        one
        for one in claimed
        if (one.post_id, one.account_id) in manned
        and one.account_id in accounts
        and _at_desk(sessions.get(one.session, {}), accounts[one.account_id], at.timestamp())
    }


def _at_desk(session: dict[str, Any], account: Account, now: float) -> bool:
    if session.get(SESSION_KEY) != str(account.pk):
        return False
    if not constant_time_compare(session.get(HASH_SESSION_KEY, ""), account.get_session_auth_hash()):
        return False
    records = get_authentication_records(cast(HttpRequest, SimpleNamespace(session=session)), account)
    return not left_alone(session, max((float(record["at"]) for record in records), default=0.0), now)
