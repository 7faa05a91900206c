"""What a visit's session remembers: which cases were proven, which receipts were given. No name, no phone, no code.

Half an hour without a page and it is all forgotten (a shared phone). The time here is the machine's: rehearsing moves
the legal clock, not somebody's presence.
"""

import secrets
from typing import Any
from uuid import UUID

from django.http import HttpRequest

from xinqiao.kernel.clock import utc_now
from xinqiao.people.actors import Actor

RECEIPTS = "portal_receipts"
DONE = "portal_done"
MARK = "portal_visit"
MOST_RECEIPTS = 5
MOST_DONE = 40


def actor_of(request: HttpRequest) -> Actor:
    """Who asks: a citizen with what they have proven in this visit (set by people's middleware)."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def remember_receipt(request: HttpRequest, *, key: str, number: str, case_id: UUID) -> None:
    """Keep how to show this receipt again during the visit: the code is made anew from `key`, it is not kept."""
    kept: list[dict[str, Any]] = [one for one in request.session.get(RECEIPTS, []) if one["key"] != key]
    kept.append({"key": key, "number": number, "case": str(case_id), "at": utc_now().timestamp()})
    request.session[RECEIPTS] = kept[-MOST_RECEIPTS:]


def receipts(request: HttpRequest) -> list[dict[str, Any]]:
    """Receipts given in this visit, the newest first; one is shown for half an hour."""
    oldest = utc_now().timestamp() - 1800
    return [one for one in reversed(request.session.get(RECEIPTS, [])) if one["at"] > oldest]


def remember_done(request: HttpRequest, key: str) -> None:
    """Keep that the form with this key had its effect."""
    request.session[DONE] = [*request.session.get(DONE, []), key][-MOST_DONE:]


def was_done(request: HttpRequest, key: str) -> bool:
    """Whether the form with this key had its effect in this visit."""
    return key in request.session.get(DONE, [])


def mark(request: HttpRequest) -> str:
    """What tells this visit from every other one, and says nothing else; it outlives a new session key."""
    kept: str = request.session.setdefault(MARK, secrets.token_urlsafe(16))
    return kept
