"""Errors as problem details (RFC 9457): what is wrong, in which field, and what to do next, in plain words."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext

from xinqiao.kernel.errors import BadInput, Conflict, NotFound, Refused, Slowed, XinqiaoError
from xinqiao.kernel.words import N_

PROBLEM_TYPE = "application/problem+json"
DOCS = "/api/v1/docs"

# code -> (status, title)
KINDS: dict[str, tuple[int, str]] = {
    "unreadable": (400, N_("请求读不懂")),
    "not-signed-in": (401, N_("需要接口密钥")),
    "out-of-scope": (403, N_("这个密钥不能办这件事")),
    "not-found": (404, N_("没有找到")),
    "not-allowed": (405, N_("这个地址不能这样用")),
    "conflict": (409, N_("和刚才的不一致")),
    "refused": (409, N_("现在不能这样办")),
    "too-large": (413, N_("内容太大")),
    "wrong-type": (415, N_("内容的格式不对")),
    "bad-input": (422, N_("有内容需要改一改")),
    "slowed": (429, N_("请稍等再试")),
    "broken": (500, N_("系统出错了")),
    "away": (503, N_("系统暂时不能用")),
    "busy": (503, N_("系统暂时太忙")),
    "full": (507, N_("暂时存不下")),
}


class Stop(Exception):
    """Ends the request with a problem of that kind."""

    def __init__(self, kind: str, detail: str, *, remedy: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(kind)
        self.kind, self.detail, self.remedy, self.headers = kind, detail, remedy, dict(headers or {})


def problem(
    kind: str,
    detail: str,
    *,
    remedy: str = "",
    errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> HttpResponse:
    """The answer for a problem; `detail`, `remedy` and the errors are gettext ids."""
    status, title = KINDS[kind]
    body: dict[str, Any] = {
        "type": f"{DOCS}#{kind}",
        "title": gettext(title),
        "status": status,
        "detail": gettext(detail),
    }
    if remedy:
        body["remedy"] = gettext(remedy)
    if errors:
        told = [(one["field"], one["detail"]) for one in errors]
        body["errors"] = [{"field": name, "detail": gettext(words)} for name, words in told]
    body |= more
    return HttpResponse(
        json.dumps(body, ensure_ascii=False), status=status, content_type=PROBLEM_TYPE, headers=dict(headers or {})
    )


def of_error(error: XinqiaoError) -> HttpResponse:
    """The answer for an error of the services."""
    match error:
        case BadInput():
            errors = [{"field": name, "detail": text} for name, text in error.fields.items()]
            return problem("bad-input", N_("请看每一项后面的说明，改好再发。"), remedy=error.remedy, errors=errors)
        case Slowed():
            return problem("slowed", error.message, headers={"Retry-After": str(error.seconds)}, seconds=error.seconds)
        case Refused():
            return problem(
                "refused", error.message, remedy=error.remedy, allowed=list(error.allowed), cites=list(error.cites)
            )
        case NotFound():
            return problem("not-found", N_("没有找到，或者不归这个岗位看。"))
        case Conflict():
            return problem("conflict", error.message, remedy=error.remedy)
        case _:
            return problem("refused", error.message, remedy=error.remedy)


def of_stop(stop: Stop) -> HttpResponse:
    """The answer for a request that was stopped on its way in."""
    return problem(stop.kind, stop.detail, remedy=stop.remedy, headers=stop.headers)


# What pydantic finds wrong, in words. The field is named beside it.
_SHAPES = {
    "missing": N_("请填写这一项。"),
    "string_type": N_("请用文字填写。"),
    "string_too_short": N_("请填写这一项。"),
    "string_too_long": N_("写得太长了，请缩短一些。"),
    "string_pattern_mismatch": N_("这一项的写法不对，请看接口文档里的格式。"),
    "bool_type": N_("请填 true 或 false。"),
    "bool_parsing": N_("请填 true 或 false。"),
    "int_type": N_("请填整数。"),
    "int_parsing": N_("请填整数。"),
    "greater_than_equal": N_("数字太小了。"),
    "less_than_equal": N_("数字太大了。"),
    "list_type": N_("请填一个列表。"),
    "dict_type": N_("请填一个对象。"),
    "model_attributes_type": N_("请填一个对象。"),
    "too_long": N_("太多了，请减少一些。"),
    "extra_forbidden": N_("没有这一项，请核对名字。"),
    "literal_error": N_("请从接口文档列出的选项里选一个。"),
    "date_from_datetime_parsing": N_("请按 2026-01-31 的样子填写日期。"),
    "date_parsing": N_("请按 2026-01-31 的样子填写日期。"),
    "date_type": N_("请按 2026-01-31 的样子填写日期。"),
}
_OTHER = N_("这一项的写法不对，请看接口文档里的格式。")


def of_shapes(found: Sequence[Mapping[str, Any]]) -> HttpResponse:
    """The answer for a body, query or header of the wrong shape."""
    errors = [
        {"field": _field(one.get("loc", ())), "detail": _SHAPES.get(str(one.get("type")), _OTHER)} for one in found[:50]
    ]
    return problem("bad-input", N_("请看每一项后面的说明，改好再发。"), errors=errors)


def _field(place: Sequence[Any]) -> str:
    """("body", "payload", "people", 0, "phone") → "people.0.phone"."""
    parts = [str(part) for part in place]
    if parts and parts[0] in {"body", "query", "path", "header", "form", "file"}:
        where, parts = parts[0], parts[1:]
        if where == "body":
            parts = parts[1:] if len(parts) > 1 else ["body"]
        elif len(parts) > 1 and parts[0] == "given":
            parts = parts[1:]
    return ".".join(parts)
