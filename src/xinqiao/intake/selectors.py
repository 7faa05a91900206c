"""Reading what came in: proof by number and code or by phone, a person's own matters, the words of a submission."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from xinqiao.cases import access as case_access
from xinqiao.cases import words
from xinqiao.cases.models import Case
from xinqiao.kernel.ids import NUMBER_LENGTH, normalise_code, normalise_number
from xinqiao.ledger import batch
from xinqiao.people import access, keys
from xinqiao.people import selectors as people_found
from xinqiao.people import services as people
from xinqiao.people.actors import CITIZEN, SYSTEM, Actor
from xinqiao.people.areas import area_stem
from xinqiao.people.models import Organ
from xinqiao.people.selectors import IN_FORCE

from .models import Contact, Party, Submission, SubmissionCase

_TEXTS = """
SELECT l.case_id, s.words ->> 'text', s.words ->> 'place', s.words ->> 'wish'
FROM intake_submissioncase l JOIN intake_submission s ON s.id = l.submission_id
WHERE l.case_id = ANY(%s) AND NOT s.sealed
"""
_OFFICES = f"SELECT area_code FROM people_organ WHERE kind = %s AND {IN_FORCE}"  # noqa: S608 - own words
_PLACES = f"""
SELECT code, name, full_name, level, parent_code FROM people_area
WHERE {IN_FORCE} AND level = ANY(%s) AND EXISTS (SELECT 1 FROM unnest(%s::text[]) stem WHERE starts_with(code, stem))
ORDER BY code LIMIT %s
"""  # noqa: S608 - own words
_FIRST = "id = (SELECT submission_id FROM intake_submissioncase WHERE case_id = %s ORDER BY submission_id LIMIT 1)"


@dataclass(frozen=True)
class Proof:
    """A number whose query code somebody knows, with the cases that it opens."""

    number: str
    submission_id: UUID
    case_ids: frozenset[UUID]


def prove(*, number: str, code: str, ip: str, at: datetime) -> Proof | None:
    """The proof when `code` belongs to `number`; None otherwise, with the same answer and the same work for both.

    An item's number (-1) proves its whole submission. Each failure is counted under the number and under `ip`; raises
    Slowed, with the seconds to wait, when there were too many. The actor must be bound.
    """
    head = normalise_number(number)[:NUMBER_LENGTH]
    counted = head or "".join(number.split())[:40]
    people.attempt_guard(tries=(("number", counted), ("ip", ip)), at=at)
    stored, submission_id, case_ids = _door(head)
    right = keys.code_matches(normalise_code(code), stored, head)
    people.attempt_record(scope="number", key=counted, success=right, at=at)
    if right and submission_id:
        return Proof(head, submission_id, frozenset(case_ids))
    if ip:
        people.attempt_record(scope="ip", key=ip, success=False, at=at)
    return None


def _door(number: str) -> tuple[bytes | None, UUID | None, Sequence[UUID]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT code_hash, submission_id, case_ids FROM intake_door(%s)", [number])
        row = cursor.fetchone()
    return (None, None, ()) if row is None else (bytes(row[0]), row[1], row[2])


def case_ids_of(person_ids: Iterable[UUID]) -> frozenset[UUID]:
    """The cases of persons who have just been proven by phone. What came in sealed is left out: it opens by code only."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT case_id FROM intake_cases_of(%s::uuid[])", [list(person_ids)])
        return frozenset(row[0] for row in cursor.fetchall())


def open_ones(case_ids: frozenset[UUID]) -> frozenset[UUID]:
    """Those among `case_ids` that are not sealed now. The actor bound must be able to see them."""
    rows = case_access.visible(CITIZEN(case_ids)).filter(sealed=False)
    return frozenset(rows.values_list("id", flat=True))


def own_cases(actor: Actor) -> list[Case]:
    """The cases that a citizen has proven, newest first, with their organs."""
    if not actor.case_ids:
        return []
    rows = case_access.visible(actor).select_related("office", "lead").order_by("-received_at", "-id")
    return list(rows[:200])


def submission_ids_of(case_ids: Iterable[UUID]) -> frozenset[UUID]:
    """The submissions that these cases came of, as far as the bound actor may see them."""
    rows = SubmissionCase.objects.filter(case_id__in=list(case_ids))
    return frozenset(rows.values_list("submission_id", flat=True))


def submission_of(case: Case) -> Submission | None:
    """The submission that a case came of; the first when several joined."""
    return submission_asked(case).answer()


def submission_asked(case: Case) -> batch.Question[Submission | None]:
    """What submission_of asks, to travel with others."""
    one = f"{batch.selection(Submission)} WHERE {_FIRST}"
    return batch.question(one, [case.pk], lambda rows: next(iter(batch.made(Submission, rows)), None))


def items_of(submission: Submission, actor: Actor) -> list[Case]:
    """The cases that came of a submission, as far as `actor` may see them, in the order of their numbers."""
    ids = SubmissionCase.objects.filter(submission=submission).values_list("case_id", flat=True)
    return list(case_access.visible(actor).filter(id__in=list(ids)).order_by("number"))


def words_of(submission: Submission) -> dict[str, Any]:
    """What was said: text, title, place, wish. Empty when the words were destroyed."""
    found: dict[str, Any] | None = words.get(submission)
    return found or {}


def texts_of_cases(case_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """What was said, by case, for the word index and for pieces of it in lists; nothing that is sealed."""
    found: dict[UUID, list[str]] = {}
    for case_id, *texts in batch.rows(_TEXTS, [list(case_ids)]):
        found.setdefault(case_id, []).extend(text for text in texts if text)
    return found


def contact_of(contact_id: UUID, actor: Actor) -> Contact | None:
    """This very clerk's contact, open or closed; None when it is nobody's or another's."""
    return Contact.objects.filter(pk=contact_id, account_id=actor.account).first()


def open_contacts(actor: Actor) -> list[Contact]:
    """The contacts that this clerk has not ended, newest first."""
    rows = Contact.objects.filter(account_id=actor.account, post_id=actor.post, closed_at__isnull=True)
    return list(rows.order_by("-opened_at")[:8])


def parties_of(submission: Submission) -> list[Party]:
    """Who said it, the petitioner first."""
    return list(submission.parties.order_by("id"))


PLACE_LEVELS = ("district", "street", "community")
MOST_PLACES = 3000


class Place(NamedTuple):
    """A place in a list: of hundreds on many pages, so no more than what a list shows."""

    code: str
    name: str
    full_name: str
    level: str
    parent_code: str


def places(on: date, levels: Sequence[str] = PLACE_LEVELS) -> list[Place]:
    """Districts, streets and communities (or some of these) for which a petition office here answers, by code."""
    offices = batch.rows(_OFFICES, [Organ.Kind.PETITION_OFFICE, on, on])
    stems = [area_stem(code) for (code,) in offices] or [""]
    return [Place(*row) for row in batch.rows(_PLACES, [on, on, list(levels), stems, MOST_PLACES])]


@dataclass(frozen=True)
class Pace:
    """How long answers of one kind took: how many were looked at, and in how many days half and nine tenths were there."""

    answered: int
    half: int
    most: int


SAMPLE = 400
FEWEST = 10
_ANSWERED = ("served", "answered", "informed")


def how_long(*, at: datetime) -> dict[str, Pace]:
    """How long the answers to recent matters took, by procedure: among the newest of each office's last year.

    Kinds with fewer than ten answers are left out: they would say nothing. Sealed matters are not looked at.
    """
    took: dict[str, list[int]] = {}
    with access.acting(SYSTEM("figures")):
        for office in people_found.organs_of(on=at.date(), kinds=[Organ.Kind.PETITION_OFFICE])[:3]:
            rows = Case.objects.filter(office=office, sealed=False, received_at__gt=at - timedelta(days=365))
            for procedure, received, facts in rows.order_by("-received_at", "-id").values_list(
                "procedure", "received_on", "facts"
            )[:SAMPLE]:
                days = facts.get("dates", {})
                answered = next((days[name] for name in _ANSWERED if name in days), None)
                if answered:
                    took.setdefault(procedure, []).append((date.fromisoformat(answered) - received).days)
    return {name: _pace(days) for name, days in took.items() if len(days) >= FEWEST}


def _pace(days: list[int]) -> Pace:
    ordered = sorted(days)
    count = len(ordered)
    return Pace(count, ordered[-(-count // 2) - 1], ordered[-(-count * 9 // 10) - 1])
