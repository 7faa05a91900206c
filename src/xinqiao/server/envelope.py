"""A file under the keyring: encrypted and authenticated block by block, so that size does not matter.

Head: one line of JSON (format, key version, algorithm, salt). Then blocks: 4 bytes length, sealed bytes. Each block is
bound to the head, to its place and to being the last, so that nothing can be changed, swapped, cut off or added.
"""

import base64
import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from xinqiao.config.environment import BadEnvironment
from xinqiao.people.keyring import KEY_BYTES, Keyring, MasterKey, seal, unseal

FORMAT = "xinqiao-backup-1"
BLOCK = 1024 * 1024
LONGEST_HEAD = 4096


def _key(master: MasterKey, salt: bytes) -> bytes:
    return HKDF(hashes.SHA256(), KEY_BYTES[master.algorithm], salt, FORMAT.encode()).derive(master.key)


def _bound(head: bytes, number: int, last: bool) -> bytes:
    return head + number.to_bytes(8, "big") + bytes([last])


def _blocks(source: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    block = source.read(BLOCK)
    while True:
        following = source.read(BLOCK)
        yield block, not following
        if not following:
            return
        block = following


def close_file(source: Path, target: Path, ring: Keyring) -> None:
    """Write `source` encrypted to `target` (mode 0600) under the ring's current key."""
    master, salt = ring.current, secrets.token_bytes(16)
    told = {
        "format": FORMAT,
        "key": master.version,
        "algorithm": master.algorithm,
        "salt": base64.b64encode(salt).decode(),
    }
    head = json.dumps(told, sort_keys=True).encode() + b"\n"
    key = _key(master, salt)
    target.touch(mode=0o600, exist_ok=False)
    with source.open("rb") as plain, target.open("wb") as closed:
        closed.write(head)
        for number, (block, last) in enumerate(_blocks(plain)):
            sealed = seal(master.algorithm, key, block, _bound(head, number, last))
            closed.write(len(sealed).to_bytes(4, "big") + sealed)


def open_file(source: Path, target: Path, ring: Keyring) -> None:
    """Write `source` decrypted to `target`. Raises BadEnvironment for another file, another key, or any change in it."""
    wrong = BadEnvironment(
        f"{source} cannot be opened: it was changed, it is incomplete, or it was made under other keys. "
        "Use the keys of the instance that made it (XINQIAO_KEYS, or xinqiao keys escrow --recover)."
    )
    with source.open("rb") as closed:
        head = closed.readline(LONGEST_HEAD)
        try:
            told = json.loads(head)
            if told["format"] != FORMAT:
                raise ValueError(told["format"])
            salt, version = base64.b64decode(told["salt"]), int(told["key"])
        except (ValueError, KeyError, TypeError):
            raise BadEnvironment(f"{source} is not a backup of Xinqiao.") from None
        master = ring.version(version)
        if master is None or master.algorithm != told["algorithm"]:
            raise wrong
        key, number, last = _key(master, salt), 0, False
        target.touch(mode=0o600)
        with target.open("wb") as plain:
            while not last:
                length = int.from_bytes(closed.read(4), "big")
                block = closed.read(min(length, BLOCK + 64))
                last = not closed.peek(1)
                try:
                    plain.write(unseal(master.algorithm, key, block, _bound(head, number, last)))
                except InvalidTag:
                    raise wrong from None
                number += 1
