"""A stranger's file on its way to a browser, under headers that let it do no harm there."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote

from xinqiao.files.models import Blob
from xinqiao.files.selectors import blob_read

_SHOWN = frozenset({"image/jpeg", "image/webp"})  # pictures that we drew ourselves


@dataclass(frozen=True)
class Served:
    """Bytes and the HTTP headers to send them with."""

    data: bytes
    headers: dict[str, str]


def blob_serve(blob: Blob, *, derivative: bool = True, thumbnail: bool = False, download: bool = False) -> Served:
    """What a face sends for `blob`. Only a picture drawn anew is shown in the page; all else is saved by the browser.

    Raises storage.Unreadable when the file is gone or was changed on disk.
    """
    data, media_type = blob_read(blob, derivative=derivative, thumbnail=thumbnail)
    drawn = bool(blob.derivative_path) and (derivative or thumbnail)
    shown = drawn and not download and media_type in _SHOWN
    name = blob.name
    if drawn and media_type in _SHOWN:
        name = f"{PurePosixPath(name).stem}.{'webp' if media_type == 'image/webp' else 'jpg'}"
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._- ") else "_" for c in name)
    disposition = "inline" if shown else "attachment"
    return Served(
        data,
        {
            "Content-Type": media_type,
            "Content-Disposition": f"{disposition}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "private, no-store",
        },
    )
