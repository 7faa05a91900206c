"""Who comes in: a token in the Authorization header, bound to its post; or, for a few operations, nobody known."""

from dataclasses import replace
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from ninja.security import HttpBearer

from xinqiao.api import limits
from xinqiao.api.problems import Stop
from xinqiao.kernel.words import N_
from xinqiao.people import access
from xinqiao.people.actors import CITIZEN, Actor
from xinqiao.people.tokens import Bearer, token_bearer

READING = frozenset({"GET", "HEAD"})


class Token(HttpBearer):
    """The token must reach as far as one of `scopes`; none named: any token."""

    def __init__(self, *scopes: str) -> None:
        super().__init__()
        self.scopes = frozenset(scopes)

    def authenticate(self, request: HttpRequest, token: str) -> Bearer:
        """Bind the transaction to the post. Reading is bound without the account: sealed matters stay behind the wall."""
        bearer = token_bearer(token)
        if bearer is None:
            raise unknown()
        wait = limits.take(f"token {bearer.token.id}", settings.API_TOKEN_PER_MINUTE)
        if wait:
            raise Stop("slowed", N_("这个密钥的请求太多了，请稍等再发。"), headers={"Retry-After": str(wait)})
        if self.scopes and self.scopes.isdisjoint(bearer.token.scopes):
            raise Stop(
                "out-of-scope", N_("这个密钥没有这个权限。"), remedy=N_("请由岗位本人另建一个带有该权限的密钥。")
            )
        reading = request.method in READING
        access.bind(replace(bearer.actor, account_id=None) if reading else bearer.actor, with_next=True)
        return bearer


def anybody(request: HttpRequest) -> Actor:
    """Nobody known: a citizen who has proven nothing. Only where no Authorization header was sent."""
    if request.headers.get("Authorization"):
        raise unknown()
    return nobody(request)


def nobody(_request: HttpRequest) -> Actor:
    """Nobody known, whatever else was sent."""
    actor = CITIZEN()
    access.bind(actor, with_next=True)
    return actor


def unknown() -> Stop:
    """The answer to a token that is none, has ended, or is missing."""
    return Stop(
        "not-signed-in",
        N_("没有带接口密钥，或者密钥不对、过期、已停用。"),
        remedy=N_("请在请求头写 Authorization: Bearer 加上密钥；密钥在工作台的账户页建。"),
        headers={"WWW-Authenticate": 'Bearer realm="xinqiao"'},
    )


def bearer_of(request: HttpRequest) -> Bearer:
    """Whose token opened this request."""
    bearer: Bearer = request.auth  # type: ignore[attr-defined]
    return bearer


def key_of(request: HttpRequest, given: str) -> str:
    """The request key that the ledger keeps: nobody else can come by the same one, whatever keys they send."""
    held: Any = request.auth  # type: ignore[attr-defined]
    who = str(held.token.id) if isinstance(held, Bearer) else "anybody"
    return "api/" + salted_hmac("xinqiao.api.key", f"{who}|{given}", algorithm="sha256").hexdigest()
