"""A browser in words that people know, from what it says of itself."""

from django import template

register = template.Library()
MAKES = (
    ("MicroMessenger", "微信"),
    ("Edg", "Edge"),
    ("Firefox/", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


@register.filter
def browser_words(agent: str) -> str:
    """Words such as "Chrome · Windows"; the beginning of what it says when nothing in it is known."""
    known = [next((word for mark, word in table if mark in agent), "") for table in (MAKES, SYSTEMS)]
    return " · ".join(word for word in known if word) or agent[:40]
