"""Taking in what somebody says. Whatever the channel, it ends in receive()."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext

from xinqiao.cases import access as case_access
from xinqiao.cases import sealing, words
from xinqiao.cases import services as cases
from xinqiao.cases.models import Case
from xinqiao.cases.services import Upload
from xinqiao.files import services as files
from xinqiao.kernel.canonical import canonical
from xinqiao.kernel.clock import day_of
from xinqiao.kernel.errors import BadInput, Conflict, NotFound
from xinqiao.kernel.ids import CODE_LENGTH, new_number, uuid7
from xinqiao.ledger import prepared
from xinqiao.ledger import services as ledger
from xinqiao.ledger.batch import Batch
from xinqiao.notices import services as notices
from xinqiao.people import access, keys
from xinqiao.people import selectors as people
from xinqiao.people import services as vault
from xinqiao.people.actors import SYSTEM, Actor
from xinqiao.people.models import Organ

from . import selectors
from .models import Contact, Party, Submission, SubmissionCase

MOST_WORDS = 10_000
MOST_REPRESENTATIVES = 5  # Art. 20
MOST_MATTERS = 30
REGISTRAR = SYSTEM("registrar")
_HASH = hashlib.sha256().digest_size
CORRECTABLE = {"phone": "手机号", "name": "姓名", "address": "通信地址", "email": "邮箱"}


@dataclass(frozen=True)
class PersonData:
    """Who somebody says they are. Goes straight into the vault."""

    name: str = ""
    phone: str = ""
    id_number: str = ""
    email: str = ""
    address: str = ""
    firm: str = ""


@dataclass(frozen=True)
class Words:
    """What was said, as it was said."""

    text: str
    title: str = ""
    place: str = ""
    area_code: str = ""
    wish: str = ""
    read_back: bool = False  # read back to the person at the window or on the telephone, who confirmed it


@dataclass(frozen=True)
class Who:
    """Who says it, and what they asked for."""

    reporter: str = Submission.Reporter.ANONYMOUS
    people: Sequence[tuple[str, PersonData]] = ()  # (Party.Role, data); the first is the petitioner
    joint_count: int = 1
    confidential: bool = False  # the petition office relays; the unit does not learn who it is
    about_official: bool = False  # seals the matter


@dataclass(frozen=True)
class Receipt:
    """What the person gets at once. `code` is shown here and nowhere else; only its hash is kept."""

    number: str
    code: str
    submission: Submission
    case: Case
    replayed: bool = False
    uploads: tuple[UUID, ...] = field(default_factory=tuple)


def receive(
    *,
    channel: str,
    said: Words,
    who: Who,
    uploads: Sequence[Upload] = (),
    contact: Contact | None = None,
    entered_seconds: int | None = None,
    references: Sequence[str] = (),
    actor: Actor,
    at: datetime,
    key: str,
) -> Receipt:
    """Take in a submission: number, query code, case, registration and its first obligation (Art. 22), in one transaction.

    The same `key` with the same content again gives the same number and code. `references` stand for the uploads in the
    request (tokens, digests): the same ones are the same uploads, also when these wait no more. Raises BadInput naming the
    field, Conflict when the key came before with other content; nothing else is ever refused.
    """
    check(said, who)
    same = _Same(channel, said, who, uploads, references)
    for last in (False, False, True):
        try:
            with transaction.atomic():
                return _again(same, actor, key) or _receive(
                    channel, said, who, uploads, contact, entered_seconds, actor, at, key, same.digest()
                )
        except IntegrityError as error:  # numbers are drawn by lot: among millions one is drawn twice now and then
            if last or "number" not in (getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") or ""):
                raise
    raise AssertionError


def receipt_again(
    *,
    channel: str,
    said: Words,
    who: Who,
    uploads: Sequence[Upload] | None = None,
    references: Sequence[str],
    actor: Actor,
    key: str,
) -> Receipt | None:
    """The receipt of a request that was carried out before; None when it is new. `uploads` None: they wait no more.

    Raises Conflict when the key came before with other content.
    """
    with transaction.atomic():
        return _again(_Same(channel, said, who, uploads, references), actor, key)


@dataclass(frozen=True)
class _Same:
    """Everything that was said: a keyed hash of words and persons, and bound to it hashes of the uploads and of what stands for
    them. No plain hash of a name or a telephone lies in the database, where few tries would undo it.
    """

    channel: str
    said: Words
    who: Who
    uploads: Sequence[Upload] | None
    references: Sequence[str]

    def digest(self) -> bytes:
        """What is kept beside the key."""
        said = keys.code_hash(self._said(), "said")
        return said + _bound(said, self._files()) + _bound(said, self._standing())

    def __call__(self, stored: bytes) -> bool:
        """Whether this is the request whose hash is kept. Formerly it covered fewer things and had no key: 32 bytes."""
        if len(stored) == _HASH:
            few = [self.channel, self.said.text, self.said.place, self.said.area_code, self.who.reporter]
            return stored == hashlib.sha256(canonical(few)).digest()
        said, files, references = stored[: -2 * _HASH], stored[-2 * _HASH : -_HASH], stored[-_HASH:]
        if not keys.code_matches(self._said(), said, "said"):
            return False
        known = self.uploads is not None and files == _bound(said, self._files())
        return known or references == _bound(said, self._standing())

    def _said(self) -> str:
        people = [[role, vars(data)] for role, data in self.who.people]
        said = [self.channel, vars(self.said), {**vars(self.who), "people": people}]
        return hashlib.sha256(canonical(said)).hexdigest()

    def _files(self) -> list[Any]:
        return [[one.kind, one.name[:200], one.digest] for one in self.uploads or ()]

    def _standing(self) -> list[Any]:
        return list(self.references) or self._files()


def _bound(said: bytes, files: list[Any]) -> bytes:
    return hashlib.sha256(said + canonical(files)).digest()


def _again(same: _Same, actor: Actor, key: str) -> Receipt | None:
    done = ledger.replayed(key=key, input_hash=same)
    if done is None:
        return None
    _see(actor, done[0])
    link = SubmissionCase.objects.select_related("submission", "case").filter(case_id=done[0]).first()
    if link is None:  # sealed since, or from the start
        raise Conflict("刚才那一份已经收到了，没有重复登记。")
    return Receipt(link.submission.number, code_of(key), link.submission, link.case, replayed=True)


def _receive(
    channel: str,
    said: Words,
    who: Who,
    uploads: Sequence[Upload],
    contact: Contact | None,
    entered_seconds: int | None,
    actor: Actor,
    at: datetime,
    key: str,
    digest: bytes,
) -> Receipt:
    code = code_of(key)
    desk, office = offices(actor, said.area_code, at)
    number = new_number()
    submission = Submission(
        number=number,
        code_hash=keys.code_hash(code, number),
        channel=channel,
        reporter=who.reporter,
        received_at=at,
        title="" if who.about_official else title_of(said),
        area_code=said.area_code,
        joint_count=max(1, who.joint_count),
        confidential=who.confidential,
        sealed=who.about_official,
        contact=contact,
        entered_seconds=entered_seconds,
    )
    spoken: dict[str, Any] = {"text": said.text, "title": said.title, "place": said.place, "wish": said.wish}
    if said.read_back:
        spoken["read_back"] = True
    words.put(submission, spoken, sealed=submission.sealed)
    case = Case(
        id=uuid7(),
        number=f"{submission.number}-1",
        procedure="intake",
        version=day_of(at),
        state="",
        title=sealing.NEUTRAL_TITLE if submission.sealed else submission.title,
        channel=channel,
        jurisdiction=office.area_code,
        area_code=said.area_code,
        office=office,
        desk=desk,
        anonymous=who.reporter == Submission.Reporter.ANONYMOUS,
        confidential=who.confidential,
        sealed=submission.sealed,
        received_at=at,
        received_on=day_of(at),
        changed_at=at,
        facts={"dates": {"received": day_of(at).isoformat()}, "flags": [], "counts": {}},
    )
    _see(actor, case.id)
    stored = [(role, _person(data, sealed=submission.sealed, actor=actor, at=at)) for role, data in who.people]
    case.person_id = stored[0][1] if stored else None
    rows = Batch()
    rows.insert(submission)
    rows.insert(case)
    rows.insert(SubmissionCase(submission=submission, case=case))
    for role, person_id in stored:
        rows.insert(Party(submission=submission, role=role, person_id=person_id, since=at))
    if submission.sealed or uploads:  # what follows points at them
        rows.send()
    passing = False
    if submission.sealed:
        sealing.grant_intake(case, granted_by=actor.kind, at=at)
        passing = sealing.grant_passing(case, actor=actor, at=at)
    blobs = tuple(
        files.blob_store(
            name=u.name,
            data=u.data,
            kind=u.kind,
            case_id=case.id,
            submission_id=submission.id,
            sealed=submission.sealed,
            actor=actor,
            at=at,
        ).id
        for u in uploads
    )
    inputs = {"submission": submission.id, "channel": channel, "files": list(blobs)}
    held = cases.Held(case)
    cases.begin(held, step="receive", inputs=inputs, actor=actor, at=at, key=key, digest=digest, batch=rows)
    cases.begin(held, step="register", inputs={}, actor=REGISTRAR, at=at, key=f"{key}/register", batch=rows)
    ledger.send(rows)
    if passing:
        sealing.let_go(case, actor=actor)
    return Receipt(submission.number, code, submission, case, uploads=blobs)


def offices(actor: Actor, area_code: str, at: datetime) -> tuple[Organ | None, Organ]:
    """The organ whose desk takes the matter in (None on the portal) and the petition office that answers for it.

    A petition office answers for what its own window takes in, a hotline works for the office above it; what comes by
    the portal goes to the office of the place (first receiver, 首接首办).
    """
    with prepared.planned():
        desk = Organ.objects.select_related("superior").get(pk=actor.organ_id) if actor.organ_id else None
    if desk is not None and desk.kind == Organ.Kind.PETITION_OFFICE:
        return desk, desk
    if desk is not None and desk.superior is not None and desk.superior.kind == Organ.Kind.PETITION_OFFICE:
        return desk, desk.superior
    return desk, people.petition_office_for(area_code, day_of(at))


def code_of(key: str) -> str:
    """The query code that belongs to a request: the same form sent twice shows the same code, which is kept nowhere."""
    digest = keys.code_hash(key, "query-code")
    return f"{int.from_bytes(digest[-16:]) % 10**CODE_LENGTH:0{CODE_LENGTH}d}"


def _see(actor: Actor, case_id: UUID) -> None:
    """Let a citizen's transaction see the case that it has just made."""
    if actor.kind == "citizen":
        access.bind(replace(actor, case_ids=actor.case_ids | {case_id}))


def title_of(said: Words) -> str:
    """The title that somebody gave, else the first sentence."""
    if said.title.strip():
        return said.title.strip()[:60]
    first = re.split(r"[。！？!?\n]", said.text.strip(), maxsplit=1)[0].strip()
    return first if len(first) <= 40 else f"{first[:39]}…"


def check(said: Words, who: Who) -> None:
    """Raise BadInput by field for what cannot be taken in as it is. Every channel asks here."""
    wrong: dict[str, str] = {}
    if not said.text.strip():
        wrong["text"] = "请写下您想反映的事情，一句话也可以。"
    elif len(said.text) > MOST_WORDS:
        wrong["text"] = (
            gettext("您写了 {n} 个字，这里最多能放 {most} 个字。请把其余部分作为附件上传，内容都还在。")
        ).format(n=len(said.text), most=MOST_WORDS)
    if who.reporter != Submission.Reporter.ANONYMOUS:
        if not who.people or not (who.people[0][1].name.strip() or who.people[0][1].firm.strip()):
            wrong["name"] = "请留下姓名，或者选择“不留姓名”。"
        for _, person in who.people:
            wrong |= person_faults(person)
    representatives = [1 for role, _ in who.people if role in {Party.Role.PETITIONER, Party.Role.REPRESENTATIVE}]
    if len(representatives) > MOST_REPRESENTATIVES:
        wrong["people"] = (
            "多人共同提出的，代表不超过 5 人（《信访工作条例》第二十条）。请只留 5 位代表，其他人写上人数。"
        )
    if wrong:
        raise BadInput(wrong)


def person_faults(person: PersonData) -> dict[str, str]:
    """What is wrong with somebody's data, by field; empty when all is well."""
    wrong: dict[str, str] = {}
    phone = re.sub(r"[\s-]", "", person.phone)
    if phone and not re.fullmatch(r"(\+?86)?1\d{10}|0\d{9,11}", phone):
        digits = len(re.sub(r"\D", "", phone))
        if phone.isdecimal() and phone.startswith("1") and digits < 11:
            wrong["phone"] = gettext("手机号少了 {n} 位，请补全后再提交。您写的内容都还在。").format(n=11 - digits)
        else:
            wrong["phone"] = "这个电话号码好像不对，请核对。手机号是 11 位，座机请带区号。您写的内容都还在。"
    if person.email and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", person.email):
        wrong["email"] = "邮箱地址好像少了一部分，请核对，或者留空。"
    if person.id_number and not re.fullmatch(r"\d{17}[\dXx]|\d{15}|[A-Z]\d{7,10}", person.id_number):
        wrong["id_number"] = "证件号码位数不对，请核对，或者留空。"
    return wrong


def vault_fields(data: PersonData) -> dict[str, str]:
    """Somebody's data as the vault takes it."""
    return {
        "name": data.name.strip() or data.firm.strip(),
        "phone": re.sub(r"[\s-]", "", data.phone),
        "id_number": data.id_number.strip(),
        "address": data.address.strip(),
        "email": data.email.strip(),
        "firm": data.firm.strip(),
    }


def _person(data: PersonData, *, sealed: bool, actor: Actor, at: datetime) -> UUID:
    person = vault.person_store(domain="sealed" if sealed else "open", **vault_fields(data), actor=actor, at=at)
    return person.id


@transaction.atomic
def contact_open(*, kind: str, actor: Actor, at: datetime) -> Contact:
    """Begin a call or visit. Look-ups of a person are possible until it is closed."""
    if kind not in Contact.Kind.values:
        raise BadInput({"kind": "请选择来电、来访或来信。"})
    return Contact.objects.create(
        kind=kind, account_id=actor.account, post_id=actor.post, organ_id=actor.organ, opened_at=at
    )


@transaction.atomic
def contact_close(*, contact_id: UUID, outcome: str, actor: Actor, at: datetime) -> Contact:
    """End the call or visit; look-ups inside it end too."""
    contact = Contact.objects.select_for_update().filter(pk=contact_id, account_id=actor.account).first()
    if contact is None:
        raise NotFound()
    if contact.closed_at is None:
        contact.closed_at, contact.outcome = at, outcome
        contact.save(update_fields=["closed_at", "outcome"])
    return contact


@transaction.atomic
def caller_matters(*, contact_id: UUID, phone: str, actor: Actor, at: datetime) -> list[Case]:
    """The earlier matters of whoever has this exact telephone, as far as `actor` may see them, newest first.

    Only inside the actor's own open contact; each look-up is on the access log (invariant 9). What came in sealed is
    never among them. Raises NotFound without an open contact, BadInput for a number that is not whole, Refused for
    others than intake posts.
    """
    if not Contact.objects.filter(pk=contact_id, account_id=actor.account, closed_at__isnull=True).exists():
        raise NotFound()
    try:
        found = vault.person_lookup(kind="phone", value=phone, contact_id=contact_id, actor=actor, at=at)
    except BadInput as error:
        raise BadInput({"phone": next(iter(error.fields.values()))}) from error
    ids = selectors.case_ids_of(found)
    rows = case_access.visible(actor).filter(id__in=ids).select_related("office", "lead")
    return list(rows.order_by("-received_at", "-id")[:MOST_MATTERS])


@transaction.atomic
def data_correct(
    *,
    case: Case,
    field_name: str,
    value: str,
    reason: str,
    identity_checked: bool,
    actor: Actor,
    at: datetime,
    key: str,
) -> None:
    """Put right a petitioner's data at the window, after the clerk has checked who it is; a note on the file says so.

    The new value goes into the vault, never into the file. Raises BadInput by field, Conflict for the same key with another
    value.
    """
    wrong: dict[str, str] = {}
    if field_name not in CORRECTABLE:
        wrong["field_name"] = "请选择要更正哪一项。"
    if not value.strip():
        wrong["value"] = "请写上正确的内容。"
    elif field_name in CORRECTABLE:
        faults = person_faults(PersonData(**{field_name: value}))
        if field_name in faults:
            wrong["value"] = faults[field_name]
    if not reason.strip():
        wrong["reason"] = "请写明为什么要更正，例如“本人到窗口，手机号换了”。"
    if not identity_checked:
        wrong["identity_checked"] = "请先核对来人身份，再勾选。"
    if wrong:
        raise BadInput(wrong)
    if case.person_id is None:
        raise NotFound()
    text = f"到窗口核对身份后更正了{CORRECTABLE[field_name]}。{reason.strip()}"
    done = cases.take_step(case_id=case.id, step="note", actor=actor, at=at, inputs={"text": text}, key=key)
    before = people.identity_for_delivery(case.person_id, actor=REGISTRAR)
    plain = re.sub(r"[\s-]", "", value) if field_name == "phone" else value.strip()
    if done.replayed:
        if getattr(before, field_name) != plain:  # the note says nothing of the value, the vault does
            raise ledger.other_content()
    else:
        if before.phone:  # whoever answered there until now is told, in case it was somebody else at the window
            notices.notice_queue(
                text="data_changed",
                to="phone",
                phone=before.phone,
                case_id=case.id,
                params={},
                actor=actor,
                at=at,
                sealed=case.sealed,
            )
        vault.person_correct(person=case.person_id, actor=actor, at=at, case_id=case.id, **{field_name: plain})


@transaction.atomic
def code_renew(*, case: Case, reason: str, identity_checked: bool, actor: Actor, at: datetime, key: str) -> str:
    """A way back for a lost query code: at the window, after the clerk has checked who it is, with a record.

    Returns the new code, shown once. Raises BadInput without a reason or without the check.
    """
    wrong: dict[str, Any] = {}
    if not reason.strip():
        wrong["reason"] = "请写明为什么要换查询码，例如“本人到窗口，查询码遗失”。"
    if not identity_checked:
        wrong["identity_checked"] = "请先核对来人身份，再勾选。"
    if wrong:
        raise BadInput(wrong)
    cases.take_step(case_id=case.id, step="renew_code", actor=actor, at=at, inputs={"reason": reason}, key=key)
    submission = Submission.objects.select_for_update().get(items__case=case)
    code = code_of(key)
    submission.code_hash = keys.code_hash(code, submission.number)
    submission.save(update_fields=["code_hash"])
    return code
