"""The hotline at work: a call written down by keyboard alone, dispatched, answered and closed within the hour."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.widths import widths
from tests.support.world import World, make
from xinqiao.intake import services as intake
from xinqiao.notices import services as notices
from xinqiao.people import clock
from xinqiao.people import services as people
from xinqiao.people.access import acting
from xinqiao.people.actors import SYSTEM
from xinqiao.people.models import Area, Competence, Organ, Post
from xinqiao.triage import services as triage

pytestmark = pytest.mark.browser

PASSWORD = "a quiet bridge over water"
LONG = "小河街道老旧小区综合改造提升工程第三标段北片区居民代表暨业主委员会筹备组联络小组副组长欧阳上官慕容司徒端木百里"
TOLD = "我们门口那排行道树，上个礼拜铺了小石子，这两天叶子一片一片黄下来，能不能派个懂的人来看一看？"


@pytest.fixture(scope="module")
def district(live: Any) -> World:
    """A demonstration with a hotline, knowledge, competences, and a matter of the same street."""
    with acting(SYSTEM("test")) as actor:
        at = clock.now()
        people.instance_create(demonstration=True, actor=actor, at=at)
        world = make()
        since = world.organs["xf"].valid_from
        hotline = Organ.objects.create(
            code="12345",
            name="拱墅区 12345 热线受理中心",
            short_name="拱热线",
            kind="hotline",
            area_code="330105",
            level="district",
            superior=world.organs["xf"],
            valid_from=since,
        )
        Post.objects.filter(pk=world.posts["window"].pk).update(organ=hotline, title="话务员")
        world.posts["window"].refresh_from_db()
        for post in world.posts.values():
            post.account.set_password(PASSWORD)
            post.account.save()
        Post.objects.filter(pk=world.posts["cg.deputy"].pk).update(title=LONG)
        street = Area.objects.get(code="330105003")
        for n in range(1, 16):
            Area.objects.create(
                code=f"3301050030{n:02}",
                name=f"长征桥{n}社区",
                full_name=f"{street.full_name}长征桥{n}社区",
                stem=f"长征桥{n}",
                level="community",
                parent_code=street.code,
                valid_from=since,
            )
        classes = [("030000", "城乡建设", ""), ("030700", "市容环境", "030000"), ("030701", "园林绿化", "030700")]
        rows = [{"code": code, "name": name, "parent_code": parent} for code, name, parent in classes]
        triage.content_class_import(rows=rows, actor=actor, at=at)
        Competence.objects.create(
            organ=world.organs["cg"],
            content_code="030700",
            area_code="330105",
            role="lead",
            source="区政府职权清单",
            valid_from=since,
        )
        for slug, question, answer in (
            (
                "tree",
                "行道树叶子发黄是不是生病了？",
                "秋天老叶先黄是正常换叶。拿不准就告诉我们在哪里，绿化站的人去看。",
            ),
            ("lamp", "路灯不亮了找谁？", "告诉我们灯杆编号或者最近的门牌就行，一般当天派人看。"),
        ):
            triage.knowledge_store(
                slug=slug,
                question=question,
                answer=answer,
                basis="《城市绿化条例》",
                organ_id=world.organs["cg"].pk,
                valid_from=since,
                actor=actor,
                at=at,
            )
        notices.phone_code_carry(phone="19900001234", code="739164", actor=actor, at=at)
    world.receive(
        at=clock.now() - timedelta(days=2),
        said=intake.Words(text="行道树的叶子黄了，有虫。", area_code="330105003"),
        who=intake.Who(
            reporter="person", people=[("petitioner", intake.PersonData(name="柏怀瑾", phone="19900001000"))]
        ),
        channel="hotline",
        actor=world.actor("window"),
    )
    return world


def sign_in(page: Any, login: str, path: str = "/desk/") -> None:
    page.goto("/desk/account/login/?next=" + path)
    page.get_by_label("用户名").fill(login)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url(lambda url: "login" not in url)


def begin(page: Any) -> None:
    """Pick up the receiver: Enter, and the place to write is under the fingers."""
    page.locator("[name=kind]:focus").wait_for()
    page.keyboard.press("Enter")
    page.locator("#id_text:focus").wait_for()


def write_down(page: Any) -> None:
    """From the first word to the wish with the keyboard only."""
    begin(page)
    page.wait_for_load_state()  # a list is typed into only once its script is there
    keys = page.keyboard
    keys.type(TOLD)
    keys.press("Tab")
    keys.type("长征桥3")
    page.get_by_role("option", name="长征桥3社区").wait_for()
    keys.press("ArrowDown")
    keys.press("Enter")
    keys.press("Tab")
    keys.type("河边步道 12 号门前")
    keys.press("Enter")
    keys.press("Tab")
    keys.type("柏怀瑾")
    keys.press("Enter")
    keys.type("19900001000")
    keys.press("Enter")
    keys.type("派人看一看")


def test_a_call_is_registered_without_a_mouse(
    windows: Any, district: World, shot: Callable[..., Path], accessible: Callable[[Any], None]
) -> None:
    page = windows.open(1440)
    sign_in(page, "window", "/desk/entry/")
    accessible(page)
    shot(page, "start")
    write_down(page)
    page.get_by_text("说的就是这件").wait_for()
    page.get_by_text("秋天老叶先黄").first.wait_for()
    accessible(page)
    shot(page, "form")
    page.keyboard.press("Control+Enter")
    page.get_by_role("heading", name="念给对方听").wait_for()
    assert page.get_by_text("从第一个键到登记").is_visible()
    accessible(page)
    shot(page, "receipt")
    page.goto("/desk/entry/")
    assert page.get_by_role("heading", name="还开着的接待").count() == 0


def test_the_call_about_the_leaves_from_hotline_to_close(
    windows: Any, district: World, shot: Callable[..., Path], accessible: Callable[[Any], None]
) -> None:
    clerk, handler = windows.open(1440), windows.open(360)
    sign_in(clerk, "window", "/desk/entry/")
    write_down(clerk)
    clerk.keyboard.press("Alt+p")
    clerk.locator("#id_title").fill("行道树铺石后叶子发黄")
    clerk.keyboard.press("Tab")
    clerk.keyboard.type("绿化")
    clerk.keyboard.press("ArrowDown")
    clerk.keyboard.press("Enter")
    clerk.get_by_role("button", name="填进去").click()
    clerk.keyboard.type("请今天到现场看树池，查清原因后电话答复。")
    accessible(clerk)
    shot(clerk, "dispatch")
    clerk.keyboard.press("Control+Enter")
    clerk.get_by_role("heading", name="已派单").wait_for()
    clerk.get_by_role("link", name="打开案卷").click()
    number = clerk.url.rstrip("/").rpartition("/")[2]
    sign_in(handler, "cg.handler", f"/desk/cases/{number}/")

    def act(page: Any, label: str, **fields: str) -> None:
        page.goto(f"/desk/cases/{number}/")
        page.locator("#now").get_by_role("link", name=label, exact=False).first.click()
        page.locator("form.xq-step").wait_for()
        for name, value in fields.items():
            control = page.locator(f"[name=in-{name}]")
            if control.first.get_attribute("type") == "radio":
                page.locator(f"[name=in-{name}][value={value}]").check()
            else:
                control.fill(value)
        page.locator("form.xq-step .xq-actions .btn-primary").click()
        page.locator(".xq-note-success").wait_for()

    act(handler, "签收")
    act(handler, "记录现场查看", place="门前", findings="透水砾石，正常换叶。")
    act(handler, "答复", reply="刚刚看过，是秋天换叶，一棵有蚜虫，下午来打药。", way="phone")
    act(clerk, "回访", resolved="yes", words="这下放心了，谢谢你们。")
    act(clerk, "办结")
    assert clerk.get_by_text("已办结").first.is_visible()
    shot(clerk, "closed")


@widths(1440)
def test_an_error_keeps_what_was_written(
    windows: Any, district: World, shot: Callable[..., Path], accessible: Callable[[Any], None], width: int
) -> None:
    page = windows.open(width)
    sign_in(page, "window", "/desk/entry/")
    page.get_by_role("button", name="来电").click()
    page.locator("#id_text").fill(TOLD)
    page.locator("#id_name").fill(LONG)
    page.locator("#id_phone").fill("1990000")
    page.get_by_role("button", name="登记 Ctrl Enter").click()
    page.get_by_text("手机号少了 4 位").first.wait_for()
    assert page.locator("#id_text").input_value() == TOLD
    accessible(page)
    shot(page, "wrong")
    page.locator("#id_about_official").check()
    page.get_by_text("登记时就密封").wait_for()
    assert not page.get_by_text("日常小事，登记并马上派单").is_visible()
    page.get_by_role("button", name="结束接待").click()
    page.get_by_role("heading", name="开始接待").wait_for()


def test_a_draft_comes_back_when_the_page_is_loaded_anew(windows: Any, district: World) -> None:
    page = windows.open(1440)
    sign_in(page, "officer", "/desk/entry/")
    begin(page)
    page.locator("#id_text").fill(TOLD)
    page.get_by_text("草稿已存").wait_for()
    first = page.locator("[name=first_key]").input_value()
    page.reload()
    assert page.locator("#id_text").input_value() == TOLD
    assert page.locator("[name=first_key]").input_value() == first != ""
    page.get_by_text("秋天老叶先黄").first.wait_for()


def test_what_is_typed_before_the_scripts_have_come_counts(windows: Any, district: World) -> None:
    page = windows.open(1440)
    sign_in(page, "officer", "/desk/entry/")

    with windows.late(page):
        begin(page)
        page.keyboard.type(TOLD)
    page.get_by_text("草稿已存").wait_for()
    page.get_by_text("秋天老叶先黄").first.wait_for()
    assert page.locator("#id_text").input_value() == TOLD
    assert page.locator("[name=first_key]").input_value()
    page.evaluate("document.querySelector('[data-xq-draft-note]').textContent = ''")
    page.locator("#id_place").fill("河边步道")
    page.get_by_text("草稿已存").wait_for()
    with windows.late(page):
        page.reload(wait_until="commit")
        page.locator("#id_text:focus").wait_for()
        page.keyboard.type("他说有虫。")
        page.locator("#id_reporter").select_option("anonymous")
    page.get_by_text("上次没写完的内容已放回").wait_for()
    assert page.locator("#id_text").input_value() == f"{TOLD}\n他说有虫。"
    assert page.locator("#id_place").input_value() == "河边步道"
    assert page.locator("#id_reporter").input_value() == "anonymous"
    page.locator("#id_name").wait_for(state="hidden")  # the form's own script comes after the drafts'


def test_the_fold_of_a_key_takes_no_focus_from_who_is_writing_in_it(windows: Any, district: World) -> None:
    page = windows.open(1440)
    sign_in(page, "officer", "/desk/entry/")
    begin(page)
    page.wait_for_load_state()  # the place to write is ready before the scripts; the key needs one of them
    seen = page.evaluate(
        """async () => {
          const fold = document.getElementById("entry-dispatch");
          const toggled = new Promise((done) => fold.addEventListener("toggle", done));
          document.dispatchEvent(new KeyboardEvent("keydown", {code: "KeyP", altKey: true}));
          const first = document.activeElement.id;
          document.getElementById("id_content").focus();
          await toggled;
          return [first, document.activeElement.id];
        }"""
    )
    assert seen == ["id_title", "id_content"]
    page.locator("#entry-answer summary").click()
    page.locator("#id_reply:focus").wait_for()


@widths(1440)
def test_the_office_pages(
    windows: Any, district: World, shot: Callable[..., Path], accessible: Callable[[Any], None], width: int
) -> None:
    receipt = district.receive(at=clock.now())
    page = windows.open(width)
    sign_in(page, "officer")
    for name, path in (
        ("entry", "entry/"),
        ("regain", f"regain/?number={receipt.number}"),
        ("notices", "notices/"),
        ("phones", "notices/?show=phones"),
        ("posts", "posts/"),
        ("knowledge", "knowledge/?q=行道树"),
        ("knowledge-none", "knowledge/?q=火星"),
        ("knowledge-entry", "knowledge/tree/"),
        ("help", "help/"),
    ):
        page.goto(f"/desk/{path}")
        accessible(page)
        shot(page, name)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, (name, wide)
    page.goto(f"/desk/regain/?number={receipt.number}")
    page.get_by_label("为什么换").fill("本人到窗口，查询码遗失")
    page.get_by_label("已核对来人身份").first.check()
    page.get_by_role("button", name="换新的查询码").click()
    page.locator("#new-code").wait_for()
    shot(page, "regain-code")


@widths(360)
def test_posts_and_hand_over(
    windows: Any, district: World, shot: Callable[..., Path], accessible: Callable[[Any], None], width: int
) -> None:
    page = windows.open(width)
    sign_in(page, "cg.head", "/desk/posts/")
    accessible(page)
    shot(page, "unit-posts")
    page.goto("/desk/posts/handover/")
    accessible(page)
    page.get_by_label("谁手上的").select_option(index=1)
    page.get_by_label("交给谁").select_option(index=2)
    page.get_by_label("为什么移交").fill("调岗")
    page.get_by_role("button", name="全部移交").click()
    page.locator(".xq-note").first.wait_for()
    accessible(page)
    shot(page, "handed-over")


def test_the_clock_is_moved_from_any_page(windows: Any, district: World, shot: Callable[..., Path]) -> None:
    page = windows.open(1440)
    sign_in(page, "officer", "/desk/knowledge/")
    page.get_by_role("button", name="过一周").click()
    page.get_by_text("现在是").wait_for()
    assert "/desk/knowledge/" in page.url
    shot(page, "clock")
