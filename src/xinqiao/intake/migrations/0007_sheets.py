"""Tables taken in: mappings, imports, the rows that have come in, those that were not. Behind the second wall as all else:
rows hang on their case; imports are the office's own, and no citizen's."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import xinqiao.kernel.ids
from xinqiao.cases import rls

NO_CITIZEN = f"{rls.ACTOR} <> 'citizen'"
TABLES = {
    "intake_sheetmapping": NO_CITIZEN,
    "intake_sheetimport": NO_CITIZEN,
    "intake_sheetreject": NO_CITIZEN,
    "intake_sheetrow": rls.hangs_on_case("intake_sheetrow"),
}


class Migration(migrations.Migration):
    dependencies = [
        ("intake", "0006_log_wall"),
        ("cases", "0002_second_wall"),
        ("people", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SheetRow",
            fields=[
                ("identity", models.UUIDField(primary_key=True, serialize=False)),
                ("content", models.UUIDField()),
                ("case_id", models.UUIDField()),
                ("sheet_id", models.UUIDField()),
                ("line", models.PositiveIntegerField()),
            ],
        ),
        migrations.AlterField(
            model_name="submission",
            name="channel",
            field=models.CharField(
                choices=[
                    ("portal", "网上"),
                    ("hotline", "电话"),
                    ("window", "来访"),
                    ("letter", "来信"),
                    ("transfer", "上级转送"),
                    ("sheet", "表格导入"),
                ],
                max_length=16,
            ),
        ),
        migrations.CreateModel(
            name="SheetImport",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=xinqiao.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                ("size", models.BigIntegerField()),
                ("sha256", models.BinaryField()),
                ("table", models.JSONField(default=dict)),
                ("columns", models.JSONField(default=dict)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("mapping", "等待核对列"),
                            ("checking", "正在试跑"),
                            ("checked", "试跑完成"),
                            ("running", "正在导入"),
                            ("done", "已导入"),
                            ("stopped", "已停止"),
                            ("failed", "读不下去"),
                        ],
                        default="mapping",
                        max_length=10,
                    ),
                ),
                ("stands_at", models.PositiveIntegerField(default=0)),
                ("part", models.FloatField(default=0)),
                ("rows", models.PositiveIntegerField(default=0)),
                ("imported", models.PositiveIntegerField(default=0)),
                ("already", models.PositiveIntegerField(default=0)),
                ("rejected", models.PositiveIntegerField(default=0)),
                ("checked_rows", models.PositiveIntegerField(default=0)),
                ("checked_wrong", models.PositiveIntegerField(default=0)),
                ("findings", models.BinaryField(default=b"")),
                ("seconds", models.FloatField(default=0)),
                ("trouble", models.CharField(blank=True, max_length=400)),
                ("created_at", models.DateTimeField()),
                ("started_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
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
                    "organ",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.organ"
                    ),
                ),
                (
                    "post",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.post"
                    ),
                ),
            ],
            options={"indexes": [models.Index(fields=["organ", "-created_at"], name="sheetimport_of_organ")]},
        ),
        migrations.CreateModel(
            name="SheetMapping",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60)),
                ("columns", models.JSONField(default=dict)),
                ("saved_at", models.DateTimeField()),
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
                    "organ",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.organ"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("organ", "name"), name="sheetmapping_once", nulls_distinct=False)
                ]
            },
        ),
        migrations.CreateModel(
            name="SheetReject",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("first_line", models.PositiveIntegerField()),
                ("count", models.PositiveIntegerField()),
                ("rows", models.BinaryField()),
                (
                    "sheet",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rejects",
                        to="intake.sheetimport",
                    ),
                ),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("sheet", "first_line"), name="sheetreject_once")]},
        ),
        migrations.RunSQL(
            "".join(rls.protect(table, visible) for table, visible in TABLES.items()),
            "".join(rls.unprotect(table) for table in TABLES),
        ),
    ]
