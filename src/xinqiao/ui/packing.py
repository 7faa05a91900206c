"""Pages go out packed (gzip) to whoever takes it: a fifth of the bytes and less.

With TLS the length of a packed page can tell what is in it, to somebody who gets words of their own into it again and again
(BREACH). Here cookies do not travel with requests from other sites (SameSite), tokens are masked anew in every page, and each answer
carries up to a hundred bytes of nothing. Only pages are packed: not papers, not the interface for programs, not what was packed before.
"""

import gzip
import io
import secrets
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

LEAST = 2000  # bytes below which there is nothing to gain
QUICKLY = 3  # zlib's level: nine tenths of the gain for a third of the work
MOST_PADDING = 100


class PackingMiddleware:
    """Stands before everything that makes pages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if (
            response.streaming
            or response.has_header("Content-Encoding")
            or not response.get("Content-Type", "").startswith("text/html")
            or len(response.content) < LEAST
        ):
            return response
        patch_vary_headers(response, ("Accept-Encoding",))
        if takes_gzip(request.headers.get("Accept-Encoding", "")):
            response.content = packed(response.content)
            response.headers["Content-Encoding"] = "gzip"
            response.headers["Content-Length"] = str(len(response.content))
        return response


def takes_gzip(header: str) -> bool:
    """Whether Accept-Encoding names gzip and does not refuse it."""
    for part in header.lower().split(","):
        name, _, weight = part.strip().partition(";")
        if name.strip() == "gzip":
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def packed(body: bytes) -> bytes:
    """The gzip of `body`; its file name is of a random length, and with it the whole."""
    held = io.BytesIO()
    name = "x" * secrets.randbelow(MOST_PADDING)
    with gzip.GzipFile(name, "wb", QUICKLY, held, mtime=0) as file:
        file.write(body)
    return held.getvalue()
