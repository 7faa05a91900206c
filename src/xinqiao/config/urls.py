"""One address space: the portal at the root, the desk below it."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.templatetags.static import static
from django.urls import URLPattern, URLResolver, include, path

from xinqiao.probes.middleware import health, ready


def absent(_request: HttpRequest) -> HttpResponse:
    """What strangers find where the figures are: nothing."""
    raise Http404


def mark(_request: HttpRequest) -> HttpResponse:
    """Where browsers that ask for /favicon.ico find the mark."""
    return HttpResponseRedirect(static("ui/mark.svg"))


urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health, name="health"),
    path("readyz", ready, name="ready"),
    path("metrics", absent, name="metrics"),
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
