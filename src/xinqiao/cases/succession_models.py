"""Tables of an organ's abolition; part of cases.models, which says where they belong."""

from django.db import models

from xinqiao.kernel.ids import uuid7


class Abolition(models.Model):
    """An organ is no more (Art. 24 para 2): one act of an administrator. The worker hands its open cases on, one by one.

    Among `heirs` competence decides who takes a case; `rest` takes what the table gives to none of them.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organ = models.OneToOneField("people.Organ", on_delete=models.PROTECT, related_name="abolition")
    rest = models.ForeignKey("people.Organ", on_delete=models.PROTECT, related_name="+")
    heirs = models.ManyToManyField("people.Organ", related_name="+")
    source = models.CharField(max_length=200)
    on = models.DateField(db_column="takes_effect_on")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(help_text="the machine's time")
    account_id = models.BigIntegerField(null=True)
    post_id = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)
    done_at = models.DateTimeField(null=True)
    troubled = models.BooleanField(default=False, help_text="the last round left something behind")

    class Meta:
        app_label = "cases"
        constraints = [models.CheckConstraint(name="abolition_source", condition=~models.Q(source=""))]

    def __str__(self) -> str:
        return f"{self.organ} {self.on}"
