"""The bytes of the chain: payload, hash, commitment. Pure."""

import hashlib
import os
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from xinqiao.kernel.canonical import canonical

GENESIS = bytes(32)
"""The previous hash of a case's first entry."""

VERSION = 1


def payload_of(
    *,
    case_id: UUID,
    seq: int,
    event: str,
    step: str,
    actor: Mapping[str, Any],
    occurred_at: datetime,
    body: Mapping[str, Any],
) -> bytes:
    """The bytes that are stored and hashed. Raises TypeError or ValueError for what has no canonical form."""
    return canonical(
        {
            "v": VERSION,
            "case": case_id,
            "seq": seq,
            "event": event,
            "step": step,
            "actor": dict(actor),
            "occurred_at": occurred_at,
            "body": dict(body),
        }
    )


def entry_hash(prev_hash: bytes, payload: bytes) -> bytes:
    """sha256(previous hash, stored bytes)."""
    return hashlib.sha256(prev_hash + payload).digest()


def new_salt() -> bytes:
    """32 random bytes, kept beside the words they protect and destroyed with them."""
    return os.urandom(32)


def commitment(salt: bytes, value: Any) -> str:
    """A hex digest that binds to `value` and tells nothing of it without `salt`. ValueError for a short salt."""
    if len(salt) < 16:
        raise ValueError("a commitment needs a salt of at least 16 bytes")
    return hashlib.sha256(salt + canonical(value)).hexdigest()
