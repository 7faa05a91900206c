"""Row-level security on the outbox and on anchored heads: visible with their case; messages without one, not to citizens."""

from django.db import migrations

from xinqiao.cases import rls

MESSAGE = f"CASE WHEN case_id IS NULL THEN {rls.ACTOR} <> 'citizen' ELSE {rls.hangs_on_case('notices_message')} END"
DELIVERY = "EXISTS (SELECT 1 FROM notices_message m WHERE m.id = notices_delivery.message_id)"
TABLES = {
    "notices_message": rls.protect("notices_message", MESSAGE),
    "notices_delivery": rls.protect("notices_delivery", DELIVERY),
    "ledger_anchoredhead": rls.protect("ledger_anchoredhead", rls.hangs_on_case("ledger_anchoredhead"), read_only=True),
}


class Migration(migrations.Migration):
    dependencies = [("cases", "0002_second_wall"), ("notices", "0001_initial"), ("ledger", "0002_append_only")]
    operations = [migrations.RunSQL("".join(TABLES.values()), "".join(rls.unprotect(table) for table in TABLES))]
