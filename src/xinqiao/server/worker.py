"""The worker process: does the jobs that wait in the database, as the role that may see sealed rows."""

import argparse
import contextlib
import gc
import os
from pathlib import Path
from typing import Any

HEARTBEAT = 5.0
DEAD_AFTER = 30.0  # seconds without a sign of life, after which a worker's jobs are taken over
GIVES_WAY = 19  # niceness: when the processors are busy, people at their screens come first and papers a little later


def main(arguments: list[str] | None = None) -> None:
    """Work until told to stop; with --once, until nothing waits."""
    parser = argparse.ArgumentParser(prog="python -m xinqiao.server.worker", description=__doc__)
    parser.add_argument("--once", action="store_true", help="do what waits, then end")
    parser.add_argument("--concurrency", type=int, default=4)
    once = parser.parse_args(arguments).once
    concurrency = parser.parse_args(arguments).concurrency
    if not once:
        _give_way()
    os.environ["XINQIAO_DB_ROLE"] = "seal"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xinqiao.config.settings")

    import django

    django.setup()
    gc.freeze()  # what is loaded stays: no collection need look at it (as in config/wsgi.py)
    gc.set_threshold(50_000, 20, 20)

    from django.conf import settings

    from xinqiao.config import production

    production.check(debug=settings.DEBUG)

    from procrastinate.contrib.django import app
    from procrastinate.contrib.django.django_connector import DjangoConnector

    assert isinstance(app.connector, DjangoConnector)  # noqa: S101 - says it to the type checker
    with app.replace_connector(app.connector.get_worker_connector()) as worker:
        _take_over_regularly(worker)
        worker.run_worker(
            wait=not once,
            listen_notify=not once,
            concurrency=concurrency,
            delete_jobs="successful",
            update_heartbeat_interval=HEARTBEAT,
            stalled_worker_timeout=DEAD_AFTER,
        )


def _give_way() -> None:
    """As far as this machine lets us: a unit may forbid it and name its own Nice=."""
    with contextlib.suppress(OSError):
        os.nice(max(0, GIVES_WAY - os.nice(0)))
    with contextlib.suppress(OSError):  # Linux shares out processors by session first
        Path("/proc/self/autogroup").write_text(str(GIVES_WAY))


def _take_over_regularly(app: Any) -> None:
    """What a worker that was killed left in the middle is done again, within a minute or two. Until then its locks hold."""
    from procrastinate import exceptions
    from procrastinate.jobs import Status

    @app.periodic(cron="* * * * *")
    @app.task(name="worker.take_over", queueing_lock="worker.take_over", pass_context=True)
    async def take_over(context: Any, timestamp: int) -> None:
        jobs = context.app.job_manager
        for job in await jobs.get_stalled_jobs(seconds_since_heartbeat=DEAD_AFTER):
            try:
                await jobs.retry_job(job)
            except exceptions.UniqueViolation:  # the same work waits already
                await jobs.finish_job(job, Status.FAILED, delete_job=True)


if __name__ == "__main__":
    main()
