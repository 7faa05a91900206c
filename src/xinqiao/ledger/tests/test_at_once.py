"""Two requests with one key at the same moment, on two connections."""

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from xinqiao.kernel.ids import uuid7
from xinqiao.ledger import services
from xinqiao.ledger.models import Entry

Add = Callable[..., list[services.Recorded]]


def test_two_requests_with_one_key_have_one_effect(committed: Callable[[], None], add: Add) -> None:
    inside, go = threading.Barrier(2, timeout=20), threading.Event()
    seen: list[Any] = []
    cases = [uuid7(), uuid7()]

    def request(case: UUID, first: bool) -> None:
        committed()
        try:
            with transaction.atomic():
                if not first:
                    inside.wait()
                done = services.replayed("double", b"same")
                if first:
                    inside.wait()  # the other one asks now, and has to wait for our end
                    assert go.wait(20)
                if done is None:
                    add(case, key="double", input_hash=b"same")
                seen.append(done)
        finally:
            connection.close()

    threads = [threading.Thread(target=request, args=(cases[n], n == 0)) for n in range(2)]
    for thread in threads:
        thread.start()
    _until_somebody_waits()
    go.set()
    for thread in threads:
        thread.join(20)
    assert seen == [None, (cases[0], 1)]
    assert Entry.objects.filter(case_id__in=cases).count() == 1


def _until_somebody_waits() -> None:
    with connection.cursor() as cursor:
        for _ in range(2400):
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted "
                "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            if cursor.fetchone()[0]:
                return
            cursor.execute("SELECT pg_sleep(0.01)")
    raise AssertionError("nobody waits for the key")
