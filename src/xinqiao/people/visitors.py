"""What a request tells about who sends it: where from, and how lately they proved who they are."""

import ipaddress
import time
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from allauth.account.internal.flows.login import get_authentication_records
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect

LOCKED = 423
View = Callable[..., HttpResponse]


def client_ip(request: HttpRequest) -> str:
    """The visitor's address; behind settings.XINQIAO_TRUSTED_PROXIES proxies the one that the outermost of them saw.

    Of IPv6 the network (/64): whoever has one has all of its addresses, and is counted once.
    """
    hops = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    trusted = int(getattr(settings, "XINQIAO_TRUSTED_PROXIES", 0))
    found = hops[-min(trusted, len(hops))] if trusted and hops else request.META.get("REMOTE_ADDR", "")
    try:
        address = ipaddress.ip_address(found.partition("%")[0])
    except ValueError:
        return "0.0.0.0"  # noqa: S104 - a visitor on a local socket has no address
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False).network_address)
    return str(address)


def last_sign_in(request: HttpRequest) -> float:
    """When whoever is signed in here last gave password or code, in seconds since 1970; 0 for nobody."""
    if not request.user.is_authenticated:
        return 0.0
    return max((float(record["at"]) for record in get_authentication_records(request, request.user)), default=0.0)


def recent_sign_in(request: HttpRequest) -> bool:
    """Whether the password was given within ACCOUNT_REAUTHENTICATION_TIMEOUT: asked before a reveal or an export."""
    limit = int(getattr(settings, "ACCOUNT_REAUTHENTICATION_TIMEOUT", 300))
    return time.time() - last_sign_in(request) < limit


def sign_in_again(request: HttpRequest) -> HttpResponse:
    """The way to the password and back: a redirect for pages, a client redirect for htmx, a page for a sent form.

    Nothing that was typed is put into the session; the page says how to send it again.
    """
    htmx = getattr(request, "htmx", None)
    back = request.get_full_path()
    if htmx:
        current = htmx.current_url_abs_path or ""
        back = current if url_has_allowed_host_and_scheme(current, allowed_hosts=None) else "/desk/"
    name = "account_reauthenticate" if request.user.is_authenticated else "account_login"
    target = f"{reverse(name)}?{urlencode({'next': back})}"
    if htmx:
        return HttpResponseClientRedirect(target)
    if request.method in ("GET", "HEAD"):
        return HttpResponseRedirect(target)
    return render(request, "account/locked.html", {"target": reverse(name)}, status=LOCKED)


def needs_recent_sign_in(view: View) -> View:
    """Decorator: the view runs only when the password was given lately, else `sign_in_again`."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return view(request, *args, **kwargs) if recent_sign_in(request) else sign_in_again(request)

    return guarded
