"""Administration in a browser: the pages at phone and desk width, and an organ abolished from the form to the worker."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.browser.test_desk import PASSWORD, bring_live, narrow
from tests.support.widths import widths
from tests.support.world import LONG_AGO, World, make
from xinqiao.cases.models import Case
from xinqiao.kernel.clock import SHANGHAI
from xinqiao.people import access, services
from xinqiao.people.actors import SYSTEM
from xinqiao.people.models import Account, Competence, Post
from xinqiao.triage.models import KnowledgeEntry
from xinqiao.triage.services import knowledge_store

pytestmark = pytest.mark.browser
PAGES = (
    "",
    "areas/",
    "areas/330105/",
    "organs/",
    "organs/new/",
    "competences/",
    "accounts/",
    "knowledge/",
    "knowledge/new/",
    "calendars/",
    "texts/",
    "record/",
)


@pytest.fixture(scope="module")
def district(live: Any) -> World:
    """The small district with an administrator, competences and passwords, committed."""
    with access.acting(SYSTEM("test")) as actor:
        world = make()
        account = Account.objects.create(username="admin", name="管理员")
        world.posts["admin"] = Post.objects.create(
            account=account, organ=world.organs["xf"], role="admin", title="系统管理员", valid_from=LONG_AGO
        )
        for post in world.posts.values():
            post.account.set_password(PASSWORD)
            post.account.save()
        for code, content in (("cg", "0308"), ("cg", "0309"), ("jd", "0308"), ("zj", "0301")):
            Competence.objects.create(
                organ=world.organs[code], content_code=content, area_code="330105003" if code == "jd" else "330105",
                role="lead", source="拱墅区权责清单（2026 年版）", valid_from=LONG_AGO,
            )  # fmt: skip
        services.area_rename(
            code="330105003", name="小河街道（拱宸桥）", valid_from=datetime.now(SHANGHAI).date(), actor=actor,
            at=datetime.now(SHANGHAI),
        )  # fmt: skip
        knowledge_store(
            slug="lamp", question="路灯坏了找谁修？", answer="打 12345，一天内有人来修。", keywords=["照明"],
            basis="拱墅区城市照明管理办法", content_code="", area_code="330105003", organ_id=world.organs["cg"].pk,
            valid_from=LONG_AGO, actor=actor, at=datetime.now(SHANGHAI),
        )  # fmt: skip
    return world


def signed_in(windows: Any, login: str, width: int) -> Any:
    page = windows.open(width, path="/desk/account/login/?next=/desk/")
    page.get_by_label("用户名").fill(login)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url("**/desk/")
    return page


@widths(360)
def test_pages_of_administration(
    windows: Any, district: World, shot: Callable[..., Path], accessible: Callable[[Any], None], width: int
) -> None:
    page = signed_in(windows, "admin", width)
    ids = {"organ": district.organs["cg"].pk, "account": district.posts["officer"].account_id}
    more = (f"organs/{ids['organ']}/", f"organs/{ids['organ']}/abolish/", f"accounts/{ids['account']}/",
            "texts/petitioner/accepted/", "accounts/new/", "competences/import/",
            f"knowledge/{KnowledgeEntry.objects.get().pk}/")  # fmt: skip
    for path in (*PAGES, *more):
        page.goto(f"/desk/admin/{path}")
        narrow(page)
        accessible(page)
        shot(page, path.strip("/").replace("/", "-") or "index")


def test_an_organ_is_abolished_from_the_form_to_the_worker(
    windows: Any, district: World, live: Any, shot: Callable[..., Path]
) -> None:
    case = bring_live(district, "accepted", title="路灯不亮")
    page = signed_in(windows, "admin", 1440)
    page.goto(f"/desk/admin/organs/{district.organs['cg'].pk}/abolish/")
    page.get_by_label("依据").fill("拱编〔2026〕12 号")
    page.locator("select[name=abolish-rest], input[name=abolish-rest]").first.wait_for(state="attached")
    page.locator("select[name=abolish-rest]").select_option(str(district.organs["zj"].pk), force=True)
    page.get_by_label("小河街道办事处").check()
    page.get_by_role("button", name="先看看谁接什么").click()
    page.get_by_role("heading", name="谁接什么").wait_for()
    narrow(page)
    shot(page, "abolish-preview")
    page.get_by_role("button", name="撤销并交接").click()
    page.get_by_text("正在交接").first.wait_for()
    shot(page, "abolished")
    live.work()
    with access.acting(SYSTEM("test")):
        now = Case.objects.get(pk=case.pk)
    assert now.lead_id in {district.organs["jd"].pk, district.organs["zj"].pk}
    page.goto("/desk/admin/record/?table=people_organ")
    shot(page, "record-after")


@widths(360)
def test_an_abolition_is_prepared_and_called_off(
    windows: Any, district: World, shot: Callable[..., Path], accessible: Callable[[Any], None], width: int
) -> None:
    page, organ = signed_in(windows, "admin", width), district.organs["lxh"]
    page.goto(f"/desk/admin/organs/{organ.pk}/abolish/")
    page.get_by_label("依据").fill("拱编〔2026〕9 号")
    page.locator("select[name=abolish-rest]").select_option(str(district.organs["qu"].pk), force=True)
    day = datetime.now(SHANGHAI).date() + timedelta(days=30)
    page.locator("input[name=abolish-on]").fill(day.isoformat())
    shot(page, "prepare")
    page.get_by_role("button", name="先看看谁接什么").click()
    page.get_by_role("button", name="排定这次撤销").wait_for()
    narrow(page)
    accessible(page)
    shot(page, "prepare-preview")
    page.get_by_role("button", name="排定这次撤销").click()
    page.get_by_text("已排定").first.wait_for()
    for path, name in (("organs/", "prepared-list"), (f"organs/{organ.pk}/abolish/", "prepared")):
        page.goto(f"/desk/admin/{path}")
        narrow(page)
        accessible(page)
        shot(page, name)
    page.get_by_role("button", name="取消这次撤销").click()
    page.get_by_text("单位照常设立").first.wait_for()


def test_somebody_new_signs_in_for_the_first_time(
    windows: Any, district: World, shot: Callable[..., Path], accessible: Callable[[Any], None]
) -> None:
    page = signed_in(windows, "admin", 1440)
    page.goto("/desk/admin/accounts/new/")
    page.get_by_label("姓名").fill("王新")
    page.get_by_label("用户名").fill("wang.xin")
    page.locator("select[name=add-organ]").select_option(str(district.organs["zj"].pk), force=True)
    page.get_by_label("职责").select_option("handler")
    page.get_by_label("岗位名称").fill("承办人")
    page.get_by_role("button", name="新增人员").click()
    password = page.locator("#one-time").inner_text()
    shot(page, "one-time")
    fresh = windows.open(360, path="/desk/account/login/?next=/desk/")
    fresh.get_by_label("用户名").fill("wang.xin")
    fresh.get_by_label("密码").fill(password)
    fresh.get_by_role("button", name="登录", exact=True).click()
    fresh.wait_for_url("**/desk/account/password/")
    accessible(fresh)
    shot(fresh, "must-change")
    fresh.get_by_label("现在的密码").fill(password)
    fresh.get_by_label("新密码", exact=True).fill(PASSWORD)
    fresh.get_by_label("再输一遍新密码").fill(PASSWORD)
    fresh.get_by_role("button", name="修改").click()
    fresh.wait_for_url("**/desk/")
