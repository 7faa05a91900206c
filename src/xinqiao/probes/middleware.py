"""Answers the probes before anything else, and times every other request."""

import hmac
import ipaddress
import os
import time
from collections.abc import Callable

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from xinqiao.probes import readiness, readings
from xinqiao.probes.counters import counters

TEXT = "text/plain; version=0.0.4; charset=utf-8"
SLOW = 1.0
_THROUGH_A_PROXY = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA")
log = structlog.get_logger("xinqiao.requests")


class ProbesMiddleware:
    """Stands first in settings.MIDDLEWARE."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = _PROBES.get(request.path_info)
        if answer is not None and request.method in ("GET", "HEAD"):
            found = answer(request)
            if found is not None:
                found["Cache-Control"] = "no-store"
                return found
        began = time.perf_counter()
        response = self.get_response(request)
        _note(request, response, time.perf_counter() - began)
        return response


def _note(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    """Count it, and log what was slow or failed: by the route's name, never by address or person."""
    match = request.resolver_match
    route = match.view_name if match is not None else "none"
    if request.path_info.startswith(settings.STATIC_URL):
        route = "static"
    counters.note(route, seconds, response.status_code)
    if response.status_code >= 500:
        log.error("request failed", route=route, method=_method(request), status=response.status_code)
    elif seconds >= SLOW:
        log.warning("slow request", route=route, method=_method(request), seconds=round(seconds, 2))


def _method(request: HttpRequest) -> str:
    return request.method if request.method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS") else "other"


def trusted(request: HttpRequest) -> bool:
    """Whether who asks sits on this machine (not behind its proxy) or has the token of the environment."""
    token, given = os.environ.get("XINQIAO_METRICS_TOKEN", ""), request.headers.get("Authorization", "")
    if token and hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        return True
    if any(name in request.META for name in _THROUGH_A_PROXY):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def health(_request: HttpRequest) -> HttpResponse:
    """Whether this process answers; asks nothing of the database."""
    return HttpResponse("ok\n", content_type="text/plain")


def ready(request: HttpRequest) -> HttpResponse:
    """200 when requests may be sent here, else 503 and which parts are missing; why is told to this machine alone."""
    parts = readiness.parts()
    missing = [part.name for part in parts if part.vital and part.word]
    status = 503 if missing else 200
    if trusted(request):
        told = {
            "ready": not missing,
            "missing": {part.name: part.word for part in parts if part.vital and part.word},
            "attention": {part.name: part.word for part in parts if not part.vital and part.word},
        }
        return JsonResponse(told, status=status, json_dumps_params={"ensure_ascii": False})
    return HttpResponse(
        f"not ready: {', '.join(missing)}\n" if missing else "ready\n", content_type="text/plain", status=status
    )


def metrics(request: HttpRequest) -> HttpResponse | None:
    """The figures; None (there is no such page) for strangers."""
    return HttpResponse(readings.text(), content_type=TEXT) if trusted(request) else None


_PROBES: dict[str, Callable[[HttpRequest], HttpResponse | None]] = {
    "/healthz": health,
    "/readyz": ready,
    "/metrics": metrics,
}
