"""The registry of everything that can happen. An event that nobody declared cannot be recorded."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

_CODE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+")
_TOKEN = re.compile(r"[\x21-\x7e]{0,200}")
_PERSON = re.compile(r"(\+?86)?1[3-9]\d{9}|\d{17}[\dXx]|[^@]+@[^@]+\.[^@]+")


class Privacy(Enum):
    """What an event's body may hold, and so what must be destroyed with a case. Mandatory: there is no default."""

    reference_only = "reference_only"
    """Ids, codes, dates, numbers and salted commitments. No words, nobody's name or number."""

    public_words = "public_words"
    """May quote words that are public anyway, e.g. the name of an organ or the text of an article."""


@dataclass(frozen=True)
class Event:
    """A kind of entry. `label` is a plain Chinese sentence (gettext id). Retired kinds stay: old entries must read."""

    code: str
    label: str
    privacy: Privacy
    retired: bool = False


_events: dict[str, Event] = {}


def declare(code: str, *, label: str, privacy: Privacy, retired: bool = False) -> Event:
    """Make `code` known. The same declaration twice is harmless; another one for the same code raises ValueError."""
    if not _CODE.fullmatch(code):
        raise ValueError(f"an event is called domain.what_happened, not {code!r}")
    if not isinstance(privacy, Privacy):
        raise ValueError(f"{code}: say which privacy rule holds")
    event = Event(code, label, privacy, retired)
    if _events.setdefault(code, event) != event:
        raise ValueError(f"{code} is already declared otherwise")
    return event


def find(code: str) -> Event:
    """The declared event. Raises ValueError when nobody declared it."""
    if code not in _events:
        raise ValueError(f"undeclared event {code!r}: declare it in the domain's events.py with its privacy rule")
    return _events[code]


def known() -> tuple[Event, ...]:
    """All declared events, by code."""
    return tuple(sorted(_events.values(), key=lambda event: event.code))


def check_body(event: Event, body: Mapping[str, Any]) -> None:
    """Raise ValueError when `body` holds what the event's privacy rule forbids. `cites` quote law and may be words."""
    if event.privacy is Privacy.reference_only:
        _references(event.code, "body", {name: value for name, value in body.items() if name != "cites"})


def _references(code: str, name: str, value: Any) -> None:
    match value:
        case None | bool() | int() | date() | datetime() | UUID():
            return
        case str():
            if not _TOKEN.fullmatch(value) or _PERSON.fullmatch(value):
                raise ValueError(f"{code}: {name} holds words or a person's number; keep a reference or a commitment")
        case Mapping():
            for key, inner in value.items():
                _references(code, name, key)
                _references(code, f"{name}.{key}", inner)
        case list() | tuple() | set() | frozenset():
            for inner in value:
                _references(code, name, inner)
        case _:
            raise ValueError(f"{code}: {name} is a {type(value).__name__}, not a reference")
