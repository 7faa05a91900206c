"""The newest rows of the word index one by one: a common word is found among them before any list of the index is read."""

from django.db import migrations

from xinqiao.cases import rls

SIGNATURE = "cases_search_newest(tsquery, timestamptz, uuid, timestamptz, int, int, int)"
FUNCTION = f"""
CREATE FUNCTION cases_search_newest(
    asked tsquery, before_at timestamptz, before_id uuid, since timestamptz, enough int, patience int, most int)
RETURNS TABLE (case_id uuid, received_at timestamptz, fits boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET jit = off
SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    looked int := 0;
    found int := 0;
BEGIN
    IF {rls.ACTOR} NOT IN ('staff', 'system') THEN
        RETURN;
    END IF;
    FOR case_id, received_at, fits IN
        SELECT s.case_id, s.received_at, numnode(asked) = 0 OR s.words @@ asked FROM cases_searchrow s
        WHERE (s.received_at, s.case_id) < (before_at, before_id) AND s.received_at >= since
        ORDER BY s.received_at DESC, s.case_id DESC
        LIMIT most
    LOOP
        looked := looked + 1;
        found := found + fits::int;
        IF fits THEN
            RETURN NEXT;
        END IF;
        IF found >= enough OR looked = most OR looked >= patience AND found::bigint * most < enough::bigint * looked THEN
            fits := false;  -- so far it went, and not to the end
            RETURN NEXT;
            RETURN;
        END IF;
    END LOOP;
END
$$;

REVOKE ALL ON FUNCTION {SIGNATURE} FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {SIGNATURE} TO xinqiao_app, xinqiao_seal;
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0010_few")]

    operations = [migrations.RunSQL(FUNCTION, f"DROP FUNCTION {SIGNATURE}")]
