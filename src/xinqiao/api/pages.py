"""The OpenAPI document, and the same to be read by people: plain HTML, without scripts."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from xinqiao.api.problems import KINDS
from xinqiao.api.reply import reply
from xinqiao.api.v1 import document

STYLE = (
    "body{font:16px/1.6 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b2733}"
    "code,pre{font:14px/1.5 ui-monospace,monospace}table{border-collapse:collapse;width:100%}"
    "td,th{border-bottom:1px solid #d8dee4;text-align:left;padding:.3rem .5rem;vertical-align:top}"
)


@require_safe
def openapi(_request: HttpRequest) -> HttpResponse:
    """The OpenAPI document."""
    return reply(document(), headers={"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"})


@require_safe
def docs(_request: HttpRequest) -> HttpResponse:
    """Every operation with its inputs, and every kind of problem."""
    made = document()
    operations = [
        _operation(path, method, operation)
        for path, methods in made["paths"].items()
        for method, operation in methods.items()
    ]
    shapes = [_shape(name, shape) for name, shape in sorted(made["components"]["schemas"].items())]
    problems = format_html_join(
        "",
        '<tr id="{}"><td><code>{}</code></td><td>{}</td><td>{}</td></tr>',
        [(k, k, s, t) for k, (s, t) in KINDS.items()],
    )
    page = format_html(
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        "<title>心桥 API v1</title><style>{}</style><h1>心桥 API v1</h1><p>{}</p>"
        '<p><a href="openapi.json">openapi.json</a></p>{}<h2>Problems</h2><table>{}</table><h2>Values</h2>{}</html>',
        SafeString(STYLE),
        made["info"]["description"],
        format_html_join("", "{}", [(one,) for one in operations]),
        problems,
        format_html_join("", "{}", [(one,) for one in shapes]),
    )
    policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
    return HttpResponse(page, headers={"Content-Security-Policy": policy})


def _operation(path: str, method: str, operation: dict[str, Any]) -> SafeString:
    given = format_html_join(
        "",
        "<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td></tr>",
        [
            (p["name"], p["in"], _kind(p["schema"]), p.get("description", "") or p["schema"].get("description", ""))
            for p in operation.get("parameters", ())
        ],
    )
    body = [
        _kind(kind["schema"])
        for kind in operation.get("requestBody", {}).get("content", {}).values()
        if "schema" in kind
    ]
    return format_html(
        "<h2><code>{} {}</code></h2><p>{}</p>{}<table>{}</table>",
        method.upper(),
        path,
        operation.get("description", ""),
        format_html("<p>Body: {}</p>", body[0]) if body else "",
        given,
    )


def _shape(name: str, shape: dict[str, Any]) -> SafeString:
    rows = [
        (field, _kind(one), "" if field in shape.get("required", ()) else "optional", one.get("description", ""))
        for field, one in shape.get("properties", {}).items()
    ]
    return format_html(
        '<h3 id="{}">{}</h3><p>{}</p><table>{}</table>',
        name,
        name,
        shape.get("description", ""),
        format_html_join("", "<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td></tr>", rows),
    )


def _kind(shape: dict[str, Any]) -> SafeString:
    """A shape in a word, with a link to where it is told."""
    if "$ref" in shape:
        name = shape["$ref"].rpartition("/")[2]
        return format_html('<a href="#{}">{}</a>', name, name)
    if "anyOf" in shape:
        return format_html_join(" | ", "{}", [(_kind(one),) for one in shape["anyOf"]])
    if shape.get("type") == "array":
        return format_html("[{}]", _kind(shape.get("items", {})))
    if "enum" in shape:
        return format_html("{}", " | ".join(repr(one) for one in shape["enum"]))
    return format_html("{}", shape.get("format") or shape.get("type", "any"))
