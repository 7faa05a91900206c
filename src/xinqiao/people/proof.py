"""What a citizen has proven in this browser: kept in the session for an hour, gone with the visit."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest

from xinqiao.people.actors import CITIZEN, Actor

KEY = "xinqiao_proof"
LASTS = timedelta(hours=1)


def add(request: HttpRequest, *, case_ids: Iterable[UUID], submission_ids: Iterable[UUID], at: datetime) -> None:
    """Remember that this visitor has proven these cases and submissions. The session gets a new key (fixation).

    Binds nothing: the next request acts for them; call access.bind(actor(request, at)) to go on in this one.
    """
    known = _read(request, at)
    request.session.cycle_key()
    request.session[KEY] = {
        "cases": sorted({*known["cases"], *(str(case_id) for case_id in case_ids)}),
        "submissions": sorted({*known["submissions"], *(str(submission_id) for submission_id in submission_ids)}),
        "until": (at + LASTS).timestamp(),
    }


def _read(request: HttpRequest, at: datetime) -> dict[str, list[str]]:
    return _kept(request.session, at)


def _kept(session: Any, at: datetime) -> dict[str, list[str]]:
    kept = session.get(KEY)
    if not isinstance(kept, dict) or not 0 < kept["until"] - at.timestamp() <= LASTS.total_seconds():
        return {"cases": [], "submissions": []}
    return kept


def case_ids(request: HttpRequest, at: datetime) -> frozenset[UUID]:
    """The cases proven in this visit."""
    return frozenset(UUID(text) for text in _read(request, at)["cases"])


def cases_of(session: Mapping[str, Any], at: datetime) -> frozenset[UUID]:
    """The cases proven in the visit whose session this is."""
    return frozenset(UUID(text) for text in _kept(session, at)["cases"])


def submission_ids(request: HttpRequest, at: datetime) -> frozenset[UUID]:
    """The submissions proven in this visit; cases opened later out of them are found through these."""
    return frozenset(UUID(text) for text in _read(request, at)["submissions"])


def actor(request: HttpRequest, at: datetime) -> Actor:
    """The citizen of this visit."""
    return CITIZEN(case_ids(request, at))


def forget(request: HttpRequest) -> None:
    """End the visit: on a shared phone nothing stays behind."""
    request.session.pop(KEY, None)
