"""The worker process: does the jobs that wait in the database, as the role that may see sealed rows."""

import argparse
import os


def main(arguments: list[str] | None = None) -> None:
    """Work until told to stop; with --once, until nothing waits."""
    parser = argparse.ArgumentParser(prog="python -m xinqiao.server.worker", description=__doc__)
    parser.add_argument("--once", action="store_true", help="do what waits, then end")
    parser.add_argument("--concurrency", type=int, default=4)
    once = parser.parse_args(arguments).once
    concurrency = parser.parse_args(arguments).concurrency
    os.environ["XINQIAO_DB_ROLE"] = "seal"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xinqiao.config.settings")

    import django

    django.setup()

    from procrastinate.contrib.django import app
    from procrastinate.contrib.django.django_connector import DjangoConnector

    assert isinstance(app.connector, DjangoConnector)  # noqa: S101 - says it to the type checker
    with app.replace_connector(app.connector.get_worker_connector()) as worker:
        worker.run_worker(wait=not once, listen_notify=not once, concurrency=concurrency, delete_jobs="successful")


if __name__ == "__main__":
    main()
