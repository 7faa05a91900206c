"""Words of an instance's own for its messages, on the administrative record."""

from django.db import migrations, models

from xinqiao.people import recording


class Migration(migrations.Migration):
    dependencies = [
        ("notices", "0002_sender"),
        ("people", "0005_admin_record"),
    ]

    operations = [
        migrations.CreateModel(
            name="Wording",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "book",
                    models.CharField(choices=[("petitioner", "给来信人"), ("staff", "给工作人员")], max_length=10),
                ),
                ("text", models.CharField(max_length=40)),
                ("language", models.CharField(max_length=10)),
                ("subject", models.CharField(max_length=80)),
                ("body", models.TextField()),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField(null=True)),
                ("made_by", models.BigIntegerField(null=True)),
            ],
            options={
                "constraints": (
                    models.CheckConstraint(
                        condition=~models.Q(subject="") & ~models.Q(body=""), name="notices_wording_words"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(until__isnull=True) | models.Q(until__gte=models.F("since")),
                        name="notices_wording_dates",
                    ),
                    models.UniqueConstraint(
                        fields=("book", "text", "language"),
                        name="notices_wording_one",
                        condition=models.Q(until__isnull=True),
                    ),
                ),
            },
        ),
        migrations.RunSQL(
            recording.record("notices_wording")
            + "REVOKE DELETE, TRUNCATE ON notices_wording FROM xinqiao_app, xinqiao_seal;",
            recording.unrecord("notices_wording"),
        ),
    ]
