"""Switches of the look (kept in cookies) and the style guide."""

from http import HTTPStatus

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from xinqiao.ui import sample
from xinqiao.ui.context import ELDERS_COOKIE, THEME_COOKIE, THEMES

_YEAR = 365 * 24 * 3600


@require_POST
def look_set(request: HttpRequest) -> HttpResponse:
    """Switch elders' mode (elders=0|1) or theme (theme=light|dark), then go back to `next`."""
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


@require_http_methods(["GET", "POST"])
def guide(request: HttpRequest) -> HttpResponse:
    """Every component of the portal with invented data; not in production."""
    return _guide(request, "ui/guide.html")


@require_http_methods(["GET", "POST"])
def guide_desk(request: HttpRequest) -> HttpResponse:
    """Every component of the desk with invented data; not in production."""
    return _guide(request, "ui/guide_desk.html")


def _guide(request: HttpRequest, template: str) -> HttpResponse:
    if getattr(settings, "XINQIAO_PROFILE", "production") == "production":
        raise Http404
    form = sample.form(wrong="wrong" in request.GET)
    if request.method == "POST":
        form = sample.form(request.POST, request.FILES)
        if form.is_valid():
            messages.success(request, gettext("样例已收到，没有存下任何东西。"), extra_tags="step:")
            return HttpResponseRedirect(request.path)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound and form.errors else HTTPStatus.OK
    return render(request, template, sample.guide(form), status=status)
