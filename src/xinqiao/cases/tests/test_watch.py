"""The watcher: yellow at two thirds, red when over, windows that lapse, poison rows, two watchers at once."""

from datetime import timedelta

from tests.support.world import MORNING, World, days

from xinqiao.cases import watch
from xinqiao.cases.models import Case, Obligation
from xinqiao.kernel.clock import end_of
from xinqiao.notices.models import Message
from xinqiao.people.access import acting


def _watch(at):
    return watch.watch_all(at=at)


def test_an_obligation_turns_yellow_at_two_thirds_and_red_when_over(world: World) -> None:
    case = world.receive().case
    with acting(watch.WATCHER):
        duty = Obligation.objects.get(case=case, settled_at__isnull=True)
    assert _watch(MORNING + days(5)).total == 0
    assert _watch(MORNING + days(11)).near == 1
    with acting(watch.WATCHER):
        duty.refresh_from_db()
        assert (duty.colour, duty.state) == ("yellow", "open")
    last = end_of(duty.due)
    assert _watch(last).total == 0
    assert _watch(last + timedelta(seconds=1)).missed == 1
    with acting(watch.WATCHER):
        duty.refresh_from_db()
        assert (duty.colour, duty.state, duty.settled_at) == ("red", "missed", None)
        assert Message.objects.filter(case_id=case.id, text="overdue").exists()
    assert _watch(last + days(3)).total == 0


def test_a_missed_duty_is_on_the_ledger_and_can_still_be_done(world: World) -> None:
    case = world.receive().case
    late = MORNING + days(40)
    _watch(late)
    world.step(case, "classify", "officer", at=late, route="redress")
    world.step(case, "refer", "officer", at=late, lead=world.organs["cg"].pk)
    with acting(watch.WATCHER):
        duty = Obligation.objects.get(case=case, act="refer")
        assert duty.state == "missed"
        assert duty.settled_at == late


def test_a_withdrawal_becomes_final_after_seven_days_by_itself(world: World) -> None:
    case = world.receive().case
    world.step(case, "withdraw", "petitioner", at=MORNING)
    _watch(MORNING + days(6))
    with acting(watch.WATCHER):
        assert Case.objects.get(pk=case.id).closed_at is None
    _watch(MORNING + days(12))
    with acting(watch.WATCHER):
        ended = Case.objects.get(pk=case.id)
    assert (ended.state, ended.closed_cause) == ("closed", "withdrawn")


def test_a_poison_row_is_put_off_and_the_others_go_on(world: World, monkeypatch) -> None:
    bad, good = world.receive().case, world.receive().case
    original = watch.messages.near

    def near(case, obligation, **more):
        if case.id == bad.id:
            raise RuntimeError("poison")
        original(case, obligation, **more)

    monkeypatch.setattr(watch.messages, "near", near)
    done = _watch(MORNING + days(11))
    assert (done.near, done.failed) == (1, 1)
    with acting(watch.WATCHER):
        row = Obligation.objects.get(case=bad, settled_at__isnull=True)
        assert row.watch_failures == 1
        assert row.wake_at == MORNING + days(11) + watch.PUT_OFF
        assert Obligation.objects.get(case=good, settled_at__isnull=True).colour == "yellow"


def test_when_acceptance_is_not_recorded_the_decision_clock_runs_from_the_end_of_the_notice_term(world: World) -> None:
    case = world.receive().case
    world.step(case, "classify", "officer", at=MORNING, route="redress")
    world.step(case, "refer", "officer", at=MORNING, lead=world.organs["cg"].pk)
    _watch(MORNING + days(20))
    with acting(watch.WATCHER):
        notice = Obligation.objects.get(case=case, act="notice")
        decision = Obligation.objects.get(case=case, act="decision")
    assert notice.state == "missed"
    assert decision.start_on == notice.due
