import django.db.models.deletion
from django.db import migrations, models

import xinqiao.kernel.ids


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Message",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=xinqiao.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("case_id", models.UUIDField(null=True)),
                ("text", models.CharField(max_length=40)),
                ("params", models.JSONField(default=dict)),
                ("secrets", models.BinaryField(default=b"")),
                (
                    "to_kind",
                    models.CharField(
                        choices=[
                            ("petitioner", "信访人"),
                            ("organ", "单位"),
                            ("account", "工作人员"),
                            ("phone", "手机号"),
                        ],
                        max_length=10,
                    ),
                ),
                ("person_id", models.UUIDField(null=True)),
                ("organ_id", models.BigIntegerField(null=True)),
                ("account_id", models.BigIntegerField(null=True)),
                ("sealed", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("case_id__isnull", False)),
                        fields=["case_id", "id"],
                        name="notices_message_case",
                    ),
                    models.Index(
                        condition=models.Q(("organ_id__isnull", False)),
                        fields=["organ_id", "id"],
                        name="notices_message_organ",
                    ),
                    models.Index(
                        condition=models.Q(("account_id__isnull", False)),
                        fields=["account_id", "id"],
                        name="notices_message_account",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("case_id__isnull", False), ("to_kind", "petitioner")),
                            models.Q(("organ_id__isnull", False), ("to_kind", "organ")),
                            models.Q(("account_id__isnull", False), ("to_kind", "account")),
                            ("to_kind", "phone"),
                            _connector="OR",
                        ),
                        name="notices_message_recipient",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Outbox",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("paused", models.BooleanField(default=False)),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("changed_at", models.DateTimeField(null=True)),
                ("changed_by", models.BigIntegerField(null=True)),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="notices_outbox_single")],
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=xinqiao.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "channel",
                    models.CharField(choices=[("page", "页面"), ("smtp", "电子邮件"), ("sms", "短信")], max_length=8),
                ),
                ("address_ref", models.CharField(blank=True, max_length=60)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "等待发送"),
                            ("sending", "正在发送"),
                            ("sent", "已送出"),
                            ("failed", "没有地址"),
                            ("set_aside", "已搁置"),
                        ],
                        max_length=10,
                    ),
                ),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("queued_at", models.DateTimeField()),
                ("next_try_at", models.DateTimeField(null=True)),
                ("claimed_at", models.DateTimeField(null=True)),
                ("sent_at", models.DateTimeField(null=True)),
                ("last_error", models.CharField(blank=True, max_length=200)),
                ("set_aside_by", models.BigIntegerField(null=True)),
                (
                    "message",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="deliveries", to="notices.message"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")), fields=["next_try_at"], name="notices_delivery_due"
                    ),
                    models.Index(
                        condition=models.Q(("state", "sending")), fields=["claimed_at"], name="notices_delivery_claimed"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("message", "channel", "address_ref"), name="notices_delivery_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "sent"), _negated=True), ("sent_at__isnull", False), _connector="OR"
                        ),
                        name="notices_delivery_sent",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "waiting"), _negated=True),
                            ("next_try_at__isnull", False),
                            _connector="OR",
                        ),
                        name="notices_delivery_waiting",
                    ),
                ],
            },
        ),
    ]
