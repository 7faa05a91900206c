"""Account pages as people see them: in a browser, narrow and wide, without an accessibility violation."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.support.widths import widths

from xinqiao.people import access
from xinqiao.people.actors import SYSTEM
from xinqiao.people.templatetags.browsers import browser_words
from xinqiao.people.tests.conftest import PASSWORD, make_house


@pytest.mark.browser
@widths(360)
def test_signing_in_and_looking_after_ones_account(
    live: Any, windows: Any, shot: Callable[..., Any], accessible: Callable[[Any], None], width: int
) -> None:
    with access.acting(SYSTEM("test")):
        from xinqiao.people.models import Account

        if not Account.objects.exists():
            make_house()
    page = windows.open(width, path="/desk/account/post/")
    accessible(page)
    shot(page, "sign-in")
    page.get_by_label("用户名").fill("xfr")
    page.get_by_label("密码").fill("falsch")
    page.get_by_role("button", name="登录", exact=True).click()
    page.get_by_text("用户名或密码不对").first.wait_for()
    accessible(page)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.get_by_role("heading", name="我的岗位").wait_for()
    page.get_by_text("请假和代理人", exact=True).click()
    accessible(page)
    shot(page, "posts")
    for path, heading in (
        ("2fa/", "登录安全"),
        ("sessions/", "在哪些地方登录着"),
        ("password/", "修改密码"),
        ("2fa/totp/activate/", "请再输一次密码"),
        ("logout/", "要退出吗"),
    ):
        page.goto(f"{live.url}/desk/account/{path}")
        page.get_by_role("heading", name=heading).wait_for()
        accessible(page)
        shot(page, f"{path.strip('/').replace('/', '-')}")


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0", "Edge · Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox · Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) MicroMessenger/8.0", "微信 · iPhone"),
        ("curl/8.0", "curl/8.0"),
    ],
)
def test_a_browser_is_named_in_words_that_people_know(agent: str, words: str) -> None:
    assert browser_words(agent) == words
