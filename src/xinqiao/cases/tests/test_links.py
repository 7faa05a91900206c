"""Links between cases: made and undone by hand with an entry on each, hidden from who does not see both, and one answer for many."""

from typing import Any
from uuid import uuid4

import pytest
from tests.support.world import MORNING, World, days

from xinqiao.cases import jobs, links, sealing, seals, services, words
from xinqiao.cases.models import Case, CaseLink, Document, Record
from xinqiao.kernel.errors import BadInput, Refused
from xinqiao.ledger.models import Entry
from xinqiao.notices.models import Message
from xinqiao.people import access, clock
from xinqiao.people.actors import SYSTEM

TEST = SYSTEM("test")
LATER = MORNING + days(2)
DEMAND = {
    "demand": "修好路灯", "facts": "灯头烧坏。", "reasons": "由本单位养护。", "basis": "《城市照明管理规定》第二十三条",
    "outcome": "support",
}  # fmt: skip
DECISION = {"demands": [DEMAND], "outcome": "support", "remedy": "更换灯头。", "execution_days": "15"}


def link(world: World, one: Case, other: Case, kind: str, login: str = "officer", step: str = "link") -> Case:
    return world.step(one, step, login, at=LATER, other=other.number, kind=kind, reasons="同一盏路灯")


def seen(world: World, case: Case, login: str = "officer") -> list[tuple[str, str]]:
    actor = world.actor(login)
    with access.acting(actor):
        return [(one.kind, one.other.number) for one in links.links_of(case, actor=actor)]


def rows(model: Any, **filters: Any) -> list[Any]:
    with access.acting(TEST):
        return list(model.objects.filter(**filters).order_by("pk"))


def fresh(case: Case) -> Case:
    return rows(Case, pk=case.pk)[0]


@pytest.mark.parametrize("kind", list(links.INVERSE))
def test_a_link_stands_on_both_cases_with_an_entry_by_the_same_person(world: World, kind: str) -> None:
    one, other = world.receive().case, world.receive().case
    link(world, one, other, kind)
    assert seen(world, one) == [(kind, other.number)]
    assert seen(world, other) == [(links.INVERSE[kind], one.number)]
    for case in (one, other):
        (entry,) = rows(Entry, case_id=case.id, step="link")
        assert entry.account_id == world.posts["officer"].account_id
        assert fresh(case).state == "registered"


def test_a_link_is_undone_without_a_trace_lost_and_can_be_made_again(world: World) -> None:
    one, other = world.receive().case, world.receive().case
    link(world, one, other, "joint")
    link(world, other, one, "joint", step="unlink")
    assert seen(world, one) == seen(world, other) == []
    link(world, one, other, "repeat_of")
    assert seen(world, one) == [("repeat_of", other.number)]
    assert [row.undone_at is None for row in rows(CaseLink)] == [False, True]
    for case in (one, other):
        assert [entry.step for entry in rows(Entry, case_id=case.id)][-3:] == ["link", "unlink", "link"]


def test_the_number_may_be_typed_without_its_item_and_with_dashes(world: World) -> None:
    one, other = world.receive(), world.receive()
    n = other.number
    world.step(one.case, "link", "officer", at=LATER, other=f"{n[:4]}-{n[4:8]}-{n[8:]}", kind="joint", reasons="同案")
    assert seen(world, one.case) == [("joint", other.case.number)]


def test_what_cannot_be_linked_says_why(world: World) -> None:
    one, other, third = (world.receive().case for _ in range(3))
    for number in ("123", "", one.number[:-3], "000000000000"):
        with pytest.raises(BadInput):
            world.step(one, "link", "officer", at=LATER, other=number, kind="joint", reasons="同案")
    with pytest.raises(BadInput, match="自己"):
        link(world, one, one, "joint")
    link(world, one, other, "joint")
    with pytest.raises(BadInput, match="已经关联"):
        link(world, other, one, "repeat_of")
    with pytest.raises(BadInput, match="不用撤销"):
        link(world, one, other, "repeat_of", step="unlink")
    with pytest.raises(BadInput, match="不用撤销"):
        link(world, one, third, "joint", step="unlink")


def test_a_matter_follows_one_main_matter_which_follows_none(world: World) -> None:
    main, child, other = (world.receive().case for _ in range(3))
    link(world, main, child, "parent_of")
    assert fresh(main).facts["counts"]["children"] == 1
    assert "child" in fresh(child).facts["flags"]
    with pytest.raises(BadInput, match="只能有一个主件"):
        link(world, child, other, "child_of")
    with pytest.raises(BadInput, match="同一个主件"):
        link(world, main, other, "child_of")
    with pytest.raises(BadInput, match="同一个主件"):
        link(world, other, child, "child_of")
    link(world, child, main, "child_of", step="unlink")
    assert fresh(main).facts["counts"]["children"] == 0
    assert "child" not in fresh(child).facts["flags"]
    link(world, child, other, "child_of")


def test_both_must_be_visible(world: World) -> None:
    mine, theirs = at_unit(world), at_unit(world, lead="zj")
    with pytest.raises(BadInput, match="没有找到"):
        link(world, mine, theirs, "joint", login="cg.handler")
    link(world, mine, theirs, "joint")
    assert seen(world, mine, "cg.handler") == []
    assert rows(CaseLink)[0].undone_at is None
    with access.acting(world.actor("other")):
        assert links.links_of(mine, actor=world.actor("other")) == []


def test_sealed_and_open_are_never_linked_and_sealing_takes_the_number_out_of_the_other_file(world: World) -> None:
    one, other, third = (world.receive().case for _ in range(3))
    link(world, one, other, "joint")
    link(world, one, third, "joint")
    keeper = world.actor("keeper")
    with access.acting(keeper):
        sealing.seal(Case.objects.get(pk=other.pk), actor=keeper, at=LATER)
    assert seen(world, one) == [("joint", third.number)]
    assert [row.second_id for row in rows(CaseLink)] == [third.id]  # the other does not show to the system either
    kept = [words.get(record) for record in rows(Record, case_id=one.id, step="link")]
    assert other.number not in str(kept)
    assert third.number in str(kept)
    with pytest.raises(BadInput, match="没有密封的"):
        world.step(one, "link", "keeper", at=LATER, other=other.number, kind="repeat_of", reasons="同案")
    with pytest.raises(BadInput, match="没有找到"):
        link(world, one, other, "repeat_of")
    with access.acting(keeper):
        sealing.seal(Case.objects.get(pk=third.pk), actor=keeper, at=LATER)
    with pytest.raises(BadInput, match=r"已经关联|不用撤销"):
        world.step(other, "unlink", "keeper", at=LATER, other=third.number, kind="joint", reasons="不是")
    world.step(other, "link", "keeper", at=LATER, other=third.number, kind="joint", reasons="同案")
    with access.acting(keeper):
        assert CaseLink.objects.filter(second_id=third.id, first_id=other.id, reason="").count() == 1
        sealing.unseal(Case.objects.get(pk=third.pk), title="路灯", actor=keeper, at=LATER)


def test_the_petitioner_is_not_shown_a_link(world: World) -> None:
    one, other = world.receive().case, world.receive().case
    link(world, one, other, "repeat_of")
    assert {record.public for record in rows(Record, step="link")} == {False}


# --- one answer for many


def at_unit(world: World, lead: str = "cg", procedure: str = "redress") -> Case:
    case = world.receive().case
    case = world.step(
        case, "classify", "officer", at=MORNING, route=procedure, content_code="030800", title="小河路路灯不亮"
    )
    pass_on = "dispatch" if procedure == "inquiry" else "refer"
    case = world.step(case, pass_on, "officer", at=MORNING, lead=world.organs[lead].pk)
    return world.step(case, "sign_for", f"{lead}.handler", at=MORNING)


def accepted(world: World, *, heard: bool = True) -> Case:
    case = world.step(at_unit(world), "accept", "cg.handler", at=LATER)
    if heard:
        case = world.step(
            case, "hear", "cg.handler", at=LATER, way="phone", heard_on=LATER.date(), statement="路灯坏了。"
        )
    return case


def decided(world: World) -> Case:
    case = accepted(world)
    case = world.step(case, "investigate", "cg.handler", at=LATER, way="查看", findings="灯头坏了。")
    case = world.step(case, "draft_decision", "cg.handler", at=LATER, **DECISION)
    case = world.step(case, "check_decision", "cg.deputy", at=LATER)
    case = world.step(case, "sign_decision", "cg.head", at=LATER)
    scan = {} if not seals.current().by_hand else {"scan": [str(uuid4())]}
    return world.step(case, "seal_decision", "cg.handler", at=LATER, **scan)


@pytest.fixture
def e_seal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(seals.current()), "by_hand", False)


@pytest.mark.usefixtures("e_seal")
def test_a_decision_is_given_to_each_child_with_its_own_entry_paper_and_notice(world: World) -> None:
    main = decided(world)
    ready, unheard = accepted(world), accepted(world, heard=False)
    other_kind, elsewhere = at_unit(world, procedure="inquiry"), accepted(world)
    with access.acting(TEST):
        Case.objects.filter(pk=elsewhere.pk).update(lead=world.organs["zj"])
    for child in (ready, unheard, other_kind, elsewhere):
        link(world, main, child, "parent_of")
    before = len(rows(Message, case_id=ready.id))
    world.step(main, "answer_children", "cg.handler", at=LATER)
    assert fresh(ready).state == "decided"
    (entry,) = rows(Entry, case_id=ready.id, step="answer_with_main")
    assert entry.account_id == world.posts["cg.handler"].account_id  # by whom it was ordered
    (paper,) = rows(Document, case_id=ready.id, kind="decision")
    (original,) = rows(Document, case_id=main.id, kind="decision")
    assert paper.number
    assert paper.number != original.number
    assert words.get(paper)["inputs"]["demands"] == words.get(original)["inputs"]["demands"]
    assert main.number not in str(words.get(paper))
    assert len(rows(Message, case_id=ready.id)) == before + 1
    assert fresh(unheard).state == "accepted"  # Art. 31(6): first the petitioner is heard
    assert fresh(other_kind).state == "at_unit"
    assert fresh(elsewhere).state == "accepted"  # nobody answers for another unit
    world.step(unheard, "hear", "cg.handler", at=LATER, way="phone", heard_on=LATER.date(), statement="路灯坏了。")
    world.step(main, "answer_children", "cg.handler", at=LATER)
    assert fresh(unheard).state == "decided"
    assert len(rows(Entry, case_id=ready.id, step="answer_with_main")) == 1
    world.step(ready, "serve", "cg.handler", at=LATER, method="electronic", served_on=LATER.date())
    assert fresh(ready).state == "served"


@pytest.mark.usefixtures("e_seal")
def test_it_is_shown_which_of_the_others_could_not_be_answered_and_why(world: World) -> None:
    main = decided(world)
    ready, unheard, other_kind = accepted(world), accepted(world, heard=False), at_unit(world, procedure="inquiry")
    elsewhere, early, able = accepted(world), at_unit(world), accepted(world)
    with access.acting(TEST):
        Case.objects.filter(pk=elsewhere.pk).update(lead=world.organs["zj"])
    for child in (ready, unheard, other_kind, elsewhere, early):
        link(world, main, child, "parent_of")
    world.step(main, "answer_children", "cg.handler", at=LATER)
    link(world, main, able, "parent_of")
    officer = world.actor("officer")
    with access.acting(officer):
        page = links.followers(main, actor=officer, at=LATER)
        assert (page.done, len(page.waiting), page.next) == (1, 5, 0)
        why = {one.case.number: "".join(one.why) for one in page.waiting}
        first = links.followers(main, actor=officer, at=LATER, size=4)
        second = links.followers(main, actor=officer, at=LATER, size=4, after=first.next)
    assert "听取" in why[unheard.number]
    assert "类别" in why[other_kind.number]
    assert "另一个单位" in why[elsewhere.number]
    assert why[early.number]
    assert why[able.number] == ""
    assert [row.case.number for row in (*first.rows, *second.rows)] == [
        case.number for case in (ready, unheard, other_kind, elsewhere, early, able)
    ]
    assert second.next == 0


def test_a_closed_matter_says_so_and_links_are_read_page_by_page(world: World) -> None:
    main, *others = (at_unit(world, procedure="inquiry") for _ in range(4))
    for child in others:
        link(world, main, child, "parent_of")
    with access.acting(TEST):
        Case.objects.filter(pk=others[0].pk).update(closed_at=LATER)
    officer = world.actor("officer")
    with access.acting(officer):
        page = links.followers(main, actor=officer, at=LATER)
        newest = links.links_page(main, actor=officer, size=2)
        oldest = links.links_page(main, actor=officer, size=2, before=newest.next)
        assert links.links_page(main, actor=officer, before=1) == links.Page()
    assert "办结" in page.waiting[0].why[0]
    assert [one.other.number for one in (*newest.links, *oldest.links)] == [one.number for one in reversed(others)]
    assert oldest.next == 0


def test_where_seals_are_put_on_by_hand_each_child_waits_for_its_own(world: World, monkeypatch: Any) -> None:
    monkeypatch.setattr(type(seals.current()), "by_hand", False)
    main, child = decided(world), accepted(world)
    monkeypatch.setattr(type(seals.current()), "by_hand", True)
    link(world, main, child, "parent_of")
    told = len(rows(Message, case_id=child.id))
    world.step(main, "answer_children", "cg.handler", at=LATER)
    assert len(rows(Message, case_id=child.id)) == told
    assert fresh(child).state == "signed"
    assert rows(Document, case_id=child.id, kind="decision")[0].number is None
    before = len(rows(Message, case_id=child.id))  # nothing is told before the paper is sealed
    world.step(child, "seal_decision", "cg.handler", at=LATER, scan=[str(uuid4())])
    assert len(rows(Message, case_id=child.id)) == before + 1


def test_an_inquiry_is_answered_for_many(world: World) -> None:
    main, child = at_unit(world, procedure="inquiry"), at_unit(world, procedure="inquiry")
    link(world, main, child, "parent_of")
    main = world.step(main, "answer", "cg.handler", at=LATER, reply="已经修好。", way="message")
    before = len(rows(Message, case_id=child.id))
    world.step(main, "answer_children", "cg.handler", at=LATER)
    assert len(rows(Message, case_id=child.id)) == before + 1
    assert fresh(child).state == "answered"
    (record,) = rows(Record, case_id=child.id, step="answer_with_main")
    assert words.get(record)["reply"] == "已经修好。"
    assert record.public


def test_only_a_main_matter_with_others_can_answer_them_and_nobody_answers_a_child_by_hand(world: World) -> None:
    main, child = at_unit(world, procedure="inquiry"), at_unit(world, procedure="inquiry")
    main = world.step(main, "answer", "cg.handler", at=LATER, reply="已经修好。", way="message")
    with pytest.raises(Refused, match="没有随它"):
        world.step(main, "answer_children", "cg.handler", at=LATER)
    link(world, main, child, "parent_of")
    with access.acting(world.actor("cg.handler")):
        options = services.options(case=child, actor=world.actor("cg.handler"), at=LATER)
    assert "answer_with_main" not in {option.step for option in options}
    with pytest.raises(Refused, match="从主件上办"):
        world.step(child, "answer_with_main", "cg.handler", at=LATER, reply="x", way="message", main="1")


def test_what_is_sealed_is_not_answered_with_others_nor_counted(world: World) -> None:
    main, child, other = (at_unit(world, procedure="inquiry") for _ in range(3))
    link(world, main, child, "parent_of")
    link(world, main, other, "parent_of")
    main = world.step(main, "answer", "cg.handler", at=LATER, reply="已经修好。", way="message")
    keeper = world.actor("keeper")
    with access.acting(keeper):
        sealing.seal(Case.objects.get(pk=child.pk), actor=keeper, at=LATER)
    assert fresh(main).facts["counts"]["children"] == 1
    world.step(main, "answer_children", "cg.handler", at=LATER)
    with access.acting(keeper):
        assert Case.objects.get(pk=child.pk).state == "at_unit"
    with access.acting(keeper):
        sealing.unseal(Case.objects.get(pk=child.pk), title="路灯", actor=keeper, at=LATER)
    assert fresh(main).facts["counts"]["children"] == 2


def test_no_button_tells_that_something_sealed_follows(world: World) -> None:
    main, child = at_unit(world, procedure="inquiry"), at_unit(world, procedure="inquiry")
    link(world, main, child, "parent_of")
    main = world.step(main, "answer", "cg.handler", at=LATER, reply="已经修好。", way="message")
    handler, keeper = world.actor("cg.handler"), world.actor("keeper")

    def why() -> list[str]:
        with access.acting(handler):
            found = services.options(case=fresh(main), actor=handler, at=LATER)
        return [str(one.blocked) for one in found if one.step == "answer_children"]

    assert why() == [str(())] or why() == [""]
    with access.acting(keeper):
        sealing.seal(Case.objects.get(pk=child.pk), actor=keeper, at=LATER)
    assert "没有随它" in "".join(why())
    with pytest.raises(Refused, match="没有随它"):
        world.step(main, "answer_children", "cg.handler", at=LATER)


def test_a_sealed_main_matter_leaves_no_mark_on_what_followed_it(world: World) -> None:
    main, child, other = world.receive().case, world.receive().case, world.receive().case
    link(world, main, child, "parent_of")
    keeper = world.actor("keeper")
    with access.acting(keeper):
        sealing.seal(Case.objects.get(pk=main.pk), actor=keeper, at=LATER)
    assert "child" not in fresh(child).facts["flags"]
    link(world, other, child, "parent_of")
    with access.acting(keeper):
        sealing.unseal(Case.objects.get(pk=main.pk), title="路灯", actor=keeper, at=LATER)
    assert "child" in fresh(child).facts["flags"]


def test_more_than_a_hundred_go_on_in_the_worker_and_twice_does_no_harm(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "AT_ONCE", 2)
    monkeypatch.setattr(clock, "now", lambda: LATER)
    main = at_unit(world, procedure="inquiry")
    others = [at_unit(world, procedure="inquiry") for _ in range(5)]
    for child in others:
        link(world, main, child, "parent_of")
    main = world.step(main, "answer", "cg.handler", at=LATER, reply="已经修好。", way="message")
    orders: list[dict[str, Any]] = []

    class Kept:
        def defer(self, **order: Any) -> None:
            orders.append(order)

    monkeypatch.setattr(jobs.carry_on, "configure", lambda: Kept())
    main = world.step(main, "answer_children", "cg.handler", at=LATER)
    assert [fresh(child).state for child in others] == ["answered"] * 2 + ["at_unit"] * 3
    first = dict(orders[0])
    while orders:
        jobs.carry_on.func(**orders.pop(0))
    assert {fresh(child).state for child in others} == {"answered"}
    jobs.carry_on.func(**first)
    for child in others:
        assert len(rows(Entry, case_id=child.id, step="answer_with_main")) == 1


def test_a_suggestion_is_answered_for_many(world: World) -> None:
    main, child = at_unit(world, procedure="suggestion"), at_unit(world, procedure="suggestion")
    for case in (main, child):
        world.step(case, "study", "cg.handler", at=LATER)
    link(world, main, child, "parent_of")
    world.step(main, "draft_reply", "cg.handler", at=LATER, outcome="adopt", reply="采纳。")
    world.step(main, "sign_reply", "cg.head", at=LATER)
    before = len(rows(Message, case_id=child.id))
    world.step(main, "answer_children", "cg.head", at=LATER)
    assert fresh(child).state == "replied"
    assert (
        len(rows(Message, case_id=child.id)) == before
    )  # as with a reply of its own: the petitioner is told when it is served
    world.step(child, "serve", "cg.handler", at=LATER, method="electronic", served_on=LATER.date())
    assert len(rows(Message, case_id=child.id)) == before + 1
    assert rows(Document, case_id=child.id, kind="suggestion_reply")[0].number


def test_the_same_order_with_the_same_key_has_one_effect(world: World) -> None:
    one, other = world.receive().case, world.receive().case
    actor = world.actor("officer")
    given = {"other": other.number, "kind": "joint", "reasons": "同案"}
    for _ in range(2):
        with access.acting(actor):
            services.take_step(case_id=one.id, step="link", actor=actor, at=LATER, inputs=given, key="twice")
    assert len(rows(CaseLink)) == 1
