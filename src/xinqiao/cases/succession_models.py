"""Tables of an organ's abolition; part of cases.models, which says where they belong."""

from django.db import models

from xinqiao.kernel.ids import uuid7


class Abolition(models.Model):
    """An organ is no more (Art. 24 para 2): one act of an administrator. The worker hands its open cases on, one by one.

    An act for a later day is prepared: the worker carries it out on that day unless it was called off before. Among `heirs` competence decides who takes a case; `rest` takes what the table gives to none of them.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organ = models.ForeignKey("people.Organ", on_delete=models.PROTECT, related_name="+")
    rest = models.ForeignKey("people.Organ", on_delete=models.PROTECT, related_name="+")
    heirs = models.ManyToManyField("people.Organ", related_name="+")
    source = models.CharField(max_length=200)
    on = models.DateField(db_column="takes_effect_on")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(help_text="the machine's time")
    account_id = models.BigIntegerField(null=True)
    post_id = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)
    begun_at = models.DateTimeField(null=True, help_text="the machine's time when the organ ended; none: prepared")
    called_off_at = models.DateTimeField(null=True)
    called_off_by = models.BigIntegerField(null=True)
    done_at = models.DateTimeField(null=True)
    troubled = models.BooleanField(default=False, help_text="the last round left something behind")
    trouble = models.CharField(max_length=300, blank=True)  # why a prepared one could not be carried out

    class Meta:
        app_label = "cases"
        constraints = [
            models.CheckConstraint(name="abolition_source", condition=~models.Q(source="")),
            models.CheckConstraint(
                name="abolition_begun_or_off", condition=models.Q(begun_at=None) | models.Q(called_off_at=None)
            ),
            models.UniqueConstraint(
                fields=["organ"], name="abolition_once", condition=models.Q(called_off_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organ} {self.on}"
