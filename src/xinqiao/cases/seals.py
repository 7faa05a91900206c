"""How an official paper gets its seal: by hand on paper by default, or by an electronic seal that an instance plugs in.

An instance names its own class in the setting XINQIAO_SEAL (a dotted path; default `xinqiao.cases.seals.PrintAndScan`).
It is made without arguments, once a process, and must fulfil `Seal`. The paper is sealed when it is frozen, by the
worker, after it has its number; what `apply` returns is stored as the PDF of record. An error leaves the paper
unfrozen: the job is tried again and set aside with an alarm, and nothing unsealed goes out under its number.
"""

from datetime import date
from functools import cache
from typing import Literal, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

DEFAULT = "xinqiao.cases.seals.PrintAndScan"


class Seal(Protocol):
    """What a seal can do."""

    mark: Literal["stamp", "electronic"]
    """What stands in the place for the seal: room for a stamp, or for an electronic seal."""

    by_hand: bool
    """Whether somebody prints the paper, stamps it and uploads the scan (the step's input `scan`)."""

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
    """The seal of this instance. Raises ImportError when the setting names nothing."""
    made: Seal = import_string(getattr(settings, "XINQIAO_SEAL", DEFAULT))()
    return made
