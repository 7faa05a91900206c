"""Row-level security on cases and what hangs on them, the ledger included."""

from django.db import migrations

from xinqiao.cases import rls

HANGING = (
    "cases_assist",
    "cases_obligation",
    "cases_document",
    "cases_record",
    "cases_rating",
    "cases_recusal",
)


def _sql() -> tuple[str, str]:
    forwards = [rls.protect("cases_case", rls.CASE_VISIBLE)]
    forwards += [rls.protect(table, rls.hangs_on_case(table)) for table in HANGING]
    forwards.append(
        rls.protect(
            "cases_caselink", " AND ".join(rls.hangs_on_case("cases_caselink", c) for c in ("first_id", "second_id"))
        )
    )
    # One's own only: the policy of cases_case reads this table, so it cannot look at cases_case itself.
    forwards.append(rls.protect("cases_sealgrant", f"account_id = {rls.ACCOUNT}"))
    forwards.append(rls.protect("ledger_entry", rls.hangs_on_case("ledger_entry"), read_only=True))
    tables = ("cases_case", *HANGING, "cases_caselink", "cases_sealgrant", "ledger_entry")
    return "\n".join(forwards), "\n".join(rls.unprotect(table) for table in tables)


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_initial"), ("ledger", "0002_append_only")]
    operations = [migrations.RunSQL(*_sql())]
