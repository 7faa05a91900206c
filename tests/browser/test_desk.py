"""The desk in a browser: by keyboard, at three widths, light and dark, and refreshing by itself."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.support.harness import FULL
from tests.support.widths import widths
from tests.support.world import World, make
from xinqiao.cases.models import Case, Obligation
from xinqiao.desk.tests.road import DECISION, REDRESS
from xinqiao.kernel.clock import SHANGHAI
from xinqiao.kernel.ids import new_number
from xinqiao.people.access import acting
from xinqiao.people.actors import SYSTEM
from xinqiao.people.services import person_reveal

pytestmark = pytest.mark.browser

PASSWORD = "a quiet bridge over water"
LONG = (
    "小河街道老旧小区综合改造提升工程第三标段北片区三十二幢至四十七幢之间公共照明和消防通道长期被占用无人管理的问题反映"
)
WIDTHS = [1440, 1024, 360] if FULL else [360]


@pytest.fixture(scope="module")
def district(live: Any) -> World:
    """The small district with passwords, sixty open matters and one served decision, committed."""
    now = datetime.now(SHANGHAI)
    with acting(SYSTEM("test")):
        world = make()
        for post in world.posts.values():
            post.account.set_password(PASSWORD)
            post.account.save()
    model = world.receive(at=now).case
    with acting(SYSTEM("test")):
        copies(model, 59)
    return world


def copies(model: Case, count: int) -> None:
    """Rows enough to fill two pages, due on different days, one with a very long title."""
    duties = list(Obligation.objects.filter(case=model, settled_at__isnull=True))
    titles = ["路灯坏了", "楼道堆放杂物", "夜间施工扰民", "公交站牌字太小", "河道有异味", "停车收费不清楚"]
    cases, rows = [], []
    for n in range(count):
        values = {f.attname: getattr(model, f.attname) for f in Case._meta.concrete_fields}
        title = LONG if n == 3 else f"{titles[n % len(titles)]}，请派人来看一看"
        facts = {**model.facts, "flags": ["urged"] if n % 7 == 2 else []}
        case = Case(**values | {"id": uuid4(), "number": f"{new_number()}-1", "title": title, "facts": facts})
        cases.append(case)
        for duty in duties:
            row = {f.attname: getattr(duty, f.attname) for f in Obligation._meta.concrete_fields}
            due = duty.due + timedelta(days=n // 4 - 6)
            more = {"due": due, "due_unrolled": due, "colour": "yellow" if n % 5 == 0 else "green"}
            rows.append(Obligation(**row | {"id": uuid4(), "case_id": case.id} | more))
    Case.objects.bulk_create(cases)
    Obligation.objects.bulk_create(rows)


def bring_live(world: World, state: str, *, title: str = LONG) -> Case:
    """A claim on the main road until `state`, today."""
    at = datetime.now(SHANGHAI) - timedelta(hours=2)
    case = world.receive(at=at).case
    for to, step, login, inputs in REDRESS:
        at += timedelta(minutes=5)
        given = dict(inputs)
        if step == "classify":
            given["title"] = title
        if step == "refer":
            given |= {"lead": world.organs["cg"].pk, "assists": [world.organs["zj"].pk]}
        given |= {name: at.date() for name in ("heard_on", "served_on") if name in given}
        case = world.step(case, step, login, at=at, **given)
        if to == state:
            break
    return case


def signed_in(windows: Any, login: str, width: int) -> Any:
    page = windows.open(width, path="/desk/account/login/?next=/desk/")
    page.get_by_label("用户名").fill(login)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url("**/desk/")
    return page


def narrow(page: Any) -> None:
    """Nothing is wider than the window."""
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 1, f"{page.url} is {wide} px too wide"


@pytest.mark.parametrize("width", WIDTHS)
def test_pages_look_right(
    windows: Any, district: World, shot: Callable[..., Path], accessible: Callable[[Any], None], width: int
) -> None:
    served = bring_live(district, "served")
    page = signed_in(windows, "officer", width)
    assert page.locator("[data-xq-item]").count() == 50
    narrow(page)
    accessible(page)
    shot(page, "worklist")
    page.get_by_role("link", name="后面的").click()
    page.get_by_role("link", name="回到最前面").wait_for()
    page.goto("/desk/?view=all&procedure=guidance")
    page.get_by_text("这样筛选没有找到事项").wait_for()
    accessible(page)
    shot(page, "empty")
    page.goto(f"/desk/cases/{served.number}/")
    narrow(page)
    accessible(page)
    shot(page, "case")
    page.goto(f"/desk/cases/{served.number}/do/note/")
    narrow(page)
    if width < 900:
        page.locator(".xq-nav > summary").click()
    page.get_by_role("button", name="深色").click()
    page.goto(f"/desk/cases/{served.number}/")
    accessible(page)
    shot(page, "case-dark")
    page.goto("/desk/")
    accessible(page)
    shot(page, "worklist-dark")


@widths(1440)
def test_who_looked_at_what_and_the_pages_of_ones_account(
    windows: Any, district: World, shot: Callable[..., Path], accessible: Callable[[Any], None], width: int
) -> None:
    now = datetime.now(SHANGHAI)
    case, officer = district.receive(at=now).case, district.actor("officer")
    with acting(officer):
        for reason in ("电话核实路灯位置", "约定上门时间，来信人要求晚上联系，白天在外地上班不方便接电话"):
            person_reveal(
                person=case.person_id, fields=["phone"], reason=reason, actor=officer, at=now, case_id=case.id
            )
    page = signed_in(windows, "keeper", width)
    page.goto("/desk/looks/")
    page.get_by_text("电话核实路灯位置").first.wait_for()
    narrow(page)
    accessible(page)
    shot(page, "looks")
    for path, heading in (
        ("post/", "我的岗位"),
        ("2fa/", "登录安全"),
        ("sessions/", "在哪些地方登录着"),
        ("password/", "修改密码"),
    ):
        page.goto(f"/desk/account/{path}")
        page.get_by_role("heading", name=heading).wait_for()
        narrow(page)
        accessible(page)
        shot(page, f"account-{path.strip('/')}")


def test_on_a_phone_the_head_of_the_page_is_low_and_its_menu_needs_no_script(
    windows: Any,
    district: World,
    chromium: Any,
    live: Any,
    shot: Callable[..., Path],
    accessible: Callable[[Any], None],
) -> None:
    page = signed_in(windows, "officer", 360)
    top = "() => document.querySelector('main').getBoundingClientRect().top"
    for path in ("/desk/", "/desk/account/post/", "/desk/nothing/"):
        page.goto(path)
        assert page.evaluate(top) <= 96, path
        narrow(page)
    page.goto("/desk/")
    assert not page.get_by_role("link", name="知识库").is_visible()
    page.locator(".xq-nav > summary").click()
    page.get_by_role("link", name="知识库").wait_for()
    page.get_by_role("button", name="退出").wait_for()
    narrow(page)
    accessible(page)
    shot(page, "menu")
    plain = chromium.new_context(
        base_url=live.url, java_script_enabled=False, viewport={"width": 360, "height": 800},
        storage_state=page.context.storage_state(),
    )  # fmt: skip
    try:
        bare = plain.new_page()
        bare.goto("/desk/")
        bare.locator(".xq-nav > summary").click()
        bare.get_by_role("link", name="知识库").click()
        bare.get_by_role("heading", name="知识库").first.wait_for()
    finally:
        plain.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_a_decision_is_drafted_seen_and_sent(
    windows: Any, district: World, shot: Callable[..., Path], accessible: Callable[[Any], None], width: int
) -> None:
    case = bring_live(district, "investigated", title="小河路路灯不亮")
    page = signed_in(windows, "cg.handler", width)
    page.goto(f"/desk/cases/{case.number}/")
    page.locator("#xq-options").get_by_role("link", name="起草处理意见书").click()
    for part, words in DECISION["demands"][0].items():
        field = page.locator(f"[name=in-demands-0-{part}]")
        field.select_option(words) if part == "outcome" else field.fill(words)
    page.get_by_label("部分支持").check()
    page.get_by_role("button", name="起草处理意见书").click()
    page.get_by_text("总的意见和各项诉求的意见对不上").first.wait_for()
    assert page.locator("[name=in-demands-0-facts]").input_value() == DECISION["demands"][0]["facts"]
    narrow(page)
    accessible(page)
    shot(page, "decision-wrong")
    page.locator("[name=in-outcome][value=support]").check()
    page.locator("[name=in-remedy]").fill("更换灯头。")
    page.locator("[name=in-execution_days][value='15']").check()
    page.get_by_role("button", name="先看看会发出什么").click()
    page.locator(".xq-paper-view img").first.wait_for()
    narrow(page)
    accessible(page)
    shot(page, "decision-preview")
    page.get_by_role("button", name="起草处理意见书").click()
    page.get_by_role("link", name="核稿通过").wait_for()
    page.locator("#xq-options").get_by_role("link", name="核稿通过").click()
    page.get_by_role("button", name="核稿通过").wait_for()
    accessible(page)
    shot(page, "check")


def test_the_worklist_by_keyboard(
    windows: Any, district: World, shot: Callable[..., Path], accessible: Callable[[Any], None]
) -> None:
    page = signed_in(windows, "officer", 1440)
    page.wait_for_load_state()
    rows = page.locator("[data-xq-item]")
    press = page.keyboard.press
    press("j")
    press("j")
    press("k")
    assert rows.nth(0).get_attribute("aria-current") == "true"
    page.locator("#xq-peek h2 a").wait_for()
    press("x")
    press("j")
    press("x")
    assert page.locator("[data-xq-bulk-count]").inner_text() == "2"
    accessible(page)
    shot(page, "keyboard")
    press("/")
    assert page.evaluate("document.activeElement.name") == "number"
    page.evaluate("document.activeElement.blur()")
    press("?")
    page.get_by_role("dialog").wait_for()
    press("Escape")
    press("j")
    here = page.locator("[data-xq-item][aria-current=true] [data-xq-enter]").get_attribute("href")
    page.locator(f"#xq-peek h2 a[href='{here}']").wait_for()
    press(".")
    assert page.evaluate("document.activeElement.closest('#xq-peek') !== null")
    rows.nth(2).locator("[data-xq-enter]").focus()
    press("Enter")
    page.wait_for_url("**/desk/cases/**")
    press(".")
    assert page.evaluate("document.activeElement.closest('[data-xq-now]') !== null")
    press("Enter")
    page.locator("#xq-do form").wait_for()


def test_keys_pressed_while_the_side_view_comes_count(windows: Any, district: World) -> None:
    page = signed_in(windows, "officer", 1440)
    page.wait_for_load_state()
    page.evaluate("htmx.config.defaultSettleDelay = 300")
    page.evaluate("""() => {
        window.settled = new Promise((done) => document.addEventListener("htmx:afterSettle", () => done(), { once: true }));
    }""")
    page.keyboard.press("j")
    page.locator("#xq-peek h2 a").wait_for()
    with windows.late(page, "**/peek/"):  # the next one waits: its coming would hide the fault
        page.keyboard.press("x")
        page.keyboard.press("j")
        page.evaluate("window.settled")
        assert page.locator("[data-xq-item][aria-current=true]").count() == 1
        page.keyboard.press("x")
        assert page.locator("[data-xq-bulk-count]").inner_text() == "2"
        page.locator("#xq-peek").evaluate("(place) => place.replaceChildren()")
    page.locator("#xq-peek h2 a").wait_for()
    assert page.locator("[data-xq-bulk-count]").inner_text() == "2"


def test_two_at_once_with_a_result_each(
    windows: Any, district: World, shot: Callable[..., Path], accessible: Callable[[Any], None]
) -> None:
    mine = [district.receive(at=datetime.now(SHANGHAI)).case for _ in range(2)]
    page = signed_in(windows, "officer", 1440)
    page.goto("/desk/?view=all")
    for case in mine:
        page.locator(f"[data-xq-select][value='{case.number}']").check()
    page.get_by_role("button", name="一起办…").click()
    accessible(page)
    shot(page, "bulk-choose")
    page.get_by_role("button", name="分类", exact=True).click()
    page.locator("[name=in-route][value=redress]").check()
    accessible(page)
    shot(page, "bulk-form")
    district.step(mine[0], "answer_on_spot", "officer", at=datetime.now(SHANGHAI), reply="说清了。")
    page.get_by_role("button", name="分类", exact=True).click()
    page.get_by_text("办好 1 件，共 2 件").wait_for()
    accessible(page)
    shot(page, "bulk-results")


def test_pages_refresh_by_themselves(windows: Any, district: World) -> None:
    case = bring_live(district, "accepted", title="自己会更新的事项")
    page = signed_in(windows, "officer", 1440)
    page.goto(f"/desk/cases/{case.number}/")
    district.step(case, "note", "cg.handler", at=datetime.now(SHANGHAI), text="刚刚加的备注")
    page.evaluate("for (const one of document.querySelectorAll('[data-xq-refresh]')) htmx.trigger(one, 'xq:refresh')")
    page.get_by_text("刚刚加的备注").wait_for()
    page.goto("/desk/")
    fresh = district.receive(at=datetime.now(SHANGHAI) - timedelta(days=400)).case
    page.evaluate("htmx.trigger('#xq-rows', 'xq:refresh')")
    page.locator(f"[data-xq-item='{fresh.number}']").wait_for()
    assert page.locator("#xq-views").count() == 1
