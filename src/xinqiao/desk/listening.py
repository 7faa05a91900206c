"""The address of the stream that a page of the desk listens to, and where it gets another one."""

from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from xinqiao.cases.models import Case
from xinqiao.people.actors import Actor
from xinqiao.people.presence import Presence
from xinqiao.stream import tokens


def address(request: HttpRequest, case: Case | None) -> str:
    """The stream of the reader's organ, and of a case that they see; '' when there is none: pages then ask by themselves.

    It is bound to the reader's session and post, and ends with them. Sealed cases make no news.
    """
    actor: Actor = request.actor  # type: ignore[attr-defined]
    session = request.session.session_key
    if not settings.STREAM_URL or session is None or None in (actor.account_id, actor.post_id, actor.organ_id):
        return ""
    assert actor.account_id and actor.post_id and actor.organ_id  # noqa: S101, PT018 — said above, for the type checker
    holder = Presence(session, actor.account_id, actor.post_id)
    cases = [case.id] if case is not None and not case.sealed else []
    return (
        f"{settings.STREAM_URL}/live/?token={tokens.issue(holder=holder, organ_ids=[actor.organ_id], case_ids=cases)}"
    )


def renewal(case: Case | None) -> str:
    """Where the page asks for a new address when its stream has ended."""
    words = urlencode({"case": case.number}) if case is not None and not case.sealed else ""
    return f"{reverse('desk:live')}?{words}" if words else reverse("desk:live")
