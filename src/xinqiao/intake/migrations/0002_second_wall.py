"""Row-level security on submissions: visible with one of their cases. Contacts belong to the clerk's account."""

from django.db import migrations

from xinqiao.cases import rls

WITH_ITS_CASE = """EXISTS (SELECT 1 FROM intake_submissioncase i JOIN cases_case c ON c.id = i.case_id
  WHERE i.submission_id = {table}.{column})"""


def _sql() -> tuple[str, str]:
    forwards = [
        rls.protect("intake_submission", WITH_ITS_CASE.format(table="intake_submission", column="id")),
        rls.protect("intake_party", WITH_ITS_CASE.format(table="intake_party", column="submission_id")),
        rls.protect("intake_submissioncase", rls.hangs_on_case("intake_submissioncase")),
    ]
    tables = ("intake_submission", "intake_party", "intake_submissioncase")
    return "\n".join(forwards), "\n".join(rls.unprotect(table) for table in tables)


class Migration(migrations.Migration):
    dependencies = [("intake", "0001_initial"), ("cases", "0002_second_wall")]
    operations = [migrations.RunSQL(*_sql())]
