"""Pictures that people see: drawn anew from the pixels, so that nothing but the picture comes through."""

import io
import warnings
from dataclasses import dataclass

from django.utils.translation import gettext
from PIL import Image, ImageOps

from xinqiao.files.checks import Unfit

LONGEST_SIDE = 2_000
THUMBNAIL_SIDE = 320
MOST_PIXELS = 80_000_000  # below Pillow's own alarm
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")


@dataclass(frozen=True)
class Derivatives:
    """The view (at most 2000 pixels) and the thumbnail of a picture, and what both are."""

    view: bytes
    thumbnail: bytes
    media_type: str


def derive(name: str, data: bytes) -> Derivatives:
    """Draw `data` anew without EXIF, colour profile, comments or further frames. Raises Unfit when it is no picture."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data), formats=FORMATS)
        width, height = picture.size
        if width * height > MOST_PIXELS:
            raise Unfit(
                gettext("“{name}”有 {n} 万像素，太大了。").format(name=name, n=width * height // 10_000),
                remedy="请缩小到 8000 万像素以内，或者截一张图再上传。",
            )
        if picture.format == "JPEG":
            picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
        drawn = _plain(ImageOps.exif_transpose(picture))
    except Unfit:
        raise
    except Image.DecompressionBombError as error:
        raise Unfit(
            gettext("“{name}”的像素太多，展开后太大。").format(name=name),
            remedy="请缩小到 8000 万像素以内，或者截一张图再上传。",
        ) from error
    except Exception as error:  # a broken or hostile picture may raise anything in the decoder
        raise Unfit(
            gettext("“{name}”打不开，可能没有传完整。").format(name=name), remedy="请确认照片能打开，再重新上传。"
        ) from error
    drawn.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    small = drawn.copy()
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
    kind, media_type = ("WEBP", "image/webp") if drawn.mode == "RGBA" else ("JPEG", "image/jpeg")
    return Derivatives(_written(drawn, kind), _written(small, kind), media_type)


def _plain(picture: Image.Image) -> Image.Image:
    """The pixels alone, in RGB, or RGBA when something shines through."""
    clear = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    pixels = picture.convert("RGBA" if clear else "RGB")
    plain = Image.new(pixels.mode, pixels.size)
    plain.paste(pixels)
    return plain


def _written(picture: Image.Image, kind: str) -> bytes:
    out = io.BytesIO()
    picture.save(out, format=kind, quality=82)
    return out.getvalue()
