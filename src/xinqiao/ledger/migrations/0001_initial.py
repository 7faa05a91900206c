import django.db.models.functions.datetime
from django.db import migrations, models

import xinqiao.ledger.fields


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Anchor",
            fields=[
                ("day", models.DateField(primary_key=True, serialize=False)),
                ("root", models.BinaryField()),
                ("previous", models.BinaryField()),
                ("hash", models.BinaryField()),
                ("leaves", models.BinaryField()),
                ("taken_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Cursor",
            fields=[
                ("name", models.CharField(max_length=80, primary_key=True, serialize=False)),
                ("xid", xinqiao.ledger.fields.XidField()),
                ("position", models.BigIntegerField()),
                ("updated_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="RequestKey",
            fields=[
                ("key", models.UUIDField(primary_key=True, serialize=False)),
                ("input_hash", models.BinaryField()),
                ("case_id", models.UUIDField()),
                ("seq", models.IntegerField()),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name="AnchoredHead",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "case_id", "day", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("case_id", models.UUIDField()),
                ("day", models.DateField()),
                ("seq", models.IntegerField()),
                ("leaf_index", models.IntegerField()),
                ("salt", models.BinaryField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("day", "leaf_index"), name="ledger_anchoredhead_place")
                ],
            },
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "case_id", "seq", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("case_id", models.UUIDField()),
                ("seq", models.IntegerField()),
                ("position", xinqiao.ledger.fields.IdentityField()),
                ("xid", xinqiao.ledger.fields.XidField(db_default=xinqiao.ledger.fields.CurrentXid())),
                ("event", models.CharField(max_length=80)),
                ("step", models.CharField(max_length=80)),
                ("actor_kind", models.CharField(max_length=10)),
                ("account_id", models.BigIntegerField(null=True)),
                ("post_id", models.BigIntegerField(null=True)),
                ("organ_id", models.BigIntegerField(null=True)),
                ("occurred_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField(db_default=xinqiao.ledger.fields.ClockTimestamp())),
                ("payload", models.TextField()),
                ("prev_hash", models.BinaryField()),
                ("hash", models.BinaryField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("xid", "position"), name="ledger_entry_order"),
                    models.CheckConstraint(condition=models.Q(("seq__gte", 1)), name="ledger_entry_seq_from_one"),
                ],
            },
        ),
    ]
