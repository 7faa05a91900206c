"""A matter that is sealed after a unit gave it back is passed on to nobody who could not see it."""

import pytest
from tests.support.world import MORNING, World, days

from xinqiao.cases import access
from xinqiao.kernel.errors import Refused
from xinqiao.people.access import acting


def test_what_came_back_and_was_sealed_goes_to_no_unit(world: World) -> None:
    case, at = world.receive().case, MORNING + days(1)
    world.step(case, "classify", "officer", at=at, route="redress")
    world.step(case, "refer", "officer", at=at, lead=world.organs["cg"].pk)
    world.step(case, "object", "cg.head", at=at, reasons="路灯不归本单位养护，归区住建局负责。")
    world.step(case, "accept_objection", "officer", at=at, reasons="情况属实。")
    world.step(case, "seal", "officer", at=at, reasons="牵涉检举。")
    with pytest.raises(Refused):
        world.step(case, "refer_again", "keeper", at=at, lead=world.organs["zj"].pk)
    with acting(world.actor("keeper")):
        assert access.get(world.actor("keeper"), case.number).sealed
    moved = world.step(case, "reclassify", "keeper", at=at, route="report", reasons="是检举。")
    assert moved.procedure == "report"
