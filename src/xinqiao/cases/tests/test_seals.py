"""The seal of an instance is named by a setting; a rehearsed step leaves nothing behind."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from tests.support.world import MORNING, World, days

from xinqiao.cases import documents, rehearsal, seals
from xinqiao.cases.models import Case, Document, Record
from xinqiao.files import selectors as files
from xinqiao.kernel.errors import BadInput, Refused
from xinqiao.ledger.models import Entry
from xinqiao.notices.models import Message
from xinqiao.people import access
from xinqiao.people.actors import SYSTEM

pytestmark = pytest.mark.django_db
NEXT = MORNING + days(1)


class Invented:
    """Stands in for a seal that an instance would plug in: it leaves a line that a reader can find."""

    mark = "electronic"
    by_hand = False

    def apply(self, pdf: bytes, *, kind: str, number: str, issuer_code: str, issued_on: date) -> bytes:
        return pdf + f"\n%sealed {kind} {issuer_code}\n".encode()


@pytest.fixture
def plugged(settings: Any) -> Iterator[None]:
    settings.XINQIAO_SEAL = f"{__name__}.Invented"
    seals.current.cache_clear()
    yield
    seals.current.cache_clear()


@pytest.fixture
def at_unit(world: World) -> Case:
    case = world.receive().case
    world.step(case, "classify", "officer", at=MORNING + timedelta(hours=1), route="redress", title="路灯")
    world.step(case, "refer", "officer", at=MORNING + timedelta(hours=2), lead=world.organs["cg"].pk)
    return world.step(case, "sign_for", "cg.handler", at=NEXT)


def frozen(case: Case) -> bytes:
    with access.acting(SYSTEM("printer")) as actor:
        document = Document.objects.get(case=case, kind="acceptance_notice")
        document = documents.document_render(document=document, actor=actor, at=NEXT)
        assert document.pdf is not None
        return files.blob_read(files.blob_get(document.pdf), derivative=False)[0]


def test_by_default_papers_are_printed_stamped_and_scanned(world: World, at_unit: Case) -> None:
    assert isinstance(seals.current(), seals.PrintAndScan)
    assert seals.current().by_hand
    world.step(at_unit, "accept", "cg.handler", at=NEXT)
    assert b"%sealed" not in frozen(at_unit)


def test_a_plugged_seal_goes_on_the_paper_of_record(world: World, at_unit: Case, plugged: None) -> None:
    world.step(at_unit, "accept", "cg.handler", at=NEXT)
    assert b"%sealed acceptance_notice cg" in frozen(at_unit)


def test_a_rehearsal_shows_all_and_leaves_nothing(world: World, at_unit: Case) -> None:
    handler = world.actor("cg.handler")
    with access.acting(SYSTEM("test")):
        before = [model.objects.count() for model in (Document, Record, Entry, Message)]
    with access.acting(handler):
        seen = rehearsal.rehearse(case_id=at_unit.id, step="accept", actor=handler, at=NEXT, inputs={})
    assert [paper.title for paper in seen.papers] == ["信访事项受理告知书"]
    assert any("已受理" in message.subject for message in seen.messages)
    with access.acting(SYSTEM("test")):
        assert [model.objects.count() for model in (Document, Record, Entry, Message)] == before
        assert Case.objects.get(pk=at_unit.pk).state == "at_unit"


def test_a_rehearsal_is_refused_as_the_step_would_be(world: World, at_unit: Case) -> None:
    head = world.actor("cg.head")
    with access.acting(head):
        with pytest.raises(Refused):
            rehearsal.rehearse(case_id=at_unit.id, step="sign_decision", actor=head, at=NEXT, inputs={})
        with pytest.raises(BadInput):
            rehearsal.rehearse(case_id=at_unit.id, step="object", actor=head, at=NEXT, inputs={})
