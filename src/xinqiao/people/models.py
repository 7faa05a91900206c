"""Tables of people. Pairs `valid_from`, `valid_to` are half-open: `valid_to` is the first day it no longer holds."""

from datetime import date
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Lower

from xinqiao.kernel.clock import utc_now
from xinqiao.kernel.ids import uuid7
from xinqiao.people.record_models import AdminEntry as AdminEntry
from xinqiao.people.token_models import ApiToken as ApiToken


class _DateRange(Func):
    function = "daterange"
    output_field = DateRangeField()


def in_force(on: date, prefix: str = "") -> Q:
    """The rows that hold on a day; `prefix` reaches through a relation, e.g. "organ__"."""
    return Q(**{f"{prefix}valid_from__lte": on}) & (
        Q(**{f"{prefix}valid_to__isnull": True}) | Q(**{f"{prefix}valid_to__gt": on})
    )


def _ends_after_it_begins(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(name=name, condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")))


class Level(models.TextChoices):
    """Steps of the administrative tree, top down."""

    PROVINCE = "province", "省"
    CITY = "city", "市"
    DISTRICT = "district", "区县"
    STREET = "street", "街道乡镇"
    COMMUNITY = "community", "社区村"
    GRID = "grid", "网格"


class Area(models.Model):
    """A piece of the administrative tree as it stood for a time. Other tables hold the code, not the row."""

    code = models.CharField(max_length=20)
    name = models.CharField(max_length=80)
    full_name = models.CharField(max_length=250)
    stem = models.CharField(max_length=80, help_text="the name without its kind: 米市巷 for 米市巷街道")
    level = models.CharField(max_length=10, choices=Level.choices)
    parent_code = models.CharField(max_length=20, blank=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code", "valid_from"], name="people_area_once"),
            models.CheckConstraint(name="people_area_code", condition=Q(code__regex=r"^[0-9]{2,20}$")),
            models.CheckConstraint(name="people_area_level", condition=Q(level__in=Level.values)),
            models.CheckConstraint(name="people_area_parent", condition=~Q(code=F("parent_code"))),
            _ends_after_it_begins("people_area_dates"),
            ExclusionConstraint(
                name="people_area_one_at_a_time",
                expressions=[
                    ("code", RangeOperators.EQUAL),
                    (_DateRange("valid_from", "valid_to"), RangeOperators.OVERLAPS),
                ],
            ),
        ]
        indexes = [models.Index(fields=["parent_code", "code"], name="people_area_children")]

    def __str__(self) -> str:
        return f"{self.name} {self.code}"


class Organ(models.Model):
    """A body that receives, handles or decides."""

    class Kind(models.TextChoices):
        PETITION_OFFICE = "petition_office", "信访局"
        DEPARTMENT = "department", "部门"
        STREET = "street", "街道乡镇"
        DISCIPLINE = "discipline", "纪检监察机关"
        GOVERNMENT = "government", "人民政府"
        CONFERENCE = "conference", "联席会议"
        HOTLINE = "hotline", "热线"

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    short_name = models.CharField(max_length=40)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    area_code = models.CharField(max_length=20)
    level = models.CharField(max_length=10, choices=Level.choices)
    superior = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="subordinates")
    address = models.CharField(max_length=200, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    hours = models.CharField(max_length=120, blank=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="people_organ_kind",
                condition=Q(
                    kind__in=[
                        "petition_office",
                        "department",
                        "street",
                        "discipline",
                        "government",
                        "conference",
                        "hotline",
                    ]
                ),
            ),
            models.CheckConstraint(name="people_organ_level", condition=Q(level__in=Level.values)),
            models.CheckConstraint(
                name="people_organ_superior", condition=Q(superior__isnull=True) | ~Q(superior=F("id"))
            ),
            _ends_after_it_begins("people_organ_dates"),
        ]
        indexes = [models.Index(fields=["area_code", "kind"], name="people_organ_area")]

    def __str__(self) -> str:
        return self.name


class Competence(models.Model):
    """An organ answers for contents and areas that begin with these codes ('' is all), by a named source."""

    class Role(models.TextChoices):
        LEAD = "lead", "主办"
        ASSIST = "assist", "协办"

    organ = models.ForeignKey(Organ, on_delete=models.PROTECT, related_name="competences")
    content_code = models.CharField(max_length=40, blank=True)
    area_code = models.CharField(max_length=20, blank=True)
    role = models.CharField(max_length=10, choices=Role.choices)
    source = models.CharField(max_length=200)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="people_competence_role", condition=Q(role__in=["lead", "assist"])),
            models.CheckConstraint(name="people_competence_source", condition=~Q(source="")),
            _ends_after_it_begins("people_competence_dates"),
            ExclusionConstraint(
                name="people_competence_once",
                expressions=[
                    ("organ", RangeOperators.EQUAL),
                    ("content_code", RangeOperators.EQUAL),
                    ("area_code", RangeOperators.EQUAL),
                    ("role", RangeOperators.EQUAL),
                    (_DateRange("valid_from", "valid_to"), RangeOperators.OVERLAPS),
                ],
            ),
        ]
        indexes = [models.Index(fields=["content_code", "area_code"], name="people_competence_codes")]


class ReviewingBody(models.Model):
    """Who reviews what an organ decided, for contents that begin with a code ('' is all)."""

    organ = models.ForeignKey(Organ, on_delete=models.PROTECT, related_name="reviewed_by")
    content_code = models.CharField(max_length=40, blank=True)
    reviewer = models.ForeignKey(Organ, on_delete=models.PROTECT, related_name="reviews")
    source = models.CharField(max_length=200)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="people_reviewing_other", condition=~Q(organ=F("reviewer"))),
            models.CheckConstraint(name="people_reviewing_source", condition=~Q(source="")),
            _ends_after_it_begins("people_reviewing_dates"),
            ExclusionConstraint(
                name="people_reviewing_once",
                expressions=[
                    ("organ", RangeOperators.EQUAL),
                    ("content_code", RangeOperators.EQUAL),
                    ("reviewer", RangeOperators.EQUAL),
                    (_DateRange("valid_from", "valid_to"), RangeOperators.OVERLAPS),
                ],
            ),
        ]


class AccountManager(BaseUserManager["Account"]):
    """Finds accounts by name whatever the case of its letters."""

    def get_by_natural_key(self, username: str | None) -> "Account":
        """The account that signs in as `username`. Raises Account.DoesNotExist."""
        return self.get(username__iexact=username)


class Account(AbstractBaseUser):
    """A member of staff who may sign in. Citizens have none."""

    username = models.CharField(max_length=60)
    name = models.CharField(max_length=80)
    email = models.EmailField(blank=True)
    is_active = models.BooleanField(default=True)
    demonstration = models.BooleanField(default=False, help_text="lives only in a demonstration (trigger)")
    joined_at = models.DateTimeField(default=utc_now)
    changes_seen = models.BigIntegerField(default=0, help_text="the last PostChange that the holder has read")
    one_time_until = models.DateTimeField(
        null=True, blank=True, help_text="given by somebody else: to be changed by then"
    )

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    objects = AccountManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("username"), name="people_account_username"),
            models.CheckConstraint(name="people_account_name", condition=~Q(name="") & ~Q(username="")),
        ]

    def __str__(self) -> str:
        return self.name

    def get_full_name(self) -> str:
        """The name shown."""
        return self.name


class Post(models.Model):
    """A person × organ × role × area. Open work belongs to the post; a deputy works in it while its holder is away."""

    class Role(models.TextChoices):
        CLERK = "clerk", "窗口、热线工作人员"
        OFFICER = "officer", "信访工作人员"
        HANDLER = "handler", "承办人"
        HEAD = "head", "单位负责人"
        ARBITER = "arbiter", "管辖裁定人"
        DISCIPLINE = "discipline", "检举控告受理人"
        CONFIDENTIAL = "confidential", "保密专员"
        ADMIN = "admin", "系统管理员"

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="posts")
    organ = models.ForeignKey(Organ, on_delete=models.PROTECT, related_name="posts")
    role = models.CharField(max_length=20, choices=Role.choices)
    title = models.CharField(max_length=80)
    area_code = models.CharField(max_length=20, blank=True)
    deputy = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="stands_in_for")
    leave_from = models.DateField(null=True, blank=True)
    leave_to = models.DateField(null=True, blank=True, help_text="the last day away; empty: until further notice")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="people_post_role",
                condition=Q(
                    role__in=["clerk", "officer", "handler", "head", "arbiter", "discipline", "confidential", "admin"]
                ),
            ),
            models.CheckConstraint(name="people_post_deputy", condition=Q(deputy__isnull=True) | ~Q(deputy=F("id"))),
            models.CheckConstraint(
                name="people_post_leave",
                condition=Q(leave_to__isnull=True) | Q(leave_from__isnull=False, leave_to__gte=F("leave_from")),
            ),
            _ends_after_it_begins("people_post_dates"),
            ExclusionConstraint(
                name="people_post_once",
                expressions=[
                    ("account", RangeOperators.EQUAL),
                    ("organ", RangeOperators.EQUAL),
                    ("role", RangeOperators.EQUAL),
                    ("area_code", RangeOperators.EQUAL),
                    (_DateRange("valid_from", "valid_to"), RangeOperators.OVERLAPS),
                ],
            ),
        ]
        indexes = [models.Index(fields=["organ", "role"], name="people_post_organ")]

    def __str__(self) -> str:
        return self.title


class PostChange(models.Model):
    """Who changed a post's deputy or leave, when, and to what. Append-only: whoever it concerns reads it here."""

    class Kind(models.TextChoices):
        DEPUTY = "deputy", "代理人"
        LEAVE = "leave", "离开的日子"

    id = models.BigAutoField(primary_key=True)
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="changes")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    by_post = models.ForeignKey(Post, null=True, on_delete=models.PROTECT, related_name="+")
    deputy = models.ForeignKey(Post, null=True, on_delete=models.PROTECT, related_name="+")
    former = models.ForeignKey(Post, null=True, on_delete=models.PROTECT, related_name="+")
    leave_from = models.DateField(null=True)
    leave_to = models.DateField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(name="people_postchange_kind", condition=Q(kind__in=["deputy", "leave"]))]


class Domain(models.TextChoices):
    """Two worlds with keys of their own: what is sealed can never be matched against what is open."""

    OPEN = "open", "公开域"
    SEALED = "sealed", "封存域"


class Person(models.Model):
    """Somebody's identity in the vault: readable with the key and a reason only. `ciphertext` names its key itself."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    domain = models.CharField(max_length=10, choices=Domain.choices)
    key_version = models.PositiveIntegerField()
    ciphertext = models.BinaryField()
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="people_person_domain", condition=Q(domain__in=Domain.values)),
        ]


class PersonIndex(models.Model):
    """Keyed hashes by which one exact value finds its person."""

    class Kind(models.TextChoices):
        PHONE = "phone", "手机号"
        ID_NUMBER = "id_number", "证件号码"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="index")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    domain = models.CharField(max_length=10, choices=Domain.choices)
    key_version = models.PositiveIntegerField()
    hash = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "kind"], name="people_index_once"),
            models.CheckConstraint(name="people_index_domain", condition=Q(domain__in=Domain.values)),
            models.CheckConstraint(name="people_index_kind", condition=Q(kind__in=["phone", "id_number"])),
        ]
        indexes = [models.Index(fields=["hash", "kind", "domain"], name="people_index_hash")]


class DataKey(models.Model):
    """A data key, wrapped by a key of the keyring. Rows are only ever added; a new wrapping replaces the old."""

    class Purpose(models.TextChoices):
        CIPHER = "cipher", "加密"
        INDEX = "index", "等值索引"
        CODE = "code", "查询码"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    domain = models.CharField(max_length=10, choices=Domain.choices)
    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    version = models.PositiveIntegerField()
    algorithm = models.CharField(max_length=20)
    kek_version = models.PositiveIntegerField()
    wrapped = models.BinaryField()
    created_at = models.DateTimeField(default=utc_now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["domain", "purpose", "version"], name="people_datakey_once"),
            models.CheckConstraint(name="people_datakey_domain", condition=Q(domain__in=Domain.values)),
            models.CheckConstraint(name="people_datakey_purpose", condition=Q(purpose__in=["cipher", "index", "code"])),
        ]


class AccessLog(models.Model):
    """A read that matters, or an act on an identity. Append-only; rows on sealed matters show to their writer only."""

    class Kind(models.TextChoices):
        REVEAL = "reveal", "查看身份信息"
        SEALED_READ = "sealed_read", "查看封存事项"
        EXPORT = "export", "导出"
        LOOKUP = "lookup", "按号码查找"
        BULK_LIST = "bulk_list", "批量浏览"
        CORRECT = "correct", "更正身份信息"
        REGAIN = "regain", "窗口补办查询凭证"
        MOVE = "move", "转换保密域"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=utc_now)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    actor_kind = models.CharField(max_length=10)
    account = models.ForeignKey(Account, null=True, on_delete=models.PROTECT, related_name="+")
    post = models.ForeignKey(Post, null=True, on_delete=models.PROTECT, related_name="+")
    case_id = models.UUIDField(null=True)
    person_id = models.UUIDField(null=True)
    sealed = models.BooleanField(default=False)
    reason = models.CharField(max_length=400)
    detail = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.CheckConstraint(name="people_accesslog_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="people_accesslog_kind",
                condition=Q(
                    kind__in=[
                        "reveal",
                        "sealed_read",
                        "export",
                        "lookup",
                        "bulk_list",
                        "correct",
                        "regain",
                        "move",
                    ]
                ),
            ),
        ]
        indexes = [
            models.Index(fields=["case_id", "at"], name="people_accesslog_case", condition=Q(case_id__isnull=False)),
            models.Index(fields=["account", "at"], name="people_accesslog_account"),
        ]


class Instance(models.Model):
    """This database: one row. The mark of a demonstration is set when it is made, and never again (trigger)."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    demonstration = models.BooleanField(default=False)
    clock_offset = models.DurationField()
    created_at = models.DateTimeField(default=utc_now)

    class Meta:
        constraints = [
            models.CheckConstraint(name="people_instance_single", condition=Q(id=1)),
            models.CheckConstraint(
                name="people_instance_clock",
                condition=Q(demonstration=True) | Q(clock_offset="00:00:00"),
            ),
        ]


class ClockMove(models.Model):
    """A move of the rehearsal clock: who, when, from and to. Append-only."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey(Account, null=True, on_delete=models.PROTECT, related_name="+")
    moved_at = models.DateTimeField(default=utc_now)
    before = models.DateTimeField()
    after = models.DateTimeField()


class PhoneCode(models.Model):
    """A code sent to a phone: hashed, short-lived, good for one use and few tries."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    phone_hash = models.BinaryField()
    code_hash = models.BinaryField()
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="people_phonecode_dates", condition=Q(expires_at__gt=F("sent_at"))),
        ]
        indexes = [models.Index(fields=["phone_hash", "-sent_at"], name="people_phonecode_phone")]


class Attempt(models.Model):
    """A failed try at something guarded (a sign-in, a number and its code), under a hashed key; only ever added."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    scope = models.CharField(max_length=20)
    key_hash = models.BinaryField()
    at = models.DateTimeField()
    cleared = models.BooleanField(default=False, help_text="a success: what was before counts no more")

    class Meta:
        indexes = [
            models.Index(fields=["scope", "key_hash", "-at"], name="people_attempt_key"),
            models.Index(fields=["at"], name="people_attempt_at"),
        ]
