"""Finding cases by words, number, place, organ, state, content, dates and kind: only what the actor may see, newest first.

The newest cases are looked at one by one: a common word is found among them. For others there is one index of words and
marks (finding.py), which is asked for stretches of time, from the newest backwards, each about twice as long as the one
before, and no stretch is read that holds more than MOST_AT_ONCE matches (it is halved instead). So the work of a page is
bounded however many cases there are, and nothing is counted or skipped. Nobody is looked up here (invariant 9).
"""

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext

from xinqiao.kernel.clock import SHANGHAI, end_of, start_of
from xinqiao.kernel.ids import NUMBER_LENGTH, normalise_number
from xinqiao.people.actors import Actor

from . import access, finding, holding, lexemes
from .models import Case

T = TypeVar("T")

LIMIT = 20
MOST_AT_ONCE = 1000
MOST_UNSEEN = 2000  # matches looked at for one page where rows are behind what the actor may see
MOST_EXAMINED = 800  # and where what is asked lies outside the index (state): each costs a look at its case
NEWEST = 300  # looked at one by one whatever is asked
NEWEST_MOST = 2000  # and as many while what is asked is so common that a page of it will be among them
ITEMS = 30
DAYS_FIRST = 15
_LAST = UUID(int=2**128 - 1)
_BEGINNING = datetime.min.replace(tzinfo=UTC)
_END = datetime.max.replace(tzinfo=UTC)

_ASK = (
    "SELECT stretch, case_id, received_at"
    " FROM cases_search(%s::tsquery, %s::tsquery[], %s::boolean[], %s, %s, %s, %s, %s)"
)
_NEWEST = (
    "SELECT oldest, case_id, received_at, fits FROM cases_search_span()"
    " LEFT JOIN cases_search_newest(%s::tsquery, %s, %s, %s, %s, %s, %s) ON true"
)

_PHONE = re.compile(r"(?:\+?86)?1\d{10}|0\d{9,11}|\d{17}[\dX]|\d{15}")


@dataclass(frozen=True)
class Query:
    """What is looked for; everything given must hold. `place` is an area's code or words, `kind` a procedure's name."""

    words: str = ""
    number: str = ""
    place: str = ""
    organ_id: int | None = None
    state: str = ""
    content: str = ""
    kind: str = ""
    received_from: date | None = None
    received_to: date | None = None


@dataclass(frozen=True)
class Hit:
    """A case with a piece of its words; True marks what is to be lit up."""

    case: Case
    snippet: tuple[tuple[str, bool], ...]


@dataclass(frozen=True)
class Page:
    """Some hits, newest first. `next` is the key of the page after ('' at the end); `note` says kindly why there is nothing.

    A page may be short and still have a `next`: then the search has looked far enough back for one time.
    """

    hits: tuple[Hit, ...] = ()
    next: str = ""
    note: str = ""


@dataclass(frozen=True)
class _Stretch:
    """Days, months or years that are asked for at once, the newest first. `months` holds year * 12 + month - 1."""

    days: tuple[date, ...] = ()
    months: tuple[int, ...] = ()
    years: tuple[int, ...] = ()

    @property
    def marks(self) -> list[str]:
        return [
            *map(finding.day_mark, self.days),
            *map(finding.month_mark, self.months),
            *map(finding.year_mark, self.years),
        ]

    def halves(self) -> list["_Stretch"]:
        """Two shorter stretches that are this one together; [] for a single day."""
        if self.years:
            if len(self.years) > 1:
                return [_Stretch(years=part) for part in _halved(self.years)]
            first = self.years[0] * 12
            return [_Stretch(months=part) for part in _halved(tuple(range(first + 11, first - 1, -1)))]
        if len(self.months) == 1:
            return [_Stretch(days=part) for part in _halved(_days_of(self.months[0]))]
        if self.months:
            return [_Stretch(months=part) for part in _halved(self.months)]
        return [_Stretch(days=part) for part in _halved(self.days)] if len(self.days) > 1 else []


def find(actor: Actor, query: Query, *, after: str = "", limit: int = LIMIT) -> Page:
    """A page of the cases that `actor` may see and that fit `query`. `after` is the `next` of the page before.

    A number, also one typed among the words, finds its case alone. Raises ValueError for a key that is none.
    """
    number = _number(query)
    if number:
        return _by_number(actor, number, limit)
    note = advice(query)
    if note:
        return Page(note=note)
    terms = lexemes.terms_of(query.words)
    asked = _asked(actor, query, terms)
    if asked is None:
        return Page()
    key = _key(after) if after else None
    hits: list[tuple[UUID, datetime]] = []
    cases: dict[UUID, Case] = {}
    examined = 0
    step, most = (MOST_EXAMINED // 2 or 1, MOST_EXAMINED) if query.state else (limit + 5, MOST_UNSEEN)
    for matches in _matches(asked, query, key, enough=step):
        for begin in range(0, len(matches), step):
            part = matches[begin : begin + step]
            seen = _visible(actor, query, [case_id for case_id, _ in part])
            for match in part:
                if match[0] in seen:
                    if len(hits) == limit:
                        return Page(_shown(hits, cases, terms), _key_of(hits[-1]))
                    hits.append(match)
                    cases[match[0]] = seen[match[0]]
            examined += len(part)
            if examined >= most:
                return Page(_shown(hits, cases, terms), _key_of(part[-1]))
    return Page(_shown(hits, cases, terms))


def advice(query: Query) -> str:
    """A kind word when this cannot be searched: a person's number, a number with a slip, fewer than two characters."""
    for typed in (query.words, query.number):
        digits = re.sub(r"[\s+-]", "", typed).upper()
        if _PHONE.fullmatch(digits) and not normalise_number(typed):
            return gettext(
                "这里不按人查找，电话和证件号码都查不到。来电或来访时，请在“登记”里按来电号码核对，查询会留下记录。"
            )
    if query.number.strip():
        return gettext("没有这样的编号。编号是 {n} 位数字，最后一位用来核对，请再看一遍回执。").format(n=NUMBER_LENGTH)
    if query.words.strip() and not lexemes.terms_of(query.words):
        return gettext("请写两个字以上的词，例如“噪音”。人名和号码不能用来查找。")
    return ""


def _number(query: Query) -> str:
    if found := normalise_number(query.number):
        return found
    return normalise_number(query.words) if not query.number.strip() else ""


def _by_number(actor: Actor, number: str, limit: int) -> Page:
    numbers = [number] if "-" in number else [number, *(f"{number}-{item}" for item in range(1, ITEMS + 1))]
    rows = access.visible(actor).filter(number__in=numbers).select_related("office", "lead").order_by("number")
    return Page(_with_words(list(rows[:limit]), []))


def _asked(actor: Actor, query: Query, terms: Sequence[str]) -> list[list[str]] | None:
    """What each match must have: one of each group of lexemes. None when this actor can have none."""
    groups = [[term] for term in terms]
    if actor.kind != "system":
        scope = _scope(actor)
        if not scope:
            return None
        groups.append(scope)
    if query.organ_id is not None:
        groups.append([f"@u{query.organ_id}", f"@o{query.organ_id}"])
    if query.content:
        groups.append([finding.content_mark(query.content)])
    if query.kind:
        groups.append([f"@k{query.kind}"])
    if query.place.strip().isdigit():
        groups.append([finding.area_mark(query.place.strip())])
    elif query.place.strip():
        places = lexemes.terms_of(query.place)
        if not places:
            return None
        groups += [[term] for term in places]
    return groups


def _scope(actor: Actor) -> list[str]:
    """The marks of the cases within this actor's reach; access.visible decides again, row by row."""
    if not actor.is_staff or actor.organ_id is None:
        return []
    if actor.role in access.OFFICE_ROLES:
        return [f"@o{actor.organ_id}"]
    if actor.role == "arbiter":
        return [f"@r{actor.organ_id}"]
    if actor.role == "head":
        return [f"@u{actor.organ_id}", f"@o{actor.organ_id}"]
    return [f"@u{actor.organ_id}"] if actor.role in access.UNIT_ROLES else []


def _matches(
    asked: Sequence[Sequence[str]], query: Query, key: tuple[datetime, UUID] | None, *, enough: int
) -> Iterator[list[tuple[UUID, datetime]]]:
    """Matches in the order of the list, at least `enough` at a time but for the last."""
    base = " & ".join(_any(group) for group in asked)
    since = start_of(query.received_from) if query.received_from else _BEGINNING
    before = (end_of(query.received_to) if query.received_to else _END, _LAST)
    if key is not None:
        before = min(before, key)
    found, reached, oldest = _newest(base, before, since, enough)
    if found and (reached is None or len(found) >= enough):
        yield found
        found = []
    if reached is None:
        return
    since = max(since, oldest)
    for rows in _walk(base, _stretches(reached[0], since), reached, since, enough):
        yield found + rows
        found = []
    if found:
        yield found


def _newest(
    base: str, before: tuple[datetime, UUID], since: datetime, enough: int
) -> tuple[list[tuple[UUID, datetime]], tuple[datetime, UUID] | None, datetime]:
    """Matches among the newest cases, how far they were looked at (None: all were), and when the oldest case came."""
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST, [base, *before, since, enough, NEWEST, NEWEST_MOST])
        rows = cursor.fetchall()
    found = [(case_id, at) for _, case_id, at, fits in rows if fits]
    oldest, case_id, at, fits = rows[-1]
    return found, None if fits is not False else (at, case_id), oldest


def _walk(
    base: str, waiting: Sequence[_Stretch], before: tuple[datetime, UUID], since: datetime, enough: int
) -> Iterator[list[tuple[UUID, datetime]]]:
    """Matches of these stretches, at least `enough` at a time but for the last; stretches that hold too many are halved."""
    while waiting:
        marks, single = [_any(stretch.marks) for stretch in waiting], [not stretch.halves() for stretch in waiting]
        rows = _ask(base, marks, single, before, since, enough)
        full = rows[-1][0] if rows else 0
        if sum(row[0] == full for row in rows) <= MOST_AT_ONCE:
            waiting = waiting[full:] if len(rows) >= enough else []
        elif halves := waiting[full - 1].halves():
            rows = [row for row in rows if row[0] != full]
            waiting = [*halves, *waiting[full:]]
        else:  # one very full day: go on in it from the last one read
            rows.pop()
            before = (rows[-1][2], rows[-1][1])
            waiting = waiting[full - 1 :]
        if rows:
            yield _in_order(rows)


def _in_order(rows: Sequence[tuple[int, UUID, datetime]]) -> list[tuple[UUID, datetime]]:
    return [(row[1], row[2]) for row in sorted(rows, key=lambda row: (row[2], row[1]), reverse=True)]


def _ask(
    base: str, marks: Sequence[str], single: Sequence[bool], before: tuple[datetime, UUID], since: datetime, enough: int
) -> list[tuple[int, UUID, datetime]]:
    """Matches stretch by stretch, each by its `marks`, until there are `enough` or one stretch has more than MOST_AT_ONCE."""
    with connection.cursor() as cursor:
        cursor.execute(_ASK, [base, list(marks), list(single), *before, since, enough, MOST_AT_ONCE])
        return cursor.fetchall()


def _any(group: Sequence[str]) -> str:
    return "(" + " | ".join(finding.quoted(lexeme) for lexeme in group) + ")"


def _stretches(newest: datetime, oldest: datetime) -> list[_Stretch]:
    """1, 2, 4, 8 … days back to the beginning of a month, months to the beginning of a year, years until `oldest` is covered."""
    day, end = newest.astimezone(SHANGHAI).date(), oldest.astimezone(SHANGHAI).date()
    days: list[date] = []
    while day >= end and (len(days) < DAYS_FIRST or days[-1].day != 1):
        days.append(day)
        day -= timedelta(days=1)
    if day < end:
        return [_Stretch(days=tuple(part)) for part in _doubling(days)]
    months = range(day.year * 12 + day.month - 1, max(day.year * 12, end.year * 12 + end.month - 1) - 1, -1)
    years = range(day.year - 1, end.year - 1, -1)
    return [
        *(_Stretch(days=tuple(part)) for part in _doubling(days)),
        *(_Stretch(months=tuple(part)) for part in _doubling(list(months))),
        *(_Stretch(years=tuple(part)) for part in _doubling(list(years))),
    ]


def _doubling(units: list[T]) -> Iterator[list[T]]:
    begin, length = 0, 1
    while begin < len(units):
        yield units[begin : begin + length]
        begin, length = begin + length, length * 2


def _halved(units: tuple[T, ...]) -> tuple[tuple[T, ...], tuple[T, ...]]:
    middle = (len(units) + 1) // 2
    return units[:middle], units[middle:]


def _days_of(month: int) -> tuple[date, ...]:
    year, number = month // 12, month % 12 + 1
    return tuple(date(year, number, day) for day in range(monthrange(year, number)[1], 0, -1))


def _visible(actor: Actor, query: Query, ids: Sequence[UUID]) -> dict[UUID, Case]:
    """Those of these cases that the actor may see now, in the state and of the kind that is asked for."""
    wanted: Sequence[UUID] = ids
    if query.state:  # most of many are left out: their rows are not read
        rows = access.visible(actor).filter(id__in=ids, sealed=False, state=query.state)
        wanted = list(rows.values_list("id", flat=True))
    found = holding.rows(actor, wanted) if wanted else []
    return {case.id: case for case in found if not case.sealed and query.kind in ("", case.procedure)}


def _shown(hits: Sequence[tuple[UUID, datetime]], cases: Mapping[UUID, Case], terms: Sequence[str]) -> tuple[Hit, ...]:
    return _with_words([cases[case_id] for case_id, _ in hits], terms) if hits else ()


def _with_words(cases: Sequence[Case], terms: Sequence[str]) -> tuple[Hit, ...]:
    texts = finding.texts_of([case for case in cases if not case.sealed])
    found = []
    for case in cases:
        title, *said = texts.get(case.id, [case.title])
        found.append(Hit(case, lexemes.snippet([*said, title], terms)))  # the title stands above it anyway
    return tuple(found)


def _key_of(match: tuple[UUID, datetime]) -> str:
    return f"{match[1].isoformat()}_{match[0]}"


def _key(text: str) -> tuple[datetime, UUID]:
    at_text, _, id_text = text.partition("_")
    at = datetime.fromisoformat(at_text)
    if at.tzinfo is None or not _BEGINNING.year < at.year < _END.year:  # the database knows no offset of sixteen hours
        raise ValueError(text)
    return at.astimezone(UTC), UUID(id_text)
