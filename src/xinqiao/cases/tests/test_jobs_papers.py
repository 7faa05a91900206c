"""Papers are frozen by a worker that looks for them; one that cannot be drawn holds up no other."""

import os
import threading
from datetime import timedelta
from pathlib import Path
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
    ("before", "after", "load", "presses"),
    [
        ("900 100 3", "1900 600 9", 9.0, 2),
        ("900 100 3", "1900 601 9", 0.0, 1),
        ("100 900 3", "1100 1400 9", 9.0, 2),  # what it waited before is of no account
        ("", "", 2.0, 2),
        ("", "", 2.1, 1),
        (None, None, 2.0, 2),
        (None, None, 2.1, 1),
    ],
)
def test_one_press_alone_while_the_machine_is_busy(
    before: str | None,
    after: str | None,
    load: float,
    presses: int,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    shares: list[list[UUID]] = []
    threads = set()
    turns = tmp_path / "schedstat"

    def freeze(ids: list[UUID]) -> list[UUID]:
        if after is not None:
            turns.write_text(after)
        shares.append(list(ids))
        threads.add(threading.current_thread().name)
        return list(ids[:1])

    if before is not None:
        turns.write_text(before)
    monkeypatch.setattr(jobs, "TURNS", turns)
    monkeypatch.setattr(jobs, "SHEETS", 2)
    monkeypatch.setattr(jobs, "connection", SimpleNamespace(in_atomic_block=False))
    monkeypatch.setattr(jobs.os, "cpu_count", lambda: 2)
    monkeypatch.setattr(jobs.os, "getloadavg", lambda: (load, 9.0, 0.0))
    monkeypatch.setattr(jobs, "_freeze_some", freeze)
    ids = [uuid4() for _ in range(7)]
    failed = jobs._freeze_all(ids)
    assert len(shares) == 1 + presses
    assert shares[0] == ids[:2]  # the first sheets are set by one press, which tells
    assert sorted(each for share in shares for each in share) == sorted(ids)  # each paper once
    assert failed == [ids[0], *ids[2 : 2 + presses]]  # nobody's failure is lost
    assert any(name.startswith("press") for name in threads) == (presses > 1)


@pytest.mark.skipif(not jobs.TURNS.exists(), reason="Linux says how long a thread waited")
def test_the_system_says_how_long_a_thread_ran_and_waited() -> None:
    before = jobs._turns()
    assert before is not None
    for _ in range(100):  # the account is brought up to date at each turn
        sum(range(100_000))
        os.sched_yield()
    after = jobs._turns()
    assert after is not None
    assert after[0] > before[0]
    assert after[1] >= before[1]


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
