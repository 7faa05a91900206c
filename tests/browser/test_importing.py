"""A table imported in a browser: by an officer at a desk and on a narrow screen, with a bar that survives a reload."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.widths import widths
from tests.support.world import World, make
from xinqiao.people.access import acting
from xinqiao.people.actors import SYSTEM

pytestmark = pytest.mark.browser

PASSWORD = "a quiet bridge over water"
HEAD = "工单编号,来电人姓名,联系电话,诉求标题,诉求内容,问题地址,所属街道,来源,受理时间,答复时间,答复意见,点赞数\n"
GOOD = "{n},钱大桥,19900001234,路灯坏了,小区门口的路灯坏了三个星期，晚上老人出门看不见路。,河边路三号门,小河街道,12345热线,2026-03-02 09:30,2026-03-09 15:00,已经修好，请您看看。,5\n"
BAD = "{n},孙小河,12345,,,,,,昨天,,,\n"


@pytest.fixture(scope="module")
def district(live: Any) -> World:
    with acting(SYSTEM("test")):
        world = make()
        account = world.posts["officer"].account
        account.set_password(PASSWORD)
        account.save()
    return world


def signed_in(windows: Any, width: int, path: str) -> Any:
    page = windows.open(width, path=f"/desk/account/login/?next={path}")
    page.get_by_label("用户名").fill("officer")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url(f"**{path}")
    return page


@widths(1440)
def test_upload_columns_dry_run_and_result(
    district: World,
    windows: Any,
    live: Any,
    width: int,
    tmp_path: Path,
    shot: Callable[[Any, str], Path],
    accessible: Callable[[Any], None],
) -> None:
    rows = "".join(GOOD.format(n=f"{width}-{n}") for n in range(40)) + "".join(
        BAD.format(n=f"{width}-b{n}") for n in range(12)
    )
    file = tmp_path / "小河街道老旧小区综合改造提升工程第三标段北片区公共照明问题工单导出表（二〇二六年第一季度）.csv"
    file.write_text(HEAD + rows, encoding="gb18030")
    page = signed_in(windows, width, "/desk/import/")
    shot(page, "empty")
    page.set_input_files("#import-file", file)
    page.click("text=上传，下一步核对列")
    page.wait_for_selector("text=核对列：每一列是什么")
    shot(page, "columns")
    accessible(page)
    fits(page)
    page.fill("#save_as", "工单导出")
    page.click("text=试跑，先不导入")
    page.wait_for_selector("progress")
    page.reload()
    page.wait_for_selector("text=正在试跑")
    shot(page, "running")
    accessible(page)
    live.work()
    page.wait_for_selector("text=试跑结果")
    shot(page, "checked")
    accessible(page)
    fits(page)
    page.click("text=导入这 40 件")
    page.wait_for_selector("text=正在导入")
    live.work()
    page.wait_for_selector("text=导入完成")
    shot(page, "done")
    accessible(page)
    fits(page)
    with page.expect_download() as fetched:
        page.click("text=下载没有导入的 12 行和原因")
    assert "昨天" in Path(fetched.value.path()).read_text("utf-8-sig")
    page.goto("/desk/import/")
    shot(page, "list")
    accessible(page)
    fits(page)


def fits(page: Any) -> None:
    """Nothing sticks out of the window."""
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
