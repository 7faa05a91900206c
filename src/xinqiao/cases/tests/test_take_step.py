"""The one door: what a step writes, who may take it, and that the same request has one effect."""

from datetime import timedelta
from io import BytesIO

import pytest
from PIL import Image
from tests.support.world import MORNING, World, days

from xinqiao.cases import access, documents, selectors, services
from xinqiao.cases.models import Document, Obligation, Record
from xinqiao.files.models import Blob
from xinqiao.files.selectors import blob_read
from xinqiao.kernel.errors import BadInput, Conflict, NotFound, Refused
from xinqiao.ledger import verify
from xinqiao.people.access import acting
from xinqiao.people.actors import CITIZEN, SYSTEM

_pixels = BytesIO()
Image.new("RGB", (8, 8), "white").save(_pixels, "PNG")
PNG = _pixels.getvalue()


def _referred(world: World):
    receipt = world.receive()
    case = receipt.case
    world.step(case, "classify", "officer", at=MORNING + timedelta(hours=1), route="redress", content_code="030800")
    return world.step(
        case,
        "refer",
        "officer",
        at=MORNING + timedelta(hours=2),
        lead=world.organs["cg"].pk,
        assists=[world.organs["jd"].pk],
    )


def test_receiving_registers_at_once_and_opens_the_referral_duty(world: World) -> None:
    receipt = world.receive()
    with acting(world.actor("officer")):
        case = access.get(world.actor("officer"), f"{receipt.number}-1")
        assert case.state == "registered"
        duty = case.obligations.get(settled_at__isnull=True)
        assert duty.act == "refer"
        assert duty.due_unrolled == MORNING.date() + timedelta(days=15)
        assert duty.leading
        assert [line["text"] for line in duty.trace]
        assert case.head_seq == 2


def test_the_same_request_twice_has_one_effect(world: World) -> None:
    first = world.receive(key="again")
    second = world.receive(key="again")
    assert (second.number, second.code, second.replayed) == (first.number, first.code, True)
    case = first.case
    world.step(case, "note", "officer", at=MORNING, key="k", text="先看看")
    world.step(case, "note", "officer", at=MORNING, key="k", text="先看看")
    with acting(world.actor("officer")):
        assert Record.objects.filter(case=case, step="note").count() == 1
    with pytest.raises(Conflict):
        world.step(case, "note", "officer", at=MORNING, key="k", text="别的话")


def test_a_step_that_is_not_declared_is_refused_and_says_what_is_allowed(world: World) -> None:
    case = world.receive().case
    with pytest.raises(Refused) as refusal:
        world.step(case, "serve", "officer", at=MORNING)
    assert "classify" in refusal.value.allowed


def test_missing_input_is_named_by_field(world: World) -> None:
    case = world.receive().case
    with pytest.raises(BadInput) as bad:
        world.step(case, "classify", "officer", at=MORNING)
    assert "route" in bad.value.fields


def test_strangers_find_nothing(world: World) -> None:
    case = world.receive().case
    for login in ("other", "cg.handler", "zj.head", "discipline", "arbiter"):
        with acting(world.actor(login)), pytest.raises(NotFound):
            access.get(world.actor(login), case.number)
    with pytest.raises(NotFound):
        world.step(case, "note", "other", at=MORNING, text="看看")


def _decided(world: World):
    case = _referred(world)
    at = MORNING + days(1)
    world.step(case, "sign_for", "cg.handler", at=at)
    world.step(case, "accept", "cg.handler", at=at + days(1))
    world.step(
        case,
        "hear",
        "cg.handler",
        at=at + days(3),
        way="phone",
        heard_on=(at + days(3)).date(),
        statement="路灯坏了三个星期，报修过两次没有人来。",
    )
    world.step(case, "investigate", "cg.handler", at=at + days(4), way="现场查看", findings="灯头损坏，线路正常。")
    demand = {
        "demand": "修好小区门口的路灯",
        "facts": "灯头损坏，自八月中旬起不亮。",
        "reasons": "该路灯由本局养护，应当及时修复。",
        "basis": "《城市道路管理条例》关于养护责任的规定",
        "outcome": "support",
    }
    world.step(
        case,
        "draft_decision",
        "cg.handler",
        at=at + days(5),
        demands=[demand],
        outcome="support",
        remedy="更换灯头，恢复照明。",
        execution_days="7",
    )
    world.step(case, "check_decision", "cg.handler", at=at + days(5))
    world.step(case, "sign_decision", "cg.head", at=at + days(6))
    return world.step(case, "seal_decision", "cg.handler", at=at + days(6))


def test_the_road_of_a_redress_case_to_execution_rating_and_close(world: World) -> None:
    case = _decided(world)
    at = MORNING + days(8)
    with acting(CITIZEN({case.id})):  # a decision is nobody's before it is served
        assert "decision" not in {paper.kind for paper in selectors.case_file(case, public_only=True).documents}
    world.step(case, "serve", "cg.handler", at=at, method="electronic", served_on=at.date())
    with acting(world.actor("cg.handler")):
        decision = Document.objects.get(case=case, kind="decision")
        assert (decision.state, decision.served_on) == ("served", at.date())
        assert "decision" in {paper.kind for paper in selectors.case_file(case, public_only=True).documents}
        assert decision.number.startswith("拱城管信")
        windows = {o.act: o for o in Obligation.objects.filter(case=case, settled_at__isnull=True)}
        assert windows["review.apply"].due_unrolled == at.date() + timedelta(days=30)
        assert windows["execution"].due_unrolled == at.date() + timedelta(days=7)
        assert Obligation.objects.get(case=case, act="decision").state == "met"
    with pytest.raises(BadInput):
        world.step(case, "execute", "cg.handler", at=at + days(2), result="已修好")
    photo = services.Upload("亮灯.png", PNG, kind="evidence")
    actor = world.actor("cg.handler")
    with acting(actor):
        services.take_step(
            case_id=case.id,
            step="execute",
            actor=actor,
            at=at + days(2),
            inputs={"result": "换好了灯头"},
            uploads={"evidence": [photo]},
            key="execute",
        )
    world.step(case, "rate_unit", "petitioner", at=at + days(3), score="satisfied")
    world.step(case, "rate_office", "petitioner", at=at + days(3), score="basically", reasons="转得慢了点")
    closed = world.step(case, "close", "officer", at=at + days(4))
    assert (closed.state, closed.closed_cause) == ("closed", "answered")
    with acting(world.actor("officer")):
        assert not Obligation.objects.filter(case=case, settled_at__isnull=True).exists()
        assert {r.target: r.score for r in case.ratings.all()} == {"unit": "satisfied", "office": "basically"}


def test_papers_are_frozen_as_pdf_and_docx(world: World) -> None:
    case = _decided(world)
    printer = SYSTEM("printer")
    with acting(printer):
        for document in Document.objects.filter(case=case, number__isnull=False):
            done = documents.document_render(document=document, actor=printer, at=MORNING + days(9))
            assert done.pdf
            assert done.docx is None
            done = documents.document_render(document=document, form="docx", actor=printer, at=MORNING + days(9))
            assert done.docx
            blob = Blob.objects.get(pk=done.pdf)
            data, media_type = blob_read(blob)
            assert media_type == "application/pdf"
            assert data.startswith(b"%PDF")


def test_worklist_has_one_row_per_case_led_by_the_earliest_duty(world: World) -> None:
    case = _referred(world)
    actor = world.actor("cg.handler")
    with acting(actor):
        page = selectors.worklist(actor=actor, filters=selectors.Filters())
        assert [row.case.id for row in page.rows] == [case.id]
        earliest = Obligation.objects.filter(case=case, organ_id=actor.organ_id, settled_at__isnull=True, kind="duty")
        assert page.rows[0].obligation.due == min(o.due for o in earliest)


def test_bulk_steps_are_all_or_none(world: World) -> None:
    first, second = world.receive().case, world.receive().case
    actor = world.actor("officer")
    moves = [
        services.Move(first.id, "note", {"text": "一"}),
        services.Move(second.id, "note", {}),
    ]
    with pytest.raises(BadInput), acting(actor):
        services.take_steps(moves, actor=actor, at=MORNING, key="bulk")
    with acting(actor):
        assert not Record.objects.filter(step="note").exists()


def test_every_chain_verifies(world: World, as_role) -> None:
    _referred(world)
    with as_role("seal"), acting(SYSTEM("verify")):
        report = verify.verify()
    assert not report.broken
    assert report.entries >= 4
