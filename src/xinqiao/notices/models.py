"""The outbox. Times of deliveries are the machine's: servers outside know nothing of a rehearsal."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from xinqiao.kernel.ids import uuid7


class Message(models.Model):
    """What one recipient is told. `secrets` holds encrypted what nobody but the recipient may read (codes)."""

    class To(models.TextChoices):
        PETITIONER = "petitioner", "信访人"
        ORGAN = "organ", "单位"
        ACCOUNT = "account", "工作人员"
        PHONE = "phone", "手机号"
        HOOK = "hook", "外部系统"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case_id = models.UUIDField(null=True)
    text = models.CharField(max_length=40)
    params = models.JSONField(default=dict)
    secrets = models.BinaryField(default=b"")
    to_kind = models.CharField(max_length=10, choices=To.choices)
    person_id = models.UUIDField(null=True)
    organ_id = models.BigIntegerField(null=True)
    account_id = models.BigIntegerField(null=True)
    sender_id = models.BigIntegerField(null=True)  # the organ whose step sent it; none when no member of staff did
    sealed = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="notices_message_recipient",
                condition=models.Q(to_kind="petitioner", case_id__isnull=False)
                | models.Q(to_kind="organ", organ_id__isnull=False)
                | models.Q(to_kind="account", account_id__isnull=False)
                | models.Q(to_kind="phone")
                | models.Q(to_kind="hook", organ_id__isnull=False, sealed=False),
            ),
        )
        indexes = (
            models.Index(
                fields=("case_id", "id"), name="notices_message_case", condition=models.Q(case_id__isnull=False)
            ),
            models.Index(
                fields=("organ_id", "id"), name="notices_message_organ", condition=models.Q(organ_id__isnull=False)
            ),
            models.Index(
                fields=("account_id", "id"),
                name="notices_message_account",
                condition=models.Q(account_id__isnull=False),
            ),
            models.Index(
                fields=("sender_id", "id"), name="notices_message_sender", condition=models.Q(sender_id__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return f"{self.text} {self.id}"


class Delivery(models.Model):
    """One message on one way to one address. `address_ref` says where to look the address up, never the address."""

    class Channel(models.TextChoices):
        PAGE = "page", "页面"
        SMTP = "smtp", "电子邮件"
        SMS = "sms", "短信"
        HOOK = "hook", "推送"

    class State(models.TextChoices):
        WAITING = "waiting", "等待发送"
        SENDING = "sending", "正在发送"
        SENT = "sent", "已送出"
        FAILED = "failed", "没有地址"
        SET_ASIDE = "set_aside", "已搁置"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="deliveries")
    channel = models.CharField(max_length=8, choices=Channel.choices)
    address_ref = models.CharField(max_length=60, blank=True)
    state = models.CharField(max_length=10, choices=State.choices)
    tries = models.PositiveSmallIntegerField(default=0)
    queued_at = models.DateTimeField()
    next_try_at = models.DateTimeField(null=True)
    claimed_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=200, blank=True)
    set_aside_by = models.BigIntegerField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("message", "channel", "address_ref"), name="notices_delivery_once"),
            models.CheckConstraint(
                name="notices_delivery_sent", condition=~models.Q(state="sent") | models.Q(sent_at__isnull=False)
            ),
            models.CheckConstraint(
                name="notices_delivery_waiting",
                condition=~models.Q(state="waiting") | models.Q(next_try_at__isnull=False),
            ),
        )
        indexes = (
            models.Index(fields=("next_try_at",), name="notices_delivery_due", condition=models.Q(state="waiting")),
            models.Index(fields=("claimed_at",), name="notices_delivery_claimed", condition=models.Q(state="sending")),
            models.Index(
                fields=("state",), name="notices_delivery_stuck", condition=models.Q(state__in=("set_aside", "failed"))
            ),
        )

    def __str__(self) -> str:
        return f"{self.channel} {self.state}"


class Outbox(models.Model):
    """One row: whether anything leaves this instance. Restoring a backup starts paused."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    paused = models.BooleanField(default=False)
    reason = models.CharField(max_length=200, blank=True)
    changed_at = models.DateTimeField(null=True)
    changed_by = models.BigIntegerField(null=True)

    class Meta:
        constraints = (models.CheckConstraint(name="notices_outbox_single", condition=models.Q(id=1)),)

    def __str__(self) -> str:
        return "paused" if self.paused else "open"


class Subscription(models.Model):
    """Another system's address that is told of events about an organ's matters. `secret` is encrypted; it signs."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organ_id = models.BigIntegerField()
    post_id = models.BigIntegerField(null=True)
    url = models.CharField(max_length=400)
    events = ArrayField(models.CharField(max_length=80))
    secret = models.BinaryField()
    created_at = models.DateTimeField()
    created_by = models.BigIntegerField(null=True)
    ended_at = models.DateTimeField(null=True)
    last_sent_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.url


class Wording(models.Model):
    """Words of this instance's own for a message, in one language, for a time; the built-in ones hold before and after.

    `body` has one sentence a line. Sealed matters never get them (texts.py).
    """

    class Book(models.TextChoices):
        PETITIONER = "petitioner", "给来信人"
        STAFF = "staff", "给工作人员"

    book = models.CharField(max_length=10, choices=Book.choices)
    text = models.CharField(max_length=40)
    language = models.CharField(max_length=10)
    subject = models.CharField(max_length=80)
    body = models.TextField()
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    made_by = models.BigIntegerField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(name="notices_wording_words", condition=~models.Q(subject="") & ~models.Q(body="")),
            models.CheckConstraint(
                name="notices_wording_dates",
                condition=models.Q(until__isnull=True) | models.Q(until__gte=models.F("since")),
            ),
            models.UniqueConstraint(
                fields=("book", "text", "language"), name="notices_wording_one", condition=models.Q(until__isnull=True)
            ),
        )

    def __str__(self) -> str:
        return f"{self.book} {self.text} {self.language}"
