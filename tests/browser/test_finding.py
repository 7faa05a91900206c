"""Finding, saving a search, linking, exporting: in a browser, at phone and desk width."""

import csv
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.browser.test_desk import PASSWORD, narrow, signed_in
from tests.support.widths import widths
from tests.support.world import World, make
from xinqiao.cases import finding
from xinqiao.cases.models import Case
from xinqiao.intake import services as intake
from xinqiao.kernel.clock import SHANGHAI
from xinqiao.people.access import acting
from xinqiao.people.actors import SYSTEM

pytestmark = pytest.mark.browser
SAID = [
    "楼下夜间广场舞噪音太大，老人睡不着，和领队说过三次，每次只好一两天。请派人晚上来量一量声音有多大。",
    "工地夜里十二点还在施工，噪音从开着的窗户传进来，孩子第二天要上学。",
    "饭店的排风机对着我家阳台，白天黑夜都有噪音，油烟味也重。",
    "小区门口垃圾清运车凌晨四点就来，倒车声和压缩声吵醒一栋楼。",
]


@pytest.fixture(scope="module")
def district(live: Any) -> World:
    """A small district whose matters are in the index."""
    now = datetime.now(SHANGHAI)
    with acting(SYSTEM("test")):
        world = make()
        for post in world.posts.values():
            post.account.set_password(PASSWORD)
            post.account.save()
    for n in range(24):
        said = intake.Words(text=SAID[n % len(SAID)], area_code="330105003")
        world.receive(at=now - timedelta(days=n), said=said)
    with acting(SYSTEM("finder")):
        finding.index(Case.objects.values_list("id", flat=True))
    return world


@widths(1440)
def test_typing_finds_saving_keeps_and_a_number_of_a_person_leads_to_the_window(
    windows: Any, district: World, shot: Callable[..., Path], accessible: Callable[[Any], None], width: int
) -> None:
    page = signed_in(windows, "officer", width)
    page.goto("/desk/search/")
    page.get_by_text("这里不按人查找").wait_for()
    narrow(page)
    accessible(page)
    shot(page, "empty")
    box = page.get_by_label("词语或编号")
    box.press_sequentially("噪音", delay=20)
    page.locator("mark").first.wait_for()
    assert page.locator("mark").first.inner_text() == "噪音"
    assert "q=" in page.url
    narrow(page)
    accessible(page)
    shot(page, "found")
    box.fill("清运")
    page.locator("#xq-found mark", has_text="清运").first.wait_for()
    assert page.locator("#xq-found mark", has_text="噪音").count() == 0
    page.get_by_text("保存这次查找").click()
    page.get_by_label("名字").fill(f"清运车{width}")
    page.get_by_role("button", name="保存", exact=True).click()
    page.get_by_text("已保存为").wait_for()
    narrow(page)
    accessible(page)
    shot(page, "saved")
    page.get_by_label("词语或编号").fill("13812345678")
    page.get_by_text("来电号码核对").first.wait_for()
    shot(page, "person")
    page.goto("/desk/")
    page.get_by_role("link", name=f"清运车{width}").click()
    page.locator("mark").first.wait_for()
    page.locator("#xq-found a.xq-row-title").first.click()
    page.wait_for_url("**/desk/cases/**")


@widths(360)
def test_two_matters_are_linked_and_the_link_is_taken_back(
    windows: Any, district: World, shot: Callable[..., Path], accessible: Callable[[Any], None], width: int
) -> None:
    now = datetime.now(SHANGHAI)
    one, other = district.receive(at=now).case, district.receive(at=now).case
    page = signed_in(windows, "officer", width)
    page.goto(f"/desk/cases/{one.number}/")
    page.locator("#xq-linked").get_by_role("link", name="关联另一件").click()
    page.get_by_label("另一件的编号").fill(other.number)
    page.get_by_label("这件是那件的重复来件").check()
    page.get_by_label("凭什么认定").fill("同一盏路灯，同一个人")
    narrow(page)
    accessible(page)
    shot(page, "link-form")
    page.get_by_role("button", name="关联另一件").click()
    page.locator("#xq-linked").get_by_text("这件重复了它").wait_for()
    narrow(page)
    accessible(page)
    shot(page, "linked")
    page.locator("#xq-linked").get_by_role("link", name="撤销关联").click()
    page.get_by_label("为什么撤销").fill("看错了")
    page.get_by_role("button", name="撤销关联").click()
    page.locator("#xq-linked").get_by_text("可以关联").wait_for()


@widths(1440)
def test_the_worklist_is_taken_away_as_a_table(
    windows: Any,
    district: World,
    shot: Callable[..., Path],
    accessible: Callable[[Any], None],
    width: int,
    tmp_path: Path,
) -> None:
    page = signed_in(windows, "officer", width)
    page.get_by_role("link", name="导出").click()
    narrow(page)
    accessible(page)
    shot(page, "export")
    page.get_by_label("文本表格（csv）").check()
    page.get_by_label("遮住一部分").check()
    page.get_by_label("导出来做什么").fill("周例会核对")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="导出").click()
    path = tmp_path / "list.csv"
    waiting.value.save_as(path)
    rows = list(csv.reader(path.read_text("utf-8-sig").splitlines()))
    assert len(rows) > 20
    assert rows[1][-1].startswith("199****")
