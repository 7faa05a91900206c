"""Text messages through somebody's HTTP gateway: one signed POST for each. How a gateway answers is in the runbook."""

import json
import re
from urllib.parse import urlsplit

from django.conf import settings

from xinqiao.kernel.clock import utc_now
from xinqiao.notices import posting
from xinqiao.notices.models import Message

_MOBILE = re.compile(r"(?:\+?86)?(1\d{10})")
KNOWN_ALREADY = 409


def configured() -> bool:
    """Whether a gateway is named and has a key. A demonstration's invented people have numbers: it may ring this machine only."""
    named = bool(settings.SMS_URL and settings.SMS_KEY)
    if named and settings.XINQIAO_PROFILE == "demo":
        return posting.named_here(urlsplit(settings.SMS_URL).hostname or "")
    return named


def reference(message: Message) -> str:
    """Where this message's number is to be looked up when it is sent; '' when nobody's telephone is meant."""
    if message.to_kind == Message.To.PHONE:
        return "phone"
    if message.to_kind == Message.To.PETITIONER and message.person_id:
        return f"person:{message.person_id}"
    return ""


def mobile(phone: str) -> str:
    """The mobile number in eleven digits; '' for a landline or nothing."""
    found = _MOBILE.fullmatch(re.sub(r"[\s-]", "", phone))
    return found[1] if found else ""


def send(*, delivery_id: str, to: str, text: str) -> None:
    """Hand one message to the gateway. Its id stays the same when it is tried again; 409 means: it has it already.

    Raises OSError (try again), ValueError (never).
    """
    now = int(utc_now().timestamp())
    body = {"id": delivery_id, "to": to, "text": text, "sender": settings.SMS_SENDER, "at": now}
    sent = posting.signed(json.dumps(body, ensure_ascii=False).encode(), settings.SMS_KEY, now)
    try:
        posting.post(settings.SMS_URL, sent, {"Idempotency-Key": delivery_id}, reach="anywhere")
    except posting.Answered as answer:
        if answer.status != KNOWN_ALREADY:
            raise


def guarded(text: str, *, number: str, code: str) -> str:
    """`text`, unless number and code stand in it together. Raises ValueError: such a message is never sent."""
    digits = re.sub(r"\D", "", text)
    if number and code and re.sub(r"\D", "", number)[:12] in digits and code in digits:
        raise ValueError("a text carries the number or the code, never both")
    return text
