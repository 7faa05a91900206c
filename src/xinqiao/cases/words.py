"""Words of a case at rest: plain for open cases, encrypted for sealed ones."""

import json
from typing import Any, Protocol
from uuid import UUID

from xinqiao.people import keys


class HasWords(Protocol):
    id: UUID
    words: Any
    words_sealed: bytes | memoryview | None


def put(row: HasWords, value: Any, *, sealed: bool) -> None:
    """Set the row's words, encrypted when the case is sealed. Does not save."""
    if not sealed:
        row.words, row.words_sealed = value, None
        return
    plain = json.dumps(value, ensure_ascii=False).encode()
    row.words, row.words_sealed = None, keys.encrypt("sealed", plain, row.id.bytes)


def get(row: HasWords) -> Any:
    """The row's words, decrypted when needed; None when they were destroyed."""
    if row.words_sealed is None:
        return row.words
    return json.loads(keys.decrypt("sealed", bytes(row.words_sealed), row.id.bytes))
