"""Who changed a post's deputy or leave: a record that only grows."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

GROWS = """
CREATE TRIGGER people_postchange_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON people_postchange
    FOR EACH STATEMENT EXECUTE FUNCTION people_append_only();
REVOKE UPDATE, DELETE, TRUNCATE ON people_postchange FROM xinqiao_app, xinqiao_seal;
"""
NO_GROWS = "DROP TRIGGER people_postchange_append_only ON people_postchange;"


def _post(null: bool, name: str = "+") -> models.ForeignKey:
    return models.ForeignKey(
        null=null, on_delete=django.db.models.deletion.PROTECT, related_name=name, to="people.post"
    )


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0003_api_token"),
    ]

    operations = [
        migrations.AddField(
            model_name="account",
            name="changes_seen",
            field=models.BigIntegerField(default=0, help_text="the last PostChange that the holder has read"),
        ),
        migrations.CreateModel(
            name="PostChange",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("kind", models.CharField(choices=[("deputy", "代理人"), ("leave", "离开的日子")], max_length=10)),
                ("at", models.DateTimeField()),
                ("leave_from", models.DateField(null=True)),
                ("leave_to", models.DateField(null=True)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("by_post", _post(True)),
                ("deputy", _post(True)),
                ("former", _post(True)),
                ("post", _post(False, "changes")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["deputy", "leave"])), name="people_postchange_kind"
                    )
                ],
            },
        ),
        migrations.RunSQL(GROWS, NO_GROWS),
    ]
