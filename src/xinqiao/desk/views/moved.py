"""Somebody was quicker: what has changed since the form was opened, and the words that were typed into it."""

import re

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext

from xinqiao import law
from xinqiao.cases.models import Case
from xinqiao.desk import casebook
from xinqiao.desk.views.door import actor_of
from xinqiao.ledger import services as ledger
from xinqiao.people import clock
from xinqiao.ui.forms import PREFIX

SEEN = "seen"  # the number of the case's last entry when the form was drawn
MOVED_ON = 409
LAST = 3
_WORDS = re.compile(r"[\u3400-\u9fff]|\s")


def done_already(request: HttpRequest, case: Case, step: str) -> bool:
    """Whether this very form has had its effect: the answer to it was lost on the way. Says so; what was changed since stays in the draft."""
    key = request.POST.get(f"{PREFIX}-key", "")
    entry = ledger.effect_of(key) if key else None
    if entry is None or (entry.case_id, entry.step, entry.account_id) != (case.pk, step, actor_of(request).account_id):
        return False
    label = next((e.label for p in law.procedures() for e in p.edges if e.step == step), step)
    words = gettext("上一次已办好：%(what)s。后来又改过的没有发出去，下次打开这一步还在。")
    messages.success(request, words % {"what": gettext(label)})
    return True


def say_done(request: HttpRequest, case: Case, step: str, label: str) -> None:
    """The next page says that the step `label` is done; the browser forgets its draft."""
    draft = f"step:{reverse('desk:do', args=[case.number, step])}"
    messages.success(request, gettext("已办好：%(what)s。") % {"what": gettext(label)}, extra_tags=draft)


def moved_on(request: HttpRequest, case: Case) -> HttpResponse:
    """The page that tells it; in place with htmx. The browser keeps its draft."""
    case.refresh_from_db()
    book = casebook.book(case, actor=actor_of(request), at=clock.now())
    seen = request.POST.get(SEEN, "")
    since = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 9 else 0
    news = [line for line in book.lines if line.id > since] if since else []
    context = {
        "case": case,
        "news": news or sorted(book.lines, key=lambda line: line.id)[-LAST:],
        "state": book.state,
        "typed": [
            value
            for name, value in request.POST.items()
            if name.startswith(f"{PREFIX}-") and isinstance(value, str) and _WORDS.search(value.strip())
        ],
        "files": [one.name for _, several in request.FILES.lists() for one in several],
        "back": reverse("desk:case", args=[case.number]),
    }
    partial = request.headers.get("HX-Request") == "true"
    return render(request, "desk/parts/moved.html" if partial else "desk/moved.html", context, status=MOVED_ON)
