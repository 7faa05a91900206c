"""One address space: the portal at the root, the desk below it."""

from importlib.util import find_spec

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, path


def health(_request: HttpRequest) -> HttpResponse:
    """Whether this process answers; asks nothing of the database."""
    return HttpResponse("ok\n", content_type="text/plain")


def _faces() -> list[URLPattern | URLResolver]:
    found: list[URLPattern | URLResolver] = []
    for prefix, module in (
        ("desk/account/", "xinqiao.people.urls"),
        ("desk/", "xinqiao.desk.urls"),
        ("demo/", "xinqiao.demo.urls"),
        ("", "xinqiao.ui.urls"),
        ("", "xinqiao.portal.urls"),
    ):
        if module.rpartition(".")[0] in settings.INSTALLED_APPS and find_spec(module):
            found.append(path(prefix, include(module)))
    return found


urlpatterns: list[URLPattern | URLResolver] = [path("healthz", health, name="health"), *_faces()]
