"""The access log of a case that was sealed later shows to nobody who does not see the case."""

from django.db import migrations

FORWARDS = """
DROP POLICY app_read ON people_accesslog;
CREATE POLICY app_read ON people_accesslog FOR SELECT TO xinqiao_app
    USING (coalesce(current_setting('xinqiao.actor', true), '') <> '' AND CASE current_setting('xinqiao.actor', true)
        WHEN 'staff' THEN account_id = NULLIF(current_setting('xinqiao.account', true), '')::bigint
            OR (NOT sealed AND (case_id IS NULL OR EXISTS (
                SELECT 1 FROM cases_case c WHERE c.id = people_accesslog.case_id)))
        WHEN 'citizen' THEN case_id = ANY (COALESCE(NULLIF(current_setting('xinqiao.cases', true), ''), '{}')::uuid[])
        ELSE NOT sealed
    END);
"""


class Migration(migrations.Migration):
    dependencies = [("intake", "0005_vault_wall"), ("people", "0002_guards")]
    operations = [migrations.RunSQL(FORWARDS, migrations.RunSQL.noop)]
