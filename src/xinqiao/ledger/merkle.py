"""Merkle trees over salted heads. Pure, and short enough for a citizen's own programmer to check."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

SMALLEST = 1024
"""No anchor has fewer leaves than this: a quiet day and a busy one look the same."""

FIRST = bytes(32)
"""The previous hash of the first anchor."""


def leaf_of(salt: bytes, case_id: UUID, seq: int, head: bytes) -> bytes:
    """The leaf that stands for a case's head. Without the salt it tells nothing."""
    return hashlib.sha256(b"\x00" + salt + case_id.bytes + seq.to_bytes(4, "big") + head).digest()


def padded(leaves: Sequence[bytes]) -> list[bytes]:
    """The leaves, filled up with random ones to a power of two, in an order that tells nothing."""
    size = SMALLEST
    while size < len(leaves):
        size *= 2
    return sorted([*leaves, *(os.urandom(32) for _ in range(size - len(leaves)))])


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _level_above(level: Sequence[bytes]) -> list[bytes]:
    return [_node(level[i], level[i + 1]) for i in range(0, len(level), 2)]


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over a power of two of leaves."""
    level = list(leaves)
    while len(level) > 1:
        level = _level_above(level)
    return level[0]


def path_of(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The neighbours that lead from leaf `index` up to the root, lowest first."""
    path, level = [], list(leaves)
    while len(level) > 1:
        path.append(level[index ^ 1])
        level = _level_above(level)
        index //= 2
    return path


def anchor_hash(previous: bytes, day: date, root: bytes) -> bytes:
    """What is published for a day: it binds the day's root and, through `previous`, every day before."""
    return hashlib.sha256(b"\x02" + previous + day.isoformat().encode() + root).digest()


def verify_proof(proof: Mapping[str, Any], published: str) -> bool:
    """Whether `proof` (from selectors.proof) leads to the published hash of its day. Malformed proofs are false."""
    try:
        node = leaf_of(
            bytes.fromhex(proof["salt"]), UUID(proof["case"]), int(proof["seq"]), bytes.fromhex(proof["head"])
        )
        index = int(proof["index"])
        for step in proof["path"]:
            neighbour = bytes.fromhex(step)
            node = _node(neighbour, node) if index % 2 else _node(node, neighbour)
            index //= 2
        found = anchor_hash(bytes.fromhex(proof["previous"]), date.fromisoformat(proof["day"]), node)
        return index == 0 and found == bytes.fromhex(published)
    except (KeyError, TypeError, ValueError, OverflowError):
        return False
