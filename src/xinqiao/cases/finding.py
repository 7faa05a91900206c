"""The word index, kept by a reader of the ledger: what changed since last time is read again, in batches, any number of times.

Sealed cases never enter: the reader takes no sealed case, and the insert locks the case's row and looks again. What is
sealed later is taken out in the sealing transaction itself (sealing.py).
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime
from uuid import UUID

from django.db import DatabaseError, connection, transaction

from xinqiao.kernel.clock import SHANGHAI
from xinqiao.ledger import batch, bulk
from xinqiao.ledger import cursor as ledger_cursor
from xinqiao.people import selectors as people
from xinqiao.people.areas import area_stem, content_stem

from .lexemes import lexemes_of
from .models import Assist, Case, SearchRow

READER = "finding"
RULES = (
    "2"  # another value when lexemes are cut otherwise: rows are then written anew as their cases move, or by rebuild()
)
FROM_THE_FIRST = UUID(int=0)
BATCH = 2000  # entries; a matter from a table has five, of the live ones each has a case of its own
AT_ONCE = 200  # cases
_RESTING = "finding:resting"

Source = Callable[[Sequence[UUID]], Mapping[UUID, Sequence[str]]]
_sources: list[Source] = []

_WRITE = """
INSERT INTO cases_searchrow (case_id, received_at, words, digest)
SELECT g.case_id, g.received_at, g.words::tsvector, g.digest
FROM unnest(%s::uuid[], %s::timestamptz[], %s::text[], %s::bigint[]) AS g(case_id, received_at, words, digest)
JOIN cases_case c ON c.id = g.case_id AND NOT c.sealed
ORDER BY g.case_id
FOR SHARE OF c
ON CONFLICT (case_id) DO UPDATE SET received_at = EXCLUDED.received_at, words = EXCLUDED.words, digest = EXCLUDED.digest
"""


_ADDED = """
SELECT case_id, words ->> 'words' FROM cases_record
WHERE case_id = ANY(%s) AND step = 'add_material' AND words ->> 'words' <> '' ORDER BY seq
"""


def register_source(source: Source) -> None:
    """Domains whose tables keep words of a case hand them over by case id. Registering twice has no effect."""
    if source not in _sources:
        _sources.append(source)


def follow(limit: int = BATCH) -> int:
    """Bring one batch of ledger entries into the index. Returns how many entries it was; 0 means up to date."""
    with transaction.atomic():
        # What a crash takes back it takes whole, rows and place, and it is read again: no disk has to be waited for.
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = off")
        return ledger_cursor.follow_cases(READER, index, limit)


@contextmanager
def resting() -> Iterator[None]:
    """While a table is taken in, the reader rests: it would take two fifths of the speed, and reads as fast afterwards.

    A lock of this connection says so: it ends with the block, and with the connection at the latest. Outside transactions only.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock_shared(hashtextextended(%s, 0))", [_RESTING])
    try:
        yield
    finally:
        with suppress(DatabaseError), connection.cursor() as cursor:  # a connection that is gone took its lock along
            cursor.execute("SELECT pg_advisory_unlock_shared(hashtextextended(%s, 0))", [_RESTING])


def rests() -> bool:
    """Whether somebody takes a table in right now; if nobody does, nobody begins before this transaction ends."""
    return not batch.rows("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [_RESTING])[0][0]


@transaction.atomic
def index(case_ids: Iterable[UUID], *, anew: bool = False) -> int:
    """Write the rows of these cases anew where something changed; returns how many were written. Idempotent.

    What was said never changes, so most steps change nothing here and no words are read for them. `anew`: read all.
    """
    ids = sorted(set(case_ids))
    cases = batch.found(Case, "id = ANY(%s) AND NOT sealed ORDER BY id", [ids])
    marks = _marks(cases)
    digests = {case.id: _digest(case, marks[case.id]) for case in cases}
    kept = {} if anew else dict(SearchRow.objects.filter(case_id__in=ids).values_list("case_id", "digest"))
    changed = [case for case in cases if kept.get(case.id) != digests[case.id]]
    if changed:
        texts = texts_of(changed)
        places = people.area_names({case.area_code for case in changed if case.area_code})
        # Of many, the database writes some rows while the words of the next are cut; of few, no case is held meanwhile.
        with bulk.together(), connection.cursor() as cursor:
            for first in range(0, len(changed), AT_ONCE):
                rows = [
                    (case.id, case.received_at, _vector(case, texts, places, marks[case.id]), digests[case.id])
                    for case in changed[first : first + AT_ONCE]
                ]
                cursor.execute(_WRITE, [list(column) for column in zip(*rows, strict=True)])
    return len(changed)


def rebuild(after: UUID, limit: int = AT_ONCE) -> tuple[int, UUID | None]:
    """Bring the rows of the next cases by id up to today's rules: how many were written, and where to go on (None: at the end)."""
    cases = Case.objects.filter(id__gt=after, sealed=False).order_by("id")
    ids = list(cases.values_list("id", flat=True)[:limit])
    return index(ids), ids[-1] if len(ids) == limit else None


def _vector(case: Case, texts: Mapping[UUID, Sequence[str]], places: Mapping[str, str], marks: Iterable[str]) -> str:
    return vector_of(lexemes_of([*texts[case.id], places.get(case.area_code, "")]) | set(marks))


def _marks(cases: Sequence[Case]) -> dict[UUID, list[str]]:
    assists: dict[UUID, set[int]] = {case.id: set() for case in cases}
    rows = Assist.objects.filter(case_id__in=list(assists), closed_at__isnull=True)
    for case_id, organ_id in rows.values_list("case_id", "organ_id"):
        assists[case_id].add(organ_id)
    return {case.id: marks_of(case, assists[case.id]) for case in cases}


def _digest(case: Case, marks: Iterable[str]) -> int:
    """Tells two rows apart: the rules by which words are cut, the title, the marks, how often words were added."""
    added = case.facts.get("counts", {}).get("materials", 0)
    whole = "\n".join([RULES, case.title, str(added), *sorted(marks)])
    return int.from_bytes(hashlib.sha256(whole.encode()).digest()[:8], signed=True)


def texts_of(cases: Sequence[Case]) -> dict[UUID, list[str]]:
    """The words of each case: its title, what the registered sources know, what the petitioner added later."""
    found = {case.id: [case.title] for case in cases}
    for source in (*_sources, _added):
        for case_id, texts in source([case.id for case in cases]).items():
            found[case_id] += texts
    return found


def _added(case_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """What petitioners added to their cases in words of their own."""
    found: dict[UUID, list[str]] = {}
    for case_id, words in batch.rows(_ADDED, [list(case_ids)]):
        found.setdefault(case_id, []).append(words)
    return found


def remove(case_id: UUID) -> None:
    """Take a case out at once; the sealing transaction calls this."""
    SearchRow.objects.filter(case_id=case_id).delete()


def marks_of(case: Case, assists: Iterable[int] = ()) -> list[str]:
    """What the index knows beside words: when, organs by their part in it, place, content, kind. All begin with @."""
    marks = [*time_marks(case.received_at), f"@k{case.procedure}", f"@h{case.channel}"]
    marks += [f"@o{organ}" for organ in {case.office_id, case.desk_id} if organ]
    marks += [f"@u{organ}" for organ in {case.lead_id, *assists} if organ]
    if case.ruling_id:
        marks.append(f"@r{case.ruling_id}")
    area, content = area_stem(case.area_code), content_stem(case.content_code)
    marks += [area_mark(area[:n]) for n in range(2, len(area) + 1)]
    marks += [content_mark(content[:n]) for n in range(2, len(content) + 1, 2)]
    return marks


def area_mark(code: str) -> str:
    """The mark of everything that lies in an area."""
    return f"@a{area_stem(code)}"


def content_mark(code: str) -> str:
    """The mark of everything under a content class."""
    return f"@c{content_stem(code)}"


def time_marks(at: datetime) -> list[str]:
    """The marks of the day, the month and the year in which `at` falls in Shanghai."""
    day = at.astimezone(SHANGHAI).date()
    return [day_mark(day), month_mark(day.year * 12 + day.month - 1), year_mark(day.year)]


def day_mark(day: date) -> str:
    """The mark of everything received on that day."""
    return f"@d{day.toordinal()}"


def month_mark(month: int) -> str:
    """The mark of everything received in that month, counted as year * 12 + month - 1."""
    return f"@m{month}"


def year_mark(year: int) -> str:
    """The mark of everything received in that year."""
    return f"@y{year}"


def vector_of(lexemes: Iterable[str]) -> str:
    """The tsvector of these lexemes as text, without positions."""
    return " ".join(f"'{lexeme}'" if lexeme.isalnum() else quoted(lexeme) for lexeme in sorted(lexemes))


def quoted(lexeme: str) -> str:
    """A lexeme as tsvector and tsquery read it."""
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"
