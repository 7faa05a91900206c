"""Short-lived passes for the stream: which organs and cases a page may hear of. Issued by views that have checked access."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.core import signing

from xinqiao.kernel.clock import utc_now

TTL = timedelta(hours=4)
MOST_TOPICS = 50
_SALT = "xinqiao.stream"


@dataclass(frozen=True)
class Pass:
    """What its holder may hear of, and until when (seconds since 1970)."""

    organs: frozenset[int]
    cases: frozenset[str]
    until: int


def issue(
    *, organ_ids: Iterable[int] = (), case_ids: Iterable[UUID] = (), ttl: timedelta = TTL, at: datetime | None = None
) -> str:
    """A signed token for a page's address. The caller has made sure that its reader may see these organs' work and cases.

    Times are the machine's (a rehearsal does not move them). Raises ValueError for more than fifty organs or cases.
    """
    organs, cases = sorted(set(organ_ids)), sorted(str(each) for each in set(case_ids))
    if len(organs) > MOST_TOPICS or len(cases) > MOST_TOPICS:
        raise ValueError("a page listens to its own organ and case, not to everything")
    until = int(((at or utc_now()) + ttl).timestamp())
    return signing.Signer(salt=_SALT).sign_object({"o": organs, "c": cases, "u": until})


def check(token: str, *, at: datetime | None = None) -> Pass | None:
    """The pass in a token; None when it was not issued here, was changed or is over."""
    try:
        given = signing.Signer(salt=_SALT).unsign_object(token)
    except signing.BadSignature:
        return None
    if given["u"] <= (at or utc_now()).timestamp():
        return None
    return Pass(frozenset(given["o"]), frozenset(given["c"]), given["u"])
