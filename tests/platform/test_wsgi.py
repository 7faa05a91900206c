"""What the web process does not read, and who answers: people get a page, programs a problem."""

import io
import json
from typing import Any

import pytest
from django.urls import reverse

from xinqiao.config import environment
from xinqiao.config.wsgi import LARGEST_REQUEST, LARGEST_TABLE, TABLES, TOO_LARGE, limited
from xinqiao.files.services import MOST_BYTES
from xinqiao.intake.sheets.store import MOST_UPLOADED

LENGTHS = [
    (None, True),
    ("", True),
    (str(LARGEST_REQUEST), True),
    (str(LARGEST_REQUEST + 1), False),
    ("9" * 40, False),
    ("-1", False),
    ("1e9", False),
]


def ask(length: str | None, path: str, method: str = "POST") -> tuple[list[str], dict[str, Any], bytes]:
    """How the server begins its answer, what the application was handed, and the body of the answer."""
    told: list[str] = []
    handed: dict[str, Any] = {}

    def inner(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        handed.update(environ)
        start_response("200 OK", [])
        return []

    environ: dict[str, Any] = {
        "PATH_INFO": path,
        "REQUEST_METHOD": method,
        "wsgi.input": io.BytesIO(b"what was sent"),
    }
    if length is not None:
        environ["CONTENT_LENGTH"] = length
    body = b"".join(limited(inner)(environ, lambda answer, _headers: told.append(answer)))
    return told, handed, body


@pytest.mark.parametrize(("length", "fits"), LENGTHS)
def test_of_a_request_that_is_too_large_nothing_is_read(length: str | None, fits: bool) -> None:
    _, handed, _ = ask(length, "/say/")
    assert (handed["wsgi.input"].read() == b"what was sent") is fits
    assert handed.get(TOO_LARGE) == (None if fits else str(LARGEST_REQUEST))
    assert fits or handed["CONTENT_LENGTH"] == "0"


@pytest.mark.parametrize(("length", "fits"), LENGTHS)
def test_a_program_is_told_at_once(length: str | None, fits: bool) -> None:
    told, handed, body = ask(length, "/api/v1/submissions")
    assert bool(handed) is fits
    if not fits:
        assert told == ["413 Content Too Large"]
        problem = json.loads(body)
        assert (problem["status"], "80 MB" in problem["detail"]) == (413, True)


@pytest.mark.parametrize(
    ("path", "method", "length", "most"),
    [
        (TABLES, "POST", LARGEST_TABLE, None),
        (TABLES, "POST", LARGEST_TABLE + 1, LARGEST_TABLE),
        (TABLES, "GET", LARGEST_TABLE, LARGEST_REQUEST),
        (f"{TABLES}x/", "POST", LARGEST_TABLE, LARGEST_REQUEST),
    ],
)
def test_a_table_may_be_larger_at_its_own_door_alone(path: str, method: str, length: int, most: int | None) -> None:
    _, handed, _ = ask(str(length), path, method)
    assert handed.get(TOO_LARGE) == (None if most is None else str(most))
    assert bool(handed["wsgi.input"].read()) is (most is None)


def test_what_the_import_page_promises_fits_through_every_door() -> None:
    folder = environment.ROOT / "deploy" / "nginx"
    page, settings = (folder / "too-large.html").read_text(), (folder / "xinqiao.conf").read_text()
    assert reverse("desk:imports") == TABLES
    assert MOST_UPLOADED < LARGEST_TABLE
    door = settings[settings.index(f"location = {TABLES} {{") :]
    assert f"client_max_body_size {LARGEST_TABLE // 1024 // 1024}m;" in door[: door.index("}")]
    assert f"{MOST_UPLOADED // 1024 // 1024} MB" in page


def test_the_proxys_page_names_the_same_limits() -> None:
    folder = environment.ROOT / "deploy" / "nginx"
    megabytes = LARGEST_REQUEST // 1024 // 1024
    page, settings = (folder / "too-large.html").read_text(), (folder / "xinqiao.conf").read_text()
    assert f"client_max_body_size {megabytes}m;" in settings
    assert f"最多 {megabytes} MB" in settings
    for words in ("一次最多发 {} MB", "may carry {} MB"):
        assert words.format(megabytes) in page
    for words in ("合计最多 {} MB", "{} MB together"):
        assert words.format(MOST_BYTES // 1024 // 1024) in page
