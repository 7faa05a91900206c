"""Work of the ledger that nobody waits for."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from procrastinate.contrib.django import app

from xinqiao.kernel.clock import day_of
from xinqiao.ledger import services


@app.periodic(cron="7 * * * *")
@app.task(name="ledger.anchor", queueing_lock="ledger.anchor")
def anchor(timestamp: int) -> None:
    """Anchor yesterday once it is over, and publish what is not published. Hourly, so that a machine that slept catches up."""
    at = datetime.fromtimestamp(timestamp, UTC)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('xinqiao.actor', 'system', true)")
        services.anchor_take(day=day_of(at) - timedelta(days=1), at=at)
    with transaction.atomic():  # only what is committed is given out
        services.anchor_publish(folder=Path(settings.XINQIAO_HOME) / "anchors")
