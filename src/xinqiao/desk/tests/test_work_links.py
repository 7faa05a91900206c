"""Links on the case page: shown to who sees both, made and undone by the step's own form, one answer for many by a button."""

import pytest
from django.test import Client
from tests.support.world import MORNING, World, days

from xinqiao.cases.models import Case
from xinqiao.desk.tests.road import at_most, bring, moving, new_case, signed_in

pytestmark = pytest.mark.django_db
LATER = MORNING + days(2)


@pytest.fixture
def two(world: World, monkeypatch: pytest.MonkeyPatch) -> tuple[Case, Case]:
    moving(monkeypatch, LATER)
    return new_case(world), new_case(world)


def page(client: Client, case: Case) -> str:
    return client.get(f"/desk/cases/{case.number}/").content.decode()


def send(client: Client, case: Case, step: str, **fields: str) -> int:
    given = {f"in-{name}": value for name, value in fields.items()} | {"in-key": f"{case.number}/{step}"}
    return client.post(f"/desk/cases/{case.number}/do/{step}/", given).status_code


def test_a_link_is_made_shown_on_both_and_undone(world: World, two: tuple[Case, Case]) -> None:
    one, other = two
    client = signed_in(world, "officer")
    assert "关联另一件" in page(client, one)
    assert send(client, one, "link", other=other.number, kind="repeat_of", reasons="同一盏路灯") == 302
    assert "这件重复了它：同一盏路灯" in page(client, one)
    assert "它重复了这件：同一盏路灯" in page(client, other)
    undo = client.get(f"/desk/cases/{one.number}/do/unlink/", {"other": other.number, "kind": "repeat_of"})
    assert other.number in undo.content.decode()
    assert send(client, one, "unlink", other=other.number, kind="repeat_of", reasons="看错了") == 302
    text = page(client, one)
    assert "这件重复了它" not in text
    assert "撤销与另一件的关联" in text  # the timeline keeps both
    assert "看错了" in text


def test_a_wrong_number_is_told_at_its_field(world: World, two: tuple[Case, Case]) -> None:
    client = signed_in(world, "officer")
    assert send(client, two[0], "link", other="123", kind="joint", reasons="同案") == 422


def test_the_button_for_all_others_shows_only_where_there_are_others(world: World, two: tuple[Case, Case]) -> None:
    main = bring(world, two[0], "decided")
    client = signed_in(world, "cg.handler")
    assert "随附各件一并答复" not in page(client, main)
    child = bring(world, two[1], "accepted")
    world.step(main, "link", "officer", at=LATER, other=child.number, kind="parent_of", reasons="同一盏路灯")
    assert "随附各件一并答复" in page(client, main)
    assert "随这件一并答复" in page(client, main)


def test_who_does_not_see_the_other_sees_no_link(world: World, two: tuple[Case, Case]) -> None:
    mine = bring(world, two[0], "accepted")
    world.step(mine, "link", "officer", at=LATER, other=two[1].number, kind="joint", reasons="同案")
    assert two[1].number not in page(signed_in(world, "cg.handler"), mine)


def test_links_cost_two_statements_however_many(world: World, two: tuple[Case, Case]) -> None:
    client = signed_in(world, "officer")
    for case in [two[1], *(new_case(world) for _ in range(4))]:
        world.step(two[0], "link", "officer", at=LATER, other=case.number, kind="joint", reasons="同案")
    with at_most(40):
        page(client, two[0])
