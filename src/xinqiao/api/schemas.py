"""What goes in and comes out, as the OpenAPI document says it."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import ConfigDict, Field

NUMBER = r"^\d{12}-\d{1,2}$"


class Strict(Schema):
    """Names that are not known are refused, so that a slip of the pen is not lost in silence."""

    model_config = ConfigDict(extra="forbid")


class Problem(Schema):
    """RFC 9457: what is wrong, where, and what to do."""

    type: str
    title: str
    status: int
    detail: str
    remedy: str = ""
    errors: list["FieldProblem"] = []
    allowed: list[str] = []
    cites: list[str] = []
    seconds: int = 0


class FieldProblem(Schema):
    field: str
    detail: str


# --- citizens


class PersonIn(Strict):
    """Somebody's data: goes into the vault, and never comes out by this interface."""

    role: Literal["petitioner", "representative", "ward", "principal", "firm"] = "petitioner"
    name: str = Field("", max_length=80)
    phone: str = Field("", max_length=30)
    id_number: str = Field("", max_length=30)
    email: str = Field("", max_length=200)
    address: str = Field("", max_length=200)
    firm: str = Field("", max_length=120)


class FileIn(Strict):
    """An upload that waits under its token (POST /files)."""

    token: str = Field(max_length=80)
    kind: Literal["photo", "paper", "authority", "evidence", "scan"] = "photo"


class SubmissionIn(Strict):
    """What somebody says. Only `text` must be there; without people it is anonymous."""

    text: str = Field(description="What it is about, in the person's own words", max_length=20_000)
    title: str = Field("", max_length=200)
    place: str = Field("", max_length=200)
    area_code: str = Field(
        "", pattern=r"^(\d{2,15})?$", description="Street or community; its petition office registers"
    )
    wish: str = Field("", max_length=2000)
    channel: Literal["portal", "hotline", "window", "letter", "transfer"] = Field(
        "portal", description="Without a token always portal"
    )
    reporter: Literal["person", "firm", "guardian", "attorney", "joint", "anonymous", ""] = Field(
        "", description="Left out: person when there are people, else anonymous"
    )
    people: list[PersonIn] = Field([], max_length=10)
    joint_count: int = Field(1, ge=1, le=100_000)
    confidential: bool = False
    about_official: bool = Field(
        False, description="About wrongdoing of an official: sealed at once, followed at the portal"
    )
    files: list[FileIn] = Field([], max_length=20)


class SubmissionOut(Schema):
    number: str = Field(description="Public number")
    code: str = Field(description="Private query code, kept nowhere; empty when it was changed since")
    case: str = Field(description="Number of its first matter; empty when it is sealed")
    received_at: datetime
    replayed: bool = Field(description="Whether this very request had been carried out before")


class TrackIn(Strict):
    number: str = Field(max_length=40)
    code: str = Field(max_length=40)


class PaperLine(Schema):
    kind: str
    label: str
    number: str
    issuer: str
    issued_on: date | None
    served_on: date | None


class TrackEntry(Schema):
    at: datetime
    title: str
    who: str


class DueOut(Schema):
    act: str
    title: str
    due: date
    provisional: bool


class MatterOut(Schema):
    """A matter as its petitioner may read it."""

    number: str
    procedure: str
    state: str
    state_label: str
    organ: str
    received_on: date
    closed_on: date | None
    next: str = Field(description="What comes next, in one sentence")
    due: DueOut | None
    rights: list[DueOut] = Field(description="What the petitioner may do until when")
    steps: list[str] = Field(description="What may be done now at the portal")
    papers: list[PaperLine]
    entries: list[TrackEntry]


class TrackOut(Schema):
    number: str
    matters: list[MatterOut]


class StagedOut(Schema):
    token: str
    name: str
    size: int
    seconds: int = Field(description="How long it waits")


# --- staff


class OrganOut(Schema):
    id: int
    code: str
    name: str
    short_name: str
    kind: str


class PostOut(Schema):
    """In which post this token works, and what it may do."""

    post: int
    title: str
    role: str
    area_code: str
    organ: OrganOut
    scopes: list[str]
    expires_at: datetime


class OrganBrief(Schema):
    id: int
    name: str


class DutyOut(DueOut):
    colour: str
    kind: str
    state: str
    organ: OrganBrief | None
    start_on: date
    cites: list[str]


class CaseBrief(Schema):
    number: str
    title: str
    procedure: str
    state: str
    state_label: str
    channel: str
    area_code: str
    content_code: str
    office: OrganBrief
    lead: OrganBrief | None
    received_at: datetime
    received_on: date
    urged_at: datetime | None
    closed_at: datetime | None
    closed_cause: str


class WorklistRow(CaseBrief):
    due: DutyOut | None


class WorklistOut(Schema):
    rows: list[WorklistRow]
    next: str = Field(description="Give it as `after` for the next page; empty at the end")


class PaperOut(PaperLine):
    id: UUID
    state: str
    live: bool


class RecordOut(Schema):
    seq: int
    at: datetime
    step: str
    event: str
    title: str
    by: str
    organ: OrganBrief | None
    post: str
    public: bool
    words: dict[str, Any]
    files: list[UUID]
    cites: list[str]


class FileOut(Schema):
    id: UUID
    name: str
    kind: str
    media_type: str
    size: int
    created_at: datetime


class RatingOut(Schema):
    target: str
    score: str
    reasons: list[str]
    at: datetime


class SaidOut(Schema):
    text: str
    title: str
    place: str
    wish: str


class CaseOut(CaseBrief):
    """The whole file, without identities: those are revealed at the desk only, for a reason."""

    said: SaidOut | None
    anonymous: bool
    confidential: bool
    assists: list[OrganBrief]
    duties: list[DutyOut]
    papers: list[PaperOut]
    records: list[RecordOut]
    files: list[FileOut]
    ratings: list[RatingOut]
    waits_for: str
    version: date
    head_seq: int
    head_hash: str


class ChoiceOut(Schema):
    value: str
    label: str


class InputOut(Schema):
    name: str
    label: str
    kind: str
    required: bool
    help: str
    when: str
    max_length: int
    choices: list[ChoiceOut]


class OptionOut(Schema):
    step: str
    label: str
    hint: str
    weight: str
    inputs: list[InputOut]
    documents: list[str]
    notices: list[str]
    cites: list[str]
    blocked: list[str] = Field(description="Why it cannot be taken yet; empty: it can")


class OptionsOut(Schema):
    number: str
    state: str
    options: list[OptionOut]


class StepIn(Strict):
    """The inputs of a step by their names, as GET /cases/{number}/options declares them.

    Dates are 2026-01-31, organs and posts their ids, files the tokens of POST /files, demands a list of objects.
    """

    inputs: dict[str, Any] = Field({}, max_length=60)


class StepPaper(Schema):
    id: UUID
    kind: str
    state: str
    number: str


class StepOut(Schema):
    number: str
    step: str
    seq: int
    event: str
    procedure: str
    state: str
    state_label: str
    closed_at: datetime | None
    papers: list[StepPaper]
    replayed: bool


class Snippet(Schema):
    text: str
    found: bool


class HitOut(CaseBrief):
    snippet: list[Snippet]


class SearchOut(Schema):
    hits: list[HitOut]
    next: str = Field(description="A page may be short and still have a next: then the search went far enough for once")
    note: str = Field(description="Why there is nothing, and what would help")
