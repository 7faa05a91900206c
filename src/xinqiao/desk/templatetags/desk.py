"""What stands around every page of the desk: the acting post, the rehearsal clock, the live stream."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import template
from django.conf import settings
from django.http import HttpRequest

from xinqiao.cases.models import Case
from xinqiao.kernel.clock import day_of
from xinqiao.people import clock, selectors
from xinqiao.people.actors import Actor
from xinqiao.stream import tokens

register = template.Library()


@dataclass(frozen=True)
class Frame:
    posts: list[selectors.ActingPost]
    post: selectors.ActingPost | None
    demonstration: bool
    now: datetime
    live: str
    account: str


@register.simple_tag(takes_context=True)
def desk_frame(context: dict[str, Any]) -> Frame:
    """Posts of the account, the one it works in, whether this is a demonstration, and the address of the stream.

    Read once a request; the stream tells of this organ's work, and of the case on the page.
    """
    request: HttpRequest = context["request"]
    frame: Frame | None = getattr(request, "desk_frame", None)
    if frame is None:
        frame = _read(getattr(request, "actor", None), context.get("case"))
        request.desk_frame = frame  # type: ignore[attr-defined]
    return frame


def _read(actor: Actor | None, case: Any) -> Frame:
    now = clock.now()
    if actor is None or actor.account_id is None:
        return Frame([], None, selectors.demonstration(), now, "", "")
    posts = selectors.acting_posts(actor.account_id, day_of(now))
    chosen = next((one for one in posts if one.post.pk == actor.post_id), None)
    return Frame(posts, chosen, selectors.demonstration(), now, _live(actor, case), actor.name)


def _live(actor: Actor, case: Any) -> str:
    """The stream of this organ (and this case), '' when no stream process runs: pages then reload by themselves."""
    if not settings.STREAM_URL or actor.organ_id is None:
        return ""
    cases = [case.id] if isinstance(case, Case) and not case.sealed else []
    token = tokens.issue(organ_ids=[actor.organ_id], case_ids=cases)
    return f"{settings.STREAM_URL}/live/?token={token}"
