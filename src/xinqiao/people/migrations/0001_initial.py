"""The tables of people."""

import django.contrib.postgres.constraints
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import xinqiao.kernel.clock
import xinqiao.kernel.ids
import xinqiao.people.models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Account",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                ("username", models.CharField(max_length=60)),
                ("name", models.CharField(max_length=80)),
                ("email", models.EmailField(blank=True, max_length=254)),
                ("is_active", models.BooleanField(default=True)),
                (
                    "demonstration",
                    models.BooleanField(default=False, help_text="lives only in a demonstration (trigger)"),
                ),
                ("joined_at", models.DateTimeField(default=xinqiao.kernel.clock.utc_now)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("username"), name="people_account_username"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("name", ""), _negated=True), models.Q(("username", ""), _negated=True)
                        ),
                        name="people_account_name",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Area",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=20)),
                ("name", models.CharField(max_length=80)),
                ("full_name", models.CharField(max_length=250)),
                ("stem", models.CharField(help_text="the name without its kind: 米市巷 for 米市巷街道", max_length=80)),
                (
                    "level",
                    models.CharField(
                        choices=[
                            ("province", "省"),
                            ("city", "市"),
                            ("district", "区县"),
                            ("street", "街道乡镇"),
                            ("community", "社区村"),
                            ("grid", "网格"),
                        ],
                        max_length=10,
                    ),
                ),
                ("parent_code", models.CharField(blank=True, max_length=20)),
                ("valid_from", models.DateField()),
                ("valid_to", models.DateField(blank=True, null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["parent_code", "code"], name="people_area_children")],
                "constraints": [
                    models.UniqueConstraint(fields=("code", "valid_from"), name="people_area_once"),
                    models.CheckConstraint(
                        condition=models.Q(("code__regex", "^[0-9]{2,20}$")), name="people_area_code"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("level__in", ["province", "city", "district", "street", "community", "grid"])
                        ),
                        name="people_area_level",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("code", models.F("parent_code")), _negated=True), name="people_area_parent"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("valid_to__isnull", True), ("valid_to__gt", models.F("valid_from")), _connector="OR"
                        ),
                        name="people_area_dates",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[("code", "="), (xinqiao.people.models._DateRange("valid_from", "valid_to"), "&&")],
                        name="people_area_one_at_a_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=xinqiao.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("scope", models.CharField(max_length=20)),
                ("key_hash", models.BinaryField()),
                ("at", models.DateTimeField()),
                ("cleared", models.BooleanField(default=False, help_text="a success: what was before counts no more")),
            ],
            options={
                "indexes": [
                    models.Index(fields=["scope", "key_hash", "-at"], name="people_attempt_key"),
                    models.Index(fields=["at"], name="people_attempt_at"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ClockMove",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=xinqiao.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("moved_at", models.DateTimeField(default=xinqiao.kernel.clock.utc_now)),
                ("before", models.DateTimeField()),
                ("after", models.DateTimeField()),
                (
                    "account",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="DataKey",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=xinqiao.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("domain", models.CharField(choices=[("open", "公开域"), ("sealed", "封存域")], max_length=10)),
                (
                    "purpose",
                    models.CharField(
                        choices=[("cipher", "加密"), ("index", "等值索引"), ("code", "查询码")], max_length=10
                    ),
                ),
                ("version", models.PositiveIntegerField()),
                ("algorithm", models.CharField(max_length=20)),
                ("kek_version", models.PositiveIntegerField()),
                ("wrapped", models.BinaryField()),
                ("created_at", models.DateTimeField(default=xinqiao.kernel.clock.utc_now)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("domain", "purpose", "version"), name="people_datakey_once"),
                    models.CheckConstraint(
                        condition=models.Q(("domain__in", ["open", "sealed"])), name="people_datakey_domain"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("purpose__in", ["cipher", "index", "code"])), name="people_datakey_purpose"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Instance",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("demonstration", models.BooleanField(default=False)),
                ("clock_offset", models.DurationField()),
                ("created_at", models.DateTimeField(default=xinqiao.kernel.clock.utc_now)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="people_instance_single"),
                    models.CheckConstraint(
                        condition=models.Q(("demonstration", True), ("clock_offset", "00:00:00"), _connector="OR"),
                        name="people_instance_clock",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Organ",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=40, unique=True)),
                ("name", models.CharField(max_length=120)),
                ("short_name", models.CharField(max_length=40)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("petition_office", "信访局"),
                            ("department", "部门"),
                            ("street", "街道乡镇"),
                            ("discipline", "纪检监察机关"),
                            ("government", "人民政府"),
                            ("conference", "联席会议"),
                            ("hotline", "热线"),
                        ],
                        max_length=20,
                    ),
                ),
                ("area_code", models.CharField(max_length=20)),
                (
                    "level",
                    models.CharField(
                        choices=[
                            ("province", "省"),
                            ("city", "市"),
                            ("district", "区县"),
                            ("street", "街道乡镇"),
                            ("community", "社区村"),
                            ("grid", "网格"),
                        ],
                        max_length=10,
                    ),
                ),
                ("address", models.CharField(blank=True, max_length=200)),
                ("phone", models.CharField(blank=True, max_length=40)),
                ("hours", models.CharField(blank=True, max_length=120)),
                ("valid_from", models.DateField()),
                ("valid_to", models.DateField(blank=True, null=True)),
                (
                    "superior",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="subordinates",
                        to="people.organ",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Competence",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("content_code", models.CharField(blank=True, max_length=40)),
                ("area_code", models.CharField(blank=True, max_length=20)),
                ("role", models.CharField(choices=[("lead", "主办"), ("assist", "协办")], max_length=10)),
                ("source", models.CharField(max_length=200)),
                ("valid_from", models.DateField()),
                ("valid_to", models.DateField(blank=True, null=True)),
                (
                    "organ",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="competences", to="people.organ"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Person",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=xinqiao.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("domain", models.CharField(choices=[("open", "公开域"), ("sealed", "封存域")], max_length=10)),
                ("key_version", models.PositiveIntegerField()),
                ("ciphertext", models.BinaryField()),
                ("created_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("domain__in", ["open", "sealed"])), name="people_person_domain"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PersonIndex",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=xinqiao.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("kind", models.CharField(choices=[("phone", "手机号"), ("id_number", "证件号码")], max_length=10)),
                ("domain", models.CharField(choices=[("open", "公开域"), ("sealed", "封存域")], max_length=10)),
                ("key_version", models.PositiveIntegerField()),
                ("hash", models.BinaryField()),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="index", to="people.person"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PhoneCode",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=xinqiao.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("phone_hash", models.BinaryField()),
                ("code_hash", models.BinaryField()),
                ("sent_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("used_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["phone_hash", "-sent_at"], name="people_phonecode_phone")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("expires_at__gt", models.F("sent_at"))), name="people_phonecode_dates"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Post",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("clerk", "窗口、热线工作人员"),
                            ("officer", "信访工作人员"),
                            ("handler", "承办人"),
                            ("head", "单位负责人"),
                            ("arbiter", "管辖裁定人"),
                            ("discipline", "检举控告受理人"),
                            ("confidential", "保密专员"),
                            ("admin", "系统管理员"),
                        ],
                        max_length=20,
                    ),
                ),
                ("title", models.CharField(max_length=80)),
                ("area_code", models.CharField(blank=True, max_length=20)),
                ("leave_from", models.DateField(blank=True, null=True)),
                (
                    "leave_to",
                    models.DateField(blank=True, help_text="the last day away; empty: until further notice", null=True),
                ),
                ("valid_from", models.DateField()),
                ("valid_to", models.DateField(blank=True, null=True)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="posts", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "deputy",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="stands_in_for",
                        to="people.post",
                    ),
                ),
                (
                    "organ",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="posts", to="people.organ"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="AccessLog",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=xinqiao.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField(default=xinqiao.kernel.clock.utc_now)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("reveal", "查看身份信息"),
                            ("sealed_read", "查看封存事项"),
                            ("export", "导出"),
                            ("lookup", "按号码查找"),
                            ("bulk_list", "批量浏览"),
                            ("correct", "更正身份信息"),
                            ("regain", "窗口补办查询凭证"),
                            ("move", "转换保密域"),
                        ],
                        max_length=20,
                    ),
                ),
                ("actor_kind", models.CharField(max_length=10)),
                ("case_id", models.UUIDField(null=True)),
                ("person_id", models.UUIDField(null=True)),
                ("sealed", models.BooleanField(default=False)),
                ("reason", models.CharField(max_length=400)),
                ("detail", models.JSONField(default=dict)),
                (
                    "account",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "post",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.post"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ReviewingBody",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("content_code", models.CharField(blank=True, max_length=40)),
                ("source", models.CharField(max_length=200)),
                ("valid_from", models.DateField()),
                ("valid_to", models.DateField(blank=True, null=True)),
                (
                    "organ",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="reviewed_by", to="people.organ"
                    ),
                ),
                (
                    "reviewer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="reviews", to="people.organ"
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="organ",
            index=models.Index(fields=["area_code", "kind"], name="people_organ_area"),
        ),
        migrations.AddConstraint(
            model_name="organ",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "petition_office",
                            "department",
                            "street",
                            "discipline",
                            "government",
                            "conference",
                            "hotline",
                        ],
                    )
                ),
                name="people_organ_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="organ",
            constraint=models.CheckConstraint(
                condition=models.Q(("level__in", ["province", "city", "district", "street", "community", "grid"])),
                name="people_organ_level",
            ),
        ),
        migrations.AddConstraint(
            model_name="organ",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("superior__isnull", True), models.Q(("superior", models.F("id")), _negated=True), _connector="OR"
                ),
                name="people_organ_superior",
            ),
        ),
        migrations.AddConstraint(
            model_name="organ",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_to__isnull", True), ("valid_to__gt", models.F("valid_from")), _connector="OR"
                ),
                name="people_organ_dates",
            ),
        ),
        migrations.AddIndex(
            model_name="competence",
            index=models.Index(fields=["content_code", "area_code"], name="people_competence_codes"),
        ),
        migrations.AddConstraint(
            model_name="competence",
            constraint=models.CheckConstraint(
                condition=models.Q(("role__in", ["lead", "assist"])), name="people_competence_role"
            ),
        ),
        migrations.AddConstraint(
            model_name="competence",
            constraint=models.CheckConstraint(
                condition=models.Q(("source", ""), _negated=True), name="people_competence_source"
            ),
        ),
        migrations.AddConstraint(
            model_name="competence",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_to__isnull", True), ("valid_to__gt", models.F("valid_from")), _connector="OR"
                ),
                name="people_competence_dates",
            ),
        ),
        migrations.AddConstraint(
            model_name="competence",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[
                    ("organ", "="),
                    ("content_code", "="),
                    ("area_code", "="),
                    ("role", "="),
                    (xinqiao.people.models._DateRange("valid_from", "valid_to"), "&&"),
                ],
                name="people_competence_once",
            ),
        ),
        migrations.AddIndex(
            model_name="personindex",
            index=models.Index(fields=["hash", "kind", "domain"], name="people_index_hash"),
        ),
        migrations.AddConstraint(
            model_name="personindex",
            constraint=models.UniqueConstraint(fields=("person", "kind"), name="people_index_once"),
        ),
        migrations.AddConstraint(
            model_name="personindex",
            constraint=models.CheckConstraint(
                condition=models.Q(("domain__in", ["open", "sealed"])), name="people_index_domain"
            ),
        ),
        migrations.AddConstraint(
            model_name="personindex",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["phone", "id_number"])), name="people_index_kind"
            ),
        ),
        migrations.AddIndex(
            model_name="post",
            index=models.Index(fields=["organ", "role"], name="people_post_organ"),
        ),
        migrations.AddConstraint(
            model_name="post",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "role__in",
                        ["clerk", "officer", "handler", "head", "arbiter", "discipline", "confidential", "admin"],
                    )
                ),
                name="people_post_role",
            ),
        ),
        migrations.AddConstraint(
            model_name="post",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("deputy__isnull", True), models.Q(("deputy", models.F("id")), _negated=True), _connector="OR"
                ),
                name="people_post_deputy",
            ),
        ),
        migrations.AddConstraint(
            model_name="post",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("leave_to__isnull", True),
                    models.Q(("leave_from__isnull", False), ("leave_to__gte", models.F("leave_from"))),
                    _connector="OR",
                ),
                name="people_post_leave",
            ),
        ),
        migrations.AddConstraint(
            model_name="post",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_to__isnull", True), ("valid_to__gt", models.F("valid_from")), _connector="OR"
                ),
                name="people_post_dates",
            ),
        ),
        migrations.AddConstraint(
            model_name="post",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[
                    ("account", "="),
                    ("organ", "="),
                    ("role", "="),
                    ("area_code", "="),
                    (xinqiao.people.models._DateRange("valid_from", "valid_to"), "&&"),
                ],
                name="people_post_once",
            ),
        ),
        migrations.AddIndex(
            model_name="accesslog",
            index=models.Index(
                condition=models.Q(("case_id__isnull", False)), fields=["case_id", "at"], name="people_accesslog_case"
            ),
        ),
        migrations.AddIndex(
            model_name="accesslog",
            index=models.Index(fields=["account", "at"], name="people_accesslog_account"),
        ),
        migrations.AddConstraint(
            model_name="accesslog",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="people_accesslog_reason"
            ),
        ),
        migrations.AddConstraint(
            model_name="accesslog",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        ["reveal", "sealed_read", "export", "lookup", "bulk_list", "correct", "regain", "move"],
                    )
                ),
                name="people_accesslog_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="reviewingbody",
            constraint=models.CheckConstraint(
                condition=models.Q(("organ", models.F("reviewer")), _negated=True), name="people_reviewing_other"
            ),
        ),
        migrations.AddConstraint(
            model_name="reviewingbody",
            constraint=models.CheckConstraint(
                condition=models.Q(("source", ""), _negated=True), name="people_reviewing_source"
            ),
        ),
        migrations.AddConstraint(
            model_name="reviewingbody",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_to__isnull", True), ("valid_to__gt", models.F("valid_from")), _connector="OR"
                ),
                name="people_reviewing_dates",
            ),
        ),
        migrations.AddConstraint(
            model_name="reviewingbody",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[
                    ("organ", "="),
                    ("content_code", "="),
                    ("reviewer", "="),
                    (xinqiao.people.models._DateRange("valid_from", "valid_to"), "&&"),
                ],
                name="people_reviewing_once",
            ),
        ),
    ]
