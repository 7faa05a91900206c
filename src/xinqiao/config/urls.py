"""One address space: the portal at the root, the desk below it."""

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, path


def health(_request: HttpRequest) -> HttpResponse:
    """Whether this process answers; asks nothing of the database."""
    return HttpResponse("ok\n", content_type="text/plain")


urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health, name="health"),
    path("desk/account/", include("xinqiao.people.urls")),
    path("desk/", include("xinqiao.desk.urls")),
    path("demo/", include("xinqiao.demo.urls")),
    path("", include("xinqiao.ui.urls")),
    path("", include("xinqiao.portal.urls")),
]
