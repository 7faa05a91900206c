"""Webhooks: addresses of other systems that are told of events, on the administrative record; text messages need no table."""

import django.contrib.postgres.fields
from django.db import migrations, models

import xinqiao.kernel.ids
from xinqiao.people import recording

RECIPIENT = (
    models.Q(("case_id__isnull", False), ("to_kind", "petitioner"))
    | models.Q(("organ_id__isnull", False), ("to_kind", "organ"))
    | models.Q(("account_id__isnull", False), ("to_kind", "account"))
    | models.Q(("to_kind", "phone"))
    | models.Q(("organ_id__isnull", False), ("sealed", False), ("to_kind", "hook"))
)
TO = [
    ("petitioner", "信访人"),
    ("organ", "单位"),
    ("account", "工作人员"),
    ("phone", "手机号"),
    ("hook", "外部系统"),
]
CHANNELS = [("page", "页面"), ("smtp", "电子邮件"), ("sms", "短信"), ("hook", "推送")]


class Migration(migrations.Migration):
    dependencies = [("notices", "0003_wording"), ("people", "0005_admin_record")]

    operations = [
        migrations.AlterField("message", "to_kind", models.CharField(choices=TO, max_length=10)),
        migrations.AlterField("delivery", "channel", models.CharField(choices=CHANNELS, max_length=8)),
        migrations.RemoveConstraint(model_name="message", name="notices_message_recipient"),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(condition=RECIPIENT, name="notices_message_recipient"),
        ),
        migrations.CreateModel(
            name="Subscription",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=xinqiao.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("organ_id", models.BigIntegerField()),
                ("post_id", models.BigIntegerField(null=True)),
                ("url", models.CharField(max_length=400)),
                (
                    "events",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=80), size=None),
                ),
                ("secret", models.BinaryField()),
                ("created_at", models.DateTimeField()),
                ("created_by", models.BigIntegerField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("last_sent_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.RunSQL(
            recording.record("notices_subscription", hidden=("secret",), left_out=("last_sent_at",))
            + "REVOKE DELETE, TRUNCATE ON notices_subscription FROM xinqiao_app, xinqiao_seal;",
            recording.unrecord("notices_subscription"),
        ),
    ]
