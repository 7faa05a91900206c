"""Structured logs: one JSON object a line on standard error, with what is needed to find a fault and nobody's data."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

# Names under which words or identities might slip in; such values never reach a log.
PRIVATE = frozenset(
    {
        "name",
        "phone",
        "id_number",
        "email",
        "address",
        "words",
        "text",
        "code",
        "query_code",
        "password",
        "token",
        "body",
    }
)


def withhold(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace the values of private names."""
    for key in PRIVATE & event.keys():
        event[key] = "[withheld]"
    return event


def configure() -> None:
    """Send structlog and the standard library's logging through the same processors."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        withhold,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    # Addresses carry query strings, statements carry values: neither belongs in a log.
    for quiet in ("django.server", "django.db.backends", "django.request", "procrastinate", "httpx", "urllib3"):
        logging.getLogger(quiet).setLevel(logging.WARNING if quiet != "django.request" else logging.ERROR)
