"""Identifiers: time-ordered for rows, random with a check digit for people."""

import os
import secrets
import time
from uuid import UUID

NUMBER_LENGTH = 12
CODE_LENGTH = 10
_SERIAL_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"

# Quasigroup of order 10 (H. M. Damm, 2004): finds every single wrong digit and every swap of neighbours.
_DAMM = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)


def uuid7() -> UUID:
    """A UUID of version 7: 48 bits of milliseconds, 12 of their fraction (RFC 9562, 6.2, method 3), the rest random.

    So those of one process stand in the order in which they were made.
    """
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    fraction = (rest << 12) // 1_000_000
    chance = int.from_bytes(os.urandom(8), "big") >> 2
    return UUID(int=milliseconds << 80 | 0x7 << 76 | fraction << 64 | 0x2 << 62 | chance)


def uuid7s(count: int) -> list[UUID]:
    """Many UUIDs of version 7 at once, of the same millisecond."""
    head = (time.time_ns() // 1_000_000) << 80 | 0x7 << 76 | 0x2 << 62
    chance, mask = os.urandom(10 * count), ~(0xF << 76 | 0x3 << 62)
    return [UUID(int=head | int.from_bytes(chance[at : at + 10], "big") & mask) for at in range(0, 10 * count, 10)]


def _damm(digits: str) -> int:
    interim = 0
    for digit in digits:
        interim = _DAMM[interim][int(digit)]
    return interim


def new_number() -> str:
    """A public number: eleven random digits (the first not 0) and a check digit. Says nothing about order or count."""
    digits = str(secrets.randbelow(9 * 10 ** (NUMBER_LENGTH - 2)) + 10 ** (NUMBER_LENGTH - 2))
    return digits + str(_damm(digits))


def normalise_number(text: str) -> str:
    """What a person typed as a number (spaces, dashes, full-width digits), as stored; '' when it cannot be one.

    An item's suffix (-1, -2) is kept when it is there.
    """
    folded = "".join(str(int(c)) if c.isdecimal() else c for c in text if not c.isspace())
    head, item = folded, ""
    compact = folded.replace("-", "").replace("－", "").replace("—", "")
    if len(compact) > NUMBER_LENGTH and compact.isdecimal():
        head, item = compact[:NUMBER_LENGTH], compact[NUMBER_LENGTH:]
    else:
        head = compact
    if len(head) != NUMBER_LENGTH or not head.isdecimal() or _damm(head) != 0:
        return ""
    return f"{head}-{int(item)}" if item else head


def new_query_code() -> str:
    """A private query code: ten random digits, easy to read out and to type on a telephone."""
    return f"{secrets.randbelow(10**CODE_LENGTH):0{CODE_LENGTH}d}"


def normalise_code(text: str) -> str:
    """What a person typed as a query code, as stored; '' when it cannot be one."""
    folded = "".join(str(int(c)) for c in text if c.isdecimal())
    return folded if len(folded) == CODE_LENGTH else ""


def new_serial(length: int = 8) -> str:
    """A random serial for papers, without letters or digits that look alike."""
    drawn, signs = secrets.randbelow(len(_SERIAL_ALPHABET) ** length), []
    for _ in range(length):
        drawn, place = divmod(drawn, len(_SERIAL_ALPHABET))
        signs.append(_SERIAL_ALPHABET[place])
    return "".join(signs)
