"""Real messages, typed through the portal's own form: what people wrote arrives as they wrote it, and finds its answer.

The messages stay where they are (settings.XINQIAO_TEST_DATA); nothing of them is kept in the tree.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tests.support.world import World, make
from xinqiao.cases.models import Case, Document
from xinqiao.intake.models import Submission
from xinqiao.intake.selectors import words_of
from xinqiao.people import clock
from xinqiao.people.access import acting
from xinqiao.people.actors import CITIZEN, SYSTEM

pytestmark = pytest.mark.browser

MESSAGES = 20
ANSWERED = 5
FILE = Path(settings.XINQIAO_TEST_DATA) / "messages" / "portal_messages.xlsx"


def messages() -> list[str]:
    """Twenty messages spread over the whole file, as people wrote them."""
    if not FILE.exists():
        pytest.skip(f"real messages are not here: {FILE} (set XINQIAO_TEST_DATA)")
    import openpyxl

    sheet = openpyxl.load_workbook(FILE, read_only=True).worksheets[0]
    rows = [str(row[4]).strip() for row in sheet.iter_rows(min_row=2, values_only=True) if row[4]]
    step = len(rows) // MESSAGES
    return [rows[place * step] for place in range(MESSAGES)]


@pytest.fixture(scope="module")
def district(live: Any) -> World:
    """The small district, committed, so that the pages see it."""
    with acting(SYSTEM("test")):
        return make()


def send(page: Any, text: str) -> tuple[str, str]:
    """Say it on the three screens; returns number and code."""
    page.goto("/say/")
    page.locator("[name=text]").fill(text)
    page.get_by_role("button", name="下一步：地点和材料").click()
    page.locator("[name=area]").select_option("330105003")
    page.get_by_role("button", name="下一步：您是谁").click()
    page.get_by_label("您的姓名").fill("柏怀瑾")
    page.get_by_role("button", name="发送").click()
    page.get_by_role("heading", name="收到了").wait_for()
    number, code = (page.locator(one).inner_text().replace(" ", "") for one in ("#receipt-number", "#receipt-code"))
    return number, code


def decide(world: World, case: Case, at: datetime) -> None:
    """Carry a matter to its served decision, each step by whose it is."""
    world.step(case, "classify", "officer", at=at, route="redress", content_code="030800")
    world.step(case, "refer", "officer", at=at, lead=world.organs["cg"].pk)
    world.step(case, "sign_for", "cg.handler", at=at)
    world.step(case, "accept", "cg.handler", at=at)
    heard = "来信人说明了发生的时间和经过，希望尽快处理。"
    world.step(case, "hear", "cg.handler", at=at, way="phone", heard_on=at.date(), statement=heard)
    world.step(case, "investigate", "cg.handler", at=at, way="现场查看", findings="与来信人所说相符。")
    demand = {
        "demand": "解决所反映的问题",
        "facts": "与来信人所说相符。",
        "reasons": "属于本局职责。",
        "basis": "本局职责规定",
        "outcome": "explain",
    }
    world.step(case, "draft_decision", "cg.handler", at=at, demands=[demand], outcome="explain")
    world.step(case, "check_decision", "cg.handler", at=at)
    world.step(case, "sign_decision", "cg.head", at=at)
    world.step(case, "seal_decision", "cg.handler", at=at)
    world.step(case, "serve", "cg.handler", at=at, method="electronic", served_on=at.date())


def same(typed: str, kept: str) -> bool:
    """Whether two texts are the same but for the ends of lines, which browsers send in their own way."""
    return typed.replace("\r\n", "\n").replace("\r", "\n").strip() == kept.replace("\r\n", "\n").strip()


def test_twenty_real_messages_arrive_and_five_are_answered(windows: Any, district: World) -> None:
    page = windows.open(360)
    sent = []
    for text in messages():
        number, code = send(page, text)
        sent.append((number, code))
        with acting(SYSTEM("test")):
            assert same(text, words_of(Submission.objects.get(number=number))["text"]), f"{number} came out changed"
    assert len({number for number, _ in sent}) == MESSAGES
    at = clock.now() + timedelta(minutes=1)
    for number, code in sent[:ANSWERED]:
        with acting(SYSTEM("test")):
            case = Case.objects.get(number=f"{number}-1")
        decide(district, case, at)
        page.goto(f"/track/#{number}.{code}")
        page.reload()
        page.get_by_role("heading", name="给您的答复").wait_for()
        with page.expect_download() as download:
            page.get_by_role("link", name="打开《信访事项处理意见书》").click()
        assert Path(download.value.path()).read_bytes().startswith(b"%PDF")
        with acting(CITIZEN({case.id})):
            assert Document.objects.get(case=case, kind="decision", live=True).state == "served"
