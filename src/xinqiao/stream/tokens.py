"""Short-lived passes for the stream: whose page listens, and to which organs and cases. Issued by views that have checked access.

A pass is encrypted: it names the session, and neither that nor anything else in it is for the eyes of others.
"""

import base64
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

from xinqiao.kernel.clock import utc_now
from xinqiao.people.presence import Presence

TTL = timedelta(minutes=15)
MOST_TOPICS = 50
_SALT = b"xinqiao.stream"


@dataclass(frozen=True)
class Pass:
    """Who holds it, what they may hear of, and until when (seconds since 1970)."""

    holder: Presence
    organs: frozenset[int]
    cases: frozenset[str]
    until: int


def issue(
    *,
    holder: Presence,
    organ_ids: Iterable[int] = (),
    case_ids: Iterable[UUID] = (),
    ttl: timedelta = TTL,
    at: datetime | None = None,
) -> str:
    """A token for a page's address. The caller has made sure that `holder` may see these organs' work and cases.

    Times are the machine's (a rehearsal does not move them). Raises ValueError for more than fifty organs or cases.
    """
    organs, cases = sorted(set(organ_ids)), sorted(str(each) for each in set(case_ids))
    if len(organs) > MOST_TOPICS or len(cases) > MOST_TOPICS:
        raise ValueError("a page listens to its own organ and case, not to everything")
    until = int(((at or utc_now()) + ttl).timestamp())
    given = [holder.session, holder.account_id, holder.post_id, organs, cases, until]
    return _cipher().encrypt(json.dumps(given).encode()).decode()


def check(token: str, *, at: datetime | None = None) -> Pass | None:
    """The pass in a token; None when it was not issued here, was changed or is over. Whether its holder is still there,
    people.presence knows.
    """
    try:
        session, account, post, organs, cases, until = json.loads(_cipher().decrypt(token.encode()))
    except InvalidToken:
        return None
    if until <= (at or utc_now()).timestamp():
        return None
    return Pass(Presence(session, account, post), frozenset(organs), frozenset(cases), until)


def _cipher() -> Fernet:
    secret = hashlib.sha256(_SALT + b"\0" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(secret))
