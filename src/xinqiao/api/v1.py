"""The interface, version 1: its operations are in citizens.py and staff.py; errors and the document are made here."""

import logging
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from xinqiao.api import citizens, staff, steps
from xinqiao.api.door import unknown
from xinqiao.api.parsing import JsonParser
from xinqiao.api.problems import KINDS, PROBLEM_TYPE, Stop, of_error, of_shapes, of_stop, problem
from xinqiao.api.schemas import Problem
from xinqiao.kernel.errors import XinqiaoError
from xinqiao.kernel.words import N_

log = logging.getLogger("xinqiao.api")

api = NinjaAPI(
    title="心桥 Xinqiao",
    version="1",
    description="Petitions: submit, track, worklist, case, steps, search, attachments. Errors are problem details (RFC 9457).",
    urls_namespace="api",
    docs_url=None,
    openapi_url=None,
    parser=JsonParser(),
)
api.add_router("", citizens.router)
api.add_router("", staff.router)
api.add_router("", steps.router)


@api.exception_handler(XinqiaoError)
def _error(_request: HttpRequest, error: XinqiaoError) -> HttpResponse:
    return of_error(error)


@api.exception_handler(Stop)
def _stop(_request: HttpRequest, stop: Stop) -> HttpResponse:
    return of_stop(stop)


@api.exception_handler(ValidationError)
def _shapes(_request: HttpRequest, error: ValidationError) -> HttpResponse:
    return of_shapes(error.errors)


@api.exception_handler(AuthenticationError)
def _nobody(_request: HttpRequest, _error: AuthenticationError) -> HttpResponse:
    return of_stop(unknown())


@api.exception_handler(Exception)
def _failed(_request: HttpRequest, error: Exception) -> HttpResponse:
    """What the middleware answers for everybody: a database that is gone, too large a body, our own failures."""
    raise error


@api.exception_handler(HttpError)
def _http(_request: HttpRequest, error: HttpError) -> HttpResponse:
    stop = error.__cause__ or error.__context__  # what the parser found; django-ninja wraps it
    return of_stop(stop) if isinstance(stop, Stop) else problem("unreadable", N_("内容不是完整的 JSON（UTF-8）。"))


@api.exception_handler(Http404)
def _absent(_request: HttpRequest, _error: Http404) -> HttpResponse:
    return problem("not-found", N_("没有找到，或者不归这个岗位看。"))


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document: every operation may answer with a problem."""
    made: dict[str, Any] = deepcopy(dict(api.get_openapi_schema(path_prefix="/api/v1/")))
    shapes = made["components"]["schemas"]
    problem_shape = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    shapes |= problem_shape.pop("$defs", {})
    shapes["Problem"] = problem_shape
    answer = {
        "description": "Problem details (RFC 9457)",
        "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for operations in made["paths"].values():
        for operation in operations.values():
            for status in sorted({KINDS[kind][0] for kind in _kinds(operation)}):
                operation["responses"][str(status)] = answer
    return made


def _kinds(operation: dict[str, Any]) -> Iterator[str]:
    """The kinds of problem that an operation may answer with."""
    yield from ("unreadable", "not-found", "bad-input", "slowed", "broken", "away", "busy")
    if operation.get("security"):
        yield from ("not-signed-in", "out-of-scope")
    if "requestBody" in operation:
        yield from ("conflict", "refused", "too-large", "wrong-type", "full")
