"""Switches of the look (kept in cookies) and the style guide."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from xinqiao.ui import sample
from xinqiao.ui.context import ELDERS_COOKIE, THEME_COOKIE, THEMES

_YEAR = 365 * 24 * 3600


@require_POST
def look_set(request: HttpRequest) -> HttpResponse:
    """Switch elders' mode (elders=0|1) or theme (theme=light|dark|auto), then go back to `next`."""
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = HttpResponseRedirect(back)
    if request.POST.get("elders") in ("0", "1"):
        _remember(request, response, ELDERS_COOKIE, request.POST["elders"])
    if request.POST.get("theme") in THEMES:
        _remember(request, response, THEME_COOKIE, request.POST["theme"])
    return response


def _remember(request: HttpRequest, response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(name, value, max_age=_YEAR, samesite="Lax", httponly=True, secure=request.is_secure())


def _only_rehearsing() -> None:
    if getattr(settings, "XINQIAO_PROFILE", "production") == "production":
        raise Http404


@require_GET
def guide(request: HttpRequest) -> HttpResponse:
    """Every component of the portal with invented data; not in production."""
    _only_rehearsing()
    return render(request, "ui/guide.html", sample.guide(wrong="wrong" in request.GET))


@require_GET
def guide_desk(request: HttpRequest) -> HttpResponse:
    """Every component of the desk with invented data; not in production."""
    _only_rehearsing()
    return render(request, "ui/guide_desk.html", sample.guide(wrong="wrong" in request.GET))
