"""Whatever is sent, the interface keeps to its own document and never fails. `--full` sends more."""

import contextlib
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.support.harness import FULL
from tests.support.world import World

from xinqiao.api.tests.conftest import Program, Programs
from xinqiao.api.tests.test_road import submitted
from xinqiao.api.v1 import document

pytestmark = pytest.mark.django_db

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 400 if FULL else 15
CALM = [
    hypothesis.HealthCheck.too_slow,
    hypothesis.HealthCheck.function_scoped_fixture,
    hypothesis.HealthCheck.filter_too_much,
]
OPERATIONS = [(path, method) for path, methods in document()["paths"].items() for method in methods]


@contextlib.contextmanager
def one_connection() -> Iterator[None]:
    """Requests leave the test's connection open, as they do in Django's own client."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_no_answer_breaks_the_document(path: str, method: str, programs: Programs, world: World, settings: Any) -> None:
    settings.API_TOKEN_PER_MINUTE = settings.API_ADDRESS_PER_MINUTE = 0
    number = submitted(Program())["case"]
    officer, window = programs.of("officer"), programs.of("window")
    steps = [one["step"] for one in officer.get(f"/cases/{number}/options").json()["options"]]
    who = window if path.endswith("/submissions") else officer
    with one_connection():
        schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
        _run(schema[path][method.upper()], who, number, steps)


def _run(operation: Any, who: Program, number: str, steps: list[str]) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=CALM, database=None, derandomize=not FULL)
    @given(
        case=operation.as_strategy(),
        real=st.booleans(),
        step=st.sampled_from(steps),
        known=st.sampled_from([True, True, True, False]),
    )
    def send(case: Any, real: bool, step: str, known: bool) -> None:
        if real and case.path_parameters:
            known_places = {"number": number, "step": step}
            case.path_parameters = {k: known_places.get(k, v) for k, v in case.path_parameters.items()}
        headers = {"Authorization": f"Bearer {who.token}"} if known or real else {}
        case.call_and_validate(headers=headers, checks=CHECKS)

    send()
