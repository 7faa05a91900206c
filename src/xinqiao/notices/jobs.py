"""Work of the outbox that nobody waits for. Jobs carry no arguments: they find what is due."""

from procrastinate.contrib.django import app

from xinqiao.kernel.clock import utc_now
from xinqiao.notices import services


@app.task(name="notices.deliver", lock="notices.deliver")
def deliver() -> None:
    """Send what is due; deferred in the transaction that queued it."""
    services.deliveries_send(at=utc_now())


@app.periodic(cron="* * * * *")
@app.task(name="notices.sweep", queueing_lock="notices.sweep", lock="notices.deliver")
def sweep(timestamp: int) -> None:
    """Every minute: tries that are due again, and what a crash left behind."""
    services.deliveries_send(at=utc_now())
