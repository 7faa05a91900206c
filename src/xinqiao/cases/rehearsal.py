"""What a step would send out: it is taken, its papers and messages are read, and everything is rolled back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from xinqiao import papers as drawing
from xinqiao.files import services as files
from xinqiao.kernel.ids import uuid7
from xinqiao.notices import selectors as notices
from xinqiao.notices.selectors import Shown
from xinqiao.people.actors import Actor

from . import papers, services


@dataclass(frozen=True)
class Rehearsal:
    """The papers in their content, ready to draw, and the messages in their words."""

    papers: tuple[drawing.Paper, ...]
    messages: tuple[Shown, ...]


@transaction.atomic
def rehearse(
    *,
    case_id: UUID,
    step: str,
    actor: Actor,
    at: datetime,
    inputs: Mapping[str, Any],
    uploads: Mapping[str, Sequence[services.Upload]] | None = None,
) -> Rehearsal:
    """Take `step` and leave no trace of it, of its files neither. Raises as take_step does, and MissingFact."""
    before = {each.message.pk for each in notices.of_case(case_id)}
    with files.nothing_kept(), transaction.atomic():
        result = services.take_step(
            case_id=case_id,
            step=step,
            actor=actor,
            at=at,
            inputs=inputs,
            uploads=uploads,
            key=f"rehearsal/{uuid7()}",
        )
        drawn = tuple(papers.compose(document, draft=True) for document in result.documents)
        told = tuple(each for each in notices.of_case(case_id) if each.message.pk not in before)
        transaction.set_rollback(True)
    return Rehearsal(drawn, told)
