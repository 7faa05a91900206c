"""A citizen on a phone and at a desk: three screens to a receipt, and what happens when things go wrong."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support.widths import widths
from tests.support.world import World, make
from xinqiao.people.access import acting
from xinqiao.people.actors import SYSTEM
from xinqiao.people.models import Area

pytestmark = pytest.mark.browser

LONG = "小河街道老旧小区综合改造提升工程第三标段北片区居民代表暨业主委员会筹备组联络小组副组长欧阳上官慕容司徒端木百里"
WORDS = "小区门口的路灯坏了三个星期，晚上老人出门看不见路，上周有人摔了一跤。请尽快修好，并告诉我们以后坏了找谁。"


@pytest.fixture(scope="module")
def district(live: Any) -> World:
    """The small district, committed, so that the pages see it."""
    with acting(SYSTEM("test")):
        world = make()
        street = Area.objects.get(code="330105003")
        Area.objects.bulk_create(
            [
                Area(
                    code=f"33010500300{n}",
                    name=name,
                    full_name=street.full_name + name,
                    stem=name.removesuffix("社区"),
                    level="community",
                    parent_code=street.code,
                    valid_from=street.valid_from,
                )
                for n, name in enumerate(("董家新村社区", "长征桥社区", "紫荆家园社区"), start=1)
            ]
        )
        office = world.organs["xf"]
        office.address, office.phone, office.hours = "便民路1号", "0571-0000-1003", "工作日 8:30-17:30"
        office.save()
    return world


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "路灯.jpg"
    data = io.BytesIO()
    Image.new("RGB", (400, 300), "darkorange").save(data, "JPEG")
    path.write_bytes(data.getvalue())
    return path


def to_the_third_screen(page: Any, photo: Path | None = None) -> None:
    page.goto("/")
    page.get_by_label("您想反映什么？").fill(WORDS)
    page.get_by_role("button", name="接着写").click()
    page.get_by_role("heading", name="说说您的事").wait_for()
    assert page.locator("[name=text]").input_value() == WORDS
    if photo:
        page.locator("[name=photos]").set_input_files(str(photo))
    page.get_by_role("button", name="下一步：地点和材料").click()
    page.locator("[name=place]").press_sequentially("长征桥北口")
    page.get_by_role("button", name="小河街道 长征桥社区").click()
    page.get_by_role("button", name="下一步：您是谁").click()


def test_what_is_done_before_the_scripts_have_come_counts(windows: Any, district: World, photo: Path) -> None:
    page = windows.open(360)
    page.get_by_label("您想反映什么？").fill(WORDS)
    with windows.late(page):
        page.get_by_role("button", name="接着写").click()
        page.locator("[name=photos]").set_input_files(str(photo))
    page.locator(".xq-photos img").wait_for()
    page.get_by_role("button", name="下一步：地点和材料").click()
    page.locator("[name=place]").fill("长征桥北口")
    page.get_by_text("草稿已存").wait_for()
    page.goto("/say/")
    page.get_by_role("button", name="下一步：地点和材料").click()
    page.get_by_role("button", name="小河街道 长征桥社区").click()
    assert page.locator("[name=area]").evaluate("area => area.selectedOptions[0].text") == "长征桥社区"


@widths(360)
def test_three_screens_lead_to_a_receipt(
    windows: Any, district: World, photo: Path, shot: Callable[..., Path], accessible: Callable[[Any], None], width: int
) -> None:
    page = windows.open(width)
    accessible(page)
    shot(page, "front")
    page.get_by_label("您想反映什么？").fill(WORDS)
    page.get_by_role("button", name="接着写").click()
    page.locator("[name=photos]").set_input_files(str(photo))
    page.locator(".xq-photos img").wait_for()
    accessible(page)
    shot(page, "say-1")
    page.get_by_role("button", name="下一步：地点和材料").click()
    page.locator("[name=place]").press_sequentially("长征桥北口")
    page.get_by_role("button", name="小河街道 长征桥社区").wait_for()
    accessible(page)
    shot(page, "say-2")
    page.get_by_role("button", name="小河街道 长征桥社区").click()
    page.go_back()
    assert page.get_by_role("heading", name="说说您的事").is_visible()
    page.go_forward()
    page.get_by_role("button", name="下一步：您是谁").click()
    page.get_by_label("您的姓名").fill(LONG)
    page.get_by_label("手机号").first.fill("19900001234")
    assert "长征桥社区" in page.locator('[data-po-echo="place"]').inner_text()
    assert page.locator('[data-po-echo="files"]').inner_text() == "1 个"
    accessible(page)
    shot(page, "say-3")
    page.get_by_role("button", name="发送").click()
    page.get_by_role("heading", name="收到了").wait_for()
    accessible(page)
    shot(page, "receipt")
    with page.expect_download() as download:
        page.get_by_role("button", name="存成图片").click()
    assert download.value.suggested_filename.endswith(".png")
    page.goto("/say/")
    assert page.locator("[name=text]").input_value() == ""


@widths(1440)
def test_an_error_keeps_words_and_files_and_opens_its_screen(
    windows: Any, district: World, photo: Path, shot: Callable[..., Path], accessible: Callable[[Any], None], width: int
) -> None:
    page = windows.open(width)
    to_the_third_screen(page, photo)
    page.get_by_label("您的姓名").fill("钱大桥")
    page.get_by_label("手机号").first.fill("1990000")
    page.get_by_role("button", name="发送").click()
    page.get_by_text("手机号少了 4 位").first.wait_for()
    assert page.get_by_label("手机号").first.is_visible()
    assert "路灯.jpg" in page.locator(".po-staged").inner_text()
    accessible(page)
    shot(page, "say-wrong")
    page.get_by_label("手机号").first.fill("19900001234")
    page.get_by_role("button", name="发送").click()
    page.get_by_role("heading", name="收到了").wait_for()
    page.get_by_role("link", name="现在就看进度").click()
    page.get_by_text("您当时说的").click()
    page.locator(".po-files img").wait_for()


@widths(360)
def test_a_form_sent_again_with_a_change_is_not_lost(
    windows: Any, district: World, shot: Callable[..., Path], accessible: Callable[[Any], None], width: int
) -> None:
    page = windows.open(width)
    to_the_third_screen(page)
    page.get_by_label("您的姓名").fill("钱大桥")
    key = page.locator("[name=key]").input_value()
    page.get_by_role("button", name="发送").click()
    page.get_by_role("heading", name="收到了").wait_for()
    to_the_third_screen(page)
    page.get_by_label("您的姓名").fill("钱大桥")
    page.get_by_label("手机号").first.fill("19900001234")
    page.evaluate(
        "key => { document.querySelector('[name=key]').value = key }", key
    )  # as a page from before still has it
    page.get_by_role("button", name="发送").click()
    page.get_by_role("heading", name="刚才那一份已经收到").wait_for()
    assert page.get_by_label("手机号").first.input_value() == "19900001234"
    assert page.locator("[name=key]").input_value() != key
    accessible(page)
    shot(page, "say-again")
    page.get_by_role("button", name="补充到刚才那一件").click()
    assert page.get_by_label("补充什么").input_value() == WORDS
    page.go_back()


def test_a_broken_connection_says_so_waits_and_sends_once(windows: Any, district: World) -> None:
    page = windows.open(360)
    to_the_third_screen(page)
    page.get_by_label("您的姓名").fill("钱大桥")
    page.context.set_offline(True)
    page.get_by_role("button", name="发送").click()
    page.locator("#xq-offline").wait_for(state="visible")
    assert page.get_by_label("您的姓名").input_value() == "钱大桥"
    page.context.set_offline(False)
    page.get_by_role("heading", name="收到了").wait_for()


def test_a_page_loaded_anew_keeps_words_and_key(windows: Any, district: World) -> None:
    page = windows.open(360, path="/say/")
    page.locator("[name=text]").fill(WORDS)
    key = page.locator("[name=key]").input_value()
    page.get_by_text("草稿已存").first.wait_for()
    page.reload()
    assert page.locator("[name=text]").input_value() == WORDS
    assert page.locator("[name=key]").input_value() == key


def test_without_scripts_the_whole_form_is_one_page(windows: Any, district: World, live: Any) -> None:
    context = windows.browser.new_context(
        base_url=live.url, java_script_enabled=False, viewport={"width": 360, "height": 800}
    )
    windows.contexts.append(context)
    page = context.new_page()
    page.goto("/say/")
    page.locator("[name=text]").fill(WORDS)
    page.locator("[name=name]").fill("钱大桥")
    page.get_by_role("button", name="发送").click()
    assert page.get_by_role("heading", name="收到了").is_visible()


ASKED = {
    "firm": ("单位名称",),
    "guardian": ("您替谁说", "监护证明或者委托书"),
    "attorney": ("谁委托您的", "监护证明或者委托书"),
    "joint": ("一共多少人",),
    "anonymous": (),
}


def test_only_what_fits_is_asked(
    windows: Any, district: World, shot: Callable[..., Path], accessible: Callable[[Any], None]
) -> None:
    page = windows.open(360)
    to_the_third_screen(page)
    for reporter, labels in ASKED.items():
        page.locator(f"[name=reporter][value={reporter}]").check()
        for label in labels:
            assert page.get_by_label(label).first.is_visible()
        assert page.get_by_label("您的姓名").is_visible() == (reporter != "anonymous")
        accessible(page)
        shot(page, f"say-{reporter}")
    page.locator("[name=about_official]").check()
    assert "只有指定的保密专员" in page.locator(".po-seen").inner_text()


def test_elders_mode(
    windows: Any, district: World, shot: Callable[..., Path], accessible: Callable[[Any], None]
) -> None:
    page = windows.open(360)
    page.get_by_role("button", name="大字版").click()
    assert "xq-elders" in (page.locator("html").get_attribute("class") or "")
    accessible(page)
    shot(page, "front-elders")
    to_the_third_screen(page)
    shot(page, "say-3-elders")
    page.get_by_label("您的姓名").fill("钱大桥")
    page.get_by_role("button", name="发送").click()
    page.get_by_role("heading", name="收到了").wait_for()
    shot(page, "receipt-elders")
    page.get_by_role("link", name="现在就看进度").click()
    page.get_by_role("heading", name="办理进程").wait_for()
    accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    shot(page, "matter-elders")


def test_when_the_house_has_trouble_the_page_stays_and_says_so(windows: Any, district: World, photo: Path) -> None:
    page = windows.open(360)
    to_the_third_screen(page, photo)
    page.get_by_label("您的姓名").fill("钱大桥")
    page.route(
        "**/say/",
        lambda route: (
            route.fulfill(status=503, body="<main>no</main>") if route.request.method == "POST" else route.continue_()
        ),
    )
    page.get_by_role("button", name="发送").click()
    page.get_by_text("系统暂时连不上").wait_for()
    assert page.locator('[data-po-echo="files"]').inner_text() == "1 个"
    page.unroute("**/say/")
    page.get_by_role("button", name="发送").click()
    page.get_by_role("heading", name="收到了").wait_for()


def test_a_connection_that_breaks_while_sending_is_tried_again(windows: Any, district: World) -> None:
    page = windows.open(360)
    page.clock.install()
    to_the_third_screen(page)
    page.get_by_label("您的姓名").fill("钱大桥")
    page.route("**/say/", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    page.get_by_role("button", name="发送").click()
    page.locator("#xq-offline").wait_for(state="visible")
    page.unroute("**/say/")
    page.clock.run_for(9_000)
    page.get_by_role("heading", name="收到了").wait_for()
