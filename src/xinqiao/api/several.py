"""Several steps of one case in a row, by one post: all of them or none. What a unit's own system sends after a day's work."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from ninja import Path, Router
from pydantic import Field

from xinqiao.api import inputs, reading
from xinqiao.api.citizens import KEY, shelf_of
from xinqiao.api.door import Token, bearer_of, key_of
from xinqiao.api.reply import reply
from xinqiao.api.schemas import StepOut, Strict
from xinqiao.api.staff import opened
from xinqiao.cases import services
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
    case = opened(actor, number)
    done = []
    with transaction.atomic():
        for place, one in enumerate(payload.steps):
            given, uploads = inputs.read(case, one.step, one.inputs, shelf=shelf_of(request), on=day_of(at))
            result = services.take_step(
                case_id=case.id,
                step=one.step,
                actor=actor,
                at=at,
                inputs=given,
                uploads=uploads,
                key=f"{key_of(request, key)}/{place}",
            )
            case = result.case
            done.append(reading.step_taken(one.step, result))
    return reply(done)
