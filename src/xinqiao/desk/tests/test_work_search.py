"""The search page: typing shows results, pages by key, saved searches, nobody is looked up."""

import pytest
from tests.support.world import MORNING, World, days

from xinqiao.cases import finding
from xinqiao.cases.models import Case
from xinqiao.desk.tests.road import HTMX, counted, moving, new_case, signed_in
from xinqiao.intake import services as intake
from xinqiao.people import access
from xinqiao.people.actors import SYSTEM

pytestmark = pytest.mark.django_db
PAGE = "/desk/search/"


def said(text: str) -> intake.Words:
    return intake.Words(text=text, area_code="330105003")


@pytest.fixture
def noisy(world: World, monkeypatch: pytest.MonkeyPatch) -> list[Case]:
    moving(monkeypatch, MORNING + days(30))
    cases = [new_case(world, said=said(f"楼下夜间噪音，第{n}次。"), at=MORNING + days(n)) for n in range(22)]
    bring_in()
    return cases


def bring_in() -> None:
    with access.acting(SYSTEM("finder")):
        finding.index(Case.objects.values_list("id", flat=True))


def test_a_word_shows_what_was_said_with_the_word_lit_up(world: World, noisy: list[Case]) -> None:
    page = signed_in(world, "officer").get(PAGE, {"q": "噪音"})
    assert page.status_code == 200
    text = page.content.decode()
    assert "<mark>噪音</mark>" in text
    assert noisy[-1].number in text
    assert noisy[0].number not in text  # on the next page


def test_typing_brings_the_list_only(world: World, noisy: list[Case]) -> None:
    client = signed_in(world, "officer")
    page = client.get(PAGE, {"q": "噪音"}, headers=HTMX | {"HX-Target": "xq-found"})
    text = page.content.decode()
    assert "<mark>噪音</mark>" in text
    assert "<html" not in text
    assert "HX-Push-Url" not in page.headers
    number = client.get(PAGE, {"q": "19900001234"}, headers=HTMX | {"HX-Target": "xq-found"})
    assert number["HX-Push-Url"] == "false"


def test_later_pages_and_back(world: World, noisy: list[Case]) -> None:
    client = signed_in(world, "officer")
    first = client.get(PAGE, {"q": "噪音"})
    later = client.get(PAGE + first.context["more"])
    assert [hit["case"].number for hit in later.context["hits"]] == [noisy[1].number, noisy[0].number]
    assert later.context["more"] == ""
    assert later.context["first"] == "?q=%E5%99%AA%E9%9F%B3"
    odd = client.get(PAGE, {"q": "噪音", "after": "never"})
    assert len(odd.context["hits"]) == 20


def test_another_organ_finds_nothing(world: World, noisy: list[Case]) -> None:
    for login in ("cg.handler", "other", "arbiter"):
        page = signed_in(world, login).get(PAGE, {"q": "噪音"})
        assert page.context["hits"] == []
        assert "没有找到这样的事项" in page.content.decode()


@pytest.mark.parametrize("typed", ["19900001234", "199-0000-1234"])
def test_a_telephone_number_leads_to_the_window(world: World, noisy: list[Case], typed: str) -> None:
    page = signed_in(world, "window").get(PAGE, {"q": typed})
    assert page.context["hits"] == []
    assert "来电号码" in page.content.decode()


def test_filters_narrow_and_stay_in_the_form(world: World, noisy: list[Case]) -> None:
    client = signed_in(world, "officer")
    page = client.get(
        PAGE, {"q": "噪音", "from": "2026-09-21", "to": "2026-09-22", "organ": "x", "state": "registered"}
    )
    assert [hit["case"].number for hit in page.context["hits"]] == [noisy[21].number, noisy[20].number]
    assert 'value="2026-09-21"' in page.content.decode()
    assert client.get(PAGE, {"from": "2026-02-31"}).context["empty"]


def test_nothing_asked_nothing_read(world: World, noisy: list[Case]) -> None:
    page = signed_in(world, "officer").get(PAGE)
    assert page.context["empty"]
    assert "这里不按人查找" in page.content.decode()


def test_a_page_costs_a_fixed_number_of_statements(world: World, noisy: list[Case]) -> None:
    client = signed_in(world, "officer")
    with counted() as few:
        client.get(PAGE, {"q": "噪音", "from": "2026-09-22"})
    with counted() as many:
        client.get(PAGE, {"q": "噪音"})
    assert len(many) == len(few)
    assert len(many) <= 30
    with counted() as typing:
        client.get(PAGE, {"q": "噪音"}, headers=HTMX | {"HX-Target": "xq-found"})
    assert len(typing) <= 16


def test_a_search_is_kept_under_a_name_shown_and_deleted(world: World, noisy: list[Case]) -> None:
    client = signed_in(world, "officer")
    done = client.post(PAGE + "save/", {"q": "噪音", "place": "330105003", "name": " 夜间 噪音 "}, follow=True)
    assert "已保存为“夜间 噪音”" in done.content.decode()
    ((row, address),) = done.context["saved"]
    assert client.get(PAGE + address).context["hits"]
    client.post(PAGE + "save/", {"q": "噪音", "name": "夜间 噪音"})
    assert len(client.get(PAGE).context["saved"]) == 1
    assert signed_in(world, "window").get(PAGE).context["saved"] == []
    assert signed_in(world, "window").post(f"{PAGE}{row.pk}/forget/").status_code == 404
    client.post(f"{PAGE}{row.pk}/forget/")
    assert client.get(PAGE).context["saved"] == []


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"q": "噪音", "name": " "}, "起个名字"),
        ({"name": "空"}, "请先查找"),
        ({"q": "王启怀", "name": "人"}, "人名和号码不能用来查找"),
        ({"q": "19900001234", "name": "人"}, "来电号码"),
    ],
)
def test_what_cannot_be_kept_says_why(world: World, given: dict[str, str], word: str) -> None:
    client = signed_in(world, "officer")
    assert word in client.post(PAGE + "save/", given, follow=True).content.decode()
    assert client.get(PAGE).context["saved"] == []


def test_not_more_than_twenty_are_kept_and_names_not_at_all(world: World) -> None:
    client = signed_in(world, "officer")
    for n in range(21):
        client.post(PAGE + "save/", {"q": "噪音，联系人王启怀", "name": f"第{n}个"})
    saved = client.get(PAGE).context["saved"]
    assert len(saved) == 20
    assert all("王启怀" not in row.query["q"] for row, _ in saved)


def test_a_name_that_was_refused_is_still_there(world: World, noisy: list[Case]) -> None:
    client = signed_in(world, "officer")
    for n in range(20):
        client.post(PAGE + "save/", {"q": "噪音", "name": f"第{n}个"})
    refused = client.post(PAGE + "save/", {"q": "噪音", "place": "330105003", "name": "夜里的噪音"}, follow=True)
    text = refused.content.decode()
    assert "最多保存 20 个" in text
    assert 'value="夜里的噪音"' in text
    assert 'xq-keep" open' in text
    assert "夜里的噪音" not in refused.redirect_chain[-1][0]
    assert "夜里的噪音" not in client.get(PAGE, {"q": "噪音"}).content.decode()  # said once
