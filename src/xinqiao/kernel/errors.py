"""Errors that a person can act on: what is wrong, where, and what to do next. Never blame."""

from collections.abc import Mapping, Sequence


class XinqiaoError(Exception):
    """Base of all errors shown to people. `message` is a plain Chinese sentence (a gettext id)."""

    code = "error"

    def __init__(self, message: str, *, remedy: str = "", code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        if code:
            self.code = code


class BadInput(XinqiaoError):
    """Input that cannot be taken. `fields` maps the field's name to what is wrong with it."""

    code = "bad-input"

    def __init__(self, fields: Mapping[str, str], *, remedy: str = "") -> None:
        super().__init__("；".join(fields.values()), remedy=remedy)
        self.fields = dict(fields)


class Refused(XinqiaoError):
    """A step that the procedure does not allow here and now. `allowed` names the steps that it does."""

    code = "refused"

    def __init__(
        self, message: str, *, allowed: Sequence[str] = (), remedy: str = "", cites: Sequence[str] = ()
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.allowed = tuple(allowed)
        self.cites = tuple(cites)


class NotFound(XinqiaoError):
    """There is nothing here for this actor: absent and forbidden look the same."""

    code = "not-found"

    def __init__(self, message: str = "没有找到这个页面。") -> None:
        super().__init__(message)


class Conflict(XinqiaoError):
    """The same idempotency key came with other content, or the row has moved on since it was read."""

    code = "conflict"


class Slowed(XinqiaoError):
    """Too many tries. `seconds` is how long to wait."""

    code = "slowed"

    def __init__(self, message: str, *, seconds: int) -> None:
        super().__init__(message)
        self.seconds = seconds
