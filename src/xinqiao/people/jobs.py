"""Work of people that nobody waits for: nothing is kept longer than it serves."""

from datetime import timedelta

from django.contrib.sessions.models import Session
from procrastinate.contrib.django import app

from xinqiao.kernel.clock import utc_now
from xinqiao.people import services
from xinqiao.people.access import acting
from xinqiao.people.actors import SYSTEM

KEPT = timedelta(days=2)


@app.periodic(cron="17 3 * * *")
@app.task(name="people.sweep", queueing_lock="people.sweep")
def sweep(timestamp: int) -> None:
    """Delete failed tries, phone codes and sessions that are over."""
    before = utc_now() - KEPT
    with acting(SYSTEM("sweep")):
        services.attempts_forget(before=before)
        services.phone_codes_forget(before=before)
        Session.objects.filter(expire_date__lt=utc_now()).delete()
