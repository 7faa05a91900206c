"""The table of API tokens; part of people.models, which says where it belongs."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from xinqiao.kernel.ids import uuid7


class ApiToken(models.Model):
    """A key by which a program works in a post. Only a keyed hash is kept; `prefix` finds the row and may be shown."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    prefix = models.CharField(max_length=12, unique=True)
    key_hash = models.BinaryField()
    post = models.ForeignKey("people.Post", on_delete=models.PROTECT, related_name="tokens")
    name = models.CharField(max_length=80)
    scopes = ArrayField(models.CharField(max_length=12))
    created_at = models.DateTimeField()
    created_by = models.ForeignKey("people.Account", null=True, on_delete=models.PROTECT, related_name="+")
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey("people.Account", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        app_label = "people"
        constraints = [
            models.CheckConstraint(name="people_apitoken_name", condition=~Q(name="")),
            models.CheckConstraint(name="people_apitoken_expiry", condition=Q(expires_at__gt=F("created_at"))),
        ]
        indexes = [models.Index(fields=["post", "-created_at"], name="people_apitoken_post")]

    def __str__(self) -> str:
        return f"{self.prefix} {self.name}"
