"""Takes files in, and takes off the disk what no row knows of."""

import contextlib
import hashlib
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Sum
from django.utils.translation import gettext

from xinqiao.files import storage
from xinqiao.files.checks import MEGABYTE, Content, Unfit, decode_text, inspect, sniff
from xinqiao.files.images import derive
from xinqiao.files.models import Blob
from xinqiao.files.names import safe_name, shown_name
from xinqiao.kernel.ids import uuid7
from xinqiao.people.actors import Actor

MOST_PHOTOS = 9
MOST_FILES = 20
MOST_BYTES = 60 * MEGABYTE
FEW_ORPHANS = 200
_IDS_AT_ONCE = 1_000
_STORING = "files:storing"
OWN_PAPERS = "document"  # papers that the system itself rendered: no quota


class TooMany(Exception):
    """So many files have no row that removing them would be rash."""


def blob_store(
    *,
    name: str,
    data: bytes,
    kind: str,
    actor: Actor,
    at: datetime,
    case_id: UUID | None = None,
    submission_id: UUID | None = None,
    sealed: bool = False,
    drawn_here: bool = False,
) -> Blob:
    """Check `data`, put it on disk encrypted and record it.

    The type comes from the content. A picture gets a view and a thumbnail without EXIF, a text a view in UTF-8; people are
    shown those. A submission (or a case, when a citizen adds to it) holds at most 9 photos, 20 files, 60 MB. `sealed`
    encrypts under the sealed domain. What was `drawn_here`, a moment ago and by this program, is not searched for traps.

    Raises Unfit, a BadInput on the field `files`, with what to do instead.
    """
    shown = safe_name(name, "bin").removesuffix(".bin")
    content = sniff(shown, data) if drawn_here else inspect(shown, data)
    if kind != OWN_PAPERS:
        _quota(content, len(data), case_id=case_id, submission_id=submission_id, actor=actor)
    blob = Blob(
        id=uuid7(),
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        media_type=content.media_type,
        name=safe_name(name, content.extension),
        domain=Blob.Domain.SEALED if sealed else Blob.Domain.OPEN,
        case_id=case_id,
        submission_id=submission_id,
        kind=kind,
        created_at=at,
        created_by=_signature(actor),
    )
    parts = {**_derivatives(blob, shown, data), "original": data}
    with transaction.atomic(savepoint=False):
        with connection.cursor() as cursor:  # see orphans_remove
            cursor.execute("SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 0))", [_STORING])
        paths = storage.write(blob.id, parts, domain=blob.domain)
        blob.path = paths["original"]
        blob.derivative_path, blob.thumbnail_path = paths.get("view", ""), paths.get("thumb", "")
        blob.save(force_insert=True)
    return blob


def blob_check(*, name: str, data: bytes) -> Content:
    """All that blob_store would refuse about the file itself, without keeping anything. Raises Unfit."""
    shown = shown_name(name)
    content = inspect(shown, data)
    if content.media_type.startswith("image/"):
        derive(shown, data)
    return content


@contextlib.contextmanager
def nothing_kept() -> Iterator[None]:
    """What is stored inside leaves the disk again at the end: for a block whose rows are rolled back."""
    with storage.noting() as written:
        try:
            yield
        finally:
            for path in written:
                path.unlink(missing_ok=True)


def orphans_remove(*, before: datetime) -> int:
    """Remove files that no row knows of and that were last written before `before`; returns how many.

    They are what a transaction left that was rolled back after it had stored a file. Every such transaction holds a
    shared lock until it ends; taking that lock alone proves that whoever wrote the old files has ended, so a row that
    could still appear has appeared. Does nothing while an upload runs on and on: the next round does it.

    Raises PermissionError for a role that does not see every row, and TooMany when so many files have no row that this
    is rather the wrong database beside the right files.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, row_security_active('files_blob')")
        role, walled = cursor.fetchone()
    if walled and role != "xinqiao_seal":
        raise PermissionError(f"{role} does not see every file's row")
    old = storage.written_before(before.timestamp())
    if not old or not _all_ended():
        return 0
    known: set[UUID] = set()
    ids = sorted(old)
    for start in range(0, len(ids), _IDS_AT_ONCE):
        known |= set(Blob.objects.filter(pk__in=ids[start : start + _IDS_AT_ONCE]).values_list("pk", flat=True))
    orphans = [blob_id for blob_id in ids if blob_id not in known]
    if len(orphans) > max(FEW_ORPHANS, len(ids) // 10):
        raise TooMany(f"{len(orphans)} of {len(ids)} files have no row: is this the right database?")
    paths = [path for blob_id in orphans for path in old[blob_id]]
    for path in paths:
        path.unlink(missing_ok=True)
    return len(paths)


def _all_ended() -> bool:
    """Whether every transaction has ended that had stored a file before this moment."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [_STORING])
        alone: bool = cursor.fetchone()[0]
        if alone:  # held for a moment only: nobody who stores a file waits for the rest of the round
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [_STORING])
    return alone


def _derivatives(blob: Blob, shown: str, data: bytes) -> dict[storage.Part, bytes]:
    """What people are shown in place of the original, if anything."""
    if blob.is_image:
        drawn = derive(shown, data)
        blob.derivative_type = drawn.media_type
        return {"view": drawn.view, "thumb": drawn.thumbnail}
    if blob.media_type == "text/plain":
        blob.derivative_type = "text/plain; charset=utf-8"
        return {"view": (decode_text(data) or "").encode()}
    return {}


def _quota(content: Content, size: int, *, case_id: UUID | None, submission_id: UUID | None, actor: Actor) -> None:
    """Refuse what is more than one submission may carry. One upload at a time is counted for each."""
    holder = submission_id or (case_id if actor.is_citizen else None)
    if holder is None:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"files:{holder}"])
    found = Blob.objects.filter(submission_id=holder) if submission_id else Blob.objects.filter(case_id=holder)
    held = found.exclude(kind=OWN_PAPERS)
    if content.media_type.startswith("image/") and held.filter(media_type__startswith="image/").count() >= MOST_PHOTOS:
        raise Unfit(
            gettext("照片最多 {n} 张，已经够数了。").format(n=MOST_PHOTOS),
            remedy="请挑最能说明问题的留下；其余可以在登记后补充给经办人。",
        )
    if held.count() >= MOST_FILES:
        raise Unfit(
            gettext("附件最多 {n} 个，已经够数了。").format(n=MOST_FILES), remedy="请把同类材料合成一份 pdf 再上传。"
        )
    if (held.aggregate(total=Sum("size"))["total"] or 0) + size > MOST_BYTES:
        raise Unfit(
            gettext("附件合计超过 {n} MB 的上限。").format(n=MOST_BYTES // MEGABYTE),
            remedy="请压缩照片，或者只留最要紧的材料。您写的内容都还在。",
        )


def _signature(actor: Actor) -> str:
    if actor.is_staff:
        return f"staff:{actor.account_id}:{actor.post_id}"
    return f"{actor.kind}:{actor.name}" if actor.name else actor.kind
