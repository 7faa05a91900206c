"""Row-level security on files: visible with their case or submission; one that belongs to neither yet, to any bound actor."""

from django.db import migrations

from xinqiao.cases import rls

VISIBLE = f"""
CASE WHEN case_id IS NOT NULL THEN {rls.hangs_on_case("files_blob")}
     WHEN submission_id IS NOT NULL THEN EXISTS (
       SELECT 1 FROM intake_submissioncase i JOIN cases_case c ON c.id = i.case_id
       WHERE i.submission_id = files_blob.submission_id)
     ELSE true
END
"""


class Migration(migrations.Migration):
    dependencies = [("intake", "0003_door"), ("files", "0001_initial")]
    operations = [migrations.RunSQL(rls.protect("files_blob", VISIBLE), rls.unprotect("files_blob"))]
