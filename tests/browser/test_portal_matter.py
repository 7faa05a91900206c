"""A citizen follows a matter to its answer: on a phone, at a desk, by QR code, with a wrong code, on a shared phone."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.browser.test_desk import narrow
from tests.browser.test_desk_files import LONG_NAME, chosen
from tests.support.widths import widths
from tests.support.world import LONG_AGO, World, make
from xinqiao.cases.models import Case
from xinqiao.intake.services import PersonData, Receipt, Who, Words
from xinqiao.people import clock, services
from xinqiao.people.access import acting
from xinqiao.people.actors import SYSTEM
from xinqiao.triage.services import knowledge_store

pytestmark = pytest.mark.browser

LONG = "小河街道老旧小区综合改造提升工程第三标段北片区居民代表暨业主委员会筹备组联络小组副组长欧阳上官慕容司徒端木百里"
WORDS = "小区门口的路灯坏了三个星期，晚上老人出门看不见路，上周有人摔了一跤。请尽快修好，并告诉我们以后坏了找谁。"


@pytest.fixture(scope="module")
def district(live: Any) -> World:
    """The small district, committed, so that the pages see it."""
    with acting(SYSTEM("test")):
        world = make()
        office = world.organs["xf"]
        office.address, office.phone, office.hours = "便民路1号3号楼一层接待大厅", "0571-0000-1003", "工作日 8:30-17:30"
        office.save()
        for slug, question in (("lamp", "路灯坏了找谁修？"), ("lift", "电梯三天两头坏，能要求换吗？")):
            knowledge_store(
                slug=slug,
                question=question,
                answer="先打养护单位的报修电话，灯杆上有编号。\n三天没有人修的，打城管热线。",
                basis="《城市照明管理规定》",
                valid_from=LONG_AGO,
                organ_id=world.organs["cg"].pk,
                actor=SYSTEM("test"),
                at=clock.now(),
            )
    return world


def receive(world: World, at: datetime, **more: Any) -> Receipt:
    who = Who(reporter="person", people=[("petitioner", PersonData(name=LONG, phone="19900001234"))], **more)
    return world.receive(at=at, who=who, said=Words(text=WORDS, area_code="330105003", place="小河路口"))


def answered(world: World) -> Receipt:
    """A matter whose decision was served today."""
    at = clock.now() - timedelta(days=20)
    receipt = receive(world, at)
    case: Case = receipt.case
    world.step(case, "classify", "officer", at=at, route="redress", content_code="030800")
    world.step(
        case, "refer", "officer", at=at + timedelta(days=1), lead=world.organs["cg"].pk, assists=[world.organs["jd"].pk]
    )
    at += timedelta(days=2)
    world.step(case, "sign_for", "cg.handler", at=at)
    world.step(case, "accept", "cg.handler", at=at)
    world.step(case, "contact", "cg.handler", at=at, way="phone", words="电话里说了情况，约好明天到现场看。")
    world.step(case, "hear", "cg.handler", at=at, way="phone", heard_on=at.date(), statement="路灯坏了三个星期。")
    world.step(case, "investigate", "cg.handler", at=at, way="现场查看", findings="灯头坏了。")
    demand = {
        "demand": "修灯",
        "facts": "灯头坏了。",
        "reasons": "归我们养护。",
        "basis": "养护办法",
        "outcome": "support",
    }
    world.step(
        case,
        "draft_decision",
        "cg.handler",
        at=at,
        demands=[demand],
        outcome="support",
        remedy="换灯头",
        execution_days="15",
    )
    world.step(case, "check_decision", "cg.handler", at=at)
    world.step(case, "sign_decision", "cg.head", at=at)
    world.step(case, "seal_decision", "cg.handler", at=at)
    now = clock.now()
    world.step(case, "serve", "cg.handler", at=now, method="electronic", served_on=now.date())
    officer = world.actor("officer")
    with acting(officer):
        services.person_reveal(
            person=case.person_id,
            fields=["name", "phone"],
            reason="电话核实地址",
            actor=officer,
            at=now,
            case_id=case.id,
        )
    return receipt


def open_with_code(page: Any, receipt: Receipt) -> None:
    page.goto("/track/")
    page.get_by_label("编号").fill(f"{receipt.number[:4]} {receipt.number[4:8]} {receipt.number[8:]}")
    page.get_by_label("查询码").fill(receipt.code)
    page.get_by_role("button", name="查进度").click()
    page.get_by_role("heading", name="办理进程").wait_for()


@widths(360)
def test_a_wrong_code_helps_on_and_the_right_one_opens(
    windows: Any, district: World, shot: Callable[..., Path], accessible: Callable[[Any], None], width: int
) -> None:
    receipt = receive(district, clock.now())
    page = windows.open(width, path="/track/")
    accessible(page)
    shot(page, "track")
    page.get_by_label("编号").fill(receipt.number)
    page.get_by_label("查询码").fill("0000000000")
    page.get_by_role("button", name="查进度").click()
    page.get_by_text("编号或者查询码不对").wait_for()
    assert page.get_by_label("编号").input_value() == receipt.number
    accessible(page)
    shot(page, "track-wrong")
    open_with_code(page, receipt)
    assert receipt.code not in page.url
    accessible(page)
    shot(page, "matter-new")


def test_the_qr_code_opens_and_leaves_nothing_in_the_address(windows: Any, district: World) -> None:
    receipt = receive(district, clock.now())
    page = windows.open(360)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/track/#{receipt.number}.{receipt.code}")
    page.get_by_role("heading", name="办理进程").wait_for()
    assert receipt.code not in page.url
    assert not [url for url in asked if receipt.code in url.partition("#")[0]]


@widths(360)
def test_from_the_answer_to_both_ratings(
    windows: Any, district: World, shot: Callable[..., Path], accessible: Callable[[Any], None], width: int
) -> None:
    receipt = answered(district)
    page = windows.open(width)
    open_with_code(page, receipt)
    page.get_by_text("为什么是这一天？").first.click()
    accessible(page)
    shot(page, "matter-answered")
    page.get_by_role("link", name="评价承办单位").click()
    page.get_by_label("不满意", exact=True).check()
    page.get_by_role("button", name="评价承办单位").click()
    page.get_by_text("请说说哪里不满意").first.wait_for()
    accessible(page)
    shot(page, "rate-wrong")
    page.get_by_label("说说理由").fill("等了二十天。")
    page.get_by_role("button", name="评价承办单位").click()
    page.get_by_text("已经办好").wait_for()
    page.get_by_role("link", name="评价信访部门").click()
    page.get_by_label("满意", exact=True).check()
    page.get_by_role("button", name="评价信访部门").click()
    page.get_by_role("heading", name="您的评价").wait_for()
    shot(page, "matter-rated")
    with page.expect_download() as download:
        page.get_by_role("link", name="打开《信访事项处理意见书》").click()
    assert download.value.suggested_filename.endswith(".pdf")
    page.get_by_text("怎么证明没有人改过").click()
    page.get_by_role("link", name="现在核对").click()
    page.get_by_text("前后都对得上").wait_for()
    accessible(page)
    shot(page, "proof")


@widths(360)
def test_photos_chosen_once_wait_for_the_missing_words(
    windows: Any, district: World, shot: Callable[..., Path], accessible: Callable[[Any], None], width: int
) -> None:
    receipt = receive(district, clock.now())
    page = windows.open(width)
    open_with_code(page, receipt)
    page.get_by_role("link", name="补充材料").click()
    page.locator("input[type=file]").set_input_files([chosen(LONG_NAME), chosen("误选.jpg")])
    page.get_by_role("button", name="补充材料").click()
    waiting = page.locator(".xq-staged li")
    waiting.first.wait_for()
    assert waiting.count() == 2
    narrow(page)
    accessible(page)
    shot(page, "files-wait")
    waiting.nth(1).get_by_role("checkbox").check()
    page.get_by_label("补充什么").fill("又拍了一张。")
    page.get_by_role("button", name="补充材料").click()
    page.get_by_text("已经办好").wait_for()
    assert page.get_by_text(LONG_NAME).count() + page.locator(f'img[alt*="{LONG_NAME}"]').count() >= 1
    assert "误选" not in page.content()


@widths(360)
def test_adding_urging_withdrawing_and_undoing(
    windows: Any, district: World, shot: Callable[..., Path], accessible: Callable[[Any], None], width: int
) -> None:
    receipt = receive(district, clock.now() - timedelta(days=14))
    page = windows.open(width)
    open_with_code(page, receipt)
    page.get_by_role("link", name="补充材料").click()
    accessible(page)
    shot(page, "add")
    page.get_by_label("补充什么").fill("昨天又有一位老人绊了一下。")
    page.get_by_role("button", name="补充材料").click()
    page.get_by_text("已经办好").wait_for()
    page.get_by_role("link", name="更正我的信息").click()
    accessible(page)
    shot(page, "correct")
    page.go_back()
    page.get_by_role("link", name="催一下").click()
    page.get_by_role("button", name="催一下").click()
    page.get_by_text("已经办好").wait_for()
    page.get_by_role("link", name="撤回").first.click()
    shot(page, "withdraw")
    page.get_by_role("button", name="撤回").click()
    page.get_by_role("link", name="不撤回了，继续办").wait_for()
    shot(page, "matter-withdrawing")
    page.get_by_role("link", name="不撤回了，继续办").click()
    page.get_by_role("button", name="不撤回了，继续办").click()
    page.get_by_text("您反悔了撤回").wait_for()
    page.get_by_role("button", name="退出").click()
    page.get_by_text("什么也没有留下").wait_for()
    page.goto(f"/my/{receipt.number}/")
    assert page.get_by_text("没有找到").first.is_visible()


OPEN = ["how", "lost", "rights", "knowledge", "knowledge/lamp", "track/phone", "my", "knowledge/?q=zz", "my/1"]


@widths(1440)
def test_every_open_page_looks_right(
    windows: Any, district: World, shot: Callable[..., Path], accessible: Callable[[Any], None], width: int
) -> None:
    page = windows.open(width)
    for name in OPEN:
        page.goto(f"/{name}" if "?" in name else f"/{name}/")
        accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (
            f"{name} is wider than the screen"
        )
        shot(page, f"page-{name.replace('/', '-').replace('?', '')}")


def test_a_sealed_matter_is_neutral_on_its_own_page(
    windows: Any, district: World, shot: Callable[..., Path], accessible: Callable[[Any], None]
) -> None:
    receipt = receive(district, clock.now(), about_official=True)
    page = windows.open(360)
    open_with_code(page, receipt)
    assert page.get_by_role("heading", name="保密事项").is_visible()
    accessible(page)
    shot(page, "matter-sealed")
