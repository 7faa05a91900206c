"""The key file: outside the data and its backups, mode 0600, versioned. It wraps data keys, nothing else.

A ring is either a demonstration's or a production's. Production refuses a missing ring and a demonstration's.
"""

import base64
import fcntl
import json
import os
import secrets
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from xinqiao.config import environment
from xinqiao.kernel.errors import XinqiaoError

Algorithm = Literal["aes-256-gcm", "sm4-gcm"]
Purpose = Literal["demonstration", "production"]

NONCE = 12
TAG = 16
KEY_BYTES: Mapping[str, int] = {"aes-256-gcm": 32, "sm4-gcm": 16}
SCRYPT = {"n": 2**16, "r": 8, "p": 1}
MIN_PASSPHRASE = 12


class KeyTrouble(XinqiaoError):
    """Keys are missing, open to others, of the wrong kind or do not fit. The message says what to do."""

    code = "keys"


def seal(algorithm: str, key: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """nonce + ciphertext + tag."""
    nonce = secrets.token_bytes(NONCE)
    if algorithm == "aes-256-gcm":
        return nonce + AESGCM(key).encrypt(nonce, plaintext, aad)
    encryptor = Cipher(algorithms.SM4(key), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(aad)
    return nonce + encryptor.update(plaintext) + encryptor.finalize() + encryptor.tag


def unseal(algorithm: str, key: bytes, blob: bytes, aad: bytes) -> bytes:
    """The reverse of `seal`. Raises InvalidTag when key, blob or aad do not belong together."""
    if len(blob) < NONCE + TAG:
        raise InvalidTag
    nonce, body = blob[:NONCE], blob[NONCE:]
    if algorithm == "aes-256-gcm":
        return AESGCM(key).decrypt(nonce, body, aad)
    decryptor = Cipher(algorithms.SM4(key), modes.GCM(nonce, body[-TAG:])).decryptor()
    decryptor.authenticate_additional_data(aad)
    return decryptor.update(body[:-TAG]) + decryptor.finalize()


@dataclass(frozen=True)
class MasterKey:
    """One version of the key that wraps data keys."""

    version: int
    algorithm: str
    key: bytes = field(repr=False)
    created_at: str = ""


@dataclass(frozen=True)
class Keyring:
    """All versions ever used; the highest wraps anew, the others still open old wrappings and old backups."""

    purpose: Purpose
    keys: tuple[MasterKey, ...]

    @property
    def current(self) -> MasterKey:
        return self.keys[-1]

    def version(self, version: int) -> MasterKey | None:
        """The key of that version, or None."""
        return next((key for key in self.keys if key.version == version), None)

    def with_new(self, algorithm: Algorithm, at: datetime) -> "Keyring":
        """A ring with one more version."""
        version = self.keys[-1].version + 1 if self.keys else 1
        fresh = MasterKey(version, algorithm, secrets.token_bytes(KEY_BYTES[algorithm]), at.isoformat())
        return Keyring(self.purpose, (*self.keys, fresh))


def _to_json(ring: Keyring) -> bytes:
    keys = [
        {
            "version": key.version,
            "algorithm": key.algorithm,
            "key": base64.b64encode(key.key).decode(),
            "created_at": key.created_at,
        }
        for key in ring.keys
    ]
    return json.dumps({"format": 1, "purpose": ring.purpose, "keys": keys}, indent=1).encode()


def _from_json(data: bytes, where: str) -> Keyring:
    try:
        parts: dict[str, Any] = json.loads(data)
        if parts["format"] != 1 or parts["purpose"] not in ("demonstration", "production"):
            raise ValueError("unknown format or purpose")
        keys = tuple(
            MasterKey(
                int(key["version"]), key["algorithm"], base64.b64decode(key["key"], validate=True), key["created_at"]
            )
            for key in parts["keys"]
        )
        if [key.version for key in keys] != list(range(1, len(keys) + 1)) or not keys:
            raise ValueError("versions are not 1, 2, 3 …")
        if any(len(key.key) != KEY_BYTES[key.algorithm] for key in keys):
            raise ValueError("a key has the wrong length")
    except (ValueError, KeyError, TypeError) as error:
        raise KeyTrouble(
            f"密钥文件 {where} 读不懂（{error}）。", remedy="请用 xinqiao keys escrow --recover 从托管副本恢复。"
        ) from None
    return Keyring(parts["purpose"], keys)


def read(path: Path) -> Keyring | None:
    """The ring in that file, or None when there is none. Raises KeyTrouble when others may read it or it is damaged."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KeyTrouble(f"密钥文件 {path} 打不开：{error.strerror}。", remedy="请检查文件的所有者和权限。") from None
    with os.fdopen(handle, "rb") as file:
        state = os.fstat(file.fileno())
        if stat.S_IMODE(state.st_mode) & 0o077:
            raise KeyTrouble(
                f"密钥文件 {path} 的权限是 {stat.S_IMODE(state.st_mode):04o}，别人也能读。",
                remedy=f"请执行 chmod 600 {path}。",
            )
        return _from_json(file.read(), str(path))


def write(path: Path, ring: Keyring) -> None:
    """Replace the file in one move, mode 0600, on the disk before this returns."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(_to_json(ring))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process at a time changes the ring."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def create(path: Path, *, purpose: Purpose, algorithm: Algorithm, at: datetime) -> Keyring:
    """The ring in that file, made with a first key when there is none. Two processes at once get the same one."""
    with locked(path):
        ring = read(path)
        if ring is None:
            ring = Keyring(purpose, ()).with_new(algorithm, at)
            write(path, ring)
    return ring


def default_path() -> Path:
    """Where the surroundings say that the key file lies: the same for data and for backups."""
    return environment.keyring_file()


def check_outside(path: Path, data: Path) -> None:
    """Raise KeyTrouble when the key file would lie inside the data folder: a backup would carry it away."""
    if path.resolve().is_relative_to(data.resolve()):
        raise KeyTrouble(f"密钥文件 {path} 在数据目录里面。", remedy="请把 XINQIAO_KEYS 设到数据目录之外。")


def _stretch(passphrase: str, salt: bytes) -> bytes:
    if len(passphrase) < MIN_PASSPHRASE:
        raise KeyTrouble(f"口令太短，至少 {MIN_PASSPHRASE} 个字符。", remedy="请用几个不相干的词组成口令，抄下来封存。")
    return Scrypt(salt=salt, length=32, **SCRYPT).derive(passphrase.encode())


def escrow(ring: Keyring, passphrase: str) -> bytes:
    """The ring under a passphrase (scrypt, AES-256-GCM), to be kept by another person in another place."""
    salt = secrets.token_bytes(16)
    body = seal("aes-256-gcm", _stretch(passphrase, salt), _to_json(ring), b"xinqiao-escrow-1" + salt)
    return json.dumps(
        {"format": "xinqiao-escrow-1", "salt": base64.b64encode(salt).decode(), "body": base64.b64encode(body).decode()}
    ).encode()


def recover(data: bytes, passphrase: str) -> Keyring:
    """The ring out of an escrow copy. Raises KeyTrouble for a wrong passphrase or a damaged copy."""
    try:
        parts = json.loads(data)
        if parts["format"] != "xinqiao-escrow-1":
            raise ValueError("format")
        salt, body = base64.b64decode(parts["salt"]), base64.b64decode(parts["body"])
    except (ValueError, KeyError, TypeError):
        raise KeyTrouble("这不是密钥托管副本。", remedy="请选 xinqiao keys escrow 写出的文件。") from None
    try:
        plain = unseal("aes-256-gcm", _stretch(passphrase, salt), body, b"xinqiao-escrow-1" + salt)
    except InvalidTag:
        raise KeyTrouble("口令不对，或托管副本已损坏。", remedy="请核对口令后再试。") from None
    return _from_json(plain, "escrow")
