"""Tables of the ledger. Rows of Entry, RequestKey, Anchor and AnchoredHead are added, never changed."""

from django.db import models
from django.db.models.functions import Now

from xinqiao.ledger.fields import ClockTimestamp, CurrentXid, IdentityField, XidField


class Entry(models.Model):
    """One thing that happened to one case. `payload` is the stored truth; the other columns repeat it for queries."""

    pk = models.CompositePrimaryKey("case_id", "seq")
    case_id = models.UUIDField()
    seq = models.IntegerField()
    position = IdentityField()
    xid = XidField(db_default=CurrentXid())
    event = models.CharField(max_length=80)
    step = models.CharField(max_length=80)
    actor_kind = models.CharField(max_length=10)
    account_id = models.BigIntegerField(null=True)
    post_id = models.BigIntegerField(null=True)
    organ_id = models.BigIntegerField(null=True)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=ClockTimestamp())
    payload = models.TextField()
    prev_hash = models.BinaryField()
    hash = models.BinaryField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("xid", "position"), name="ledger_entry_order"),
            models.CheckConstraint(condition=models.Q(seq__gte=1), name="ledger_entry_seq_from_one"),
        )

    def __str__(self) -> str:
        return f"{self.case_id}/{self.seq} {self.event}"


class RequestKey(models.Model):
    """An idempotency key (hashed) that has had its effect: entry (case_id, seq)."""

    key = models.UUIDField(primary_key=True)
    input_hash = models.BinaryField()
    case_id = models.UUIDField()
    seq = models.IntegerField()
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return str(self.key)


class Cursor(models.Model):
    """How far a reader has come: everything up to (xid, position) has had its effect."""

    name = models.CharField(primary_key=True, max_length=80)
    xid = XidField()
    position = models.BigIntegerField()
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.xid}/{self.position}"


class Anchor(models.Model):
    """A day's published commitment to every case that changed since the one before. Says nothing about any of them."""

    day = models.DateField(primary_key=True)
    root = models.BinaryField()
    previous = models.BinaryField()
    hash = models.BinaryField()
    leaves = models.BinaryField()
    taken_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.day.isoformat()


class AnchoredHead(models.Model):
    """Where in a day's anchor a case's head stands, and the salt that hides it from everybody else."""

    pk = models.CompositePrimaryKey("case_id", "day")
    case_id = models.UUIDField()
    day = models.DateField()
    seq = models.IntegerField()
    leaf_index = models.IntegerField()
    salt = models.BinaryField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("day", "leaf_index"), name="ledger_anchoredhead_place"),)

    def __str__(self) -> str:
        return f"{self.case_id} in {self.day.isoformat()}"
