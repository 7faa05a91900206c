"""The first message of many matters at once: what notice_queue does for one, in two statements."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from procrastinate.contrib.django import app

from xinqiao.kernel.canonical import canonical
from xinqiao.kernel.clock import utc_now
from xinqiao.kernel.ids import uuid7
from xinqiao.ledger import bulk
from xinqiao.notices import sms, texts
from xinqiao.notices.ways import JOBS

LATELY = timedelta(days=2)
Told = tuple[str, UUID, UUID, str, bool, datetime, int | None]
"""(text, case, person, number, sealed, moment, organ that sends it)"""


def petitioners_told(rows: Sequence[Told], *, at: datetime) -> None:
    """Queue a message to each petitioner in the caller's transaction; mailed when a mail server is named, sent as
    a text when a gateway is and it is about the last days. `text` may use the
    number and nothing else. Raises KeyError for unknown words, ValueError for words with secrets."""
    if not rows:
        return
    ids, params = [uuid7() for _ in rows], []
    for text, _, _, number, sealed, _, _ in rows:
        words = texts.find(text, "petitioner", sealed=sealed)
        if words.secrets:
            raise ValueError(f"{text} carries what only one person may read")
        params.append(canonical({"number": number} if "number" in words.fields else {}).decode())
    bulk.insert(
        "notices_message",
        {
            "id": bulk.uuids(ids),
            "case_id": bulk.uuids(row[1] for row in rows),
            "text": bulk.texts(row[0] for row in rows),
            "params": bulk.jsons(params),
            "person_id": bulk.uuids(row[2] for row in rows),
            "sealed": bulk.bools(row[4] for row in rows),
            "sender_id": bulk.bigints(row[6] for row in rows),
            "created_at": bulk.moments(row[5] for row in rows),
        },
        fixed={"to_kind": "petitioner", "secrets": b""},
    )
    now = utc_now()
    _deliver(ids, {"channel": "page", "state": "sent", "sent_at": now, "address_ref": ""}, now)
    going = {"smtp": list(zip(ids, rows, strict=True))} if settings.EMAIL_HOST else {}
    if sms.configured():  # nobody's telephone rings for what is years ago
        going["sms"] = [(id_, row) for id_, row in zip(ids, rows, strict=True) if at - row[5] < LATELY]
    for way, chosen in going.items():
        if chosen:
            waiting = {"channel": way, "state": "waiting", "next_try_at": now}
            _deliver([id_ for id_, _ in chosen], waiting, now, [f"person:{row[2]}" for _, row in chosen])
            app.configure_task(JOBS[way]).defer()


def _deliver(ids: Sequence[UUID], fixed: dict[str, Any], now: datetime, references: Sequence[str] = ()) -> None:
    columns = {"id": bulk.uuids(uuid7() for _ in ids), "message_id": bulk.uuids(ids)}
    if references:
        columns["address_ref"] = bulk.texts(references)
    bulk.insert("notices_delivery", columns, fixed={**fixed, "tries": 0, "queued_at": now, "last_error": ""})
