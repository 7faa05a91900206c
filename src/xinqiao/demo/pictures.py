"""Simple drawn pictures that stand for photos and scans in the demonstration: nothing that was ever photographed."""

import io
import random
from functools import cache
from zlib import crc32

from PIL import Image, ImageDraw

VARIANTS = 6
_SIZE = (480, 320)
_SKIES = ("#dbe7f1", "#e9e4d8", "#d6e4da", "#cfd8e3", "#efe9e1", "#dfe3ea")


def picture(name: str, about: str) -> bytes:
    """A PNG for a picture called `name` in the case `about`: one of a few drawn scenes, always the same one."""
    return _draw("回证" in name or "扫描" in name, crc32(f"{name}/{about}".encode()) % VARIANTS)


@cache
def _draw(paper: bool, variant: int) -> bytes:
    image = Image.new("RGB", _SIZE, "#ffffff" if paper else _SKIES[variant % len(_SKIES)])
    pen = ImageDraw.Draw(image)
    rng = random.Random(variant)
    if paper:
        pen.rectangle((60, 20, 420, 300), outline="#6b7280", width=2)
        for row in range(8):
            pen.line((90, 60 + row * 24, 300 + rng.randint(0, 90), 60 + row * 24), fill="#9ca3af", width=3)
        pen.ellipse((300, 200, 380, 280), outline="#c8442b", width=4)
    else:
        pen.rectangle((0, 230, 480, 320), fill="#9aa3ad")
        for stripe in range(6):
            pen.rectangle((20 + stripe * 80, 272, 60 + stripe * 80, 278), fill="#f6f7f9")
        left = 0
        while left < 480:
            wide, high = rng.randint(60, 110), rng.randint(70, 180)
            pen.rectangle((left, 230 - high, left + wide, 230), fill=rng.choice(("#b7a99a", "#a9b4c2", "#c4b7b0")))
            for window in range(3):
                pen.rectangle(
                    (left + 10, 240 - high + window * 30, left + wide - 10, 252 - high + window * 30), fill="#e5e7eb"
                )
            left += wide + rng.randint(8, 30)
        for _ in range(variant + 1):
            trunk = rng.randint(20, 460)
            pen.rectangle((trunk, 180, trunk + 6, 232), fill="#6b4f3a")
            pen.ellipse((trunk - 26, 120, trunk + 32, 190), fill=rng.choice(("#5b8c5a", "#b79a3b", "#6f9a58")))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
