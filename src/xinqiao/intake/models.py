"""What somebody said, who said it, and the call or visit in which it was said."""

from django.db import models
from django.db.models import Q

from xinqiao.kernel.ids import uuid7


class Contact(models.Model):
    """A clerk's open call or visit. Looking up a person is possible only inside one (invariant 9)."""

    class Kind(models.TextChoices):
        CALL = "call", "来电"
        VISIT = "visit", "来访"
        LETTER = "letter", "来信"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    account = models.ForeignKey("people.Account", on_delete=models.PROTECT, related_name="+")
    post = models.ForeignKey("people.Post", on_delete=models.PROTECT, related_name="+")
    organ = models.ForeignKey("people.Organ", on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    person_id = models.UUIDField(null=True)
    outcome = models.CharField(max_length=16, blank=True)  # registered | answered | dropped

    class Meta:
        indexes = [models.Index(fields=["account"], name="contact_open", condition=Q(closed_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.kind} {self.opened_at:%Y-%m-%d %H:%M}"


class Submission(models.Model):
    """What was said, never changed. Owns the public number and the hash of the query code."""

    class Channel(models.TextChoices):
        PORTAL = "portal", "网上"
        HOTLINE = "hotline", "电话"
        WINDOW = "window", "来访"
        LETTER = "letter", "来信"
        TRANSFER = "transfer", "上级转送"
        SHEET = "sheet", "表格导入"

    class Reporter(models.TextChoices):
        PERSON = "person", "本人"
        FIRM = "firm", "单位或企业"
        GUARDIAN = "guardian", "监护人代为提出"
        ATTORNEY = "attorney", "受委托人代为提出"
        JOINT = "joint", "多人共同提出"
        ANONYMOUS = "anonymous", "不留姓名"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(max_length=12, unique=True)
    code_hash = models.BinaryField()
    channel = models.CharField(max_length=16, choices=Channel.choices)
    reporter = models.CharField(max_length=16, choices=Reporter.choices)
    received_at = models.DateTimeField()
    title = models.CharField(max_length=200, blank=True)
    words = models.JSONField(null=True)  # {"text": ..., "place": ...}
    words_sealed = models.BinaryField(null=True)
    area_code = models.CharField(max_length=15, blank=True)
    joint_count = models.PositiveIntegerField(default=1)
    confidential = models.BooleanField(default=False)
    sealed = models.BooleanField(default=False)
    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, null=True, related_name="submissions")
    entered_seconds = models.PositiveIntegerField(null=True)  # from the clerk's first key to registered

    def __str__(self) -> str:
        return self.number


class SubmissionCase(models.Model):
    """Which cases came of a submission: it may be split, several may join."""

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="items")
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["submission", "case"], name="submission_case_once")]

    def __str__(self) -> str:
        return f"{self.submission_id} {self.case_id}"


class Party(models.Model):
    """Somebody's role in a submission. Names and numbers are in the vault only."""

    class Role(models.TextChoices):
        PETITIONER = "petitioner", "信访人"
        REPRESENTATIVE = "representative", "代表"
        WARD = "ward", "被监护人"
        PRINCIPAL = "principal", "委托人"
        FIRM = "firm", "单位"

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="parties")
    role = models.CharField(max_length=16, choices=Role.choices)
    person_id = models.UUIDField()
    since = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["person_id"], name="party_person")]

    def __str__(self) -> str:
        return self.role


class SheetMapping(models.Model):
    """Which column of a foreign table is which, kept by an office under a name."""

    organ = models.ForeignKey("people.Organ", on_delete=models.PROTECT, null=True, related_name="+")
    name = models.CharField(max_length=60)
    columns = models.JSONField(default=dict)
    account = models.ForeignKey("people.Account", on_delete=models.PROTECT, null=True, related_name="+")
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organ", "name"], name="sheetmapping_once", nulls_distinct=False)
        ]

    def __str__(self) -> str:
        return self.name


class SheetImport(models.Model):
    """One table being taken in: who brought it, what it is, how far it has come. It stays as the record of the import."""

    class State(models.TextChoices):
        MAPPING = "mapping", "等待核对列"
        CHECKING = "checking", "正在试跑"
        CHECKED = "checked", "试跑完成"
        RUNNING = "running", "正在导入"
        DONE = "done", "已导入"
        STOPPED = "stopped", "已停止"
        FAILED = "failed", "读不下去"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organ = models.ForeignKey("people.Organ", on_delete=models.PROTECT, null=True, related_name="+")
    account = models.ForeignKey("people.Account", on_delete=models.PROTECT, null=True, related_name="+")
    post = models.ForeignKey("people.Post", on_delete=models.PROTECT, null=True, related_name="+")
    name = models.CharField(max_length=200)
    size = models.BigIntegerField()
    sha256 = models.BinaryField()
    table = models.JSONField(default=dict)  # what services._described says
    columns = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.MAPPING)
    turn = models.PositiveIntegerField(default=0)  # each start is one: a worker of a former one stops
    stands_at = models.PositiveIntegerField(default=0)  # the last line of the file that has had its effect
    part = models.FloatField(default=0)
    rows = models.PositiveIntegerField(default=0)
    imported = models.PositiveIntegerField(default=0)
    already = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    checked_rows = models.PositiveIntegerField(default=0)  # what the dry run counted
    checked_wrong = models.PositiveIntegerField(default=0)
    findings = models.BinaryField(
        default=b""
    )  # encrypted: {"columns": {heading: count}, "rows": [[line, heading, what]], "notes": the same, "total": faults}
    seconds = models.FloatField(default=0)
    trouble = models.CharField(max_length=400, blank=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["organ", "-created_at"], name="sheetimport_of_organ")]

    def __str__(self) -> str:
        return self.name


class SheetRow(models.Model):
    """A row that has come in: `identity` (keyed hash of the source's own number, else of all it says) comes in once."""

    identity = models.UUIDField(primary_key=True)
    content = models.UUIDField()
    case_id = models.UUIDField()
    sheet_id = models.UUIDField()
    line = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.sheet_id}/{self.line}"


class SheetReject(models.Model):
    """Rows of one batch that were not taken in: cells as they came and the reasons, encrypted."""

    sheet = models.ForeignKey(SheetImport, on_delete=models.CASCADE, related_name="rejects")
    first_line = models.PositiveIntegerField()
    count = models.PositiveIntegerField()
    rows = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sheet", "first_line"], name="sheetreject_once")]

    def __str__(self) -> str:
        return f"{self.sheet_id}/{self.first_line}"
