"""Many identities into the vault at once, and many query codes hashed: what vault.py and keys.py do for one, keys opened once."""

import hmac
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from xinqiao.kernel.ids import CODE_LENGTH, uuid7
from xinqiao.ledger import bulk
from xinqiao.people import keyring, keys
from xinqiao.people.identity import NORMALISE, Identity
from xinqiao.people.models import DataKey, Domain

_STDLIB = {"hmac-sha256": "sha256"}


@dataclass(frozen=True)
class Stored:
    """An identity to be stored under an id chosen beforehand."""

    id: UUID
    identity: Identity
    at: datetime
    sealed: bool = False


def persons_store(people: Sequence[Stored]) -> None:
    """Put identities into the vault, in the caller's transaction."""
    for domain in (Domain.OPEN.value, Domain.SEALED.value):
        mine = [one for one in people if one.sealed == (domain == Domain.SEALED.value)]
        if mine:
            _store(domain, mine)


def _store(domain: str, people: Sequence[Stored]) -> None:
    key = keys._current(domain, DataKey.Purpose.CIPHER)[0]
    header = bytes((keys.FORMAT, keys.ALGORITHM_BYTE[key.algorithm])) + key.version.to_bytes(4, "big")
    blobs = [
        header + keyring.seal(key.algorithm, key.key, _plain(one.identity), header + one.id.bytes) for one in people
    ]
    bulk.insert(
        "people_person",
        {
            "id": bulk.uuids(one.id for one in people),
            "ciphertext": bulk.blobs(blobs),
            "created_at": bulk.moments(one.at for one in people),
            "changed_at": bulk.moments(one.at for one in people),
        },
        fixed={"domain": domain, "key_version": key.version},
    )
    index = keys._current(domain, DataKey.Purpose.INDEX)[0]
    found = [
        (one.id, kind, digest_of(index, f"{kind}|{value}".encode()))
        for one in people
        for kind, normalise in NORMALISE.items()
        if (raw := getattr(one.identity, kind)) and (value := normalise(raw))
    ]
    bulk.insert(
        "people_personindex",
        {
            "id": bulk.uuids(uuid7() for _ in found),
            "person_id": bulk.uuids(row[0] for row in found),
            "kind": bulk.texts(row[1] for row in found),
            "hash": bulk.blobs(row[2] for row in found),
        },
        fixed={"domain": domain, "key_version": index.version},
    )


def _plain(identity: Identity) -> bytes:
    return json.dumps({k: v for k, v in identity.as_dict().items() if v}, ensure_ascii=False, sort_keys=True).encode()


def digest_of(key: keys.OpenKey, message: bytes) -> bytes:
    """The keyed hash of a message under an opened key."""
    name = _STDLIB.get(key.algorithm)
    return hmac.digest(key.key, message, name) if name else keys._mac(key, message)


def codes_of(requests: Iterable[tuple[str, str]]) -> list[bytes]:
    """For each (request key, public number) the hash to be stored of the query code that belongs to that request."""
    key = keys._current("open", DataKey.Purpose.CODE)[0]
    version = key.version.to_bytes(keys.CODE_HEADER, "big")
    found = []
    for request, number in requests:
        drawn = digest_of(key, f"query-code|{request}".encode())
        code = f"{int.from_bytes(drawn[-16:]) % 10**CODE_LENGTH:0{CODE_LENGTH}d}"
        found.append(version + digest_of(key, f"{number}|{code}".encode()))
    return found


def fingerprint_key() -> bytes:
    """A key of this installation under which rows of foreign files are recognised again. It never changes."""
    first = keys._current("open", DataKey.Purpose.CODE)[-1]
    return digest_of(first, b"rows-of-files")
