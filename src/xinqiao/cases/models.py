"""Tables of a case and all that hangs on it. Words of sealed cases are stored encrypted (words.py)."""

from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q

from xinqiao.kernel.ids import uuid7
from xinqiao.ledger.chain import GENESIS

from .succession_models import Abolition as Abolition


class Case(models.Model):
    """One demand on its way. Carries the ledger's head, so that recording a step reads nothing more."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(max_length=20, unique=True)
    procedure = models.CharField(max_length=32)
    version = models.DateField()
    state = models.CharField(max_length=32)
    title = models.CharField(max_length=200)
    channel = models.CharField(max_length=16)
    jurisdiction = models.CharField(max_length=12)
    area_code = models.CharField(max_length=15, blank=True)
    content_code = models.CharField(max_length=6, blank=True)
    office = models.ForeignKey("people.Organ", on_delete=models.PROTECT, related_name="+")
    desk = models.ForeignKey(
        "people.Organ", on_delete=models.PROTECT, related_name="+", null=True
    )  # took it in: hotline
    lead = models.ForeignKey("people.Organ", on_delete=models.PROTECT, related_name="+", null=True)
    ruling = models.ForeignKey("people.Organ", on_delete=models.PROTECT, related_name="+", null=True)
    handler = models.ForeignKey("people.Post", on_delete=models.PROTECT, related_name="+", null=True)
    person_id = models.UUIDField(null=True)  # the petitioner in the vault; notices go there
    anonymous = models.BooleanField(default=False)
    confidential = models.BooleanField(default=False)
    sealed = models.BooleanField(default=False)
    received_at = models.DateTimeField()
    received_on = models.DateField()
    facts = models.JSONField(default=dict)  # {"dates": {}, "flags": [], "counts": {}}: what the law keeps of this case
    urged_at = models.DateTimeField(null=True)
    waits_for = models.CharField(max_length=200, blank=True)
    closed_at = models.DateTimeField(null=True)
    closed_cause = models.CharField(max_length=32, blank=True)
    changed_at = models.DateTimeField()
    head_seq = models.PositiveIntegerField(default=0)
    head_hash = models.BinaryField(default=GENESIS)

    class Meta:
        indexes = [
            models.Index(fields=["office", "-received_at", "-id"], name="case_office_received"),
            models.Index(  # what waits for others is among the open ones, which are few
                fields=["office", "-received_at", "-id"], name="case_office_open", condition=Q(closed_at__isnull=True)
            ),
            models.Index(  # the newest are open: what has ended is not looked for among them
                fields=["office", "-received_at", "-id"],
                name="case_office_closed",
                condition=Q(closed_at__isnull=False),
            ),
            models.Index(
                fields=["lead", "-received_at", "-id"],
                name="case_lead_closed",
                condition=Q(closed_at__isnull=False, lead__isnull=False),
            ),
            models.Index(
                fields=["desk", "-received_at", "-id"], name="case_desk_received", condition=Q(desk__isnull=False)
            ),
            models.Index(
                fields=["lead", "-received_at", "-id"], name="case_lead_received", condition=Q(lead__isnull=False)
            ),
            models.Index(fields=["ruling", "-received_at"], name="case_ruling", condition=Q(ruling__isnull=False)),
            models.Index(
                fields=["handler"], name="case_handler_open", condition=Q(closed_at__isnull=True, handler__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.number


class Assist(models.Model):
    """An organ that assists the lead organ (协办), with its own task and term."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="assists")
    organ = models.ForeignKey("people.Organ", on_delete=models.PROTECT, related_name="+")
    task = models.TextField(blank=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "organ"], name="assist_once")]
        indexes = [models.Index(fields=["organ", "case"], name="assist_organ", condition=Q(closed_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.organ} 协办"


class Obligation(models.Model):
    """Organ X owes act Y by `due` (duty), or the petitioner may do Y until `due` (window). Its date explains itself."""

    class State(models.TextChoices):
        OPEN = "open"
        MET = "met"
        MISSED = "missed"
        LIFTED = "lifted"

    class Colour(models.TextChoices):
        GREEN = "green"
        YELLOW = "yellow"
        RED = "red"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="obligations")
    act = models.CharField(max_length=48)
    title = models.CharField(max_length=80)
    kind = models.CharField(max_length=8, choices=[("duty", "duty"), ("window", "window")])
    owner = models.CharField(max_length=16)  # lead, office, petitioner, arbiter, assist, ...
    organ = models.ForeignKey("people.Organ", on_delete=models.PROTECT, related_name="+", null=True)
    term = models.CharField(max_length=48)
    start_on = models.DateField()
    due = models.DateField()
    due_unrolled = models.DateField()
    provisional = models.BooleanField(default=False)
    trace = models.JSONField(default=list)
    cites = models.JSONField(default=list)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    colour = models.CharField(max_length=8, choices=Colour.choices, default=Colour.GREEN)
    leading = models.BooleanField(default=False)  # the earliest open duty of this organ on this case: one worklist row
    wake_at = models.DateTimeField(null=True)  # when the watcher has to look again
    watch_failures = models.PositiveSmallIntegerField(default=0)
    opened_at = models.DateTimeField()
    opened_seq = models.PositiveIntegerField()
    settled_at = models.DateTimeField(null=True)
    settled_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(due__gte=F("due_unrolled")), name="obligation_rolls_forward"),
            models.CheckConstraint(
                condition=Q(state__in=["open", "missed"]) | Q(settled_at__isnull=False),
                name="obligation_settled_has_time",
            ),
            models.CheckConstraint(
                condition=Q(kind="window") | Q(organ__isnull=False), name="obligation_duty_has_organ"
            ),
        ]
        indexes = [
            models.Index(
                fields=["organ", "due", "id"],
                name="obligation_worklist",
                condition=Q(settled_at__isnull=True, leading=True),
            ),
            models.Index(fields=["case"], name="obligation_open_of_case", condition=Q(settled_at__isnull=True)),
            models.Index(
                fields=["wake_at"], name="obligation_wake", condition=Q(settled_at__isnull=True, wake_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} {self.due}"


class Document(models.Model):
    """An official paper issued by a step: content as data, then frozen as PDF and DOCX."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="documents")
    kind = models.CharField(max_length=32)
    number = models.CharField(max_length=40, unique=True, null=True)
    state = models.CharField(max_length=16)
    live = models.BooleanField(default=True)
    issuer = models.ForeignKey("people.Organ", on_delete=models.PROTECT, related_name="+")
    words = models.JSONField(null=True)
    words_sealed = models.BinaryField(null=True)
    created_at = models.DateTimeField()
    issued_on = models.DateField(null=True)
    served_on = models.DateField(null=True)
    pdf = models.UUIDField(null=True)
    docx = models.UUIDField(null=True)
    replaces = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="replaced_by")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "kind"], condition=Q(live=True), name="document_one_live"),
        ]
        indexes = [
            models.Index(fields=["case", "created_at"], name="document_of_case"),
            models.Index(
                fields=["created_at"], name="document_to_freeze", condition=Q(number__isnull=False, pdf__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.number or ''}"


class Record(models.Model):
    """The words of a step, kept beside the ledger, which holds only a salted commitment to them (destroyable)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="records")
    seq = models.PositiveIntegerField()
    step = models.CharField(max_length=48)
    event = models.CharField(max_length=64)
    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=8)
    account_id = models.BigIntegerField(null=True)
    post = models.ForeignKey("people.Post", on_delete=models.PROTECT, related_name="+", null=True)
    organ = models.ForeignKey("people.Organ", on_delete=models.PROTECT, related_name="+", null=True)
    public = models.BooleanField(default=False)  # the petitioner sees that it happened
    cites = models.JSONField(default=list)
    salt = models.BinaryField()
    words = models.JSONField(null=True)
    words_sealed = models.BinaryField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "seq"], name="record_once")]

    def __str__(self) -> str:
        return f"{self.step} #{self.seq}"


class Rating(models.Model):
    """The petitioner's judgement: petition office and responsible unit apart. Nobody else can give it."""

    class Target(models.TextChoices):
        OFFICE = "office"
        UNIT = "unit"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="ratings")
    target = models.CharField(max_length=8, choices=Target.choices)
    score = models.CharField(max_length=16)  # satisfied | basically | not
    reasons = models.JSONField(default=list)
    at = models.DateTimeField()
    organ = models.ForeignKey("people.Organ", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "target"], name="rating_once")]
        indexes = [models.Index(fields=["organ", "at"], name="rating_of_organ")]

    def __str__(self) -> str:
        return f"{self.target} {self.score}"


class SealGrant(models.Model):
    """A named person who may see a sealed case."""

    case_id = models.UUIDField()
    account = models.ForeignKey("people.Account", on_delete=models.PROTECT, related_name="+")
    granted_by = models.CharField(max_length=64)
    reason = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case_id", "account"], name="sealgrant_once")]
        indexes = [models.Index(fields=["account", "case_id"], name="sealgrant_of_account")]

    def __str__(self) -> str:
        return f"{self.account} {self.reason}"


class Recusal(models.Model):
    """Staff with a direct interest in the matter step back (Art. 28)."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="recusals")
    account = models.ForeignKey("people.Account", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "account"], name="recusal_once")]

    def __str__(self) -> str:
        return f"{self.account} 回避"


class CaseLink(models.Model):
    """Two cases that belong together. Undone, never deleted."""

    first = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="links_from")
    second = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="links_to")
    kind = models.CharField(max_length=16)  # reclassified | repeat | joint | parent
    reason = models.CharField(max_length=200, blank=True)
    made_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["first", "second", "kind"], condition=Q(undone_at__isnull=True), name="link_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.first_id} {self.second_id}"


class SearchRow(models.Model):
    """What finding knows of a case that is not sealed: its lexemes, and marks for time, organs, place, content and kind.

    Written by the projection in finding.py only; a sealed case has no row, ever. `digest` tells whether anything changed.
    """

    case_id = models.UUIDField(primary_key=True)
    received_at = models.DateTimeField()
    words = SearchVectorField()
    digest = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["-received_at", "-case_id"], name="searchrow_received")]

    def __str__(self) -> str:
        return str(self.case_id)


class SavedSearch(models.Model):
    """A search that somebody on the staff keeps under a name of their own."""

    account = models.ForeignKey("people.Account", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=40)
    query = models.JSONField(default=dict)
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "name"], name="savedsearch_once")]

    def __str__(self) -> str:
        return self.name
