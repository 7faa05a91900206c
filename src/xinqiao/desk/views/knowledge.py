"""Knowledge entries to read aloud from, and the help page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from xinqiao.desk.views.door import staff
from xinqiao.kernel.clock import day_of
from xinqiao.kernel.errors import NotFound
from xinqiao.people import clock
from xinqiao.triage import selectors as triage

MOST_FOUND = 30


@require_GET
@staff()
def knowledge(request: HttpRequest) -> HttpResponse:
    """Find by words, or leaf through by class."""
    today = day_of(clock.now())
    words = request.GET.get("q", "").strip()[:200]
    content = request.GET.get("content", "")[:6]
    after = ""
    if words:
        rows = triage.knowledge_find(words=words, today=today, limit=MOST_FOUND)
    else:
        rows, after = triage.knowledge_page(today=today, content_code=content, after=request.GET.get("after", "")[:60])
    choices = triage.content_choices()
    context = {
        "rows": rows,
        "words": words,
        "content": content,
        "after": after,
        "classes": [(code[:2], label) for code, label in choices if "/" not in label],
        "names": dict(choices),
    }
    return render(request, "desk/knowledge.html", context)


@require_GET
@staff()
def entry(request: HttpRequest, slug: str) -> HttpResponse:
    """One entry: question, answer, basis, who is competent."""
    found = triage.knowledge_of(slug=slug, today=day_of(clock.now()), public_only=False)
    if found is None:
        raise NotFound()
    context = {"entry": found, "content": triage.content_name(found.content_code) if found.content_code else ""}
    return render(request, "desk/knowledge_entry.html", context)


@require_GET
@staff()
def help_page(request: HttpRequest) -> HttpResponse:
    """Short help: what is where, the keys, three walks to try."""
    return render(request, "desk/help.html")
