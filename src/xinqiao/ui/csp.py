"""The content security policy of every page: nonces, no eval, nothing from elsewhere."""

from collections.abc import Sequence
from typing import Any

from csp.constants import NONCE, NONE, SELF


def policy(*, connect: Sequence[str] = ()) -> dict[str, Any]:
    """Return the value of CONTENT_SECURITY_POLICY (django-csp 4).

    `connect` names further origins that pages may listen to: the stream process where no proxy stands in front of it.
    """
    return {
        "DIRECTIVES": {
            "default-src": [NONE],
            "script-src": [NONCE],
            "style-src": [SELF],
            "img-src": [SELF, "data:", "blob:"],
            "font-src": [SELF],
            "media-src": [SELF, "blob:"],
            "connect-src": [SELF, *connect],
            "manifest-src": [SELF],
            "form-action": [SELF],
            "frame-ancestors": [NONE],
            "base-uri": [NONE],
            "object-src": [NONE],
        }
    }
