"""A file under the keyring: encrypted, authenticated block by block and signed as a whole, so that size does not matter.

Head: one line of JSON (format, what it is, its name, key version, algorithm, salt, signer). Then blocks: 4 bytes length
(the highest bit marks the last one), sealed bytes. Each block is bound to the head, to its place and to being the last.
At the end an Ed25519 signature over the hash of everything before: it is checked without any secret, so that a place that
keeps backups can see whether they are whole, and cannot read them. The signing key comes from the master key.
"""

import base64
import hashlib
import json
import os
import secrets
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from xinqiao.config.environment import BadEnvironment
from xinqiao.people.keyring import KEY_BYTES, Keyring, MasterKey, seal, unseal

FORMAT = "xinqiao-backup-2"
BLOCK = 1024 * 1024
LONGEST_HEAD = 4096
SIGNATURE = 64
_LAST = 1 << 31


class Spoilt(BadEnvironment):
    """The file was changed, is incomplete, or belongs to other keys."""


def _derive(master: MasterKey, what: str, length: int, salt: bytes | None) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, f"{FORMAT}|{what}".encode()).derive(master.key)


def _signing(master: MasterKey) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(_derive(master, f"sign|{master.version}", 32, None))


def signer_of(master: MasterKey) -> str:
    """The public half of the key that signs what is written under `master`, in hexadecimal."""
    return _signing(master).public_key().public_bytes_raw().hex()


def _bound(head: bytes, number: int, last: bool) -> bytes:
    return head + number.to_bytes(8, "big") + bytes([last])


def _blocks(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    waiting = bytearray()
    for chunk in chunks:
        waiting += chunk
        while len(waiting) > BLOCK:
            yield bytes(waiting[:BLOCK]), False
            del waiting[:BLOCK]
    yield bytes(waiting), True


def pieces(path: Path) -> Iterator[bytes]:
    """The bytes of a file, a block at a time."""
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block


def close(chunks: Iterable[bytes], target: Path, ring: Keyring, *, kind: str, name: str, pack: bool = True) -> int:
    """Write `chunks` to `target` (mode 0600, whole or not at all, on the disk before this returns).

    `kind` and `name` are bound to the contents: one file cannot be passed off as another. `pack` compresses. Returns the
    size of what was written.
    """
    master, salt = ring.current, secrets.token_bytes(16)
    told = {
        "format": FORMAT,
        "kind": kind,
        "name": name,
        "key": master.version,
        "algorithm": master.algorithm,
        "salt": base64.b64encode(salt).decode(),
        "packed": pack,
        "signer": signer_of(master),
    }
    head = json.dumps(told, sort_keys=True).encode() + b"\n"
    key = _derive(master, "seal", KEY_BYTES[master.algorithm], salt)
    total = hashlib.sha256(head)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as closed:
            closed.write(head)
            for number, (block, last) in enumerate(_blocks(chunks)):
                inner = zlib.compress(block, 1) if pack else block
                sealed = seal(master.algorithm, key, inner, _bound(head, number, last))
                part = (len(sealed) | (_LAST if last else 0)).to_bytes(4, "big") + sealed
                total.update(part)
                closed.write(part)
            closed.write(_signing(master).sign(FORMAT.encode() + total.digest()))
            closed.flush()
            os.fsync(closed.fileno())
            size = closed.tell()
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    _settle(target.parent)
    return size


def _settle(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _head(line: bytes, source: Path) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(line)
        if told["format"] != FORMAT:
            raise ValueError(told["format"])
        base64.b64decode(told["salt"], validate=True)
        bytes.fromhex(told["signer"])
        if not all(isinstance(told[name], kind) for name, kind in _WORDS.items()):
            raise TypeError("head")
    except (ValueError, KeyError, TypeError):
        raise Spoilt(f"{source} is not a backup of Xinqiao.") from None
    return told


_WORDS = {"kind": str, "name": str, "key": int, "algorithm": str, "packed": bool}


def _spoilt(source: Path) -> Spoilt:
    return Spoilt(
        f"{source} cannot be opened: it was changed, it is incomplete, or it was made under other keys. "
        "Use the keys of the instance that made it (XINQIAO_KEYS, or xinqiao keys escrow --recover)."
    )


def check(source: Path, signers: Iterable[str]) -> dict[str, Any]:
    """The head of `source`, once its signature was found to be by one of `signers` (see `signer_of`); needs no secret.

    Raises Spoilt for another file, another signer, or any change in it.
    """
    with source.open("rb") as closed:
        line = closed.readline(LONGEST_HEAD)
        told = _head(line, source)
        if told["signer"] not in set(signers):
            raise _spoilt(source)
        left = source.stat().st_size - len(line) - SIGNATURE
        total = hashlib.sha256(line)
        while left > 0 and (part := closed.read(min(left, BLOCK))):
            total.update(part)
            left -= len(part)
        signature = closed.read()
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(told["signer"])).verify(
            signature, FORMAT.encode() + total.digest()
        )
    except InvalidSignature:
        raise _spoilt(source) from None
    return told


def signers(ring: Keyring) -> set[str]:
    """Who may have signed what this ring opens: one signer for each version of the master key."""
    return {signer_of(master) for master in ring.keys}


def read(source: Path, ring: Keyring, *, kind: str, name: str) -> Iterator[bytes]:
    """What lies in `source`, a block at a time, after its signature has been checked.

    Raises Spoilt for another file, another kind or name, another key, or any change in it.
    """
    told = check(source, signers(ring))
    master = ring.version(told["key"])
    if master is None or (told["kind"], told["name"], told["algorithm"]) != (kind, name, master.algorithm):
        raise _spoilt(source)
    key = _derive(master, "seal", KEY_BYTES[master.algorithm], base64.b64decode(told["salt"]))
    with source.open("rb") as closed:
        head, number, last = closed.readline(LONGEST_HEAD), 0, False
        while not last:
            mark = int.from_bytes(closed.read(4), "big")
            last, length = bool(mark & _LAST), mark & (_LAST - 1)
            try:
                inner = unseal(master.algorithm, key, closed.read(min(length, 2 * BLOCK)), _bound(head, number, last))
            except InvalidTag:
                raise _spoilt(source) from None
            yield zlib.decompress(inner) if told["packed"] else inner
            number += 1


def write_out(source: Path, target: Path, ring: Keyring, *, kind: str, name: str) -> None:
    """Write what lies in `source` to `target` (mode 0600, must not exist). Raises as `read` does."""
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "wb") as plain:
        for block in read(source, ring, kind=kind, name=name):
            plain.write(block)
