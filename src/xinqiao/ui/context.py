"""What every page knows of how it is looked at: day, theme, elders' mode, language."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from xinqiao.kernel.clock import day_of
from xinqiao.people import clock

ELDERS_COOKIE = "xq_elders"
THEME_COOKIE = "xq_theme"
THEMES = ("light", "dark")


def page(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `today` (a day in Shanghai, moved by the rehearsal clock), `look` {elders, theme, profile}."""
    theme = request.COOKIES.get(THEME_COOKIE, "light")
    return {
        "today": SimpleLazyObject(lambda: day_of(clock.now())),
        "look": {
            "elders": request.COOKIES.get(ELDERS_COOKIE) == "1",
            "theme": theme if theme in THEMES else "light",
            "profile": getattr(settings, "XINQIAO_PROFILE", "production"),
        },
    }
