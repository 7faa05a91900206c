"""How an official paper gets its seal: by hand on paper by default, or by an electronic seal that an instance plugs in.

An instance names its own class in XINQIAO_SEAL in the environment (a dotted path; default: `PrintAndScan` here).
It is made without arguments, once a process, and must fulfil `Seal`. Where seals are put on by hand, the law asks for the scan
before a decision, first or corrected, counts as sealed. The paper is sealed when it is frozen, by the
worker, after it has its number; what `apply` returns is stored as the PDF of record. An error leaves the paper
unfrozen: it is tried again later and later, the job fails aloud, and nothing unsealed goes out under its number.
"""

from datetime import date
from functools import cache
from typing import Literal, Protocol

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

DEFAULT = "xinqiao.cases.seals.PrintAndScan"


class Seal(Protocol):
    """What a seal can do."""

    mark: Literal["stamp", "electronic"]
    """What stands in the place for the seal: room for a stamp, or for an electronic seal."""

    by_hand: bool
    """Whether somebody prints the paper, stamps it and uploads the scan: then the step demands its input `scan`."""

    def apply(self, pdf: bytes, *, kind: str, number: str, issuer_code: str, issued_on: date) -> bytes:
        """The PDF with the seal of that organ on it. Raises when it cannot be sealed now."""
        ...


class PrintAndScan:
    """Print, stamp, scan back: the PDF keeps an empty place for the stamp, the scan lies beside it in the file."""

    mark: Literal["stamp", "electronic"] = "stamp"
    by_hand = True

    def apply(self, pdf: bytes, *, kind: str, number: str, issuer_code: str, issued_on: date) -> bytes:
        """The PDF as it is: the seal comes onto paper."""
        return pdf


@cache
def current() -> Seal:
    """The seal of this instance. Raises ImproperlyConfigured when the setting names nothing that can be made."""
    name = settings.XINQIAO_SEAL or DEFAULT
    try:
        made: Seal = import_string(name)()
    except (ImportError, TypeError) as error:
        raise ImproperlyConfigured(
            f"XINQIAO_SEAL is {name!r}; it must be the dotted path of a class made without arguments: {error}"
        ) from error
    return made
