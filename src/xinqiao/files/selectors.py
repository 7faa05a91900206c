"""Finds files and reads them. Which rows are visible is decided by row-level security for the bound actor."""

from uuid import UUID

from django.db.models import Q, QuerySet

from xinqiao.files import storage
from xinqiao.files.models import Blob
from xinqiao.kernel.errors import NotFound
from xinqiao.ledger import batch


def blob_get(blob_id: UUID, *, case_id: UUID | None = None, submission_id: UUID | None = None) -> Blob:
    """The blob of that id, and of that case or submission when named. Raises NotFound: absent and hidden look the same."""
    wanted = {"case_id": case_id, "submission_id": submission_id}
    found = Blob.objects.filter(pk=blob_id, **{key: value for key, value in wanted.items() if value}).first()
    if found is None:
        raise NotFound("没有找到这个附件。")
    return found


def blobs_of_case(case_id: UUID) -> QuerySet[Blob]:
    """All files of a case, oldest first."""
    return Blob.objects.filter(case_id=case_id).order_by("created_at", "id")


def blobs_for_petitioner(case_id: UUID) -> QuerySet[Blob]:
    """What a petitioner may open of their case: what they brought and the scan of the sealed decision.

    What staff gathered (who said what, whose papers) stays in the file; what it shows stands in the answer.
    """
    theirs = Q(submission_id__isnull=False) | Q(created_by="citizen") | Q(kind="scan")
    return blobs_of_case(case_id).filter(theirs).exclude(kind="document")


_PETITIONERS = (
    "case_id = %s AND (submission_id IS NOT NULL OR created_by = 'citizen' OR kind = 'scan') AND kind <> 'document' "
    "ORDER BY created_at, id"
)


def petitioners_blobs(case_id: UUID) -> batch.Question[list[Blob]]:
    """The rows of blobs_for_petitioner, written out for the page that is asked for most."""
    theirs = f"{batch.selection(Blob)} WHERE {_PETITIONERS}"
    return batch.question(theirs, [case_id], lambda rows: batch.made(Blob, rows))


def blobs_for_staff(case_id: UUID, *, identity: bool) -> QuerySet[Blob]:
    """What staff may open of a case; without `identity` no powers of attorney, which name people."""
    found = blobs_of_case(case_id)
    return found if identity else found.exclude(kind="authority")


def blobs_of_submission(submission_id: UUID) -> QuerySet[Blob]:
    """All files that came with a submission, oldest first."""
    return Blob.objects.filter(submission_id=submission_id).order_by("created_at", "id")


def blob_read(blob: Blob, *, derivative: bool = True, thumbnail: bool = False) -> tuple[bytes, str]:
    """Bytes and media type: the thumbnail or the view where there is one, else the original as it came.

    Raises storage.Unreadable when the file is gone or was changed on disk.
    """
    if thumbnail and blob.thumbnail_path:
        return storage.read(blob, "thumb"), blob.derivative_type
    if derivative and blob.derivative_path:
        return storage.read(blob, "view"), blob.derivative_type
    return storage.read(blob, "original"), blob.media_type
