"""Areas, organs, competences and reviewing bodies as an administrator keeps them."""

from datetime import date
from typing import Any

import pytest
from tests.support.world import LONG_AGO, MORNING, World

from xinqiao.kernel.errors import BadInput, NotFound, Refused
from xinqiao.people import competences, selectors, services
from xinqiao.people.actors import SYSTEM, Actor
from xinqiao.people.models import Account, Area, Competence, Organ, Post, ReviewingBody

pytestmark = pytest.mark.django_db
SPRING = date(2026, 3, 1)
TODAY = date(2026, 9, 1)
ADMIN = {"actor": SYSTEM("test"), "at": MORNING}


def organ(**more: Any) -> dict[str, Any]:
    return {
        "code": "gl", "name": "拱墅区公路中心", "short_name": "公路", "kind": "department", "level": "district",
        "area_code": "330105", "superior_id": None, "valid_from": SPRING, **ADMIN,
    } | more  # fmt: skip


def wrong(call: Any, **given: Any) -> set[str]:
    with pytest.raises(BadInput) as caught:
        call(**given)
    return set(caught.value.fields)


def test_an_area_is_renamed_from_a_day_and_what_lies_in_it_is_called_after_it(world: World) -> None:
    services.area_add(code="330105003001", name="湖墅社区", level="community", parent_code="330105003",
                      valid_from=SPRING, **ADMIN)  # fmt: skip
    services.area_rename(code="330105003", name="大河街道", valid_from=TODAY, **ADMIN)
    before, after = selectors.area_at("330105003", SPRING), selectors.area_at("330105003", TODAY)
    assert before is not None
    assert after is not None
    assert (before.name, after.name, after.stem) == ("小河街道", "大河街道", "大河")
    child = selectors.area_at("330105003001", TODAY)
    assert child is not None
    assert child.full_name == "浙江省杭州市拱墅区大河街道湖墅社区"
    services.area_rename(code="330105003", name="运河街道", valid_from=TODAY, **ADMIN)  # the same day: put right
    assert Area.objects.filter(code="330105003").count() == 2


def test_an_area_is_closed_when_nothing_lies_in_it(world: World) -> None:
    with pytest.raises(Refused, match="下面还有区划"):
        services.area_close(code="330105", valid_to=TODAY, **ADMIN)
    with pytest.raises(Refused, match="还有单位"):
        services.area_close(code="330106", valid_to=TODAY, **ADMIN)
    services.area_close(code="330105003", valid_to=TODAY, **ADMIN)
    assert selectors.area_at("330105003", TODAY) is None
    with pytest.raises(NotFound):
        services.area_rename(code="330105003", name="又一个", valid_from=TODAY, **ADMIN)
    assert wrong(services.area_close, code="330105", valid_to=LONG_AGO, **ADMIN) == {"valid_to"}


def test_an_area_needs_a_code_a_name_and_a_place(world: World) -> None:
    given = {"code": "33x", "name": " ", "level": "planet", "parent_code": "99", "valid_from": SPRING, **ADMIN}
    assert wrong(services.area_add, **given) == {"code", "name", "level", "parent_code"}
    taken = {"code": "330105", "name": "又一个", "level": "district", "parent_code": "", "valid_from": SPRING, **ADMIN}
    assert wrong(services.area_add, **taken) == {"code"}


def test_an_organ_is_made_and_renamed(world: World) -> None:
    made = services.organ_add(**organ(superior_id=world.organs["qu"].pk, phone=" 0571 "))
    assert (made.phone, made.superior) == ("0571", world.organs["qu"])
    given = {k: v for k, v in organ(name="拱墅区公路局").items() if k not in {"code", "valid_from"}}
    assert services.organ_change(organ_id=made.pk, on=TODAY, **given).name == "拱墅区公路局"
    with pytest.raises(NotFound):
        services.organ_change(organ_id=0, on=TODAY, **given)


def test_what_is_wrong_with_an_organ_is_said_by_field(world: World) -> None:
    bad = organ(
        code="大",
        name="",
        short_name="x" * 41,
        kind="club",
        level="moon",
        area_code="77",
        superior_id=0,
        phone="1" * 99,
    )
    names = {"code", "name", "short_name", "kind", "level", "area_code", "superior", "phone"}
    assert wrong(services.organ_add, **bad) == names
    assert wrong(services.organ_add, **organ(code="cg")) == {"code"}
    circle = {k: v for k, v in organ(superior_id=world.organs["cg"].pk).items() if k not in {"code", "valid_from"}}
    assert wrong(services.organ_change, organ_id=world.organs["qu"].pk, on=TODAY, **circle) == {"superior"}


def test_only_an_administrator_keeps_them(world: World) -> None:
    for actor in (world.actor("officer"), world.actor("cg.head"), Actor(kind="citizen")):
        with pytest.raises(NotFound):
            services.organ_add(**organ(actor=actor))
        with pytest.raises(NotFound):
            services.account_add(username="x1", name="x", actor=actor, at=MORNING)


def line(world: World, **more: Any) -> dict[str, Any]:
    return {
        "organ_id": world.organs["cg"].pk, "content_code": "0308", "area_code": "330105", "role": "lead",
        "source": "三定方案", "valid_from": SPRING, **ADMIN,
    } | more  # fmt: skip


def test_a_competence_is_added_corrected_and_ended(world: World) -> None:
    row = services.competence_add(**line(world))
    lead = selectors.competent_organs("030800", "330105003", TODAY).lead
    assert lead is not None
    assert lead.organ == world.organs["cg"]
    assert wrong(services.competence_add, **line(world)) == {"valid_from"}
    bad = line(world, organ_id=0, content_code="3", area_code="x", role="boss", source="", valid_to=LONG_AGO)
    assert wrong(services.competence_add, **bad) == {"organ", "content_code", "area_code", "role", "source", "valid_to"}
    assert wrong(services.competence_add, **line(world, area_code="77")) == {"area_code"}
    services.competence_change(competence_id=row.pk, source="新三定方案", valid_to=TODAY, **ADMIN)
    assert selectors.competent_organs("030800", "330105003", TODAY).lead is None
    assert wrong(services.competence_change, competence_id=row.pk, source="", valid_to=SPRING, **ADMIN) == {
        "source",
        "valid_to",
    }
    with pytest.raises(NotFound):
        services.competence_change(competence_id=0, source="x", valid_to=None, **ADMIN)


def test_a_reviewing_body_is_named_and_ended(world: World) -> None:
    given = {"organ_id": world.organs["cg"].pk, "content_code": "", "reviewer_id": world.organs["qu"].pk,
             "source": "条例第三十五条", "valid_from": SPRING, **ADMIN}  # fmt: skip
    row = services.reviewer_add(**given)
    assert wrong(services.reviewer_add, **given) == {"valid_from"}
    assert wrong(services.reviewer_add, **given | {"reviewer_id": given["organ_id"], "source": ""}) == {
        "reviewer",
        "source",
    }
    assert wrong(services.reviewer_add, **given | {"organ_id": 0, "content_code": "9"}) == {"organ", "content_code"}
    assert wrong(services.reviewer_end, reviewing_id=row.pk, valid_to=SPRING, **ADMIN) == {"valid_to"}
    services.reviewer_end(reviewing_id=row.pk, valid_to=TODAY, **ADMIN)
    assert selectors.reviewing_bodies(world.organs["cg"], "", TODAY) == []
    with pytest.raises(NotFound):
        services.reviewer_end(reviewing_id=row.pk, valid_to=TODAY, **ADMIN)


# --- the table as a file


def taken(lines: list[dict[str, str]], *, dry_run: bool = False) -> competences.Taken:
    return competences.competences_import(lines=list(enumerate(lines, start=2)), dry_run=dry_run, **ADMIN)


ROW = {
    "organ_code": "cg", "organ": "随便写", "content_code": "0308", "area_code": "", "role": "主办", "source": "三定",
    "valid_from": "2026-03-01", "valid_to": "",
}  # fmt: skip


def test_a_file_goes_in_once_and_comes_out_the_same(world: World) -> None:
    assert taken([ROW], dry_run=True).added == 1
    assert not Competence.objects.exists()
    assert taken([ROW]).added == 1
    assert taken([ROW]) == competences.Taken(0, 0, 1, ())
    (out,) = competences.rows()
    assert out == ("cg", "拱墅区城市管理局", "0308", "", "lead", "三定", "2026-03-01", "")
    back = dict(zip(competences.COLUMNS, out, strict=True))
    assert taken([back]).unchanged == 1
    assert taken([back | {"valid_to": "2026-08-01", "source": "新三定"}]).changed == 1
    assert list(competences.rows(on=TODAY)) == []
    assert Competence.objects.get().valid_to == date(2026, 8, 1)


def test_one_wrong_line_keeps_the_whole_file_out_and_is_named(world: World) -> None:
    done = taken([ROW, ROW | {"organ_code": "zz"}, ROW | {"role": "x", "content_code": "3"}, ROW | {"valid_from": "spring"},
                  ROW | {"valid_from": "2026-05-01"}, ROW | {"valid_to": "2026-01-01"}])  # fmt: skip
    assert not done.whole
    found = {(one.line, one.column) for one in done.wrong}
    assert found == {
        (3, "organ_code"),
        (4, "role"),
        (4, "content_code"),
        (5, "valid_from"),
        (6, "valid_from"),
        (7, "valid_to"),
    }
    assert not Competence.objects.exists()


def test_a_file_without_the_columns_or_without_lines_is_refused(world: World) -> None:
    with pytest.raises(BadInput, match="缺少这些列"):
        taken([{"organ_code": "cg"}])
    with pytest.raises(BadInput, match="没有数据行"):
        taken([])


# --- an organ ends


def test_an_organ_ends_with_its_posts_and_what_nobody_inherits_goes_to_the_rest(world: World) -> None:
    cg, zj, jd = (world.organs[code] for code in ("cg", "zj", "jd"))
    services.competence_add(**line(world))
    services.competence_add(**line(world, content_code="0309"))
    services.competence_add(**line(world, organ_id=jd.pk, content_code="0309"))
    services.reviewer_add(organ_id=cg.pk, content_code="", reviewer_id=world.organs["qu"].pk, source="x",
                          valid_from=SPRING, **ADMIN)  # fmt: skip
    below = services.organ_add(**organ(superior_id=cg.pk))
    head = world.posts["cg.head"]
    Post.objects.filter(pk=world.posts["cg.handler"].pk).update(deputy=head, leave_from=SPRING)
    Post.objects.filter(pk=world.posts["zj.handler"].pk).update(deputy=head)
    count = services.organ_dissolve(organ=cg, heirs=[zj, jd], rest=zj, on=TODAY, source="编办 1 号", **ADMIN)
    assert count == 1
    lead = selectors.competent_organs("0308", "330105", TODAY).lead
    assert lead is not None
    assert lead.organ == zj
    assert Organ.objects.get(pk=below.pk).superior == zj
    assert not selectors.posts_at(cg.pk, TODAY)
    assert not Post.objects.filter(deputy__isnull=False).exists()
    assert not ReviewingBody.objects.filter(organ=cg, valid_to__isnull=True).exists()
    assert Account.objects.get(pk=head.account_id).is_active
    with pytest.raises(BadInput):
        services.organ_dissolve(organ=jd, heirs=[], rest=zj, on=LONG_AGO, source="x", **ADMIN)
