"""Reading bodies: JSON only, in UTF-8, without what no database can keep."""

import json
from typing import Any, NoReturn

from django.http import HttpRequest
from ninja.parser import Parser

from xinqiao.api.problems import Stop
from xinqiao.kernel.words import N_

JSON = "application/json"
DEEPEST = 30


class JsonParser(Parser):
    """The body of a request as values. Raises Stop for what is no JSON, or holds a NUL, half a character, or NaN."""

    def parse_body(self, request: HttpRequest) -> Any:
        if request.content_type != JSON:
            raise Stop("wrong-type", N_("请用 application/json 发送。"), headers={"Accept-Post": JSON})
        raw = request.body
        try:
            value = json.loads(raw.decode("utf-8"), parse_constant=_no_number)
        except (ValueError, RecursionError):
            raise Stop("unreadable", N_("内容不是完整的 JSON（UTF-8）。")) from None
        if b"\\u" in raw or b"\0" in raw or raw.count(b"[") + raw.count(b"{") > DEEPEST:
            _check(value, 0)
        return value


def _no_number(_word: str) -> NoReturn:
    raise ValueError("JSON has no such number")


def _check(value: Any, depth: int) -> None:
    if depth > DEEPEST:
        raise Stop("unreadable", N_("内容套得太深了。"))
    match value:
        case str():
            if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
                raise Stop("unreadable", N_("文字里有不能保存的字符，请去掉后再发。"))
        case list():
            for one in value:
                _check(one, depth + 1)
        case dict():
            for name, one in value.items():
                _check(name, depth + 1)
                _check(one, depth + 1)
