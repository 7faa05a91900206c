"""Work of the worker process: the watcher each minute, papers frozen after their step."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from xinqiao.people import clock
from xinqiao.people.access import acting
from xinqiao.people.actors import SYSTEM

from . import documents, finding, watch
from .models import Document

PRINTER = SYSTEM("printer")
AT_ONCE = 50
FINDER = SYSTEM("finder")


@app.periodic(cron="* * * * *")
@app.task(queue="watch", queueing_lock="cases.watch")
def watch_obligations(timestamp: int) -> None:
    """Turn what is near yellow and what is over red."""
    with acting(watch.WATCHER):
        now = clock.now()
    watch.watch_all(at=now)


def watch_soon(at: datetime) -> None:
    """Let the worker look now, when the rehearsal clock has moved; one that waits already sees the new time."""
    try:
        with transaction.atomic():
            watch_obligations.configure().defer(timestamp=int(at.timestamp()))
    except AlreadyEnqueued:
        return


@app.periodic(cron="* * * * * */2")
@app.task(queue="papers", queueing_lock="cases.freeze_papers")
def freeze_papers(timestamp: int) -> None:
    """Freeze the papers that were issued since, oldest first, each in a transaction of its own, until none is left."""
    after: UUID | None = None
    while True:
        with acting(PRINTER):
            waiting = Document.objects.filter(number__isnull=False, pdf__isnull=True).order_by("created_at", "id")
            found = list(waiting.values_list("id", flat=True)[:AT_ONCE])
        if not found or found[-1] == after:
            return
        after = found[-1]
        for each in found:
            with acting(PRINTER):
                documents.document_render(document=Document.objects.get(pk=each), actor=PRINTER, at=clock.now())


@app.periodic(cron="* * * * * */10")
@app.task(queue="finding", queueing_lock="cases.bring_into_search")
def bring_into_search(timestamp: int) -> None:
    """Bring what has changed into the word index, batch by batch, until nothing is left."""
    more = True
    while more:
        with acting(FINDER):
            more = finding.follow() > 0
