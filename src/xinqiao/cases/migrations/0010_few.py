"""Whether words stand together in few cases only: then a search need not go back through the years month by month."""

from django.db import migrations

from xinqiao.cases import rls

FUNCTION = f"""
CREATE FUNCTION cases_search_few(asked tsquery, most int) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp
SET enable_seqscan = off SET enable_indexscan = off SET enable_indexonlyscan = off SET jit = off
SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    RETURN {rls.ACTOR} IN ('staff', 'system') AND (
        SELECT count(*) FROM (SELECT FROM cases_searchrow s WHERE s.words @@ asked LIMIT most + 1) f) <= most;
END
$$;

REVOKE ALL ON FUNCTION cases_search_few(tsquery, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cases_search_few(tsquery, int) TO xinqiao_app, xinqiao_seal;
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0009_lists_of_closed")]

    operations = [migrations.RunSQL(FUNCTION, "DROP FUNCTION cases_search_few(tsquery, int)")]
