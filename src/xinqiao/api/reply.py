"""Answers without detours: plain values to JSON."""

import json
from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse


def reply(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """`body` as JSON."""
    return HttpResponse(
        json.dumps(body, ensure_ascii=False),
        status=status,
        content_type="application/json",
        headers=dict(headers or {}),
    )
