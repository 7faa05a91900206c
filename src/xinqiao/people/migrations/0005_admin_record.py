"""Administrative data is recorded by the database itself; a password given by somebody else must be changed."""

from django.db import migrations, models

from xinqiao.people import recording

RECORDED = (
    recording.record("people_area")
    + recording.record("people_organ")
    + recording.record("people_competence")
    + recording.record("people_reviewingbody")
    + recording.record("people_post")
    + recording.record("people_account", hidden=("password",), left_out=("last_login", "changes_seen"))
    + recording.record("people_apitoken", hidden=("key_hash",), left_out=("last_used_at",))
    + recording.record("people_instance")
    + recording.record("mfa_authenticator", hidden=(), left_out=("data", "last_used_at"))
)
TABLES = (
    "people_area", "people_organ", "people_competence", "people_reviewingbody", "people_post", "people_account",
    "people_apitoken", "people_instance", "mfa_authenticator",
)  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0004_post_change"),
        ("mfa", "0003_authenticator_type_uniq"),
    ]

    operations = [
        migrations.AddField(
            model_name="account",
            name="one_time_until",
            field=models.DateTimeField(
                blank=True, null=True, help_text="given by somebody else: to be changed by then"
            ),
        ),
        migrations.CreateModel(
            name="AdminEntry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("table", models.CharField(db_column="table_name", max_length=63)),
                ("key", models.CharField(max_length=64)),
                (
                    "action",
                    models.CharField(
                        choices=[("INSERT", "新增"), ("UPDATE", "修改"), ("DELETE", "删除"), ("TRUNCATE", "清空")],
                        max_length=8,
                    ),
                ),
                ("old", models.JSONField(db_column="old_row", null=True)),
                ("new", models.JSONField(db_column="new_row", null=True)),
                ("role", models.CharField(max_length=63)),
                ("login", models.CharField(max_length=63)),
                ("program", models.CharField(max_length=64)),
                ("actor_kind", models.CharField(max_length=8)),
                ("account_id", models.BigIntegerField(null=True)),
                ("act", models.BigIntegerField(help_text="the transaction: rows of one act share it")),
            ],
            options={
                "indexes": [models.Index(fields=["table", "key", "-id"], name="people_adminentry_key")],
            },
        ),
        migrations.RunSQL(recording.FUNCTION, recording.NO_FUNCTION),
        migrations.RunSQL(recording.GROWS, recording.NO_GROWS),
        migrations.RunSQL(RECORDED, "".join(recording.unrecord(table) for table in TABLES)),
    ]
