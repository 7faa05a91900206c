"""Work of files that nobody waits for: nothing lies on the disk longer than it serves."""

from datetime import timedelta

from procrastinate.contrib.django import app

from xinqiao.files import services, staging
from xinqiao.kernel.clock import utc_now
from xinqiao.people.access import acting
from xinqiao.people.actors import SYSTEM

ORPHANS_LIVE = timedelta(days=1)


@app.periodic(cron="23 * * * *")
@app.task(name="files.forget_staged", queueing_lock="files.forget_staged")
def forget_staged(timestamp: int) -> None:
    """Remove uploads that waited too long for their form to be sent again."""
    staging.sweep()


@app.periodic(cron="41 3 * * *")
@app.task(name="files.remove_orphans", queueing_lock="files.remove_orphans")
def remove_orphans(timestamp: int) -> None:
    """Remove encrypted files whose row was rolled back, a day after they were written."""
    with acting(SYSTEM("files")):
        services.orphans_remove(before=utc_now() - ORPHANS_LIVE)
