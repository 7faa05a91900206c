"""Two officers on one case, and a form whose answer was lost: the second is told what has changed, and loses no word."""

from typing import Any

import pytest

from tests.support.world import World
from xinqiao.cases.models import Case
from xinqiao.desk.tests.road import HTMX, fresh, moving, new_case, signed_in
from xinqiao.ledger import selectors as ledger
from xinqiao.people import access
from xinqiao.people.actors import SYSTEM

pytestmark = pytest.mark.django_db
WORDS = "路灯三周不亮，写给城管局的长长一段说明。"


@pytest.fixture(autouse=True)
def morning(monkeypatch: pytest.MonkeyPatch) -> None:
    moving(monkeypatch)


def opened(client: Any, case: Case, step: str) -> dict[str, Any]:
    """The hidden fields of the form, as the browser has them."""
    page = client.get(f"/desk/cases/{case.number}/do/{step}/", headers=HTMX)
    assert page.status_code == 200
    assert f'name="seen" value="{case.head_seq}"' in page.content.decode()
    return {"in-key": page.context["form"].form_key, "seen": str(case.head_seq)}


@pytest.mark.parametrize("headers", [HTMX, {}], ids=["in place", "a page"])
def test_the_second_sees_what_the_first_did_and_keeps_his_words(world: World, headers: dict[str, str]) -> None:
    case = new_case(world)
    first, second = signed_in(world, "officer"), signed_in(world, "window")
    theirs, his = opened(first, case, "classify"), opened(second, case, "answer_on_spot")
    address = f"/desk/cases/{case.number}/do"
    done = first.post(f"{address}/classify/", {**theirs, "in-route": "inquiry", "in-title": "路灯"}, headers=HTMX)
    assert done.status_code == 204
    late = second.post(f"{address}/answer_on_spot/", {**his, "in-reply": WORDS}, headers=headers)
    page = late.content.decode()
    assert late.status_code == 409  # the page shows it in place and keeps its draft
    assert "刚刚有了新的进展" in page
    assert "已分清由哪条路办理" in page or "分类" in page
    assert "信访干部" in page  # who did it
    assert WORDS in page
    assert "收到来件" not in page  # what he had seen is not told again
    assert ("<html" in page) is (headers == {})
    with access.acting(SYSTEM("test")):
        steps = [entry.step for entry in ledger.entries(case.pk)]
    assert steps.count("classify") == 1
    assert "answer_on_spot" not in steps


def test_a_form_whose_answer_was_lost_gets_the_same_answer_again(world: World) -> None:
    case = new_case(world)
    officer = signed_in(world, "officer")
    form = {**opened(officer, case, "classify"), "in-route": "inquiry", "in-title": "路灯"}
    address = f"/desk/cases/{case.number}/do/classify/"
    answers = [officer.post(address, form, headers=HTMX) for _ in range(3)]
    assert {(one.status_code, one["HX-Redirect"]) for one in answers} == {(204, f"/desk/cases/{case.number}/")}
    assert officer.get(f"/desk/cases/{case.number}/").content.decode().count("已办好：分类。") >= 1
    with access.acting(SYSTEM("test")):
        assert [entry.step for entry in ledger.entries(case.pk)].count("classify") == 1


def test_the_key_of_somebody_else_opens_nothing(world: World) -> None:
    case = new_case(world)
    officer, window = signed_in(world, "officer"), signed_in(world, "window")
    form = {**opened(officer, case, "classify"), "in-route": "inquiry", "in-title": "路灯"}
    address = f"/desk/cases/{case.number}/do/classify/"
    assert officer.post(address, form, headers=HTMX).status_code == 204
    assert window.post(address, form, headers=HTMX).status_code == 409
    assert fresh(case).state == "sorted"
