"""The facts that each kind of paper needs: the keys of the mapping given to `compose`. Plain values, JSON will do.

Days may be `date`, aware `datetime` or ISO text. A `DayFact` may also be a bare day, without its reasons. Every kind
takes the keys of `Common` besides its own; keys that are not `NotRequired` must be there and not empty.
"""

from datetime import date, datetime
from typing import Literal, NotRequired, TypedDict

AnyDay = date | datetime | str


class DayFact(TypedDict):
    """A day that a term gave, with the lines of `law.explain` and the articles as they are to be printed."""

    day: AnyDay
    why: NotRequired[list[str]]
    cites: NotRequired[list[str]]
    provisional: NotRequired[bool]


class Contact(TypedDict, total=False):
    """Whom to ask; printed as the note under the signature."""

    name: str
    phone: str
    address: str
    hours: str


class Common(TypedDict):
    """Keys of every kind."""

    organ: str  # full name of the issuing organ
    issued_on: AnyDay
    number: NotRequired[str]  # whole document number; else made of organ_word and serial
    organ_word: NotRequired[str]  # 机关代字, e.g. "拱信"
    serial: NotRequired[str]  # kernel.ids.new_serial()
    contact: NotRequired[Contact]
    copy_to: NotRequired[list[str]]
    attachments: NotRequired[list[str]]
    notes: NotRequired[list[str]]
    seal: NotRequired[Literal["stamp", "electronic", "none"]]  # "stamp" is the default
    draft: NotRequired[bool]  # marked 草稿
    demonstration: NotRequired[bool]  # marked 演示


class Item(TypedDict):
    number: str  # "123456789012-1"
    about: str


class Receipt(Common):
    """receipt 来件回执: for the citizen, right after sending."""

    case_number: str
    received_on: AnyDay
    query_code: NotRequired[str]  # left out on a copy for the file
    channel: NotRequired[str]  # "网上", "来访" …
    about: NotRequired[str]
    track_url: NotRequired[str]  # goes into the QR code; number and code in its fragment
    due: NotRequired[DayFact]  # last day for passing it on
    next: NotRequired[list[str]]  # replaces the usual three lines
    items: NotRequired[list[Item]]  # when the submission was split
    who_sees: NotRequired[list[str]]
    sealed: NotRequired[bool]


class Registration(Common):
    """registration 信访事项登记表: for the file; identity as the caller masks it."""

    case_number: str
    received_on: AnyDay
    words: str
    channel: NotRequired[str]
    about: NotRequired[str]
    petitioner: NotRequired[str]
    representatives: NotRequired[list[str]]
    place: NotRequired[str]
    content: NotRequired[str]  # class of content
    route: NotRequired[str]
    repeat: NotRequired[str]  # "初次" or "重复：…"
    registered_by: NotRequired[str]
    materials: NotRequired[list[str]]


class Referral(Common):
    """referral_slip 信访事项转送单 (交办单 when way is "assign")."""

    case_number: str
    to_organ: str
    received_on: AnyDay  # by the petition office
    about: str
    way: NotRequired[Literal["own", "lower", "assign"]]  # Art. 22 (1), (2), (3); "own" is the default
    role: NotRequired[Literal["lead", "assist"]]
    lead: NotRequired[str]
    assists: NotRequired[list[str]]
    petitioner: NotRequired[str]
    confidential: NotRequired[bool]
    place: NotRequired[str]
    content: NotRequired[str]
    summary: NotRequired[str]
    remarks: NotRequired[str]
    notice_due: NotRequired[DayFact]  # 15 days, Art. 23 para 3
    objection_due: NotRequired[DayFact]  # 5 working days
    report_due: NotRequired[DayFact]  # of an assignment


class Objection(Common):
    """objection 信访事项转送异议书: the receiving unit to the sender."""

    case_number: str
    to_organ: str
    about: str
    received_on: AnyDay  # by the unit
    reasons: str
    basis: NotRequired[list[str]]
    suggested_organ: NotRequired[str]
    due: NotRequired[DayFact]
    returns: NotRequired[int]  # how often the matter has come back, this time included


class Ruling(Common):
    """jurisdiction_ruling 指定办理通知."""

    case_number: str
    about: str
    to_organs: list[str]
    lead: str
    reasons: str
    basis: NotRequired[list[str]]
    assists: NotRequired[list[str]]
    by: NotRequired[Literal["superior", "conference", "government"]]  # who rules: Art. 24
    disputed_by: NotRequired[list[str]]
    due: NotRequired[DayFact]  # last day for telling the petitioner


class Acceptance(Common):
    """acceptance_notice 信访事项受理告知书."""

    case_number: str
    addressee: str
    about: str
    accepted_on: AnyDay
    due: DayFact  # last day for the decision, or for the reply to a suggestion
    lane: NotRequired[Literal["redress", "suggestion"]]  # "redress" is the default
    submitted_on: NotRequired[AnyDay]
    received_on: NotRequired[AnyDay]  # by this unit
    sender: NotRequired[str]  # petition office that passed it on
    demands: NotRequired[list[str]]
    simplified: NotRequired[bool]


class Extension(Common):
    """extension_notice 信访事项延长办理期限告知书."""

    case_number: str
    addressee: str
    about: str
    accepted_on: AnyDay
    old_due: AnyDay
    new_due: DayFact
    reason: str
    approved_by: NotRequired[str]
    approved_on: NotRequired[AnyDay]


class Demand(TypedDict):
    """One demand of a decision (Art. 32)."""

    demand: str
    facts: str
    reasons: str
    basis: list[str]
    outcome: Literal["support", "partly", "explain", "reject"]
    opinion: NotRequired[str]  # what exactly is decided
    measures: NotRequired[str]
    executor: NotRequired[str]
    execute_by: NotRequired[AnyDay]


class Heard(TypedDict, total=False):
    """The petitioner's statement (Art. 31 (6)): when and how, or what was tried."""

    on: AnyDay
    how: str
    attempts: str


class Review(TypedDict, total=False):
    organs: list[str]  # one, several (the citizen chooses) or none known
    how: str  # where and how to hand it in
    days: int  # 30


class DecisionFacts(Common):
    """decision 信访事项处理意见书."""

    case_number: str
    addressee: str
    about: str
    accepted_on: AnyDay
    demands: list[Demand]
    heard: Heard
    investigation: NotRequired[str]  # what was done to find out, in a few words
    opinion: NotRequired[str]  # the overall opinion, after the single ones
    mediation: NotRequired[str]
    review: NotRequired[Review]


class Service(Common):
    """service_proof 送达回证: blanks are left to be filled in by hand."""

    case_number: str
    document: str
    recipient: str
    document_number: NotRequired[str]
    method: NotRequired[str]
    place: NotRequired[str]
    served_on: NotRequired[AnyDay]
    servers: NotRequired[list[str]]
    signed_by: NotRequired[str]
    relation: NotRequired[str]  # of the one who signs in the recipient's place
    refused: NotRequired[str]  # reason and witnesses
    remarks: NotRequired[str]


class SuggestionReply(Common):
    """suggestion_reply 建议回复函."""

    case_number: str
    addressee: str
    about: str
    received_on: AnyDay
    outcome: Literal["adopted", "partly", "not"]
    reasons: str
    measures: NotRequired[str]


class Transfer(Common):
    """transfer_letter 检举控告类信访事项移送函: sealed; name nobody in `notes` or `attachments`."""

    case_number: str
    to_organ: str
    received_on: AnyDay
    channel: NotRequired[str]
    named: NotRequired[bool]  # the reporter gave a name
    materials: NotRequired[list[str]]
    summary: NotRequired[str]


class Withdrawal(Common):
    """withdrawal_note 撤回信访事项确认书."""

    case_number: str
    addressee: str
    about: str
    withdrawn_on: AnyDay
    undo_until: DayFact


class OnTheSpot(Common):
    """on_the_spot_reply 当场答复单."""

    case_number: str
    question: str
    answer: str
    addressee: NotRequired[str]
    basis: NotRequired[list[str]]
    answered_by: NotRequired[str]
    knowledge: NotRequired[list[str]]  # titles of the entries that the answer rests on


class PathNotice(Common):
    """path_notice 办理途径告知书: the law names another road (Art. 31 (1)-(5))."""

    case_number: str
    addressee: str
    about: str
    body: str  # the organ to turn to
    how: str
    path: NotRequired[Literal["litigation", "arbitration", "party", "administrative", "duty"]]
    basis: NotRequired[list[str]]
    known_on: NotRequired[AnyDay]  # the day from which `until` was computed, as the citizen told it
    until: NotRequired[str]  # in words; left out when the start is unknown
