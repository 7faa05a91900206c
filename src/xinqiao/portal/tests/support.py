"""What the portal's tests share: filling in the form as a browser would, counting what a page asks of the database."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

SAID: dict[str, Any] = {
    "text": "小区门口的路灯坏了三个星期，晚上老人出门看不见路。请尽快修好。",
    "area": "330105003",
    "place": "小河路口北侧第三根灯杆",
    "reporter": "person",
    "name": "钱大桥",
    "phone": "19900001234",
}
CODES: dict[str, str] = {}  # what petitioners wrote down
_HOUSEKEEPING = re.compile(r"^(SAVEPOINT|RELEASE|ROLLBACK)|set_config", re.I)


def fill(**changes: Any) -> dict[str, Any]:
    """The fields of the form as posted, with a new key."""
    return {**SAID, "key": str(uuid4()), **changes}


def say(client: Client, **changes: Any) -> Any:
    """Send the form and come out at the receipt."""
    answer = client.post("/say/", fill(**changes))
    assert answer.status_code == 302, answer.content.decode()[:4000]
    receipt = client.get(answer["Location"])
    CODES[receipt.context["number"]] = receipt.context["code"]
    return receipt


def number_and_code(receipt: Any) -> tuple[str, str]:
    """The number and the query code on a receipt, without spaces."""
    return receipt.context["number"], receipt.context["code"]


def come_back(client: Client, number: str) -> str:
    """Open one's matter with number and code, as somebody does who comes back another day; returns the page."""
    head = number.partition("-")[0]
    answer = client.post("/track/", {"number": head, "code": CODES[head]})
    assert answer.status_code == 302, answer.content.decode()[:4000]
    return client.get(answer["Location"], follow=True).content.decode()


@contextmanager
def at_most(queries: int) -> Iterator[None]:
    """Fails when the block asks the database more often; savepoints and bindings of the test's own transaction are free."""
    with CaptureQueriesContext(connection) as caught:
        yield
    asked = [one["sql"] for one in caught.captured_queries if not _HOUSEKEEPING.search(one["sql"])]
    assert len(asked) <= queries, f"{len(asked)} queries:\n" + "\n".join(sql[:160] for sql in asked)
