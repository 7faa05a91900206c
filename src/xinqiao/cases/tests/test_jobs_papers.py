"""Papers are frozen by a worker that looks for them; one that cannot be drawn holds up no other."""

import pytest
from tests.support.world import MORNING, World, days

from xinqiao.cases import documents, jobs
from xinqiao.cases.models import Document
from xinqiao.people import access
from xinqiao.people.actors import SYSTEM

pytestmark = pytest.mark.django_db


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
        drawn, tried = documents.document_render, []

        def breaks(*, document: Document, **more: object) -> Document:
            if document.pk == bad.pk:
                tried.append(document.pk)
                raise ValueError("no ink")
            return drawn(document=document, **more)  # type: ignore[arg-type]

        monkeypatch.setattr(documents, "document_render", breaks)
        with pytest.raises(RuntimeError, match=str(bad.pk)):
            jobs.freeze_papers.func(0)  # type: ignore[attr-defined]
        assert (issued > 2, waiting(), len(tried)) == (True, 1, 1)
        jobs.freeze_papers.func(0)  # type: ignore[attr-defined]
        assert len(tried) == 1  # put off
        monkeypatch.setattr(jobs.time, "monotonic", lambda: 1e12)
        monkeypatch.setattr(documents, "document_render", drawn)
        jobs.freeze_papers.func(0)  # type: ignore[attr-defined]
        assert waiting() == 0
