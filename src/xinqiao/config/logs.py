"""Structured logs: one JSON object a line on standard error, with what is needed to find a fault and nobody's data."""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import structlog

DEEPEST = 12
OF_OTHERS = ("django", "granian", "_granian", "uvicorn", "asyncio", "procrastinate", "py.warnings", "allauth")
OF_READERS = ("pypdf", "PIL", "openpyxl", "docx")  # who read files that strangers sent: their words quote the file
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


def _lead(error: BaseException) -> str:
    """Kind and code of an error. Its words may quote a value, an address or a row."""
    code = getattr(error, "sqlstate", None) or getattr(error, "errno", None)
    return f"{type(error).__module__}.{type(error).__qualname__}" + (f" {code}" if code else "")


def frames(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Errors as their kinds and the places in the code that they passed, from the first cause on: never their words."""
    given = event.pop("exc_info", None)
    error = given if isinstance(given, BaseException) else given[1] if isinstance(given, tuple) else sys.exception()
    if given and error is not None:
        told: list[dict[str, Any]] = []
        seen: set[int] = set()
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            passed = traceback.extract_tb(error.__traceback__)[-DEEPEST:]
            places = [f"{Path(one.filename).name}:{one.lineno} {one.name}" for one in passed]
            told.insert(0, {"error": _lead(error), "at": places})
            error = error.__cause__ or error.__context__
        event["errors"] = told
    return event


def anonymous(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Django's and the servers' own lines hold addresses, names of hosts and values: what stays is the kind of line."""
    record = event.get("_record")
    if record is not None and record.name.startswith(OF_READERS):
        event["event"] = "withheld"
    elif record is not None and record.name.startswith(OF_OTHERS):
        event["event"] = record.msg if isinstance(record.msg, str) and "%" in record.msg else "withheld"
        match = getattr(getattr(record, "request", None), "resolver_match", None)
        event["status"] = getattr(record, "status_code", None)
        event["route"] = match.view_name if match else None
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
                anonymous,
                frames,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for server in ("_granian", "granian.access", "uvicorn", "uvicorn.error", "uvicorn.access"):  # ours from now on
        logging.getLogger(server).handlers[:] = []
        logging.getLogger(server).propagate = True
    # Addresses carry query strings, statements carry values: neither belongs in a log.
    for quiet in ("django.server", "django.db.backends", "procrastinate", "httpx", "urllib3"):
        logging.getLogger(quiet).setLevel(logging.WARNING)
    # What these warn of is raised as well, or answered.
    for quiet in ("django.request", "psycopg"):
        logging.getLogger(quiet).setLevel(logging.ERROR)
    logging.getLogger("psycopg.pool").setLevel(logging.WARNING)  # why there is no connection is said here alone
