"""One address space: the portal at the root, the desk below it."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.templatetags.static import static
from django.urls import URLPattern, URLResolver, include, path


def health(_request: HttpRequest) -> HttpResponse:
    """Whether this process answers; asks nothing of the database."""
    return HttpResponse("ok\n", content_type="text/plain")


def mark(_request: HttpRequest) -> HttpResponse:
    """Where browsers that ask for /favicon.ico find the mark."""
    return HttpResponseRedirect(static("ui/mark.svg"))


urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health, name="health"),
    path("favicon.ico", mark, name="favicon"),
    path("desk/account/", include("xinqiao.people.urls")),
    path("desk/", include("xinqiao.desk.urls")),
    path("api/", include("xinqiao.api.urls")),
    path("demo/", include("xinqiao.demo.urls")),
    path("", include("xinqiao.ui.urls")),
    path("", include("xinqiao.portal.urls")),
]

handler400 = "xinqiao.ui.errors.bad_request"
handler403 = "xinqiao.ui.errors.permission_denied"
handler404 = "xinqiao.ui.errors.not_found"
handler429 = "xinqiao.ui.errors.too_many"
handler500 = "xinqiao.ui.errors.server_error"
