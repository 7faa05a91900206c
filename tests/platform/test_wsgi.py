"""What the web process refuses before Django sees it."""

from typing import Any

import pytest

from xinqiao.config.wsgi import LARGEST_REQUEST, limited


@pytest.mark.parametrize(
    ("length", "status"),
    [
        (None, "200 OK"),
        ("", "200 OK"),
        (str(LARGEST_REQUEST), "200 OK"),
        (str(LARGEST_REQUEST + 1), "413 Content Too Large"),
        ("9" * 40, "413 Content Too Large"),
        ("-1", "413 Content Too Large"),
        ("1e9", "413 Content Too Large"),
    ],
)
def test_a_request_that_is_too_large_is_not_read(length: str | None, status: str) -> None:
    told: list[str] = []

    def inner(_environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return []

    environ = {} if length is None else {"CONTENT_LENGTH": length}
    body = b"".join(limited(inner)(environ, lambda answer, _headers: told.append(answer)))
    assert told == [status]
    assert ("太大" in body.decode()) == (status != "200 OK")
