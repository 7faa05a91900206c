"""What every page knows of how it is looked at: day, theme, elders' mode, language."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.utils.functional import SimpleLazyObject

from xinqiao.kernel.clock import day_of
from xinqiao.people import clock

ELDERS_COOKIE = "xq_elders"
THEME_COOKIE = "xq_theme"
THEMES = ("light", "dark")


def page(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `today` (a day in Shanghai, moved by the rehearsal clock), `look` {elders, theme, profile}, the token of forms.

    Every page has forms: the token is made at once, one lookup instead of a lazy one at each of them.
    """
    theme = request.COOKIES.get(THEME_COOKIE, "light")
    return {
        "csrf_token": get_token(request),
        "today": SimpleLazyObject(lambda: day_of(clock.now())),
        "look": {
            "elders": request.COOKIES.get(ELDERS_COOKIE) == "1",
            "theme": theme if theme in THEMES else "light",
            "profile": getattr(settings, "XINQIAO_PROFILE", "production"),
        },
    }
