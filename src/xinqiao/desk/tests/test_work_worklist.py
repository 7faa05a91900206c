"""The worklist: views, filters in the address, paging by key, bulk steps, what a page asks of the database."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client
from tests.support.world import MORNING, World, days

from xinqiao.cases.models import Case, Obligation
from xinqiao.desk.tests.road import HTMX, at_most, bring, counted, fresh, moving, new_case, signed_in
from xinqiao.kernel.ids import new_number
from xinqiao.people import access
from xinqiao.people.actors import SYSTEM

pytestmark = pytest.mark.django_db
VIEWS = ["due", "mine", "waiting", "all", "closed"]


@pytest.fixture
def moment(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    return moving(monkeypatch)


@pytest.fixture
def officer(world: World, moment: Callable[[datetime], None]) -> Client:
    return signed_in(world, "officer")


def many(world: World, count: int) -> None:
    """Rows enough to page, written at once."""
    with access.acting(SYSTEM("test")):
        model = new_case(world)
        duties = list(Obligation.objects.filter(case=model, settled_at__isnull=True))
        cases, rows = [], []
        for n in range(count - 1):
            cases.append(
                Case(
                    **{f.attname: getattr(model, f.attname) for f in Case._meta.concrete_fields}
                    | {"id": uuid4(), "number": f"{new_number()}-1", "title": f"第 {n} 件"}
                )
            )
            for duty in duties:
                values = {f.attname: getattr(duty, f.attname) for f in Obligation._meta.concrete_fields}
                due = duty.due + timedelta(days=n // 10)
                rows.append(Obligation(**values | {"id": uuid4(), "case_id": cases[-1].id, "due": due}))
        Case.objects.bulk_create(cases)
        Obligation.objects.bulk_create(rows)


def numbers(page: object) -> list[str]:
    return [row["case"].number for row in page.context["rows"]]  # type: ignore[attr-defined]


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_opens_empty_and_filled(officer: Client, world: World, view: str) -> None:
    answer = officer.get(f"/desk/?view={view}")
    assert answer.status_code == 200, (answer.status_code, answer.headers)
    empty = answer.content.decode()
    assert "xq-empty" in empty
    said = {"closed": "还没有办结的事项", "waiting": "没有在等别人的事项", "all": "还没有事项"}
    assert said.get(view, "现在没有要办的事项") in empty
    case = new_case(world)
    page = officer.get(f"/desk/?view={view}")
    assert page.status_code == 200
    assert numbers(page) == ([case.number] if view in {"due", "all"} else [])


def test_closed_cases_and_those_that_wait_for_others_have_their_views(officer: Client, world: World) -> None:
    waiting = bring(world, new_case(world), "at_unit")
    ended = world.step(new_case(world), "answer_on_spot", "officer", at=MORNING, reply="已当面说清。")
    assert numbers(officer.get("/desk/?view=waiting")) == [waiting.number]
    assert numbers(officer.get("/desk/?view=closed")) == [ended.number]


def test_a_row_says_when_the_matter_was_received_with_the_year_when_it_is_another(
    officer: Client, world: World
) -> None:
    case = new_case(world)
    assert f"收到 {MORNING.month} 月 {MORNING.day} 日<" in officer.get("/desk/").content.decode()
    with access.acting(SYSTEM("test")):
        Case.objects.filter(pk=case.pk).update(received_at=MORNING.replace(year=2025, month=3, day=4))
    assert "收到 2025 年 3 月 4 日<" in officer.get("/desk/").content.decode()


def test_mine_is_what_the_post_handles(world: World, moment: Callable[[datetime], None]) -> None:
    case = bring(world, new_case(world), "at_unit")
    bring(world, new_case(world), "at_unit")
    world.step(case, "assign_handler", "cg.head", at=MORNING + days(1), handler=world.posts["cg.handler"].pk)
    client = signed_in(world, "cg.handler")
    assert numbers(client.get("/desk/?view=mine")) == [case.number]
    assert len(numbers(client.get("/desk/"))) == 2


def test_filters_narrow_and_stay_in_the_address(officer: Client, world: World) -> None:
    one, other = bring(world, new_case(world), "sorted"), new_case(world)
    assert numbers(officer.get("/desk/?procedure=redress")) == [one.number]
    assert numbers(officer.get("/desk/?procedure=intake")) == [other.number]
    assert numbers(officer.get("/desk/?content=03")) == [one.number]
    assert numbers(officer.get("/desk/?content=08")) == []
    assert set(numbers(officer.get("/desk/?area=330105003"))) == {one.number, other.number}
    page = officer.get("/desk/?view=all&procedure=redress&colour=green&mark=urged")
    assert numbers(page) == []
    html = page.content.decode()
    assert '<option value="redress" selected>' in html
    assert '<input type="hidden" name="view" value="all">' in html
    assert "这样筛选没有找到事项" in html
    assert page.context["here"] == "?view=all&procedure=redress&colour=green&mark=urged"


def test_number_search_finds_with_and_without_spaces(officer: Client, world: World) -> None:
    case = new_case(world)
    new_case(world)
    spaced = f"{case.number[:4]} {case.number[4:8]} {case.number[8:]}"
    for typed in (case.number, spaced, case.number[:6]):
        assert numbers(officer.get("/desk/", {"view": "all", "number": typed})) == [case.number]


def test_quick_filters_by_day(officer: Client, world: World, moment: Callable[[datetime], None]) -> None:
    case = new_case(world)
    moment(MORNING + days(60))
    page = officer.get("/desk/")
    late, due_today, near = page.context["quick"]
    assert (late[2], due_today[2], near[2]) == (1, 0, 0)
    assert numbers(officer.get(f"/desk/{late[3]}")) == [case.number]


def test_bad_values_are_left_out(officer: Client, world: World) -> None:
    case = new_case(world)
    for query in (
        "view=nothing", "until=2026-99-99", "until=morgen", "after=x", "after=2026-09-09_x", "after=_", "view=all&after=%00",
        "view=all&after=2026-09-01_" + str(uuid4()),
    ):  # fmt: skip
        page = officer.get(f"/desk/?{query}")
        assert page.status_code == 200, query
        assert numbers(page) == [case.number], query
    assert numbers(officer.get("/desk/?number=abc")) == []
    assert numbers(officer.get("/desk/?colour=blue")) == []
    assert officer.get("/desk/?number=%00&area=%00").status_code == 200


def test_pages_by_key_without_gap_or_double(officer: Client, world: World) -> None:
    many(world, 120)
    for view in ("due", "all"):
        seen: list[str] = []
        address = f"?view={view}"
        while address:
            page = officer.get(f"/desk/{address}")
            assert len(numbers(page)) <= 50
            seen += numbers(page)
            address = page.context["more"]
            if address:
                assert "后面的" in page.content.decode()
        assert len(seen) == len(set(seen)) == 120


def test_htmx_gets_the_rows_only(officer: Client, world: World) -> None:
    new_case(world)
    part = officer.get("/desk/", headers=HTMX | {"HX-Target": "xq-rows"}).content.decode()
    assert "data-xq-item" in part
    assert "<html" not in part


def test_the_database_is_asked_as_often_for_fifty_rows_as_for_five(officer: Client, world: World) -> None:
    many(world, 5)
    for view in VIEWS:
        officer.get(f"/desk/?view={view}")
    few = {}
    for view in VIEWS:
        with counted() as asked:
            officer.get(f"/desk/?view={view}")
        few[view] = len(asked)
    many(world, 60)
    for view in VIEWS:
        with at_most(few[view]):
            officer.get(f"/desk/?view={view}")
        with at_most(15):
            officer.get(f"/desk/?view={view}")


def test_peek_shows_the_case_and_asks_little(officer: Client, world: World) -> None:
    case = bring(world, new_case(world), "accepted")
    page = officer.get(f"/desk/cases/{case.number}/peek/")
    html = page.content.decode()
    assert "小河路路灯不亮" in html
    assert "路灯坏了三个星期" in html
    assert "钱大桥" not in html
    with at_most(16):
        officer.get(f"/desk/cases/{case.number}/peek/")


def test_citizens_words_never_show_who_they_are(officer: Client, world: World) -> None:
    new_case(world)
    assert "钱大桥" not in officer.get("/desk/").content.decode()


def test_bulk_needs_a_choice_then_offers_what_all_can(officer: Client, world: World) -> None:
    assert "还没有选事项" in officer.post("/desk/bulk/", {}).content.decode()
    first, second = new_case(world), new_case(world)
    page = officer.post("/desk/bulk/", {"case": [first.number, second.number]})
    offered = {option.step for option in page.context["options"]}
    assert {"classify", "answer_on_spot"} <= offered
    third = bring(world, new_case(world), "accepted")
    page = officer.post("/desk/bulk/", {"case": [first.number, third.number]})
    assert "classify" not in {option.step for option in page.context["options"]}


def send(client: Client, step: str, cases: list[Case], **inputs: str) -> object:
    chosen = {"case": [case.number for case in cases], "step": step}
    form = client.post("/desk/bulk/", chosen)
    assert form.status_code == 200
    key = form.context["form"].form_key
    return client.post("/desk/bulk/", chosen | {"go": "1", "in-key": key} | {f"in-{k}": v for k, v in inputs.items()})


def test_bulk_gives_a_result_for_each_case(officer: Client, world: World) -> None:
    cases = [new_case(world) for _ in range(3)]
    page = send(officer, "classify", cases, route="redress", title="路灯")
    assert page.context["done"] == 3  # type: ignore[attr-defined]
    assert {fresh(case).state for case in cases} == {"sorted"}


def test_bulk_refuses_one_and_does_the_others(officer: Client, world: World) -> None:
    cases = [new_case(world) for _ in range(3)]
    chosen = {"case": [case.number for case in cases], "step": "classify"}
    key = officer.post("/desk/bulk/", chosen).context["form"].form_key
    world.step(cases[1], "answer_on_spot", "officer", at=MORNING, reply="说清了。")  # somebody was quicker
    page = officer.post("/desk/bulk/", chosen | {"go": "1", "in-key": key, "in-route": "redress"})
    results = {result["case"].number: result for result in page.context["results"]}
    assert [results[case.number]["ok"] for case in cases] == [True, False, True]
    assert results[cases[1].number]["why"]
    assert fresh(cases[0]).state == "sorted"
    again = officer.post(
        "/desk/bulk/", chosen | {"go": "1", "in-key": key, "in-route": "redress"}
    )  # sent twice: nothing twice
    assert "刚刚有了新的进展" in again.content.decode()
    assert fresh(cases[0]).head_seq == fresh(cases[2]).head_seq


def test_a_wrong_bulk_form_keeps_what_was_typed(officer: Client, world: World) -> None:
    cases = [new_case(world), new_case(world)]
    page = send(officer, "classify", cases, reasons="大家都这样分")
    assert page.status_code == 422  # type: ignore[attr-defined]
    assert "大家都这样分" in page.content.decode()  # type: ignore[attr-defined]


def test_strangers_numbers_are_not_in_a_bulk(world: World, moment: Callable[[datetime], None]) -> None:
    case = new_case(world)
    client = signed_in(world, "other")
    page = client.post("/desk/bulk/", {"case": [case.number], "step": "classify", "in-route": "redress", "go": "1"})
    assert page.context["cases"] == []
    assert fresh(case).state == "registered"
