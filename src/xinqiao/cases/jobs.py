"""Work of the worker process: the watcher each minute, papers frozen after their step."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from xinqiao.people import clock
from xinqiao.people.access import acting
from xinqiao.people.actors import SYSTEM

from . import documents, watch
from .models import Document

PRINTER = SYSTEM("printer")


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


@app.task(queue="papers")
def render_document(document_id: str) -> None:
    """Freeze one paper as PDF and DOCX."""
    with acting(PRINTER):
        document = Document.objects.filter(pk=UUID(document_id)).first()
        if document is not None:
            documents.document_render(document=document, actor=PRINTER, at=clock.now())


@app.periodic(cron="*/10 * * * *")
@app.task(queue="papers", queueing_lock="cases.render_missed")
def render_missed(timestamp: int) -> None:
    """Find issued papers that were never frozen (a crash between step and job) and freeze them."""
    while True:
        with acting(PRINTER):
            waiting = list(Document.objects.filter(number__isnull=False, pdf__isnull=True).order_by("created_at")[:50])
            for document in waiting:
                documents.document_render(document=document, actor=PRINTER, at=clock.now())
        if len(waiting) < 50:
            return
