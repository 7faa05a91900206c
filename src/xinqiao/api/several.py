"""Several steps of one case in a row, by one post: all of them or none. What a unit's own system sends after a day's work."""

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Path, Router
from pydantic import Field

from xinqiao.api import inputs, reading
from xinqiao.api.citizens import KEY, shelf_of
from xinqiao.api.door import Token, bearer_of, key_of
from xinqiao.api.reply import reply
from xinqiao.api.schemas import StepOut, Strict
from xinqiao.api.staff import opened
from xinqiao.cases import holding, services
from xinqiao.cases.models import Case
from xinqiao.cases.services import Move
from xinqiao.kernel.clock import day_of
from xinqiao.people import clock

MOST = 20
router = Router()


class OneStepIn(Strict):
    """A step and its inputs, as `POST /cases/{number}/steps/{step}` takes them."""

    step: str = Field(..., max_length=48)
    inputs: dict[str, Any] = Field({}, max_length=60)


class StepsIn(Strict):
    """The steps in the order in which they are taken."""

    steps: list[OneStepIn] = Field(..., min_length=1, max_length=MOST)


@router.post("/cases/{number}/steps", auth=Token("step"), response=list[StepOut], url_name="steps")
def steps(
    request: HttpRequest, payload: StepsIn, number: str = Path(..., max_length=20), key: str = KEY
) -> HttpResponse:
    """Take steps one after the other, each with its own entry; when one is refused, none was taken.

    The same Idempotency-Key with the same steps takes them once and says so (`replayed`).
    """
    actor, at = bearer_of(request).actor, clock.now()
    case = opened(actor, number, holding.seen)

    def ready(case: Case, move: Move) -> Move:
        given, uploads = inputs.read(case, move.step, move.inputs, shelf=shelf_of(request), on=day_of(at))
        return replace(move, inputs=given, uploads=uploads)

    moves = [Move(case.id, one.step, one.inputs) for one in payload.steps]
    done = services.take_steps(moves, actor=actor, at=at, key=key_of(request, key), ready=ready)
    return reply([reading.step_taken(move.step, one) for move, one in zip(moves, done, strict=True)])
