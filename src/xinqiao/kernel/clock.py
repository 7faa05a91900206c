"""Time in one zone. Services never ask for the time: callers pass `at`."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def utc_now() -> datetime:
    """The machine's time, aware, in UTC. Faces use people.clock.now(), which knows the rehearsal."""
    return datetime.now(UTC)


def day_of(at: datetime) -> date:
    """The calendar day in Shanghai on which `at` falls. Raises ValueError for a naive datetime."""
    if at.tzinfo is None:
        raise ValueError("a legal moment needs its time zone")
    return at.astimezone(SHANGHAI).date()


def start_of(day: date) -> datetime:
    """00:00 of `day` in Shanghai."""
    return datetime.combine(day, time.min, SHANGHAI)


def end_of(day: date) -> datetime:
    """The last microsecond of `day` in Shanghai: a term ends at 24:00 (民法典 203)."""
    return datetime.combine(day, time.max, SHANGHAI)
