"""This database as a whole: whether it is a demonstration, and its rehearsal clock."""

from datetime import date, datetime, timedelta

from django.db import transaction

from xinqiao.kernel.clock import SHANGHAI, utc_now
from xinqiao.kernel.errors import BadInput, Refused
from xinqiao.people import clock
from xinqiao.people.actors import Actor
from xinqiao.people.models import ClockMove, Instance

FARTHEST = timedelta(days=366)


@transaction.atomic
def instance_create(*, demonstration: bool, actor: Actor, at: datetime) -> Instance:
    """Mark a new database, once. Raises Refused when it is marked already, or is in use and shall be a demonstration."""
    row, made = Instance.objects.get_or_create(
        pk=1, defaults={"demonstration": demonstration, "clock_offset": timedelta(), "created_at": at}
    )
    if not made and row.demonstration != demonstration:
        raise Refused("这个数据库已经定了用途，不能改。", remedy="演示请另建一个空的数据库。")
    return row


@transaction.atomic
def clock_move(*, days: int | None = None, to: date | None = None, actor: Actor, at: datetime) -> datetime:
    """Move the rehearsal clock forward by days, or to a day at the same time of day; returns the new "now".

    Only staff, only in a demonstration (Refused), only forward and at most a year at once (BadInput).
    """
    row = Instance.objects.select_for_update().filter(pk=1, demonstration=True).first()
    if row is None or not actor.is_staff:
        raise Refused("演练时钟只在演示环境里有。")
    before = utc_now() + row.clock_offset
    if to is not None:
        after = datetime.combine(to, before.astimezone(SHANGHAI).time(), SHANGHAI)
    else:
        after = before + timedelta(days=min(max(days or 0, -9999), 9999))
    if after <= before:
        raise BadInput({"to": "时间只能往前走。要从头再来，请重新装载演示数据。"})
    if after - before > FARTHEST:
        raise BadInput({"to": "一次最多往前走一年。"})
    row.clock_offset += after - before
    row.save(update_fields=["clock_offset"])
    ClockMove(account_id=actor.account_id, before=before, after=after).save(force_insert=True)
    clock.forget()
    return clock.now()
