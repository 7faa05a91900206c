"""The page of a main matter says which of the matters that follow it could not be given its answer, and why."""

import pytest
from tests.support.world import MORNING, World, days

from xinqiao.cases import links
from xinqiao.cases.models import Case
from xinqiao.desk.tests.road import moving, signed_in

pytestmark = pytest.mark.django_db
LATER = MORNING + days(2)


def inquiry(world: World) -> Case:
    case = world.receive().case
    case = world.step(
        case, "classify", "officer", at=MORNING, route="inquiry", content_code="030800", title="小河路路灯不亮"
    )
    case = world.step(case, "dispatch", "officer", at=MORNING, lead=world.organs["cg"].pk)
    return world.step(case, "sign_for", "cg.handler", at=MORNING)


def follow(world: World, main: Case, child: Case) -> None:
    world.step(main, "link", "officer", at=LATER, other=child.number, kind="parent_of", reasons="同一盏路灯")


def test_the_page_says_who_got_the_answer_and_why_others_did_not(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    moving(monkeypatch, LATER)
    main, ready, waiting = inquiry(world), inquiry(world), world.receive().case
    follow(world, main, ready)
    follow(world, main, waiting)
    client = signed_in(world, "officer")
    assert "随附各件的答复" not in client.get(f"/desk/cases/{main.number}/").content.decode()
    main = world.step(main, "answer", "cg.handler", at=LATER, reply="已经修好。", way="message")
    world.step(main, "answer_children", "cg.handler", at=LATER)
    text = client.get(f"/desk/cases/{main.number}/").content.decode()
    assert "1 件已答复，1 件还没有" in text
    assert "类别和主件不同" in text
    part = text[text.index("xq-followers") :]
    assert waiting.number in part
    monkeypatch.setattr(links, "followers", lambda case, **more: links.Followers(next=7))
    assert "?followers=7#xq-followers" in client.get(f"/desk/cases/{main.number}/?followers=x").content.decode()


def test_what_is_linked_is_read_page_by_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    moving(monkeypatch, LATER)
    main, first, second = (world.receive().case for _ in range(3))
    for other in (first, second):
        world.step(main, "link", "officer", at=LATER, other=other.number, kind="joint", reasons="同案")
    pages = links.links_page
    monkeypatch.setattr(links, "links_page", lambda case, **more: pages(case, **more, size=1))
    client = signed_in(world, "officer")
    page = client.get(f"/desk/cases/{main.number}/")
    assert [one.case.number for one in page.context["linked"]] == [second.number]
    assert "看更早关联的" in page.content.decode()
    older = client.get(f"/desk/cases/{main.number}/?linked={page.context['more_linked']}")
    assert [one.case.number for one in older.context["linked"]] == [first.number]
    assert "看更早关联的" not in older.content.decode()
