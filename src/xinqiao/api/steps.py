"""Steps of a case: one, or several in a row by one post (all of them or none), as a unit's own system sends after a day's work."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Path, Router
from pydantic import Field

from xinqiao.api import inputs, reading
from xinqiao.api.citizens import KEY, shelf_of
from xinqiao.api.door import Token, bearer_of, key_of
from xinqiao.api.reply import reply
from xinqiao.api.schemas import StepIn, StepOut, Strict
from xinqiao.api.staff import NUMBER
from xinqiao.cases import services
from xinqiao.cases.models import Case
from xinqiao.cases.services import Move
from xinqiao.files import staging
from xinqiao.kernel.clock import day_of
from xinqiao.kernel.errors import NotFound
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
    taken = take(request, number, [(one.step, one.inputs) for one in payload.steps], key)
    return reply([reading.step_taken(one.step, done) for one, done in zip(payload.steps, taken, strict=True)])


@router.post("/cases/{number}/steps/{step}", auth=Token("step"), response=StepOut, url_name="step")
def step(
    request: HttpRequest,
    payload: StepIn,
    number: str = Path(..., max_length=20),
    step: str = Path(..., max_length=48),
    key: str = KEY,
) -> HttpResponse:
    """Take a step. Refused with what would be allowed when the procedure does not allow it here and now.

    The same Idempotency-Key with the same inputs takes it once and says so (`replayed`).
    """
    return reply(reading.step_taken(step, take(request, number, [(step, payload.inputs)], key)[0]))


def take(
    request: HttpRequest, number: str, steps: Sequence[tuple[str, dict[str, Any]]], key: str
) -> list[services.StepResult]:
    """Take steps of the case of that number. Absent, forbidden and sealed look the same: NotFound."""
    if not NUMBER.fullmatch(number):
        raise NotFound()
    at = clock.now()

    shelf, taken = shelf_of(request), list[str]()

    def ready(case: Case, move: Move) -> Move:
        given, uploads = inputs.read(case, move.step, move.inputs, shelf=shelf, on=day_of(at))
        taken.extend(token for name in uploads for token in move.inputs[name] or ())
        return replace(move, inputs=given, uploads=uploads)

    actor, ledger_key = bearer_of(request).actor, key_of(request, key)
    done = services.take_steps_of(number, steps, actor=actor, at=at, key=ledger_key, ready=ready)
    staging.take_up(shelf, taken)
    return done
