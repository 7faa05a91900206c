"""From the ledger to webhooks: which entry concerns whom. Sealed matters are left out, and what is imported of the past."""

from collections.abc import Sequence
from datetime import timedelta

from xinqiao.ledger import batch, cursor
from xinqiao.ledger.cursor import Read
from xinqiao.notices import hooks
from xinqiao.people import clock

from .models import Assist, Case

READER = "hooks"
_OPEN = (
    f"{batch.selection(Case)} WHERE id = ANY(%s) AND NOT sealed ORDER BY id FOR SHARE"  # a seal comes before, or waits
)
PAST = timedelta(days=2)  # what was entered so long after it happened is history that was imported


def follow(limit: int = 500) -> int:
    """Queue what the next entries mean for subscribers, in the caller's transaction; 0 means up to date."""
    if not hooks.living():
        cursor.skip(READER)
        return 0
    return cursor.follow(READER, _tell, limit)


def _tell(entries: Sequence[Read]) -> None:
    subscribed = hooks.living()
    ids = {entry.case_id for entry in entries}
    cases = {case.pk: case for case in batch.made(Case, batch.rows(_OPEN, [sorted(ids)]))}
    assisting: dict[object, set[int]] = {}
    for case_id, organ_id in Assist.objects.filter(case_id__in=cases, closed_at__isnull=True).values_list(
        "case_id", "organ_id"
    ):
        assisting.setdefault(case_id, set()).add(organ_id)
    offset, happened = clock.offset(), []
    for entry in entries:
        case = cases.get(entry.case_id)
        if case is None or entry.recorded_at - (entry.occurred_at - offset) > PAST:
            continue
        organs = {case.office_id, case.desk_id, case.lead_id, case.ruling_id} | assisting.get(case.pk, set())
        happened += [
            hooks.Happened(one, case.pk, case.number, entry.event, entry.occurred_at)
            for one in subscribed
            if one.organ_id in organs
            and one.post_id in (None, case.handler_id)
            and entry.recorded_at >= one.created_at
            and hooks.wants(one, entry.event)
        ]
    hooks.hooks_queue(happened)
