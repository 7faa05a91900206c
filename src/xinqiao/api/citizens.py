"""What needs no post: to say something, to follow it, to upload what belongs to it."""

from django.http import HttpRequest, HttpResponse
from ninja import File, Header, Router
from ninja.files import UploadedFile

from xinqiao.api import reading
from xinqiao.api.door import Token, anybody, key_of, nobody
from xinqiao.api.inputs import staged
from xinqiao.api.problems import Stop, problem
from xinqiao.api.reply import reply
from xinqiao.api.schemas import StagedOut, SubmissionIn, SubmissionOut, TrackIn, TrackOut
from xinqiao.cases import access as case_access
from xinqiao.files import staging
from xinqiao.files.services import blob_check
from xinqiao.intake import selectors as intake
from xinqiao.intake.services import PersonData, Receipt, Upload, Who, Words, receipt_again, receive
from xinqiao.kernel.clock import day_of
from xinqiao.kernel.errors import BadInput
from xinqiao.kernel.words import N_
from xinqiao.people import access, clock, keys
from xinqiao.people import selectors as people
from xinqiao.people import services as vault
from xinqiao.people.actors import CITIZEN, Actor
from xinqiao.people.models import Organ
from xinqiao.people.tokens import Bearer
from xinqiao.people.visitors import client_ip

router = Router()

INTAKE_ROLES = ("clerk", "officer")
INTAKE_ORGANS = (Organ.Kind.PETITION_OFFICE, Organ.Kind.HOTLINE)
KEY = Header(
    ...,
    alias="Idempotency-Key",
    min_length=8,
    max_length=200,
    pattern=r"^[\x21-\x7e]+$",
    description="Yours, new for each matter, e.g. a UUID; the same again does nothing twice. Nobody else should guess it.",
)

FILE = File(..., description="One file, as multipart/form-data")


def shelf_of(request: HttpRequest) -> staging.Shelf:
    """Where the uploads of whoever asks wait: each token has a shelf of its own."""
    held = request.auth  # type: ignore[attr-defined]
    return staging.Shelf("api", str(held.token.id)) if isinstance(held, Bearer) else staging.Shelf("portal", "api")


def _guard(request: HttpRequest) -> None:
    """Without a token an address may send some, then must wait: across all processes. Before anything is written."""
    if not isinstance(request.auth, Bearer):  # type: ignore[attr-defined]
        vault.attempt_guard(tries=(("sent", client_ip(request)),), at=clock.now())


def _count(request: HttpRequest) -> None:
    """One more was sent from this address."""
    if not isinstance(request.auth, Bearer):  # type: ignore[attr-defined]
        vault.attempt_record(scope="sent", key=client_ip(request), success=False, at=clock.now())


@router.post("/submissions", auth=[Token("submit"), anybody], response={201: SubmissionOut}, url_name="submit")
def submit(request: HttpRequest, payload: SubmissionIn, key: str = KEY) -> HttpResponse:
    """Say something: answered with a public number and a private query code. Both are needed to follow it.

    With a token of a clerk or officer of a petition office or hotline: what came in there, by `channel`. Without a
    token: as on the portal, a few times an hour from one address. The same Idempotency-Key with the same content gives
    the same number and code again; with other content it is refused (409).
    """
    held, at = request.auth, clock.now()  # type: ignore[attr-defined]
    if isinstance(held, Bearer):
        actor = _intake_post(held)
    else:
        actor = held
        if payload.channel != "portal":
            raise BadInput({"channel": N_("没有密钥时只能是 portal。")})
    if payload.area_code and people.area_at(payload.area_code, day_of(at)) is None:
        raise BadInput({"area_code": N_("没有这个地方的代码，可以留空。")})
    _guard(request)
    ledger_key, who = key_of(request, key), _who(payload)
    said = Words(
        text=payload.text,
        title=payload.title,
        place=payload.place.strip(),
        area_code=payload.area_code,
        wish=payload.wish,
    )
    references = [f"{one.kind} {one.token}" for one in payload.files]
    try:
        uploads = _uploads(payload, shelf_of(request))
    except BadInput:  # they wait no more: it may be a request that was carried out long ago
        before = receipt_again(
            channel=payload.channel, said=said, who=who, references=references, actor=actor, key=ledger_key
        )
        if before is None:
            raise
        receipt = before
    else:
        receipt = receive(
            channel=payload.channel,
            said=said,
            who=who,
            uploads=uploads,
            references=references,
            actor=actor,
            at=at,
            key=ledger_key,
        )
    if not receipt.replayed:
        _count(request)
        staging.take_up(shelf_of(request), [one.token for one in payload.files])
    return reply(_receipt(receipt), 201)


def _intake_post(bearer: Bearer) -> Actor:
    if bearer.actor.role not in INTAKE_ROLES or bearer.post.organ.kind not in INTAKE_ORGANS:
        raise Stop("out-of-scope", N_("只有信访工作机构和热线的接待岗位可以登记来件。"))
    return bearer.actor


def _who(payload: SubmissionIn) -> Who:
    people_given = [
        (
            one.role,
            PersonData(
                name=one.name.strip(),
                phone=one.phone,
                id_number=one.id_number.strip(),
                email=one.email.strip(),
                address=one.address.strip(),
                firm=one.firm.strip(),
            ),
        )
        for one in payload.people
    ]
    reporter = payload.reporter or ("person" if people_given else "anonymous")
    return Who(
        reporter=reporter,
        people=[] if reporter == "anonymous" else people_given,
        joint_count=max(payload.joint_count, len(people_given), 1) if reporter == "joint" else 1,
        confidential=payload.confidential,
        about_official=payload.about_official,
    )


def _uploads(payload: SubmissionIn, shelf: staging.Shelf) -> list[Upload]:
    found = []
    for place, one in enumerate(payload.files):
        kept = staged(one.token, shelf)
        if kept is None:
            raise BadInput({f"files.{place}.token": N_("有附件不在了（最多等六个小时），请重新上传。")})
        found.append(Upload(kept[0].name, kept[1], one.kind))
    return found


def _receipt(receipt: Receipt) -> dict[str, object]:
    """Number and code; after the code was changed at the window, the old one is not told any more."""
    submission = receipt.submission
    holds = not receipt.replayed or keys.code_matches(receipt.code, submission.code_hash, submission.number)
    return {
        "number": receipt.number,
        "code": receipt.code if holds else "",
        "case": "" if submission.sealed else receipt.case.number,
        "received_at": reading.moment(submission.received_at),
        "replayed": receipt.replayed,
    }


@router.post("/track", auth=[nobody], response=TrackOut, url_name="track")
def track(request: HttpRequest, payload: TrackIn) -> HttpResponse:
    """Follow a matter by its public number and query code, which stand in the body, never in an address.

    A wrong number and a wrong code get the same answer, and who tries often must wait. Sealed matters are followed at
    the portal only.
    """
    at = clock.now()
    found = intake.prove(number=payload.number, code=payload.code, ip=client_ip(request), at=at)
    matters = []
    if found is not None:
        actor = CITIZEN(found.case_ids)
        access.bind(actor)
        rows = case_access.visible(actor).filter(sealed=False).select_related("office", "lead").order_by("number")
        matters = [reading.matter(case, actor=actor, at=at) for case in rows[:20]]
    if found is None or not matters:
        return problem("not-found", N_("编号或查询码不对，请核对后再试。"), remedy=N_("保密事项请在网站上查看。"))
    return reply({"number": found.number, "matters": matters})


@router.post("/files", auth=[Token("submit", "step"), anybody], response={201: StagedOut}, url_name="upload")
def upload(request: HttpRequest, file: UploadedFile = FILE) -> HttpResponse:
    """Upload one file. It waits some hours under its token, until a submission or a step takes it up."""
    _guard(request)
    _count(request)
    name, data, shelf = file.name or "", file.read(), shelf_of(request)
    blob_check(name=name, data=data)
    if shelf.room == "api" and staging.full(shelf, len(data)):
        raise Stop(
            "slowed",
            N_("这个密钥上传的文件太多，还没有用上。"),
            remedy=N_("请先把它们随来件或者步骤提交，或者过几个小时再传：没有用上的六个小时后自己清掉。"),
            headers={"Retry-After": "3600"},
        )
    kept = staging.put(shelf, name=name, kind="photo", data=data)
    return reply({"token": kept.token, "name": kept.name, "size": kept.size, "seconds": staging.LIVES}, 201)
