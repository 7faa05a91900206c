"""Areas, competence, reviewing bodies, posts: as they stood on a day."""

import gzip
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.db.utils import IntegrityError

from xinqiao.kernel.errors import BadInput, NotFound
from xinqiao.people import selectors, services
from xinqiao.people.actors import SYSTEM, Actor
from xinqiao.people.areas import area_chain, area_stem, content_chain, within
from xinqiao.people.imports import read_table, stem_of
from xinqiao.people.models import Area, Competence, Organ, Post, ReviewingBody
from xinqiao.people.tests.conftest import AT, ON, House

START = date(2022, 5, 1)
ROWS = [
    {"code": "330000", "name": "浙江省", "level": "province", "parent_code": ""},
    {"code": "330100", "name": "杭州市", "level": "city", "parent_code": "330000"},
    {"code": "330105", "name": "拱墅区", "level": "", "parent_code": "330100"},
    {"code": "330105001", "name": "米市巷街道", "level": "street", "parent_code": "330105"},
    {"code": "330105002", "name": "湖墅街道", "level": "street", "parent_code": "330105"},
    {"code": "330105001051", "name": "夹城巷社区", "level": "community", "parent_code": "330105001"},
]


def bring(rows: list[dict[str, str]], on: date = START, **more: Any) -> tuple[int, int, int]:
    done = services.areas_import(rows=rows, valid_from=on, actor=SYSTEM("test"), at=AT, **more)
    return done.added, done.ended, done.unchanged


@pytest.fixture
def areas(db: None) -> None:
    assert bring(ROWS) == (6, 0, 0)


def test_codes_name_what_stands_above_them() -> None:
    assert [area_stem(code) for code in ("330000", "330100", "330105", "330105001000", "330110", "33")] == [
        "33", "3301", "330105", "330105001", "330110", "33",
    ]  # fmt: skip
    assert {"330105001", "330105", "330100", "330000", "33", ""} <= set(area_chain("330105001"))
    assert {"330100", "330000", ""} <= set(area_chain("330100"))
    assert area_chain("") == [""]
    assert within("330105001", "330100")
    assert within("330105001", "")
    assert not within("330106001", "330105")
    assert {"030704", "0307", "030700", "03", "030000", ""} <= set(content_chain("030704"))
    assert content_chain("") == [""]
    assert stem_of("某市") == "某市"


def test_areas_are_read_as_they_stood_on_a_day(areas: None) -> None:
    renamed = date(2025, 1, 1)
    rows = [*ROWS[:4], {**ROWS[4], "name": "新湖墅街道"}, ROWS[5]]
    assert bring(rows, renamed) == (1, 1, 5)
    assert bring(rows, renamed) == (0, 0, 6)
    before, after = selectors.area_at("330105002", renamed - timedelta(days=1)), selectors.area_at("330105002", renamed)
    assert before is not None
    assert after is not None
    assert (before.name, after.name) == ("湖墅街道", "新湖墅街道")
    assert after.full_name == "浙江省杭州市拱墅区新湖墅街道"
    assert selectors.area_at("330105002", date(2000, 1, 1)) is None
    assert [area.code for area in selectors.area_children("330105", renamed)] == ["330105001", "330105002"]
    assert [area.name for area in selectors.area_path("330105001051", ON)] == [
        "浙江省", "杭州市", "拱墅区", "米市巷街道", "夹城巷社区",
    ]  # fmt: skip
    assert selectors.area_path("99", ON) == []


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("夹城", "330105001051"),
        ("夹城巷社区", "330105001051"),
        ("米市巷夹城巷社区3幢2单元", "330105001051"),
        ("拱墅区 米市巷", "330105001"),
        ("湖墅", "330105002"),
        ("拱墅", "330105"),
    ],
)
def test_a_place_is_found_by_what_people_type(areas: None, typed: str, first: str) -> None:
    assert selectors.area_search(typed, on=ON)[0].code == first


def test_a_search_stays_inside_its_area(areas: None) -> None:
    assert selectors.area_search("  ", on=ON) == []
    assert selectors.area_search("没有这里", on=ON) == []
    assert all(area.code.startswith("330105") for area in selectors.area_search("浙江", on=ON, within="330105"))


def test_areas_that_a_full_file_no_longer_names_end(areas: None) -> None:
    later = date(2025, 1, 1)
    outside = {"code": "330106", "name": "西湖区", "level": "district", "parent_code": "330100"}
    assert bring([outside]) == (1, 0, 0)
    assert bring([ROWS[2], ROWS[3]], later, ends_missing=True) == (0, 2, 2)
    assert selectors.area_at("330105002", later) is None
    assert selectors.area_at("330106", later) is not None


def test_only_a_part_of_a_file_may_be_taken(db: None) -> None:
    wide = [
        {"city_code": "3301", "city": "杭州市", "area_code": code, "area": name, "street_code": f"{code}001", "street": "第一街道"}
        for code, name in (("330105", "拱墅区"), ("330106", "西湖区"))
    ]  # fmt: skip
    assert bring(wide, only_within="330105") == (3, 0, 0)
    street = selectors.area_at("330105001", ON)
    assert street is not None
    assert (street.level, street.parent_code, street.full_name) == ("street", "330105", "杭州市拱墅区第一街道")


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [{"x": "1"}],
        [{"code": "abc", "name": "某地", "level": "city"}],
        [{"code": "33", "name": "", "level": "province"}],
        [{"code": "3301051", "name": "某地"}],
        [{"code": "33", "name": "某省"}, {"code": "33", "name": "某省"}],
        [{"area_code": "33x", "area": "某区"}],
    ],
)
def test_a_broken_table_is_said_so(db: None, rows: list[dict[str, str]]) -> None:
    with pytest.raises(BadInput):
        bring(rows)


def test_the_past_is_not_rewritten(areas: None) -> None:
    with pytest.raises(BadInput, match="已有新的版本"):
        bring([ROWS[2]], START - timedelta(days=1))
    with pytest.raises(BadInput, match="才开始"):
        bring([{**ROWS[2], "name": "新区"}])
    with pytest.raises(IntegrityError), transaction.atomic():
        Area.objects.create(
            code="330105", name="又一个", full_name="又一个", stem="又一个", level="district", valid_from=ON
        )


def test_tables_are_read_plain_and_packed(tmp_path: Path) -> None:
    text = "code,name\n33,浙江省\n".encode()
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbf" + text)
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(text))
    (tmp_path / "c.csv").write_bytes("浙江".encode("gbk"))
    assert read_table(tmp_path / "a.csv") == read_table(tmp_path / "b.csv.gz") == [{"code": "33", "name": "浙江省"}]
    for name in ("c.csv", "nothing.csv"):
        with pytest.raises(BadInput, match="读不出来"):
            read_table(tmp_path / name)


def competence(organ: Organ, content: str, area: str = "330105", role: str = "lead", **more: Any) -> Competence:
    return Competence.objects.create(
        organ=organ,
        content_code=content,
        area_code=area,
        role=role,
        source="职能配置规定",
        **{"valid_from": START, **more},
    )


def test_the_narrowest_content_wins_then_the_narrowest_area(house: House) -> None:
    street = Organ.objects.create(
        code="jd",
        name="某街道",
        short_name="街道",
        kind="street",
        area_code="330105001",
        level="street",
        valid_from=START,
    )
    competence(house.office, "03")
    competence(house.unit, "0307")
    competence(street, "030704", "330105001", "assist")
    competence(house.unit, "03", role="assist")
    found = selectors.competent_organs("030704", "330105001051", ON)
    assert found.lead is not None
    assert found.lead.organ == house.unit
    assert [one.organ for one in found.assists] == [street]
    lines = [line.text.format(**line.values) for line in found.lead.reasons]
    assert lines == [
        "内容 030704 属于 0307 类，由城管局主办。",
        "地点 330105001051 在 330105 范围内。",
        "依据：职能配置规定，自 2022-05-01 起。",
    ]
    other = selectors.competent_organs("030100", "330105", ON)
    assert other.lead is not None
    assert other.lead.organ == house.office
    assert [one.organ for one in other.assists] == [house.unit]
    for content, area in (("05", "330105"), ("0307", "330106"), ("", "")):
        nobody = selectors.competent_organs(content, area, ON)
        assert (nobody.lead, nobody.assists) == (None, ())


def test_competence_moves_with_the_date(house: House) -> None:
    moved = date(2025, 1, 1)
    competence(house.office, "10", valid_to=moved)
    competence(house.unit, "10", valid_from=moved)
    for on, organ in ((moved - timedelta(days=1), house.office), (moved, house.unit)):
        found = selectors.competent_organs("100500", "330105", on)
        assert found.lead is not None
        assert found.lead.organ == organ
    with pytest.raises(IntegrityError), transaction.atomic():
        competence(house.unit, "10", valid_from=date(2026, 1, 1))
    house.unit.valid_to = moved
    house.unit.save()
    assert selectors.competent_organs("10", "330105", moved).lead is None


def test_reviewing_bodies_of_the_nearest_content(house: House) -> None:
    def body(reviewer: Organ, content: str = "") -> None:
        ReviewingBody.objects.create(
            organ=house.unit, content_code=content, reviewer=reviewer, source="第三十五条", valid_from=START
        )

    city = Organ.objects.create(
        code="hz", name="市局", short_name="市局", kind="department", area_code="330100", level="city", valid_from=START
    )
    body(house.office)
    body(city)
    body(city, "0307")
    assert [one.organ for one in selectors.reviewing_bodies(house.unit, "0101", ON)] == [house.office, city]
    assert [one.organ for one in selectors.reviewing_bodies(house.unit.pk, "030704", ON)] == [city]
    assert selectors.reviewing_bodies(house.office, "", ON) == []


def test_the_petition_office_of_a_place(house: House) -> None:
    other = Organ.objects.create(
        code="xh", name="西湖区信访局", short_name="西信", kind="petition_office", area_code="330106", level="district",
        valid_from=START,
    )  # fmt: skip
    assert selectors.petition_office_for("330106004001", ON) == other
    assert selectors.petition_office_for("330105", ON) == house.office
    assert selectors.petition_office_for("", ON) == house.office
    with pytest.raises(NotFound):
        selectors.petition_office_for("330105", date(2000, 1, 1))
    assert selectors.organs_of(on=ON, kinds=["petition_office"], area_code="330100") == [house.office, other]
    assert house.unit in selectors.organs_of(on=ON)


def test_the_lowest_common_superior(house: House) -> None:
    top = Organ.objects.create(
        code="gov", name="区政府", short_name="区政府", kind="government", area_code="330105", level="district",
        valid_from=START,
    )  # fmt: skip
    assert selectors.common_superior(house.office, house.unit) is None
    house.office.superior = house.unit.superior = top
    assert selectors.common_superior(house.office, house.unit) == top
    top.superior = house.office
    assert selectors.common_superior(house.unit, house.office) == top


def test_a_deputy_works_in_the_post_while_its_holder_is_away(house: House) -> None:
    services.post_set_deputy(
        post_id=house.officer.pk, deputy_id=house.clerk.pk, actor=house.actor(house.officer), at=AT
    )
    away = {"leave_from": ON, "leave_to": ON + timedelta(days=2)}
    services.post_set_leave(post_id=house.officer.pk, **away, actor=house.actor(house.officer), at=AT)
    clerk = house.clerk.account_id
    assert [choice.post for choice in selectors.acting_posts(clerk, ON + timedelta(days=2))] == [
        house.clerk,
        house.officer,
    ]
    assert [choice.post for choice in selectors.acting_posts(clerk, ON + timedelta(days=3))] == [house.clerk]
    actor = selectors.staff_actor(clerk, "窗小满", ON, house.officer.pk)
    assert (actor.account_id, actor.post_id, actor.role) == (clerk, house.officer.pk, "officer")
    assert (actor.acting_for, actor.area_code, actor.name) == ("信望平", "330105", "窗小满")
    assert selectors.staff_actor(clerk, "窗小满", ON, house.handler.pk).post_id == house.clerk.pk
    assert selectors.staff_actor(clerk, "窗小满", date(2000, 1, 1)).post_id is None
    assert services.post_switch(account_id=clerk, post_id=house.officer.pk, at=AT).acting_for == "信望平"
    assert [post.pk for post in selectors.posts_at(house.office.pk, ON, ["clerk"])] == [house.clerk.pk]


def test_leave_is_noted_by_the_holder_or_by_the_head_of_the_house(house: House) -> None:
    second = Post.objects.create(
        account=house.clerk.account, organ=house.unit, role="handler", title="借调", valid_from=START
    )
    strangers: list[Actor] = [house.actor(house.officer), house.actor(house.clerk), SYSTEM("x")]
    for actor in strangers:
        with pytest.raises(NotFound):
            services.post_set_deputy(post_id=house.handler.pk, deputy_id=second.pk, actor=actor, at=AT)
    head = house.actor(house.head)
    services.post_set_deputy(post_id=house.handler.pk, deputy_id=second.pk, actor=head, at=AT)
    post = services.post_set_leave(post_id=house.handler.pk, leave_from=ON, leave_to=None, actor=head, at=AT)
    assert post.deputy_id == second.pk
    with pytest.raises(BadInput):
        services.post_set_leave(post_id=house.handler.pk, leave_from=None, leave_to=ON, actor=head, at=AT)
