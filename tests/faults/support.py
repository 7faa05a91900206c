"""What the tests of faults share."""

from typing import Any

HOST = {"HTTP_HOST": "testserver"}
FORM = HOST | {"HTTP_REFERER": "http://testserver/say/"}


def humane(answer: Any, kind: str, status: int) -> str:
    """What the page of every fault of ours keeps to; returns the page."""
    page: str = answer.content.decode()
    assert answer.status_code == status, page[:2000]
    assert f'data-xq-failed="{kind}"' in page
    assert answer["Cache-Control"] == "no-store"
    for leak in ("Traceback", "psycopg", "OperationalError", "SELECT", "site-packages", "钱大桥"):
        assert leak not in page
    assert 'lang="en"' in page
    return page
