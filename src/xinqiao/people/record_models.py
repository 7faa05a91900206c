"""The administrative record; part of people.models, which says where it belongs. Rows are written by triggers alone."""

from django.db import models


class AdminEntry(models.Model):
    """One row of administrative data that was made, changed or taken away: written by the database, whoever did it.

    `actor_kind` is '' when nobody was bound to the transaction: then it happened outside the application, by SQL.
    """

    class Action(models.TextChoices):
        INSERT = "INSERT", "新增"
        UPDATE = "UPDATE", "修改"
        DELETE = "DELETE", "删除"
        TRUNCATE = "TRUNCATE", "清空"

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    table = models.CharField(max_length=63, db_column="table_name")
    key = models.CharField(max_length=64)
    action = models.CharField(max_length=8, choices=Action.choices)
    old = models.JSONField(null=True, db_column="old_row")
    new = models.JSONField(null=True, db_column="new_row")
    role = models.CharField(max_length=63)
    login = models.CharField(max_length=63)
    program = models.CharField(max_length=64)
    actor_kind = models.CharField(max_length=8)
    account_id = models.BigIntegerField(null=True)
    act = models.BigIntegerField(help_text="the transaction: rows of one act share it")

    class Meta:
        app_label = "people"
        indexes = [models.Index(fields=["table", "key", "-id"], name="people_adminentry_key")]

    def __str__(self) -> str:
        return f"{self.action} {self.table} {self.key}"

    @property
    def outside(self) -> bool:
        """Whether it was done by SQL, around the application."""
        return not self.actor_kind
