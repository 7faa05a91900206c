"""What is typed, chosen and pressed when the line breaks, the sign-in has ended or an input method is at work."""

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.test_desk import DECISION, PASSWORD, bring_live, district, signed_in
from tests.support.browser import PHONE
from tests.support.world import World

pytestmark = pytest.mark.browser

__all__ = ["district"]
SAID = "路灯坏了三个星期，晚上看不见路。"


def fill_decision(page: Any) -> None:
    for part, words in DECISION["demands"][0].items():
        field = page.locator(f"[name=in-demands-0-{part}]")
        field.select_option(words) if part == "outcome" else field.fill(words)
    page.locator("[name=in-outcome][value=support]").check()
    page.locator("[name=in-remedy]").fill("更换灯头。")
    page.locator("[name=in-execution_days][value='15']").check()


def cut(page: Any, pattern: str) -> None:
    """The line breaks at every sending, and the browser does not know."""
    page.route(pattern, lambda one: one.abort("connectionreset") if one.request.method == "POST" else one.continue_())


def back_online(page: Any) -> None:
    page.context.set_offline(True)
    page.locator("#xq-offline").wait_for(state="visible")
    page.context.set_offline(False)


@pytest.mark.parametrize("button", ["先看看会发出什么", "起草处理意见书"])
def test_who_writes_on_after_a_broken_line_sends_it_themselves(windows: Any, district: World, button: str) -> None:
    case = bring_live(district, "investigated", title="小河路路灯不亮")
    page = signed_in(windows, "cg.handler", 1440)
    page.goto(f"/desk/cases/{case.number}/do/draft_decision/")
    fill_decision(page)
    cut(page, "**/do/**")
    page.get_by_role("button", name=button).click()
    page.locator("#xq-offline").wait_for(state="visible")
    page.locator("[name=in-remedy]").press_sequentially("还没写完")
    page.unroute("**/do/**")
    posted: list[str] = []
    page.on("request", lambda one: posted.append(one.url) if one.method == "POST" else None)
    back_online(page)
    page.locator("#xq-offline").wait_for(state="hidden")
    page.get_by_role("button", name="先看看会发出什么").click()
    page.get_by_text("还没写完").last.wait_for()
    assert len(posted) == 1
    page.goto(f"/desk/cases/{case.number}/")
    page.locator("#xq-options").get_by_role("link", name="起草处理意见书").wait_for()


def test_what_was_only_to_be_looked_at_is_never_sent_by_itself(windows: Any, district: World) -> None:
    case = bring_live(district, "investigated", title="小河路路灯不亮")
    page = signed_in(windows, "cg.handler", 1440)
    page.goto(f"/desk/cases/{case.number}/do/draft_decision/")
    fill_decision(page)
    posted: list[str] = []
    page.on("request", lambda one: posted.append(one.url) if one.method == "POST" else None)
    page.context.set_offline(True)
    page.get_by_role("button", name="先看看会发出什么").click()
    page.locator("#xq-offline").wait_for(state="visible")
    page.context.set_offline(False)
    page.locator("#xq-offline").wait_for(state="hidden")
    assert not posted


@pytest.mark.parametrize(
    ("first", "then", "sent"), [("起草处理意见书", "先看看会发出什么", 0), ("先看看会发出什么", "起草处理意见书", 1)]
)
def test_the_button_pressed_last_is_the_one_that_counts(
    windows: Any, district: World, first: str, then: str, sent: int
) -> None:
    case = bring_live(district, "investigated", title="小河路路灯不亮")
    page = signed_in(windows, "cg.handler", 1440)
    page.goto(f"/desk/cases/{case.number}/do/draft_decision/")
    fill_decision(page)
    posted: list[bool] = []
    page.on("request", lambda one: posted.append("preview" in (one.post_data or "")) if one.method == "POST" else None)
    page.context.set_offline(True)
    page.get_by_role("button", name=first).click()
    page.get_by_role("button", name=then).click()
    page.get_by_role("button", name="先看看会发出什么").focus()
    page.context.set_offline(False)
    if sent:
        page.get_by_text("已办好").first.wait_for()
    else:
        page.locator("#xq-offline").wait_for(state="hidden")
    assert posted == [False] * sent


def test_words_from_the_front_page_move_on(windows: Any, district: World) -> None:
    page = windows.open(PHONE)
    page.get_by_label("您想反映什么？").fill(SAID)
    page.get_by_role("button", name="接着写").click()
    page.wait_for_selector("form[data-po-ready][data-xq-adopted]")
    page.goto("/")
    page.wait_for_selector("form[data-xq-adopted]")
    assert page.get_by_label("您想反映什么？").input_value() == ""
    page.goto("/say/")
    expect(page.locator("[name=text]")).to_have_value(SAID)


def test_what_was_typed_a_moment_before_leaving_is_kept_but_not_after_signing_out(
    windows: Any, district: World
) -> None:
    page = windows.open(PHONE, path="/say/")
    page.wait_for_selector("form[data-xq-adopted]")
    page.locator("[name=text]").fill(SAID)
    page.goto("/track/")
    page.goto("/say/")
    expect(page.locator("[name=text]")).to_have_value(SAID)
    page.locator("[name=text]").fill(f"{SAID}还有一句。")
    page.evaluate("""() => {
        const out = document.createElement("button");
        out.dataset.xqForget = "";
        document.body.append(out);
        out.click();
    }""")
    page.goto("/track/")
    page.goto("/say/")
    page.wait_for_selector("form[data-xq-adopted]")
    assert page.locator("[name=text]").input_value() == ""


def test_a_step_sent_leaves_no_draft(windows: Any, district: World) -> None:
    case = bring_live(district, "investigated", title="小河路路灯不亮")
    page = signed_in(windows, "cg.handler", 1440)
    page.goto(f"/desk/cases/{case.number}/do/note/")
    words = page.locator("#xq-do textarea").first
    words.fill("先约居委会的人。")
    page.get_by_text("草稿已存").wait_for()
    page.locator("#xq-do form button[type=submit]").first.click()
    page.get_by_text("已办好").first.wait_for()
    page.goto(f"/desk/cases/{case.number}/do/note/")
    page.wait_for_selector("form[data-xq-adopted]")
    assert words.input_value() == ""
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('xq:draft:')).length") == 0


def test_a_draft_outlives_a_reset_line_and_whatever_page_comes_next(windows: Any, district: World) -> None:
    page = windows.open(PHONE)
    page.get_by_label("您想反映什么？").fill(SAID)
    page.get_by_text("草稿已存").wait_for()
    cut(page, "**/say/")
    page.get_by_role("button", name="接着写").click()
    page.wait_for_url("chrome-error://**")
    page.goto("/track/")
    page.goto("/")
    expect(page.get_by_label("您想反映什么？")).to_have_value(SAID)


def test_a_draft_outlives_the_end_of_the_sign_in(windows: Any, district: World) -> None:
    page = signed_in(windows, "cg.head", 1440)
    page.goto("/desk/posts/handover/")
    reasons = page.locator("[name=reasons]")
    reasons.fill("两人对调，从下周一起。")
    page.get_by_text("草稿已存").wait_for()
    page.context.clear_cookies()
    page.get_by_role("button", name="全部移交").click()
    page.wait_for_load_state()
    assert "移交" not in page.locator("h1").inner_text()
    page.goto("/desk/account/login/?next=/desk/posts/handover/")
    page.get_by_label("用户名").fill("cg.head")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    expect(reasons).to_have_value("两人对调，从下周一起。")


def enter_of_an_input_method(page: Any) -> None:
    """The key that ends composing, as Chromium and Safari send it."""
    for more in ("isComposing: true", "keyCode: 229"):
        page.evaluate(
            "document.activeElement.dispatchEvent(new KeyboardEvent('keydown',"
            f" {{ key: 'Enter', bubbles: true, cancelable: true, {more} }}))"
        )


def test_an_input_method_takes_its_own_enter(windows: Any, district: World) -> None:
    page = windows.open(PHONE, path="/say/")
    page.get_by_role("button", name="下一步：地点和材料").click()
    page.locator("[name=place]").focus()
    enter_of_an_input_method(page)
    assert page.locator("[name=place]").is_visible()
    page.keyboard.press("Enter")
    page.locator("[name=place]").wait_for(state="hidden")
    page.goto("/ui/guide/desk/")
    box = page.get_by_role("combobox", name="主办单位")
    box.fill("民政")
    enter_of_an_input_method(page)
    page.get_by_role("option", name="民政").first.wait_for()
    page.keyboard.press("Enter")
    page.get_by_role("option").first.wait_for(state="hidden")


def picture(path: Path, colour: str) -> str:
    made = io.BytesIO()
    Image.new("RGB", (64, 64), colour).save(made, "JPEG")
    path.write_bytes(made.getvalue())
    return str(path)


def test_the_photo_chosen_last_is_the_one_that_goes(windows: Any, district: World, tmp_path: Path) -> None:
    """Also when the one before it takes longer to be made small; and who sends meanwhile sends the small one."""
    page = windows.open(PHONE, path="/say/")
    page.evaluate("""() => {
        const make = window.createImageBitmap.bind(window);
        window.wait = {};
        window.createImageBitmap = async (file, how) => {
            await new Promise((go) => (window.wait[file.name] = go));
            return make(file, how);
        };
    }""")
    photos = page.locator("[name=photos]")
    photos.set_input_files(picture(tmp_path / "wrong.jpg", "red"))
    photos.set_input_files(picture(tmp_path / "right.jpg", "green"))
    sent: list[str] = []
    page.on("request", lambda one: sent.append(one.url) if one.method == "POST" else None)
    page.evaluate("document.querySelector('form.po-say').requestSubmit()")
    assert not sent
    page.evaluate("document.querySelector('form.po-say').addEventListener('submit', (event) => event.preventDefault())")
    page.evaluate("() => { window.wait['right.jpg'](); }")
    page.get_by_alt_text("right.jpg").wait_for()
    page.evaluate("() => { window.wait['wrong.jpg'](); }")
    page.evaluate("new Promise((done) => setTimeout(done))")
    assert photos.evaluate("input => [...input.files].map((file) => file.name)") == ["right.jpg"]
    assert page.get_by_role("img", name="wrong.jpg").count() == 0


def test_a_form_cleared_asks_what_it_asked_at_first(windows: Any, district: World) -> None:
    page = windows.open(PHONE, path="/say/")
    page.locator("[name=text]").fill(SAID)
    page.locator("[name=reporter][value=anonymous]").evaluate("one => one.click()")
    page.get_by_text("草稿已存").wait_for(state="attached")
    page.reload()
    page.get_by_role("button", name="清空重写").evaluate("one => one.click()")
    page.get_by_role("button", name="下一步：地点和材料").click()
    page.get_by_role("button", name="下一步：您是谁").click()
    page.get_by_label("您的姓名").wait_for()


def test_the_field_somebody_writes_in_stays_when_the_script_comes(windows: Any, district: World) -> None:
    page = windows.open(PHONE, path="/say/")
    place = page.locator("[name=place]")
    with windows.late(page):
        page.reload(wait_until="commit")
        place.wait_for(timeout=15_000)
        place.press_sequentially("长征")
    page.wait_for_selector("form[data-po-ready]")
    page.keyboard.type("桥")
    assert place.is_visible()
    assert place.input_value() == "长征桥"
    page.get_by_role("button", name="上一步").locator("visible=true").click()
    page.locator("[name=text]").wait_for()


def test_a_refresh_keeps_the_focus_where_it_was(windows: Any, district: World) -> None:
    page = signed_in(windows, "officer", 1440)
    page.wait_for_load_state()
    page.keyboard.press("j")
    page.keyboard.press("ArrowDown")
    second = page.locator("[data-xq-item]").nth(1)
    for place in ("[data-xq-enter]", "[data-xq-select]"):
        second.locator(place).focus()
        page.evaluate("""() => new Promise((done) => {
            document.addEventListener("htmx:afterSettle", () => done(), { once: true });
            htmx.trigger("#xq-rows", "xq:refresh");
        })""")
        expect(second.locator(place)).to_be_focused()


def test_escape_closes_a_menu_and_leaves_the_ticks(windows: Any, district: World) -> None:
    page = signed_in(windows, "officer", 1440)
    page.wait_for_load_state()
    page.keyboard.press("j")
    page.keyboard.press("x")
    menu = page.locator("details.xq-post, details.xq-menu").first
    menu.locator("summary").click()
    page.keyboard.press("Escape")
    assert not menu.evaluate("one => one.open")
    assert page.locator("[data-xq-select]:checked").count() == 1
    page.keyboard.press("Escape")
    assert page.locator("[data-xq-select]:checked").count() == 0


@pytest.mark.parametrize(
    ("status", "word"), [(413, "文件太大"), (403, "刷新后再发"), (429, "过几分钟再发"), (500, "是我们这边")]
)
def test_a_refusal_says_what_helps(windows: Any, district: World, status: int, word: str) -> None:
    page = windows.open(PHONE, path="/say/")
    page.locator("[name=text]").fill(SAID)
    page.route(
        "**/say/",
        lambda one: one.fulfill(status=status, body="no") if one.request.method == "POST" else one.continue_(),
    )
    page.evaluate("document.querySelector('form.po-say').requestSubmit()")
    failed = page.locator("[data-po-failed]:not([hidden])")
    failed.wait_for(state="attached")
    assert word in failed.inner_text()
