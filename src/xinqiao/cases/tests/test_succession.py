"""An organ is abolished: its open cases go to whoever carries its functions on, once each, whatever happens meanwhile."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date
from typing import Any

import pytest
from tests.support.world import LONG_AGO, MORNING, World, days

from xinqiao.cases import access as case_access
from xinqiao.cases import services as steps
from xinqiao.cases import succession
from xinqiao.cases.models import Abolition, Assist, Case, Obligation, SealGrant
from xinqiao.desk.tests.road import bring, fresh, new_case
from xinqiao.intake import services as intake
from xinqiao.kernel.clock import utc_now
from xinqiao.kernel.errors import BadInput, Conflict, NotFound, Refused
from xinqiao.ledger.models import Entry
from xinqiao.notices.models import Message
from xinqiao.people import access
from xinqiao.people.actors import SYSTEM, Actor
from xinqiao.people.models import Account, AdminEntry, Competence, Organ, Post

pytestmark = pytest.mark.django_db
LATER = MORNING + days(3)
AsRole = Callable[[str], AbstractContextManager[None]]


@pytest.fixture(autouse=True)
def reading(db: None) -> Iterator[None]:
    """What the tests themselves look at, they look at as the system."""
    with access.acting(SYSTEM("test")):
        yield


@pytest.fixture
def admin(world: World) -> Actor:
    account = Account.objects.create(username="admin", name="管理员")
    world.posts["admin"] = Post.objects.create(
        account=account, organ=world.organs["xf"], role="admin", title="管理员", valid_from=LONG_AGO
    )
    return world.actor("admin")


def competent(world: World, code: str, content: str, area: str = "") -> None:
    Competence.objects.create(
        organ=world.organs[code], content_code=content, area_code=area, role="lead", source="三定", valid_from=LONG_AGO
    )


def abolish(
    world: World, admin: Actor, *heirs: str, gone: str = "cg", rest: str = "zj", key: str = "k1", on: date | None = None
) -> Abolition:
    ids = [world.organs[code].pk for code in heirs]
    with access.acting(admin):
        return succession.organ_abolish(
            organ_id=world.organs[gone].pk, heir_ids=ids, rest_id=world.organs[rest].pk, source="拱编〔2026〕1 号",
            actor=admin, at=LATER, key=key, on=on,
        )  # fmt: skip


def accepted(world: World, **refer: Any) -> Case:
    return bring(world, new_case(world), "accepted")


def entries(case: Case) -> list[str]:
    with access.acting(SYSTEM("test")):
        return list(Entry.objects.filter(case_id=case.id, event="case.succeed").values_list("event", flat=True))


def test_the_case_its_duties_and_its_dates_go_over_and_everybody_is_told(world: World, admin: Actor) -> None:
    case = accepted(world)
    world.step(case, "assign_handler", "cg.head", at=LATER, handler=world.posts["cg.handler"].pk)
    before = {o.act: o.due for o in Obligation.objects.filter(case=case, settled_at__isnull=True)}
    act = abolish(world, admin, "zj")
    assert succession.follow(at=LATER) == 1
    now = fresh(case)
    assert (now.lead, now.handler, now.state) == (world.organs["zj"], None, "accepted")
    duties = Obligation.objects.filter(case=case, settled_at__isnull=True)
    assert {o.act: o.due for o in duties} == before
    assert {o.organ for o in duties if o.owner == "lead"} == {world.organs["zj"]}, list(
        duties.values("owner", "organ", "act")
    )
    assert duties.filter(organ=world.organs["zj"], leading=True).count() == 1
    told = Message.objects.filter(case_id=case.id, text="succeeded")
    assert {(m.to_kind, m.organ_id) for m in told} == {("petitioner", None), ("organ", world.organs["zj"].pk)}
    assert entries(case) == ["case.succeed"]
    with access.acting(SYSTEM("test")):
        entry = Entry.objects.get(case_id=case.id, event="case.succeed")
    assert "xinfang-2022:24(2)" in entry.payload
    assert f'"succeeds":[{world.organs["cg"].pk},{world.organs["zj"].pk}]' in entry.payload
    world.step(case, "hear", "zj.handler", at=LATER, way="phone", heard_on=LATER.date(), statement="说了经过。")
    with pytest.raises(NotFound):
        world.step(case, "note", "cg.handler", at=LATER, text="还想看")
    record = AdminEntry.objects.get(table="cases_abolition", key=str(act.id), action="INSERT")
    assert (record.account_id, record.actor_kind) == (admin.account_id, "staff")


def test_competence_splits_the_work_among_heirs(world: World, admin: Actor) -> None:
    lamp, other = accepted(world), accepted(world)
    Case.objects.filter(pk=other.pk).update(content_code="010100")
    competent(world, "jd", "0308")
    with access.acting(admin):
        seen = succession.preview(
            organ_id=world.organs["cg"].pk, heir_ids=[world.organs["jd"].pk], rest_id=world.organs["zj"].pk,
            on=LATER.date(), actor=admin,
        )  # fmt: skip
    assert {(s.content_code, s.heir.code, s.cases) for s in seen.shares} == {("030800", "jd", 1), ("010100", "zj", 1)}
    assert (seen.looked_at, seen.full, seen.posts) == (2, False, 3)
    abolish(world, admin, "jd")
    assert succession.follow(at=LATER) == 2
    assert (fresh(lamp).lead, fresh(other).lead) == (world.organs["jd"], world.organs["zj"])


def test_twice_does_nothing_twice_and_the_act_ends_when_nothing_is_left(world: World, admin: Actor) -> None:
    case = accepted(world)
    act = abolish(world, admin, "zj")
    assert abolish(world, admin, "zj").id == act.id
    assert succession.follow(at=LATER) == 1
    assert succession.follow(at=LATER) == 0
    act.refresh_from_db()
    assert act.done_at is None, "requests that began before may still be on their way"
    Abolition.objects.update(begun_at=utc_now() - 2 * succession.SETTLES)
    assert succession.follow(at=LATER) == 0
    act.refresh_from_db()
    assert act.done_at is not None
    assert len(entries(case)) == 1
    others: list[tuple[tuple[str, ...], dict[str, Any]]] = [
        (("zj",), {"gone": "jd"}),
        (("zj", "jd"), {}),
        ((), {}),
        (("zj",), {"rest": "jd"}),
        (("zj",), {"on": (LATER + days(30)).date()}),
    ]
    for heirs, given in others:  # the same form with anything else in it
        with pytest.raises(Conflict):
            abolish(world, admin, *heirs, **given)


def test_a_crash_in_the_middle_is_taken_up_again(world: World, admin: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [accepted(world) for _ in range(3)]
    abolish(world, admin, "zj")
    real, left = succession.hand_on, [1]

    def dying(*args: Any, **more: Any) -> int:
        if not left[0]:
            raise SystemExit
        left[0] -= 1
        return real(*args, **more)

    monkeypatch.setattr(succession, "hand_on", dying)
    with pytest.raises(SystemExit):
        succession.follow(at=LATER)
    assert sum(fresh(case).lead == world.organs["zj"] for case in cases) == 1
    monkeypatch.setattr(succession, "hand_on", real)
    assert succession.follow(at=LATER, batch=1) == 2
    assert all(fresh(case).lead == world.organs["zj"] for case in cases)
    assert [len(entries(case)) for case in cases] == [1, 1, 1]


def test_one_case_that_cannot_go_over_does_not_hold_the_others(
    world: World, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison, good = accepted(world), accepted(world)
    abolish(world, admin, "zj")
    real = steps.take_step

    def taking(*, case_id: Any, **more: Any) -> Any:
        if case_id == poison.id:
            raise ValueError("broken")
        return real(case_id=case_id, **more)

    monkeypatch.setattr(steps, "take_step", taking)
    assert succession.follow(at=LATER) == 1
    assert fresh(good).lead == world.organs["zj"]
    assert Abolition.objects.get().troubled
    monkeypatch.setattr(steps, "take_step", real)
    assert succession.follow(at=LATER) == 1
    assert not Abolition.objects.get().troubled


def test_assisting_roles_and_rulings_move_too(world: World, admin: Actor) -> None:
    case = new_case(world)
    case = bring(world, case, "sorted")
    world.step(case, "refer", "officer", at=MORNING, lead=world.organs["cg"].pk, assists=[world.organs["zj"].pk])
    abolish(world, admin, "jd", gone="zj", rest="jd")
    assert succession.follow(at=LATER) == 1
    assert Assist.objects.get(case=case, closed_at__isnull=True).organ == world.organs["jd"]
    owed = Obligation.objects.get(case=case, act="assist", settled_at__isnull=True)
    assert (owed.organ, owed.owner) == (world.organs["jd"], "assist")
    assert not Message.objects.filter(case_id=case.id, text="succeeded", to_kind="petitioner").exists()
    asked = bring(world, new_case(world), "referred")
    world.step(asked, "object", "cg.handler", at=MORNING, reasons="这条路的路灯由市政中心养护，不归我们管")
    world.step(asked, "accept_objection", "officer", at=MORNING, reasons="属实")
    world.step(asked, "negotiate", "officer", at=MORNING, organs=[world.organs["cg"].pk], outcome="协商不成")
    world.step(asked, "ask_ruling", "officer", at=MORNING, arbiter=world.organs["lxh"].pk, reasons="有争议")
    abolish(world, admin, "qu", gone="lxh", rest="qu", key="k2")
    assert succession.follow(at=LATER) == 1
    assert fresh(asked).ruling == world.organs["qu"]
    assert Obligation.objects.get(case=asked, act="rule", settled_at__isnull=True).organ == world.organs["qu"]


def sealed_report(world: World) -> Case:
    said = intake.Words(text="反映某单位工作人员收受好处。", area_code="330105003")
    who = intake.Who(
        reporter="person",
        people=[("petitioner", intake.PersonData(name="钱大桥", phone="19900001234"))],
        about_official=True,
    )
    case = world.receive(said=said, who=who).case
    world.step(case, "classify", "keeper", at=MORNING, route="report", title="反映干部问题")
    return world.step(case, "hand_over_report", "keeper", at=MORNING, lead=world.organs["jw"].pk, reasons="按管理权限")


def another_discipline_organ(world: World, *, named: bool) -> Organ:
    organ = Organ.objects.create(
        code="jw2", name="新纪委", short_name="新纪委", kind="discipline", area_code="330105", level="district",
        valid_from=LONG_AGO,
    )  # fmt: skip
    world.organs["jw2"] = organ
    for login, role in (("jw2.receiver", "discipline"), ("jw2.handler", "handler")):
        account = Account.objects.create(username=login, name=login)
        if named or role == "handler":
            world.posts[login] = Post.objects.create(
                account=account, organ=organ, role=role, title="受理员", valid_from=LONG_AGO
            )
    return organ


def test_a_sealed_case_goes_to_named_persons_only(world: World, admin: Actor, as_role: AsRole) -> None:
    case = sealed_report(world)
    another_discipline_organ(world, named=True)
    with access.acting(admin):
        seen = succession.preview(
            organ_id=world.organs["jw"].pk, heir_ids=[], rest_id=world.organs["jw2"].pk, on=LATER.date(), actor=admin
        )
    assert (seen.shares, seen.looked_at) == ((), 0), "an administrator does not even count what is sealed"
    abolish(world, admin, gone="jw", rest="jw2")
    with as_role("seal"):
        assert succession.follow(at=LATER) == 1
        with access.acting(SYSTEM("test")):
            grants = set(SealGrant.objects.filter(case_id=case.id).values_list("account_id", flat=True))
            assert Case.objects.get(pk=case.pk).lead == world.organs["jw2"]
            told = list(Message.objects.filter(case_id=case.id, text="succeeded"))
    new, old = world.posts["jw2.receiver"].account_id, world.posts["discipline"].account_id
    assert new in grants
    assert old not in grants
    assert world.posts["keeper"].account_id in grants
    assert all(message.sealed for message in told)
    for login, finds in (("jw2.receiver", True), ("jw2.handler", False), ("keeper", True), ("admin", False)):
        actor = world.actor(login)
        with access.acting(actor):
            assert case_access.visible(actor).filter(pk=case.pk).exists() is finds, login


def test_where_nobody_is_appointed_for_sealed_matters_an_organ_is_not_abolished(world: World, admin: Actor) -> None:
    another_discipline_organ(world, named=False)
    with pytest.raises(Refused, match="检举控告受理人"):
        abolish(world, admin, gone="jw", rest="jw2")
    assert Organ.objects.get(code="jw").valid_to is None


def test_a_petition_office_is_followed_by_a_petition_office(world: World, admin: Actor) -> None:
    case = new_case(world)
    with pytest.raises(BadInput):
        abolish(world, admin, gone="xf", rest="zj")
    new = Organ.objects.create(
        code="xf2", name="拱墅区信访局（新）", short_name="新信访", kind="petition_office", area_code="330105",
        level="district", valid_from=LONG_AGO,
    )  # fmt: skip
    world.organs["xf2"] = new
    for login, role in (("new.officer", "officer"), ("new.keeper", "confidential")):
        account = Account.objects.create(username=login, name=login)
        world.posts[login] = Post.objects.create(account=account, organ=new, role=role, title=role, valid_from=LONG_AGO)
    abolish(world, admin, gone="xf", rest="xf2")
    assert succession.follow(at=LATER) == 1
    assert fresh(case).office == new
    world.step(case, "classify", "new.officer", at=LATER, route="redress", title="路灯")


def test_who_may_abolish_what(world: World, admin: Actor) -> None:
    with pytest.raises(NotFound):
        abolish(world, world.actor("officer"), "zj")
    world.organs["none"] = Organ(pk=0)
    with pytest.raises(NotFound):
        abolish(world, admin, "zj", gone="none")
    for heirs, rest in (((), "cg"), (("cg",), "zj"), (("none",), "zj")):
        with pytest.raises(BadInput):
            abolish(world, admin, *heirs, rest=rest)
    Organ.objects.filter(code="other").update(area_code="420100", kind="department")
    with pytest.raises(BadInput, match="同一个城市"):
        abolish(world, admin, "other")
    with access.acting(admin), pytest.raises(BadInput, match="依据"):
        succession.organ_abolish(
            organ_id=world.organs["cg"].pk, heir_ids=[], rest_id=world.organs["zj"].pk, source=" ", actor=admin,
            at=LATER, key="x",
        )  # fmt: skip
    assert str(abolish(world, admin, "zj")).startswith("拱墅区城市管理局")


DAY = (LATER + days(5)).date()
THEN = LATER + days(5)


def test_an_act_for_a_later_day_is_carried_out_on_that_day(world: World, admin: Actor) -> None:
    case, cg = accepted(world), world.organs["cg"]
    act = abolish(world, admin, "jd", on=DAY)
    assert [one.id for one in succession.abolitions_prepared()] == [act.id]
    assert succession.follow(at=THEN - days(1)) == 0
    cg.refresh_from_db()
    assert (cg.valid_to, fresh(case).lead, act.begun_at) == (None, cg, None)
    later = accepted(world)  # comes in between: it is handed on as well
    competent(world, "jd", "0308")
    assert succession.follow(at=THEN) == 2
    cg.refresh_from_db()
    act.refresh_from_db()
    assert (cg.valid_to, act.troubled) == (DAY, False)
    assert act.begun_at is not None
    assert {fresh(one).lead for one in (case, later)} == {world.organs["jd"]}
    assert not Post.objects.filter(organ=cg, valid_to__isnull=True).exists()
    assert succession.abolitions_prepared() == []
    record = AdminEntry.objects.get(table="cases_abolition", key=str(act.id), action="INSERT")
    assert record.account_id == admin.account_id
    with access.acting(admin), pytest.raises(Refused, match="已经撤销"):
        succession.abolition_call_off(act_id=act.id, actor=admin, at=THEN)


def test_when_the_worker_slept_over_the_day_the_organ_ends_on_the_day_it_wakes(world: World, admin: Actor) -> None:
    abolish(world, admin, on=DAY)
    succession.follow(at=THEN + days(2))
    assert Organ.objects.get(code="cg").valid_to == (THEN + days(2)).date()


def test_a_prepared_act_is_called_off_and_another_one_may_follow(world: World, admin: Actor) -> None:
    case = accepted(world)
    act = abolish(world, admin, on=DAY)
    with pytest.raises(Refused, match="已经排好"):
        abolish(world, admin, key="k2")
    with access.acting(world.actor("officer")) as officer, pytest.raises(NotFound):
        succession.abolition_call_off(act_id=act.id, actor=officer, at=LATER)
    for _ in range(2):
        with access.acting(admin):
            succession.abolition_call_off(act_id=act.id, actor=admin, at=LATER + days(1))
    act.refresh_from_db()
    assert (act.called_off_at, act.called_off_by) == (LATER + days(1), admin.account_id)
    assert succession.follow(at=THEN) == 0
    assert Organ.objects.get(code="cg").valid_to is None
    assert AdminEntry.objects.filter(table="cases_abolition", key=str(act.id), action="UPDATE").count() == 1
    abolish(world, admin, "zj", key="k2")
    assert succession.follow(at=LATER) == 1
    assert fresh(case).lead == world.organs["zj"]


def test_what_cannot_be_carried_out_on_its_day_is_told_and_tried_again(world: World, admin: Actor) -> None:
    case = accepted(world)
    act = abolish(world, admin, on=DAY)
    Organ.objects.filter(code="zj").update(valid_to=DAY)  # who was to take the rest is no more
    for _ in range(3):
        assert succession.follow(at=THEN) == 0
    act.refresh_from_db()
    assert act.troubled
    assert "接下职权表没有写明" in act.trouble
    assert Organ.objects.get(code="cg").valid_to is None
    (told,) = Message.objects.filter(text="abolition_stuck")
    assert (told.account_id, told.case_id, told.params) == (
        admin.account_id,
        None,
        {"organ": world.organs["cg"].short_name},
    )
    Organ.objects.filter(code="zj").update(valid_to=None)
    assert succession.follow(at=THEN) == 1
    act.refresh_from_db()
    assert (act.troubled, act.trouble, fresh(case).lead) == (False, "", world.organs["zj"])


@pytest.mark.parametrize("day", [LATER.date() - days(1), LATER.date() + succession.LONGEST_AHEAD + days(1)])
def test_a_day_that_is_over_or_too_far_is_refused(world: World, admin: Actor, day: date) -> None:
    with pytest.raises(BadInput, match="以后两年"):
        abolish(world, admin, on=day)


def test_heirs_are_those_of_the_day(world: World, admin: Actor) -> None:
    world.organs["new"] = Organ.objects.create(
        code="new", name="拱墅区城市建设管理局", short_name="拱建管", kind="department", level="district",
        area_code="330105", valid_from=DAY,
    )  # fmt: skip
    case = accepted(world)
    with pytest.raises(BadInput):
        abolish(world, admin, rest="new")
    abolish(world, admin, rest="new", on=DAY)
    assert succession.follow(at=THEN) == 1
    assert fresh(case).lead == world.organs["new"]
