"""Pages that say what went wrong, in a browser: readable, with a way on, in the dress of whoever reads them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.test_desk import PASSWORD, narrow
from tests.support.browser import served
from tests.support.widths import widths
from tests.support.world import World, make
from xinqiao.config import environment
from xinqiao.people import access
from xinqiao.people.actors import SYSTEM
from xinqiao.portal.views import front

pytestmark = pytest.mark.browser
MOST = 1024 * 1024
Shot = Callable[[Any, str], Path]
Accessible = Callable[[Any], None]


@pytest.fixture(scope="module")
def live(module_database: str) -> Iterator[Any]:
    """Served pages that take one megabyte."""
    with served(module_database, MOST) as pages:
        yield pages


@pytest.fixture(scope="module")
def district(live: Any) -> World:
    """The small district, with passwords, committed."""
    with access.acting(SYSTEM("test")):
        world = make()
        officer = world.posts["officer"].account
        officer.set_password(PASSWORD)
        officer.save()
    return world


def good(page: Any, shot: Shot, accessible: Accessible, name: str) -> str:
    """The page of a fault holds together; returns its words."""
    narrow(page)
    accessible(page)
    shot(page, name)
    words: str = page.locator("main").inner_text()
    return words


def too_much(page: Any, tmp_path: Path) -> None:
    """Send the form of the portal with a file that is too large."""
    page.goto("/say/")
    page.locator("#id_text").fill("路灯坏了三个星期。")
    page.locator("[data-xq-draft-note]").get_by_text("草稿已存").wait_for()
    large = tmp_path / "视频.mp4"
    large.write_bytes(b"0" * (MOST + 1))
    page.locator("#id_photos").set_input_files(large)
    page.locator("form.po-say").evaluate("form => HTMLFormElement.prototype.submit.call(form)")
    page.wait_for_selector("[data-xq-failed]")


@widths(360)
def test_faults_a_visitor_meets(
    windows: Any, district: World, shot: Shot, accessible: Accessible, monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path, width: int,
) -> None:  # fmt: skip
    page = windows.open(width, path="/nothing/")
    assert "没有找到这个页面" in good(page, shot, accessible, "portal-404")
    page.goto("/track/")
    page.context.clear_cookies()
    page.locator("main form").first.evaluate("form => form.submit()")
    page.wait_for_selector("[data-xq-failed]")
    assert "页面放得太久" in good(page, shot, accessible, "portal-403")
    too_much(page, tmp_path)
    words = good(page, shot, accessible, "portal-413")
    assert words.index("一次最多发 1 MB") < words.index("Too large")
    page.get_by_role("link", name="回到刚才那一页").click()
    page.wait_for_url("**/say/")
    assert page.locator("#id_text").input_value() == "路灯坏了三个星期。"
    monkeypatch.setattr(front, "render", None)
    page.goto("/")
    assert "不是您的错" in good(page, shot, accessible, "portal-500")


@widths(1440)
def test_faults_staff_meet_outside_the_desk(
    windows: Any, district: World, shot: Shot, accessible: Accessible, monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path, width: int,
) -> None:  # fmt: skip
    page = windows.open(width, path="/desk/account/login/?next=/desk/")
    page.get_by_label("用户名").fill("officer")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url("**/desk/")
    page.goto("/my/123456789012-1/")
    assert "回到工作台" in good(page, shot, accessible, "desk-404")
    too_much(page, tmp_path)
    assert "回到工作台" in good(page, shot, accessible, "desk-413")
    monkeypatch.setattr(front, "render", None)
    page.goto("/")
    assert "回到工作台" in good(page, shot, accessible, "desk-500")


@pytest.mark.parametrize(
    ("name", "words"), [("too-large", "80 MB"), ("too-many", "请等几秒再试"), ("away", "请等一会儿")]
)
@widths(360)
def test_the_proxys_own_pages(
    windows: Any, shot: Shot, accessible: Accessible, width: int, name: str, words: str
) -> None:
    page = windows.open(width, path=f"file://{environment.ROOT}/deploy/nginx/{name}.html")
    assert words in good(page, shot, accessible, f"proxy-{name}")


@widths(360)
def test_what_was_typed_outlives_a_server_that_is_away(windows: Any, district: World, width: int) -> None:
    """nginx answers in our place; the link on its page leads back to the words."""
    folder = environment.ROOT / "deploy" / "nginx"

    def away(route: Any) -> None:
        if route.request.method == "POST":
            route.fulfill(status=502, content_type="text/html; charset=utf-8", body=(folder / "away.html").read_text())
        else:
            route.continue_()

    page = windows.open(width, path="/say/")
    page.route("**/back.js", lambda route: route.fulfill(content_type="text/javascript", path=folder / "back.js"))
    page.route("**/say/", away)
    page.locator("#id_text").fill("路灯坏了三个星期。")
    page.locator("[data-xq-draft-note]").get_by_text("草稿已存").wait_for()
    page.locator("form.po-say").evaluate("form => HTMLFormElement.prototype.submit.call(form)")
    page.wait_for_selector("[data-xq-failed]")
    page.get_by_role("link", name="回到刚才那一页").click()
    expect(page.locator("#id_text")).to_have_value("路灯坏了三个星期。")
    page.goto("/")  # whatever they do next
    page.goto("/say/")
    expect(page.locator("#id_text")).to_have_value("路灯坏了三个星期。")
