"""The web process."""

import gc
import io
import json
import os
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from xinqiao.config import production

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xinqiao.config.settings")

LARGEST_REQUEST = 80 * 1024 * 1024  # a submission may carry 60 MB; what is larger is not even read
LARGEST_TABLE = (
    601 * 1024 * 1024
)  # a table of 600 MB and the form around it; the desk's door stands before its body is read
TABLES = "/desk/import/"

TOO_LARGE = "xinqiao.too_large"  # told to the application in the surroundings of a request: the limit in bytes
PROGRAMS = "/api/"

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def limited(inner: Wsgi, usual: int = LARGEST_REQUEST) -> Wsgi:
    """`inner`, with requests of more than `usual` bytes answered 413 before anything of them lands on a disk.

    A table that staff import may be larger: it goes to a disk piece by piece, once the desk knows who sends it.
    A program is told here; for people `inner` gets the request without its body and with TOO_LARGE set, and answers
    with a page in the reader's dress (ui.middleware).
    """

    def outer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        table = environ.get("PATH_INFO") == TABLES and environ.get("REQUEST_METHOD") == "POST"
        most = max(usual, LARGEST_TABLE) if table else usual
        length = environ.get("CONTENT_LENGTH") or "0"
        if length.isascii() and length.isdigit() and int(length[:20]) <= most:
            return inner(environ, start_response)
        if environ.get("PATH_INFO", "").startswith(PROGRAMS):
            return _tell_program(start_response, most)
        return inner(
            {**environ, "CONTENT_LENGTH": "0", "wsgi.input": io.BytesIO(), TOO_LARGE: str(most)}, start_response
        )

    return outer


def _tell_program(start_response: Callable[..., Any], most: int) -> Iterable[bytes]:
    megabytes = most // 1024 // 1024
    words = {
        "type": "/api/v1/docs#too-large",
        "title": "内容太大",
        "status": 413,
        "detail": f"一次最多 {megabytes} MB，没有收下。 Nothing was taken: a request may carry {megabytes} MB.",
        "remedy": "附件请分开上传。 Send attachments one by one.",
    }
    body = json.dumps(words, ensure_ascii=False).encode()
    kind = [("Content-Type", "application/problem+json"), ("Content-Length", str(len(body)))]
    start_response("413 Content Too Large", [*kind, ("Cache-Control", "no-store")])
    return [body]


application = limited(get_wsgi_application())
production.check(debug=settings.DEBUG)

gc.collect()
gc.freeze()  # what is loaded stays: a full collection would look at all of it for a tenth of a second, again and again
gc.set_threshold(
    50_000, 20, 20
)  # a page makes some thousand objects that reference counting ends: 700 is far too often
