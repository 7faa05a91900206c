"""Everything that hangs on one case, read in one round trip; in two when organs took part that the case itself does not name."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from xinqiao.ledger import batch
from xinqiao.people.models import Account, Organ, Post

from .models import Assist, Case, Document, Obligation, Rating, Record

BETWEEN_ORGANS = ("referral_slip", "objection", "transfer_letter")
SERVED_FIRST = ("decision", "suggestion_reply")  # an answer exists for the petitioner once it is served


@dataclass
class CaseFile:
    """Everything on one page."""

    case: Case
    obligations: list[Obligation]  # open first, by due; then settled, for staff alone
    documents: list[Document]
    records: list[Record]  # newest first
    ratings: list[Rating]
    assists: list[Any]
    live: Mapping[str, str]  # state of every paper that stands, by kind; drafts too, whoever reads

    @property
    def open_duties(self) -> list[Obligation]:
        return [o for o in self.obligations if o.settled_at is None and o.kind == "duty"]

    @property
    def open_windows(self) -> list[Obligation]:
        return [o for o in self.obligations if o.settled_at is None and o.kind == "window"]

    @property
    def next_duty(self) -> Obligation | None:
        return self.open_duties[0] if self.open_duties else None


def case_file(case: Case, *, public_only: bool = False) -> CaseFile:
    """The file of a case that access has already allowed. With `public_only` only what the petitioner may read."""
    return case_file_asked(case, public_only=public_only).answer()


def case_file_asked(case: Case, *, public_only: bool = False) -> batch.Question[CaseFile]:
    """What case_file asks, to travel with others."""
    asked = [(statement, [case.pk] * statement.count("%s")) for statement in _statements(public_only)]
    return batch.Question(asked, lambda found: _bound(case, found, public_only=public_only))


def _bound(case: Case, found: list[batch.Rows], *, public_only: bool) -> CaseFile:
    duties, papers, steps, scores, helpers, *posts = found
    held: dict[int, Post] = {}
    for row in posts[0] if posts else ():
        post, post.account = batch.parted((Post, Account), row)
        held[post.pk] = post
    obligations = batch.made(Obligation, duties)
    documents, records = batch.made(Document, papers), batch.made(Record, steps)
    ratings, assists = batch.made(Rating, scores), batch.made(Assist, helpers)
    hanging: tuple[Any, ...] = (*obligations, *documents, *records, *ratings, *assists)
    for each in hanging:
        batch.hang(each, "case", case)
    named = _organs(case, {*_ids("organ_id", (*obligations, *records, *assists)), *_ids("issuer_id", documents)})
    for one in (*obligations, *records, *assists):
        _name(one, "organ", named)
    for document in documents:
        _name(document, "issuer", named)
    for record in records:
        _name(record, "post", held)
    live = {document.kind: document.state for document in documents if document.live}
    if public_only:
        documents = [document for document in documents if _petitioners(document)]
    obligations.sort(key=lambda o: o.settled_at is not None)
    return CaseFile(case, obligations, documents, records, ratings, assists, live)


def _ids(name: str, rows: Iterable[Any]) -> Iterator[int]:
    return (key for key in (getattr(row, name) for row in rows) if key is not None)


def _organs(case: Case, ids: set[int]) -> dict[int, Organ]:
    """These organs: those that the case brings along, and the others in one more round trip."""
    brought = (batch.hung(case, name) for name in ("office", "lead", "ruling", "desk"))
    known: dict[int, Organ] = {organ.pk: organ for organ in brought if isinstance(organ, Organ)}
    missing = sorted(ids - known.keys())
    return known | {organ.pk: organ for organ in batch.found(Organ, "id = ANY(%s)", [missing])} if missing else known


def _name(row: Any, field: str, known: Mapping[int, Any]) -> None:
    key = getattr(row, f"{field}_id")
    if key is None or key in known:
        batch.hang(row, field, known.get(key))


def _petitioners(document: Document) -> bool:
    """As selectors.FOR_THE_PETITIONER says it in SQL."""
    given = document.number is not None and document.kind not in BETWEEN_ORGANS
    return given and (document.kind not in SERVED_FIRST or document.served_on is not None)


@cache
def _statements(public_only: bool) -> tuple[str, ...]:
    """Duties, papers, steps, ratings, who assists, and for staff the posts; %s is the case."""
    of = "WHERE case_id = %s"
    told, owed = (f"{of} AND public", f"{of} AND settled_at IS NULL") if public_only else (of, of)
    found = (
        f"{batch.selection(Obligation)} {owed} ORDER BY due, id",
        f"{batch.selection(Document)} {of} ORDER BY created_at",
        f"{batch.selection(Record)} {told} ORDER BY seq DESC",
        f"{batch.selection(Rating)} {of} ORDER BY id",
        f"{batch.selection(Assist)} {of} AND closed_at IS NULL ORDER BY id",
    )
    if public_only:  # who took a step is not the petitioner's to know: the organ is
        return found
    posts = (
        f"SELECT {batch.columns(Post, Account)} FROM people_post JOIN people_account ON people_account.id = "  # noqa: S608 - own words
        f"people_post.account_id WHERE people_post.id IN (SELECT post_id FROM cases_record {of})"
    )
    return (*found, posts)
