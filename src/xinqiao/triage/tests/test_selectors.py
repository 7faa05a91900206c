"""Knowledge beside the clerk, and matters alike."""

from datetime import date

import pytest
from tests.support.world import MORNING, World

from xinqiao.intake.services import Who, Words
from xinqiao.people import access
from xinqiao.people.actors import SYSTEM
from xinqiao.triage import selectors, services
from xinqiao.triage.models import KnowledgeEntry
from xinqiao.triage.text import words_of

pytestmark = pytest.mark.django_db
TODAY = date(2026, 9, 1)


def entry(slug: str, question: str, answer: str, **more: object) -> None:
    services.knowledge_store(
        slug=slug, question=question, answer=answer, valid_from=date(2022, 5, 1), actor=SYSTEM("test"), at=MORNING,
        **more,  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.fixture
def entries(world: World) -> None:
    access.bind(SYSTEM("test"))
    entry("lamp", "路灯坏了找谁修？", "打 12345，二十四小时内有人来修。", keywords=["照明"])
    entry("tree", "行道树叶子发黄怎么办？", "由绿化站查看。")
    entry("inner", "内部口径：物业费", "只给接线员看。", public=False)


def test_a_compound_is_found_by_its_part() -> None:
    assert "路灯" in words_of("小区门口的路灯坏了")
    assert words_of("的了，。") == []


def test_what_is_typed_finds_the_nearest_entry_first(entries: None) -> None:
    found = selectors.knowledge_find(words="我们门口的路灯坏了三个星期", today=TODAY)
    assert found[0].slug == "lamp"
    assert selectors.knowledge_find(words="照明", today=TODAY)[0].slug == "lamp"
    assert selectors.knowledge_find(words="火星移民", today=TODAY) == []


def test_the_public_reads_public_entries_only(entries: None) -> None:
    assert selectors.knowledge_find(words="物业费", today=TODAY, public_only=True) == []
    assert selectors.knowledge_find(words="物业费", today=TODAY)[0].slug == "inner"
    assert selectors.knowledge_of(slug="inner", today=TODAY) is None
    assert selectors.knowledge_of(slug="inner", today=TODAY, public_only=False) is not None


def test_an_entry_applies_where_it_says_and_as_long_as_it_says(entries: None) -> None:
    entry("lamp-here", "路灯坏了，小河街道怎么报修？", "打街道电话。", area_code="330105003")

    def found(area: str, on: date = TODAY) -> set[str]:
        return {one.slug for one in selectors.knowledge_find(words="路灯坏了", today=on, area_code=area)}

    assert found("") == found("330105003") == found("330105003001") == {"lamp", "lamp-here"}
    assert found("330105009") == found("330106") == {"lamp"}
    row = KnowledgeEntry.objects.get(slug="lamp")
    services.knowledge_end(entry_id=row.pk, valid_to=date(2026, 10, 1), actor=SYSTEM("test"), at=MORNING)
    last, over = date(2026, 9, 30), date(2026, 10, 1)
    assert found("330106", last) == {"lamp"}
    assert found("330106", over) == set()
    assert selectors.knowledge_of(slug="lamp", today=over) is None
    assert "lamp" not in [one.slug for one in selectors.knowledge_page(today=over)[0]]


def test_entries_come_in_pages(entries: None) -> None:
    first, after = selectors.knowledge_page(today=TODAY, limit=2)
    rest, end = selectors.knowledge_page(today=TODAY, after=after, limit=2)
    assert [one.slug for one in [*first, *rest]] == ["inner", "lamp", "tree"]
    assert end == ""


def test_like_matters_of_the_same_place_come_first_and_sealed_ones_never(world: World) -> None:
    near = world.receive(said=Words(text="长征桥头路灯坏了，晚上看不见路。", area_code="330105003")).case
    world.receive(said=Words(text="公交车总是不来，等了一个钟头。", area_code="330105003"))
    world.receive(
        who=Who(about_official=True), said=Words(text="修路灯的收了钱，路灯还是坏了。", area_code="330105003")
    )
    clerk, other = world.actor("window"), world.actor("other")
    ask = {"said": "我们这里路灯坏了，晚上黑", "area_code": "330105003", "at": MORNING}
    with access.acting(clerk):
        assert [case.pk for case in selectors.alike(actor=clerk, **ask)] == [near.pk]
        assert selectors.alike(actor=clerk, said="", area_code="330105003", at=MORNING) == []
    with access.acting(other):
        assert selectors.alike(actor=other, **ask) == []
