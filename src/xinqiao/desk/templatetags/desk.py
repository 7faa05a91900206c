"""What stands around every page of the desk: the acting post, the rehearsal clock, the live stream."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import template
from django.http import HttpRequest

from xinqiao.cases.models import Case
from xinqiao.desk import listening
from xinqiao.kernel.clock import day_of
from xinqiao.people import clock, selectors
from xinqiao.people.actors import Actor

register = template.Library()


@dataclass(frozen=True)
class Frame:
    posts: list[selectors.ActingPost]
    post: selectors.ActingPost | None
    demonstration: bool
    now: datetime
    live: str
    renew: str
    account: str


@register.simple_tag(takes_context=True)
def desk_frame(context: dict[str, Any]) -> Frame:
    """Posts of the account, the one it works in, whether this is a demonstration, and the address of the stream.

    Read once a request; the stream tells of this organ's work, and of the case on the page.
    """
    request: HttpRequest = context["request"]
    frame: Frame | None = getattr(request, "desk_frame", None)
    if frame is None:
        frame = _read(request, context.get("case"))
        request.desk_frame = frame  # type: ignore[attr-defined]
    return frame


def _read(request: HttpRequest, case: Any) -> Frame:
    actor: Actor | None = getattr(request, "actor", None)
    now = clock.now()
    if actor is None or actor.account_id is None:
        return Frame([], None, selectors.demonstration(), now, "", "", "")
    posts: list[selectors.ActingPost] | None = getattr(request, "acting_posts", None)  # read with the actor
    if posts is None:
        posts = selectors.acting_posts(actor.account_id, day_of(now))
    chosen = next((one for one in posts if one.post.pk == actor.post_id), None)
    shown = case if isinstance(case, Case) else None
    return Frame(
        posts,
        chosen,
        selectors.demonstration(),
        now,
        listening.address(request, shown),
        listening.renewal(shown),
        actor.name,
    )
