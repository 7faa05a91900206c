"""The citizen's way in: a stranger may ask whether a number has this code, and which cases belong to proven persons.

Both answers lie behind row-level security, so two functions of the owner give exactly these and nothing else: the stored
hash of a code with the ids of its cases (ids open nothing by themselves), and the ids of the cases of given persons.
"""

from django.db import migrations

TABLES = ("intake_submission", "intake_submissioncase", "intake_party")

POLICIES = "\n".join(
    f"CREATE POLICY owner_door ON {table} FOR SELECT TO xinqiao_owner USING (true);" for table in TABLES
)
NO_POLICIES = "\n".join(f"DROP POLICY owner_door ON {table};" for table in TABLES)

FUNCTIONS = """
CREATE FUNCTION intake_door(given text) RETURNS TABLE (code_hash bytea, submission_id uuid, case_ids uuid[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT s.code_hash, s.id, array(SELECT i.case_id FROM intake_submissioncase i WHERE i.submission_id = s.id)
    FROM intake_submission s WHERE s.number = given
$$;

CREATE FUNCTION intake_cases_of(persons uuid[]) RETURNS TABLE (case_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT DISTINCT i.case_id
    FROM intake_party p
    JOIN intake_submission s ON s.id = p.submission_id
    JOIN intake_submissioncase i ON i.submission_id = s.id
    WHERE p.person_id = ANY (persons) AND NOT s.sealed
$$;

REVOKE ALL ON FUNCTION intake_door(text), intake_cases_of(uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION intake_door(text), intake_cases_of(uuid[]) TO xinqiao_app, xinqiao_seal;
"""
NO_FUNCTIONS = "DROP FUNCTION intake_cases_of(uuid[]); DROP FUNCTION intake_door(text);"


class Migration(migrations.Migration):
    dependencies = [("intake", "0002_second_wall")]
    operations = [
        migrations.RunSQL(POLICIES, NO_POLICIES),
        migrations.RunSQL(FUNCTIONS, NO_FUNCTIONS),
    ]
