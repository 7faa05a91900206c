"""Files of a step's form in a browser: they outlive an error, are left out on demand, and stand in the preview."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.browser.test_desk import PASSWORD
from tests.support.widths import widths
from tests.support.world import World, make
from xinqiao.cases.models import Case
from xinqiao.desk.tests.road import REDRESS, photo
from xinqiao.kernel.clock import SHANGHAI
from xinqiao.people.access import acting
from xinqiao.people.actors import SYSTEM

pytestmark = pytest.mark.browser
LONG_NAME = "小河路与登云路交叉口送达回证扫描件第一页和第二页合并以后的最终版本.jpg"


@pytest.fixture(scope="module")
def decided(live: Any) -> Callable[[], Case]:
    """A small district with passwords; each call is another case whose decision waits to be served."""
    with acting(SYSTEM("test")):
        world: World = make()
        for post in world.posts.values():
            post.account.set_password(PASSWORD)
            post.account.save()

    def bring() -> Case:
        at = datetime.now(SHANGHAI) - timedelta(hours=2)
        case = world.receive(at=at).case
        for state, step, login, inputs in REDRESS:
            at += timedelta(minutes=5)
            given = inputs | ({"lead": world.organs["cg"].pk} if step == "refer" else {})
            given |= {name: at.date() for name in ("heard_on",) if name in given}
            case = world.step(case, step, login, at=at, **given)
            if state == "decided":
                return case
        raise AssertionError

    return bring


def without_script(windows: Any, page: Any) -> Any:
    """Another window of the same person, in which no script runs."""
    context = windows.browser.new_context(
        base_url=windows.live.url, java_script_enabled=False, viewport=page.viewport_size, locale="zh-CN"
    )
    context.add_cookies(page.context.cookies())
    windows.contexts.append(context)
    return context.new_page()


def chosen(name: str) -> dict[str, Any]:
    return {"name": name, "mimeType": "image/jpeg", "buffer": photo(name).read()}


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
@widths(1440)
def test_a_proof_is_chosen_once(
    windows: Any,
    decided: Callable[[], Case],
    width: int,
    script: bool,
    shot: Callable[[Any, str], Path],
    accessible: Callable[[Any], None],
) -> None:
    case = decided()
    page = windows.open(width, path="/desk/")
    page.get_by_label("用户名").fill("cg.handler")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.locator(".xq-rows-list, .xq-empty").first.wait_for()
    if not script:
        page = without_script(windows, page)
    address = f"/desk/cases/{case.number}/do/serve/"
    page.goto(address)
    page.locator("input[type=file]").set_input_files([chosen(LONG_NAME), chosen("误选.jpg")])
    send = page.locator(".xq-actions .btn-primary")
    send.click()
    waiting = page.locator(".xq-staged li")
    waiting.nth(1).wait_for()
    assert LONG_NAME in waiting.first.inner_text()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    if script:
        shot(page, "waiting")
        accessible(page)
    waiting.nth(1).get_by_role("checkbox").check()
    page.get_by_label("当面送交").check()
    page.get_by_role("button", name="先看看会发出什么").click()
    page.locator(".xq-rehearsed img").first.wait_for()
    assert page.locator(".xq-staged li").count() == 1
    if script:
        shot(page, "preview")
        accessible(page)
    page.locator(".xq-actions .btn-primary").click()
    page.wait_for_url(f"**/desk/cases/{case.number}/**")
    page.get_by_text("已办好").first.wait_for()
    with acting(SYSTEM("test")):
        assert Case.objects.get(pk=case.pk).state == "served"
