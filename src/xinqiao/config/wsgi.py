"""The web process."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from xinqiao.config import production

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xinqiao.config.settings")

LARGEST_REQUEST = 80 * 1024 * 1024  # a submission may carry 60 MB; what is larger is not even read

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def limited(inner: Wsgi, most: int = LARGEST_REQUEST) -> Wsgi:
    """`inner`, with requests of more than `most` bytes answered 413 before anything of them lands on a disk."""

    def outer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        length = environ.get("CONTENT_LENGTH") or "0"
        if not (length.isascii() and length.isdigit()) or int(length[:20]) > most:
            words = "内容太大，没有收下。请少选几个文件，或者压缩以后再发。\n".encode()
            start_response(
                "413 Content Too Large",
                [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(words)))],
            )
            return [words]
        return inner(environ, start_response)

    return outer


application = limited(get_wsgi_application())
production.check(debug=settings.DEBUG)
