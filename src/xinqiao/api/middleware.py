"""The way of a request to /api/: past sessions, cookies, messages and sign-in, in one transaction of its own.

It stands before all of these in settings.MIDDLEWARE. Whatever happens is answered as a problem (RFC 9457).
"""

import logging
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.urls import Resolver404, resolve
from django.utils import translation

from xinqiao.api import limits
from xinqiao.api.problems import PROBLEM_TYPE, Stop, of_stop, problem
from xinqiao.kernel.words import N_
from xinqiao.people.middleware import TransactionMiddleware
from xinqiao.people.visitors import client_ip
from xinqiao.ui.faults import Fault, fault_of

PREFIX = "/api/"
JSON = "application/json"
MULTIPART = "multipart/form-data"
log = logging.getLogger("xinqiao.api")


class ApiMiddleware:
    """Answers everything below /api/ itself; lets all other requests pass."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.within = TransactionMiddleware(_dispatch)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PREFIX):
            return self.get_response(request)
        language = "en" if request.headers.get("Accept-Language", "").lower().startswith("en") else "zh-hans"
        with translation.override(language):
            response = self._answer(request)
        headers = response.headers
        headers.setdefault("Content-Language", language)
        headers.setdefault("Cache-Control", "no-store")
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
        return response

    def _answer(self, request: HttpRequest) -> HttpResponse:
        try:
            _admit(request)
            return self.within(request)
        except Stop as stop:
            return of_stop(stop)
        except RequestDataTooBig:
            return problem("too-large", N_("内容太大，没有收下。"), remedy=N_("文字请缩短，附件请分开上传。"))
        except (MultiPartParserError, SuspiciousOperation):
            return problem("unreadable", N_("内容没有按格式发送，没有收下。"))
        except Exception as error:
            log.exception("a request to the interface failed")
            return _failed(fault_of(error))


_FAILED = {
    "away": N_("数据库暂时连不上，什么也没有改动。"),
    "busy": N_("现在的请求太多，什么也没有改动。"),
    "full": N_("存储空间不够，什么也没有改动。"),
    "broken": N_("这次没有办成，什么也没有改动。"),
}


def _failed(fault: Fault) -> HttpResponse:
    headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after else {}
    return problem(
        fault.kind, _FAILED[fault.kind], remedy=N_("请稍后用同一个 Idempotency-Key 再发一次。"), headers=headers
    )


def _admit(request: HttpRequest) -> None:
    """Refuse what need not be looked at: too much from one address, a body of another kind, a path with a NUL."""
    wait = limits.take(f"address {client_ip(request)}", settings.API_ADDRESS_PER_MINUTE)
    if wait:
        raise Stop("slowed", N_("这个地址的请求太多了，请稍等再发。"), headers={"Retry-After": str(wait)})
    if "%00" in request.META.get("QUERY_STRING", "") or "\0" in request.path_info:
        raise Stop("unreadable", N_("地址里有不能用的字符。"))


def _dispatch(request: HttpRequest) -> HttpResponse:
    """Find the operation and run it, inside the transaction."""
    try:
        match = resolve(request.path_info)
    except Resolver404:
        match = None
    if match is None or match.url_name == "api-root":
        return problem("not-found", N_("没有这个地址。"), remedy=N_("接口文档在 /api/v1/docs 。"))
    request.resolver_match = match
    response: HttpResponse = match.func(request, *match.args, **match.kwargs)
    if response.status_code == 405 and response.headers.get("Content-Type") != PROBLEM_TYPE:
        allowed = response.headers.get("Allow", "")
        return problem("not-allowed", N_("这个地址不能这样用，请看接口文档。"), headers={"Allow": allowed})
    return response
