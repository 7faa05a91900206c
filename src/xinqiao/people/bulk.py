"""Many identities for the vault at once, and many query codes hashed: what vault.py and keys.py do for one, keys opened once."""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from xinqiao.kernel.ids import CODE_LENGTH, uuid7s
from xinqiao.ledger import bulk
from xinqiao.people import keyring, keys
from xinqiao.people.identity import FIELDS, NORMALISE, Identity
from xinqiao.people.models import DataKey, Domain

DOMAINS = (Domain.OPEN.value, Domain.SEALED.value)
_STDLIB = {"hmac-sha256": "sha256"}


@dataclass(frozen=True)
class Stored:
    """An identity to be stored under an id chosen beforehand."""

    id: UUID
    identity: Identity
    at: datetime
    sealed: bool = False


@dataclass(frozen=True)
class Keys:
    """The newest keys, opened: with them rows are made where the database cannot be asked."""

    ciphers: Mapping[str, keys.OpenKey]
    indexes: Mapping[str, keys.OpenKey]
    code: keys.OpenKey

    def encrypt(self, domain: str, plaintext: bytes, aad: bytes) -> bytes:
        """The same as keys.encrypt."""
        key = self.ciphers[domain]
        header = bytes((keys.FORMAT, keys.ALGORITHM_BYTE[key.algorithm])) + key.version.to_bytes(4, "big")
        return header + keyring.seal(key.algorithm, key.key, plaintext, header + aad)


def keys_opened() -> Keys:
    """The keys that are the newest now."""
    return Keys(
        {domain: keys._current(domain, DataKey.Purpose.CIPHER)[0] for domain in DOMAINS},
        {domain: keys._current(domain, DataKey.Purpose.INDEX)[0] for domain in DOMAINS},
        keys._current(Domain.OPEN.value, DataKey.Purpose.CODE)[0],
    )


def persons_inserting(people: Sequence[Stored], opened: Keys) -> list[bulk.Insert]:
    """What puts identities into the vault."""
    found: list[bulk.Insert] = []
    for domain in DOMAINS:
        found += _inserting(domain, [one for one in people if one.sealed == (domain == Domain.SEALED.value)], opened)
    return found


def _inserting(domain: str, people: Sequence[Stored], opened: Keys) -> list[bulk.Insert]:
    persons = bulk.inserting(
        "people_person",
        {
            "id": bulk.uuids(one.id for one in people),
            "ciphertext": bulk.blobs(opened.encrypt(domain, _plain(one.identity), one.id.bytes) for one in people),
            "created_at": bulk.moments(one.at for one in people),
            "changed_at": bulk.moments(one.at for one in people),
        },
        fixed={"domain": domain, "key_version": opened.ciphers[domain].version},
    )
    index = opened.indexes[domain]
    digest = digests_of(index)
    found = [
        (one.id, kind, digest(f"{kind}|{value}".encode()))
        for one in people
        for kind, normalise in NORMALISE.items()
        if (raw := getattr(one.identity, kind)) and (value := normalise(raw))
    ]
    indexed = bulk.inserting(
        "people_personindex",
        {
            "id": bulk.uuids(uuid7s(len(found))),
            "person_id": bulk.uuids(row[0] for row in found),
            "kind": bulk.texts(row[1] for row in found),
            "hash": bulk.blobs(row[2] for row in found),
        },
        fixed={"domain": domain, "key_version": index.version},
    )
    return [persons, indexed]


def _plain(identity: Identity) -> bytes:
    known = {name: value for name in FIELDS if (value := getattr(identity, name))}
    return json.dumps(known, ensure_ascii=False, sort_keys=True).encode()


def digests_of(key: keys.OpenKey) -> Callable[[bytes], bytes]:
    """What makes the keyed hash of a message under an opened key."""
    name = _STDLIB.get(key.algorithm)
    if name is None:
        return lambda message: keys._mac(key, message)
    block = key.key.ljust(hashlib.new(name).block_size, b"\0")  # RFC 2104, with both halves of the key taken in once
    inner, outer = (hashlib.new(name, block.translate(table)) for table in (hmac.trans_36, hmac.trans_5C))

    def digest(message: bytes) -> bytes:
        first, second = inner.copy(), outer.copy()
        first.update(message)
        second.update(first.digest())
        return second.digest()

    return digest


def codes_of(requests: Iterable[tuple[str, str]], opened: Keys) -> list[bytes]:
    """For each (request key, public number) the hash to be stored of the query code that belongs to that request."""
    key, digest = opened.code, digests_of(opened.code)
    version = key.version.to_bytes(keys.CODE_HEADER, "big")
    found = []
    for request, number in requests:
        drawn = digest(f"query-code|{request}".encode())
        code = f"{int.from_bytes(drawn[-16:]) % 10**CODE_LENGTH:0{CODE_LENGTH}d}"
        found.append(version + digest(f"{number}|{code}".encode()))
    return found


def fingerprints() -> Callable[[bytes], bytes]:
    """What makes hashes of this installation under which rows of foreign files are recognised again. Its key never changes."""
    first = keys._current("open", DataKey.Purpose.CODE)[-1]
    key = digests_of(first)(b"rows-of-files")
    return digests_of(replace(first, algorithm="hmac-sha256", key=key))
