"""Words of an instance's own for its messages: checked, dated, and always the way back to the built-in ones.

A message is read in the words that held when it was made. Sealed matters get the built-in neutral words, whatever stands
here; a placeholder that the built-in words do not have cannot be brought in, so nothing can be told that was not told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from string import Formatter

from django.conf import settings
from django.db import transaction
from django.utils.translation import get_language, gettext

from xinqiao.kernel.errors import BadInput, NotFound
from xinqiao.kernel.words import N_
from xinqiao.notices import texts
from xinqiao.notices.models import Wording
from xinqiao.people.actors import Actor

BOOKS = {"petitioner": texts.PETITIONER, "staff": texts.STAFF}
LONGEST = 500
MOST_SENTENCES = 8


def _book_of(to_kind: str) -> str:
    return "petitioner" if to_kind == "petitioner" else "staff"


@dataclass(frozen=True)
class Own:
    """The words of an instance's own, as read at once for a page or a round of letters."""

    rows: tuple[Wording, ...]

    def find(self, text: str, to_kind: str, at: datetime, *, sealed: bool) -> texts.Template | None:
        """The words that held at a moment in the active language; None where the built-in ones do."""
        if sealed:
            return None
        language, book = get_language() or settings.LANGUAGE_CODE, _book_of(to_kind)
        for row in self.rows:
            if (row.book, row.text, row.language) == (book, text, language) and row.since <= at:
                if row.until is None or at < row.until:
                    return texts.Template(row.subject, tuple(row.body.splitlines()))
        return None


def own() -> Own:
    """All of them, the newest first: one query."""
    return Own(tuple(Wording.objects.order_by("-since", "-pk")))


def template(book: str, text: str) -> texts.Template:
    """The built-in words. Raises NotFound."""
    found = BOOKS.get(book, {}).get(text)
    if found is None:
        raise NotFound()
    return found


def placeholders(sentences: Sequence[str]) -> set[str]:
    """The names in braces. Raises ValueError for braces that do not pair and for anything but plain names."""
    names = set()
    for sentence in sentences:
        for _, name, spec, conversion in Formatter().parse(sentence):
            if name is not None:
                if not name.isidentifier() or spec or conversion:
                    raise ValueError(sentence)
                names.add(name)
    return names


def _checked(built_in: texts.Template, subject: str, body: str) -> tuple[str, str]:
    subject, lines = subject.strip(), [line.strip() for line in body.splitlines() if line.strip()]
    wrong: dict[str, str] = {}
    if not subject or len(subject) > 40 or "\0" in subject:
        wrong["subject"] = N_("标题要写，最多 40 个字。")
    if not lines or len(lines) > MOST_SENTENCES or len(body) > LONGEST or "\0" in body:
        wrong["body"] = N_("正文要写，最多 8 行、500 个字。")
    must = built_in.fields & {*built_in.secrets, "number"}
    try:
        if placeholders([subject]):
            wrong["subject"] = N_("标题里不能用花括号。")
        used = placeholders(lines)
    except ValueError:
        wrong["body"] = N_("花括号里只能写列出的名字，而且要成对。")
    else:
        if strange := used - built_in.fields:
            wrong["body"] = gettext("这些花括号这里不能用：") + "、".join(sorted(strange))
        elif lacking := must - used:
            wrong["body"] = gettext("这些花括号不能少：") + "、".join(sorted(lacking))
    if wrong:
        raise BadInput(wrong)
    return subject, "\n".join(lines)


def _administrator(actor: Actor) -> None:
    if actor.kind != "system" and not (actor.is_staff and actor.role == "admin"):
        raise NotFound()


@transaction.atomic
def wording_set(*, book: str, text: str, language: str, subject: str, body: str, actor: Actor, at: datetime) -> Wording:
    """Own words for a message from now on; `body` has a sentence a line. Raises NotFound, BadInput by field."""
    _administrator(actor)
    built_in = template(book, text)
    if language not in dict(settings.LANGUAGES):
        raise NotFound()
    subject, body = _checked(built_in, subject, body)
    wording_default(book=book, text=text, language=language, actor=actor, at=at)
    return Wording.objects.create(
        book=book, text=text, language=language, subject=subject, body=body, since=at, made_by=actor.account_id
    )


@transaction.atomic
def wording_default(*, book: str, text: str, language: str, actor: Actor, at: datetime) -> bool:
    """Back to the built-in words from now on; False when they hold already. Raises NotFound."""
    _administrator(actor)
    template(book, text)
    row = (
        Wording.objects.select_for_update().filter(book=book, text=text, language=language, until__isnull=True).first()
    )
    if row is None:
        return False
    row.until = max(at, row.since)
    row.save(update_fields=["until"])
    return True
