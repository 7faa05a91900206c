"""An organ is abolished: the act of it, on the administrative record; the worker hands its open cases on."""

import django.db.models.deletion
from django.db import migrations, models

import xinqiao.kernel.ids
from xinqiao.people import recording

TABLES = ("cases_abolition", "cases_abolition_heirs")


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0004_finding"),
        ("people", "0005_admin_record"),
    ]

    operations = [
        migrations.CreateModel(
            name="Abolition",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=xinqiao.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("source", models.CharField(max_length=200)),
                ("on", models.DateField(db_column="takes_effect_on")),
                ("at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField(help_text="the machine's time")),
                ("account_id", models.BigIntegerField(null=True)),
                ("post_id", models.BigIntegerField(null=True)),
                ("key", models.CharField(max_length=80, unique=True)),
                ("done_at", models.DateTimeField(null=True)),
                ("troubled", models.BooleanField(default=False, help_text="the last round left something behind")),
                ("heirs", models.ManyToManyField(related_name="+", to="people.organ")),
                (
                    "organ",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="abolition", to="people.organ"
                    ),
                ),
                (
                    "rest",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.organ"),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("source", ""), _negated=True), name="abolition_source")
                ],
            },
        ),
        migrations.RunSQL(
            "".join(recording.record(table) for table in TABLES)
            + "REVOKE DELETE, TRUNCATE ON cases_abolition, cases_abolition_heirs FROM xinqiao_app, xinqiao_seal;",
            "".join(recording.unrecord(table) for table in TABLES),
        ),
    ]
