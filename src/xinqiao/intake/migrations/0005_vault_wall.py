"""Row-level security on identities of the sealed domain: visible with the submission that they stand behind.

What is open stays readable for look-ups inside a contact; the row of a sealed person, and the hashes that would find
it, show only to whom one of their cases shows.
"""

from django.db import migrations

from xinqiao.cases import rls

WITH_ITS_PARTY = "domain = 'open' OR EXISTS (SELECT 1 FROM intake_party p WHERE p.person_id = {column})"


def _sql() -> tuple[str, str]:
    forwards = [
        rls.protect("people_person", WITH_ITS_PARTY.format(column="people_person.id")),
        rls.protect("people_personindex", WITH_ITS_PARTY.format(column="people_personindex.person_id")),
    ]
    tables = ("people_person", "people_personindex")
    return "\n".join(forwards), "\n".join(rls.unprotect(table) for table in tables)


class Migration(migrations.Migration):
    dependencies = [("intake", "0004_files_wall"), ("people", "0002_guards")]
    operations = [migrations.RunSQL(*_sql())]
