"""Work of the outbox that nobody waits for. Jobs carry no arguments: they find what is due.

Each way has a lock of its own: a text message with a code lives five minutes and waits for nobody's slow server.
"""

from procrastinate.contrib.django import app

from xinqiao.kernel.clock import utc_now
from xinqiao.notices import services


@app.task(name="notices.deliver", lock="notices.deliver")
def deliver() -> None:
    """Send the mail that is due; deferred in the transaction that queued it."""
    services.deliveries_send(at=utc_now(), channels=("smtp",))


@app.task(name="notices.texts", lock="notices.texts")
def texts() -> None:
    """Send the text messages that are due; deferred in the transaction that queued them."""
    services.deliveries_send(at=utc_now(), channels=("sms",))


@app.task(name="notices.hooks", lock="notices.hooks")
def hooks() -> None:
    """Tell other systems what is due; deferred in the transaction that queued it."""
    services.deliveries_send(at=utc_now(), channels=("hook",))


@app.periodic(cron="* * * * *")
@app.task(name="notices.sweep", queueing_lock="notices.sweep", lock="notices.deliver")
def sweep(timestamp: int) -> None:
    """Every minute: mail that is due again, and what a crash left behind."""
    services.deliveries_send(at=utc_now(), channels=("smtp",))


@app.periodic(cron="* * * * *")
@app.task(name="notices.sweep_texts", queueing_lock="notices.sweep_texts", lock="notices.texts")
def sweep_texts(timestamp: int) -> None:
    """Every minute: the same for text messages."""
    services.deliveries_send(at=utc_now(), channels=("sms",))


@app.periodic(cron="* * * * *")
@app.task(name="notices.sweep_hooks", queueing_lock="notices.sweep_hooks", lock="notices.hooks")
def sweep_hooks(timestamp: int) -> None:
    """Every minute: the same for webhooks."""
    services.deliveries_send(at=utc_now(), channels=("hook",))
