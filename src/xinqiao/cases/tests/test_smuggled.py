"""What a hostile form brings along: keys of the watcher, inputs that no step declares, somebody who has stepped back."""

from datetime import timedelta

import pytest
from tests.support.world import MORNING, World, days

from xinqiao.cases import access, watch
from xinqiao.cases.models import Case, Obligation, Record
from xinqiao.kernel.clock import end_of
from xinqiao.kernel.errors import Conflict
from xinqiao.ledger.models import Entry
from xinqiao.people.access import acting


@pytest.mark.parametrize("login", ["officer", "petitioner"])
def test_nobody_can_use_up_the_key_under_which_a_missed_duty_is_recorded(world: World, login: str) -> None:
    case = world.receive().case
    with acting(watch.WATCHER):
        duty = Obligation.objects.get(case=case, settled_at__isnull=True)
    step, words = ("note", {"text": "备注"}) if login == "officer" else ("add_material", {"words": "补充"})
    for key in (f"missed/{duty.id}", f"lapse/{duty.id}", f"missed-step/{duty.id}"):
        with pytest.raises(Conflict):
            world.step(case, step, login, at=MORNING, key=key, **words)
    assert watch.watch_all(at=end_of(duty.due) + timedelta(seconds=1)).missed == 1
    with acting(watch.WATCHER):
        assert Entry.objects.filter(case_id=case.id, event="obligation.missed").count() == 1


def test_inputs_that_the_step_does_not_declare_change_nothing(world: World) -> None:
    case = world.receive().case
    before = {field.attname: getattr(case, field.attname) for field in Case._meta.fields}
    after = world.step(
        case,
        "note",
        "officer",
        at=MORNING + days(1),
        text="备注",
        lead=world.organs["cg"].pk,
        ruling=world.organs["lxh"].pk,
        assists=[world.organs["zj"].pk],
        handler=world.posts["zj.handler"].pk,
        route="report",
        title="别的标题",
        score="satisfied",
        served_on="2026-09-01",
        area_code="330106",
        content_code="030800",
        days="30",
        sealed=True,
    )
    moved = {name for name in before if getattr(after, name) != before[name]}
    assert moved <= {"head_seq", "head_hash", "changed_at"}
    with acting(watch.WATCHER):
        assert not after.assists.exists()
        assert not after.ratings.exists()


def test_whoever_has_stepped_back_may_not_learn_who_it_is(world: World) -> None:
    case = world.receive().case
    actor = world.actor("officer")
    with acting(actor):
        assert access.may_see_identity(case, actor)
    world.step(case, "declare_recusal", "officer", at=MORNING, reasons="来信人是我的姐姐。")
    with acting(actor):
        assert not access.may_see_identity(case, actor)
        assert Record.objects.filter(case=case, step="declare_recusal").exists()
