"""Papers are frozen by a worker that looks for them; one that cannot be drawn holds up no other."""

import threading
from collections import namedtuple
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.support.world import MORNING, World, days

from xinqiao import papers as drawing
from xinqiao.cases import documents, jobs, papers, seals
from xinqiao.cases.models import Document
from xinqiao.files import storage
from xinqiao.files.models import Blob
from xinqiao.intake import services as intake
from xinqiao.notices.models import Message
from xinqiao.people import access, clock
from xinqiao.people.actors import SYSTEM
from xinqiao.people.models import Account, Post

pytestmark = pytest.mark.django_db
ABOUT_AN_OFFICIAL = intake.Who(
    reporter="person", people=[("petitioner", intake.PersonData(name="吴声", phone="19900005678"))], about_official=True
)


def waiting() -> int:
    return Document.objects.filter(number__isnull=False, pdf__isnull=True).count()


def test_a_paper_that_cannot_be_drawn_holds_up_no_other(world: World, as_role, monkeypatch: pytest.MonkeyPatch) -> None:
    with as_role("seal"), access.acting(SYSTEM("test")):
        for _ in range(3):
            case = world.receive().case
            world.step(case, "classify", "officer", at=MORNING, route="redress")
            world.step(case, "refer", "officer", at=MORNING + days(1), lead=world.organs["cg"].pk)
        issued = waiting()
        bad = Document.objects.filter(number__isnull=False, pdf__isnull=True).order_by("created_at", "id")[0]
        compose, tried = papers.compose, []

        def breaks(document: Document) -> drawing.Paper:
            if document.pk == bad.pk:
                tried.append(document.pk)
                raise ValueError("no ink")
            return compose(document)

        monkeypatch.setattr(papers, "compose", breaks)
        with pytest.raises(RuntimeError, match=str(bad.pk)):
            jobs.freeze_papers.func(0)  # type: ignore[attr-defined]
        assert (issued > 2, waiting(), len(tried)) == (True, 1, 2)  # with the others, then alone
        jobs.freeze_papers.func(0)  # type: ignore[attr-defined]
        assert len(tried) == 2  # put off
        monkeypatch.setattr(jobs.time, "monotonic", lambda: 1e12)
        monkeypatch.setattr(papers, "compose", compose)
        jobs.freeze_papers.func(0)  # type: ignore[attr-defined]
        assert waiting() == 0


def test_papers_frozen_together_are_what_they_are_alone(world: World, as_role, monkeypatch: pytest.MonkeyPatch) -> None:
    with as_role("seal"), access.acting(SYSTEM("test")):
        for _ in range(3):
            case = world.receive().case
            world.step(case, "classify", "officer", at=MORNING, route="redress")
            world.step(case, "refer", "officer", at=MORNING + days(1), lead=world.organs["cg"].pk)
        monkeypatch.setattr(documents, "document_render", None)  # nobody is frozen alone
        jobs.freeze_papers.func(0)  # type: ignore[attr-defined]
        papers_now = list(Document.objects.filter(number__isnull=False))
        assert len(papers_now) > jobs.SHEETS / 2
        for one in papers_now:
            blob = Blob.objects.get(pk=one.pdf)
            assert (blob.case_id, blob.name) == (one.case_id, f"{one.number}.pdf")
            assert storage.read(blob, "original") == papers.render(papers.compose(one), "pdf")


def test_a_paper_whose_row_changes_while_it_is_drawn_is_drawn_anew(
    world: World, as_role, monkeypatch: pytest.MonkeyPatch
) -> None:
    with as_role("seal"), access.acting(SYSTEM("test")):
        world.receive()
        one = Document.objects.get(number__isnull=False)
        compose = papers.compose

        def meanwhile(document: Document) -> drawing.Paper:
            Document.objects.filter(pk=document.pk).update(state=document.state)
            return compose(document)

        monkeypatch.setattr(papers, "compose", meanwhile)
        documents.documents_freeze(document_ids=[one.pk], actor=jobs.PRINTER, at=MORNING)
        assert waiting() == 1
        monkeypatch.setattr(papers, "compose", compose)
        documents.documents_freeze(document_ids=[one.pk], actor=jobs.PRINTER, at=MORNING)
        assert waiting() == 0


@pytest.mark.parametrize(
    ("since", "presses"),
    [
        ({"user": 5, "system": 1, "nice": 3, "idle": 1}, 2),
        ({"user": 5, "system": 1.1, "nice": 3.9}, 1),
        ({"user": 2, "nice": 8}, 2),  # its own work, which gives way, is not what it gives way to
        ({"steal": 7, "idle": 3}, 1),
        ({}, 2),
    ],
)
def test_one_press_alone_while_the_machine_is_busy(
    since: dict[str, float], presses: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    shares: list[list[UUID]] = []
    threads = set()

    def freeze(ids: list[UUID]) -> list[UUID]:
        shares.append(list(ids))
        threads.add(threading.current_thread().name)
        return list(ids[:1])

    monkeypatch.setattr(jobs, "connection", SimpleNamespace(in_atomic_block=False))
    times = namedtuple("times", "user nice system idle iowait steal", defaults=[0.0] * 6)
    monkeypatch.setattr(jobs, "_looked", times())
    monkeypatch.setattr(jobs.psutil, "cpu_times", lambda: times(**since))
    monkeypatch.setattr(jobs, "_freeze_some", freeze)
    ids = [uuid4() for _ in range(5)]
    failed = jobs._freeze_all(ids)
    assert len(shares) == presses
    assert sorted(each for share in shares for each in share) == sorted(ids)  # each paper once
    assert failed == ids[:presses]  # nobody's failure is lost
    assert (threading.current_thread().name in threads) == (presses == 1)


@pytest.fixture
def administrator(world: World) -> Account:
    with access.acting(SYSTEM("test")):
        account = Account.objects.create(username="root", name="管理员")
        Post.objects.create(
            account=account, organ=world.organs["xf"], role="admin", title="管理员", valid_from=MORNING.date()
        )
    return account


def told(text: str) -> list[Message]:
    with access.acting(SYSTEM("test")):
        return list(Message.objects.filter(text=text).order_by("id"))


def broken_printer(monkeypatch: pytest.MonkeyPatch, at: Any) -> Any:
    """Freezing that fails each time; `tick()` lets an hour go by and tries again, then says how many papers failed."""
    hours = [0.0]

    def breaks() -> None:
        raise OSError("the seal does not answer")

    def tick() -> None:
        hours[0] += 3600
        with pytest.raises(RuntimeError, match="could not be frozen"):
            jobs.freeze_papers.func(0)  # type: ignore[attr-defined]

    monkeypatch.setattr(jobs, "_put_off", {})
    monkeypatch.setattr(seals, "current", breaks)
    monkeypatch.setattr(jobs.time, "monotonic", lambda: hours[0])
    monkeypatch.setattr(clock, "now", lambda: at)
    return tick


def test_papers_that_stay_unfrozen_are_told_to_their_organ_and_the_administrators(
    world: World, administrator: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = world.receive().case
    world.step(case, "classify", "officer", at=MORNING, route="redress")
    world.step(case, "refer", "officer", at=MORNING, lead=world.organs["cg"].pk)
    tick = broken_printer(monkeypatch, MORNING + timedelta(hours=2))
    for _ in range(jobs.ALARM_AT - 1):
        tick()
    assert told("paper_stuck") + told("papers_stuck") == []  # it may be a moment's trouble
    tick()
    (organ,) = told("paper_stuck")
    assert (organ.organ_id, organ.case_id, organ.params) == (world.organs["xf"].pk, case.id, {"number": case.number})
    (alarm,) = told("papers_stuck")
    assert (alarm.account_id, alarm.case_id) == (administrator.pk, None)
    assert alarm.params == {"count": 2}
    for _ in range(3):
        tick()
    monkeypatch.setattr(jobs, "_put_off", {})  # another worker begins to count anew
    for _ in range(jobs.ALARM_AT):
        tick()
    assert len(told("paper_stuck") + told("papers_stuck")) == 2


def test_a_sealed_matters_paper_moves_no_figure_and_alarms_its_own_organ_alone(
    world: World, administrator: Account, as_role: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.receive(who=ABOUT_AN_OFFICIAL)
    tick = broken_printer(monkeypatch, MORNING + timedelta(hours=2))
    with as_role("seal"):
        for _ in range(jobs.ALARM_AT):
            tick()
        assert told("papers_stuck") == []
        (organ,) = told("paper_stuck")
        assert organ.sealed
