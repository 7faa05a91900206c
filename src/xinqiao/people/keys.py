"""Envelope encryption: the keyring wraps data keys, data keys encrypt. Every blob names its algorithm and key version.

Blob: 1 byte format, 1 byte algorithm, 4 bytes key version, then nonce, ciphertext, tag. The header is authenticated.
"""

import hmac
import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC
from django.conf import settings
from django.db import connection, transaction

from xinqiao.config import environment
from xinqiao.kernel.clock import utc_now
from xinqiao.kernel.ids import uuid7
from xinqiao.people import keyring
from xinqiao.people.keyring import KEY_BYTES, Algorithm, Keyring, KeyTrouble
from xinqiao.people.models import DataKey

FORMAT = 1
HEADER = 6
ALGORITHM_BYTE: dict[str, int] = {"aes-256-gcm": 1, "sm4-gcm": 2}
ALGORITHM_OF = {byte: name for name, byte in ALGORITHM_BYTE.items()}
HASH_OF: dict[str, hashes.HashAlgorithm] = {"hmac-sha256": hashes.SHA256(), "hmac-sm3": hashes.SM3()}
HASH_BYTES = 32
CODE_HEADER = 2
KNOWN_SECONDS = 20.0

_lock = threading.Lock()
_ring: dict[Path, Keyring] = {}
_opened: dict[tuple[Any, ...], "OpenKey"] = {}
_lately: dict[tuple[Any, ...], tuple[float, list["OpenKey"]]] = {}
_uncommitted: set[UUID] = set()  # keys of transactions that may still be rolled back: they are used, and not remembered


@dataclass(frozen=True)
class OpenKey:
    """A data key, unwrapped."""

    id: UUID
    domain: str
    purpose: str
    version: int
    algorithm: str
    key: bytes = field(repr=False)


def keyring_path() -> Path:
    """Where the key file lies: settings.XINQIAO_KEYRING, else what the environment says."""
    chosen = getattr(settings, "XINQIAO_KEYRING", "")
    return Path(chosen) if chosen else keyring.default_path()


def cipher_algorithm() -> Algorithm:
    """What new data is encrypted with: settings.XINQIAO_CRYPTO "guomi" means SM4, else AES."""
    return "sm4-gcm" if getattr(settings, "XINQIAO_CRYPTO", "") == "guomi" else "aes-256-gcm"


def hash_algorithm() -> str:
    """What new keyed hashes are made with: SM3 for "guomi", else SHA-256."""
    return "hmac-sm3" if getattr(settings, "XINQIAO_CRYPTO", "") == "guomi" else "hmac-sha256"


def _profile() -> str:
    return str(getattr(settings, "XINQIAO_PROFILE", "demo"))


def ring() -> Keyring:
    """The keyring of this installation.

    In a demonstration or a test it is made when missing. Production raises KeyTrouble when it is missing or a
    demonstration's.
    """
    path = keyring_path()
    with _lock:
        known = _ring.get(path)
    if known is not None:
        return known
    found = keyring.read(path)
    if _profile() == "production":
        keyring.check_outside(path, environment.home())
        if found is None:
            raise KeyTrouble(
                f"没有找到密钥文件 {path}。", remedy="新装请执行 xinqiao keys new；恢复请用 keys escrow --recover。"
            )
        if found.purpose != "production":
            raise KeyTrouble(
                f"密钥文件 {path} 是演示用的，正式环境不接受。",
                remedy="请另设 XINQIAO_KEYS 并执行 xinqiao keys new。",
            )
    elif found is None:
        found = keyring.create(path, purpose="demonstration", algorithm=cipher_algorithm(), at=utc_now())
    with _lock:
        _ring[path] = found
    return found


def forget() -> None:
    """Drop all keys from memory; the next use reads them again."""
    with _lock:
        _ring.clear()
        _opened.clear()
        _lately.clear()


def _wrap_aad(domain: str, purpose: str, version: int) -> bytes:
    return f"xinqiao-datakey|{domain}|{purpose}|{version}".encode()


def _new_key(algorithm: str) -> bytes:
    return secrets.token_bytes(KEY_BYTES.get(algorithm, HASH_BYTES))


def _master(version: int) -> keyring.MasterKey:
    master = ring().version(version)
    if master is None:  # another process has rotated: read the file again
        with _lock:
            _ring.pop(keyring_path(), None)
        master = ring().version(version)
    if master is None:
        raise KeyTrouble(
            f"密钥文件里没有第 {version} 版主密钥。", remedy="请恢复与这份数据配套的密钥文件（keys escrow --recover）。"
        )
    return master


def _open(row: DataKey) -> OpenKey:
    with _lock:
        known = _opened.get((row.id, bytes(row.wrapped)))
    if known is not None:
        return known
    master = _master(row.kek_version)
    try:
        key = keyring.unseal(
            master.algorithm, master.key, bytes(row.wrapped), _wrap_aad(row.domain, row.purpose, row.version)
        )
    except InvalidTag:
        raise KeyTrouble("密钥文件与这份数据不配套。", remedy="请检查 XINQIAO_KEYS 指向的文件。") from None
    opened = OpenKey(row.id, row.domain, row.purpose, row.version, row.algorithm, key)
    with _lock:
        _opened[row.id, bytes(row.wrapped)] = opened
        _opened[_by_version(row.domain, row.purpose, row.version)] = opened
    return opened


def _by_version(domain: str, purpose: str, version: int) -> tuple[Any, ...]:
    return (connection.settings_dict["NAME"], domain, purpose, version)


def add_data_key(domain: str, purpose: str, version: int, algorithm: str) -> None:
    """Store a fresh data key; nothing happens when another process stored that version first."""
    master = ring().current
    wrapped = keyring.seal(master.algorithm, master.key, _new_key(algorithm), _wrap_aad(domain, purpose, version))
    row = DataKey(
        id=uuid7(), domain=domain, purpose=purpose, version=version, algorithm=algorithm,
        kek_version=master.version, wrapped=wrapped,
    )  # fmt: skip
    DataKey.objects.bulk_create([row], ignore_conflicts=True)
    _lately.clear()
    _uncommitted.add(row.id)
    transaction.on_commit(partial(_uncommitted.discard, row.id))


def _rows(domain: str, purpose: str) -> list[DataKey]:
    return list(DataKey.objects.filter(domain=domain, purpose=purpose).order_by("-version"))


def _wanted(purpose: str) -> str:
    return cipher_algorithm() if purpose == DataKey.Purpose.CIPHER else hash_algorithm()


def _current(domain: str, purpose: str) -> list[OpenKey]:
    """All keys, newest first; the first one is of the algorithm now wanted (made when there is none).

    What was read is good for KNOWN_SECONDS: a key that another process makes meanwhile is used a little later, and the
    older ones open what they closed. What this very transaction has made is not remembered: it may be rolled back.
    """
    place = (connection.settings_dict["NAME"], domain, purpose, _wanted(purpose), keyring_path())
    moment = time.monotonic()
    known = _lately.get(place)
    if known is not None and moment < known[0]:
        return known[1]
    rows = _rows(domain, purpose)
    if not rows or rows[0].algorithm != _wanted(purpose):
        add_data_key(domain, purpose, rows[0].version + 1 if rows else 1, _wanted(purpose))
        rows = _rows(domain, purpose)
    opened = [_open(row) for row in rows]
    if _uncommitted.isdisjoint(row.id for row in rows):
        _lately[place] = (moment + KNOWN_SECONDS, opened)
    return opened


def _of_version(domain: str, purpose: str, version: int) -> OpenKey:
    known = _opened.get(_by_version(domain, purpose, version))
    return known if known is not None else _reload(domain, purpose, version)


def _reload(domain: str, purpose: str, version: int) -> OpenKey:
    row = DataKey.objects.filter(domain=domain, purpose=purpose, version=version).first()
    if row is None:
        raise KeyTrouble(f"没有第 {version} 版数据密钥（{domain}）。", remedy="数据与密钥表不配套，请从备份恢复。")
    return _open(row)


def encrypt(domain: str, plaintext: bytes, aad: bytes) -> bytes:
    """The blob of `plaintext` under the domain's newest data key. `aad` ties it to its row (e.g. the id's bytes)."""
    key = _current(domain, DataKey.Purpose.CIPHER)[0]
    header = bytes((FORMAT, ALGORITHM_BYTE[key.algorithm])) + key.version.to_bytes(4, "big")
    return header + keyring.seal(key.algorithm, key.key, plaintext, header + aad)


def decrypt(domain: str, blob: bytes | memoryview, aad: bytes) -> bytes:
    """The plaintext of a blob made by `encrypt`, whatever version it was made with. Raises KeyTrouble."""
    data = bytes(blob)
    if len(data) < HEADER or data[0] != FORMAT or data[1] not in ALGORITHM_OF:
        raise KeyTrouble("这段密文的格式不认识。", remedy="数据可能已损坏，请从备份核对。")
    header, body, version = data[:HEADER], data[HEADER:], int.from_bytes(data[2:HEADER], "big")
    for find in (_of_version, _reload):
        key = find(domain, DataKey.Purpose.CIPHER, version)
        try:
            return keyring.unseal(ALGORITHM_OF[data[1]], key.key, body, header + aad)
        except (InvalidTag, ValueError):
            continue
    raise KeyTrouble("密文校验不通过：数据被改动过，或密钥不配套。", remedy="请停用这条数据并从备份核对。")


def version_of(blob: bytes | memoryview) -> int:
    """The data key version that a blob names."""
    return int.from_bytes(bytes(blob)[2:HEADER], "big")


def _mac(key: OpenKey, message: bytes) -> bytes:
    mac = HMAC(key.key, HASH_OF[key.algorithm])
    mac.update(message)
    return mac.finalize()


def blind(domain: str, kind: str, value: str) -> tuple[int, bytes]:
    """(key version, keyed hash) of a normalised value, to be stored and compared for equality inside one domain."""
    key = _current(domain, DataKey.Purpose.INDEX)[0]
    return key.version, _mac(key, f"{kind}|{value}".encode())


def blind_all(domain: str, kind: str, value: str) -> list[bytes]:
    """The keyed hashes of a value under every version of the key: what a look-up compares with."""
    return [_mac(key, f"{kind}|{value}".encode()) for key in _current(domain, DataKey.Purpose.INDEX)]


def code_hash(value: str, context: str = "") -> bytes:
    """The keyed hash of a query or phone code, to be stored. `context` ties it to its row, e.g. the public number."""
    key = _current("open", DataKey.Purpose.CODE)[0]
    return key.version.to_bytes(CODE_HEADER, "big") + _mac(key, f"{context}|{value}".encode())


def code_matches(value: str, stored: bytes | memoryview | None, context: str = "") -> bool:
    """Whether a code is the one whose hash is stored, in constant time; None takes as long and says no."""
    data = bytes(stored) if stored is not None else b""
    version = int.from_bytes(data[:CODE_HEADER], "big")
    known: Sequence[OpenKey] = _current("open", DataKey.Purpose.CODE)
    key = next((k for k in known if k.version == version), known[0])
    found = _mac(key, f"{context}|{value}".encode())
    return hmac.compare_digest(found, data[CODE_HEADER:] or bytes(HASH_BYTES))


def prepare() -> None:
    """Make sure that ring and first data keys exist: called once at start and after migrating. Raises KeyTrouble."""
    for domain in ("open", "sealed"):
        _current(domain, DataKey.Purpose.CIPHER)
        _current(domain, DataKey.Purpose.INDEX)
    _current("open", DataKey.Purpose.CODE)


@dataclass(frozen=True)
class Rotation:
    """What a rotation did."""

    master_version: int
    rewrapped: int
    fresh: int


def rotate(*, at: datetime) -> Rotation:
    """A new master key wraps every data key; new data keys encrypt from now on, the old ones stay readable.

    The file is written first: when the database fails after it, the old wrappings still open. Keyed hashes of
    identities keep their keys: they must stay equal to what is stored.
    """
    path = keyring_path()
    ring()
    with keyring.locked(path), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('people.keys.rotate'))")
        before = keyring.read(path)
        if before is None:
            raise KeyTrouble(f"没有找到密钥文件 {path}。", remedy="请用 keys escrow --recover 恢复。")
        after = before.with_new(cipher_algorithm(), at)
        rows = list(DataKey.objects.select_for_update().order_by("domain", "purpose", "version"))
        opened = [_open(row) for row in rows]
        keyring.write(path, after)
        with _lock:
            _ring[path] = after
        master = after.current
        for row, key in zip(rows, opened, strict=True):
            row.wrapped = keyring.seal(
                master.algorithm, master.key, key.key, _wrap_aad(row.domain, row.purpose, row.version)
            )
            row.kek_version = master.version
        DataKey.objects.bulk_update(rows, ["wrapped", "kek_version"])
        newest = {row.domain: row.version for row in rows if row.purpose == DataKey.Purpose.CIPHER}
        for domain, version in newest.items():
            add_data_key(domain, DataKey.Purpose.CIPHER, version + 1, cipher_algorithm())
    return Rotation(master.version, len(rows), len(newest))
