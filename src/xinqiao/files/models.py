"""One table: what is known of a file. Its bytes lie encrypted on disk."""

from django.db import models

from xinqiao.kernel.ids import uuid7


class Blob(models.Model):
    """A stored file. `kind` says what it is for: photo, paper, authority (of an attorney), document, evidence …"""

    class Domain(models.TextChoices):
        OPEN = "open"
        SEALED = "sealed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    sha256 = models.CharField(max_length=64)  # of the original bytes, hexadecimal
    size = models.PositiveIntegerField()
    media_type = models.CharField(max_length=100)
    name = models.CharField(max_length=160)  # made safe; for people to read, never a path
    path = models.CharField(max_length=80)  # below XINQIAO_HOME/files
    derivative_path = models.CharField(max_length=80, blank=True)
    derivative_type = models.CharField(max_length=100, blank=True)
    thumbnail_path = models.CharField(max_length=80, blank=True)
    domain = models.CharField(max_length=10, choices=Domain.choices, default=Domain.OPEN)
    case_id = models.UUIDField(null=True, blank=True)
    submission_id = models.UUIDField(null=True, blank=True)
    kind = models.CharField(max_length=30)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=120)

    class Meta:
        indexes = [
            models.Index(fields=["case_id", "created_at"], name="files_blob_case"),
            models.Index(fields=["submission_id", "created_at"], name="files_blob_submission"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_image(self) -> bool:
        return self.media_type.startswith("image/")
