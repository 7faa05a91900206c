"""The language of a page: Chinese, unless the reader chose another one here. And the page for what is too large."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from xinqiao.ui import errors

TOO_LARGE = "xinqiao.too_large"  # set by config.wsgi: the limit in bytes; the body of such a request was not read


class LanguageMiddleware:
    """Activates the language of the reader's own choice (a cookie); what the browser prefers does not count."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = language_of(request)
        with translation.override(language):
            request.LANGUAGE_CODE = language  # type: ignore[attr-defined]
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", language)
            return response


def language_of(request: HttpRequest) -> str:
    """The language that the reader chose, else Chinese."""
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    return chosen if chosen in dict(settings.LANGUAGES) else str(settings.LANGUAGE_CODE)


class TooLargeMiddleware:
    """Answers a request whose body was too large to be read, when it is known who reads the answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        most = request.META.get(TOO_LARGE)
        return self.get_response(request) if most is None else errors.too_large(request, int(most))
