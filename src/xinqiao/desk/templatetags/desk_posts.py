"""What the desk's front page tells its reader about their own posts."""

from typing import Any

from django import template
from django.http import HttpRequest

from xinqiao.people import changes

register = template.Library()


@register.inclusion_tag("people/news.html", takes_context=True)
def post_news(context: dict[str, Any]) -> dict[str, Any]:
    """What others changed about deputies and leave of whoever reads this, until they say that they know. One query."""
    request: HttpRequest = context["request"]
    return {"news": changes.news_for(request.user.pk or 0), "csrf_token": context.get("csrf_token"), "request": request}
