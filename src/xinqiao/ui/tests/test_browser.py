"""What the modules do in a real browser: drafts, connection, type-ahead, rows, photos, keyboard, pictures."""

import base64
import io
import re

import pytest
from PIL import Image

pytestmark = pytest.mark.browser

TITLE, NOTE = "#id_in-title", "#id_in-note"
SAVED = "[data-xq-draft-note]:has-text('草稿已存')"
READ_FIRST_FILE = """() => new Promise((done) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => done(reader.result.split(",")[1]));
    reader.readAsDataURL(document.getElementById("id_in-proof").files[0]);
})"""


@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("path", ["/ui/guide/", "/ui/guide/?wrong=1", "/ui/guide/desk/", "/ui/none/"])
def test_every_component_is_accessible_and_fits(windows, accessible, shot, width, path):
    page = windows.open(width, path=path)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shot(page, path.strip("/").replace("/", "-").replace("?", "-"))
    accessible(page)


@pytest.mark.parametrize(("width", "mode"), [(360, "elders"), (1440, "elders"), (1440, "dark")])
def test_elders_mode_and_the_dark_desk_are_accessible_and_fit(windows, accessible, shot, width, mode):
    page = windows.open(width, path="/ui/guide/" if mode == "elders" else "/ui/guide/desk/")
    with page.expect_navigation():
        page.get_by_role("button", name="大字版" if mode == "elders" else "深色").click()
    page.get_by_role("button", name="标准版" if mode == "elders" else "浅色").wait_for()
    if mode == "elders":
        assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "24px"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shot(page, mode)
    accessible(page)


def test_twice_as_large_text_still_fits_a_phone(windows):
    page = windows.open(360, path="/ui/guide/")
    page.evaluate("document.documentElement.style.fontSize = '36px'")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_draft_is_put_back_after_a_reload_and_can_be_cleared(windows):
    page = windows.open(360, path="/ui/guide/")
    page.fill(NOTE, "写到一半的话")
    page.check("text=部分支持")
    page.wait_for_selector(SAVED)
    page.reload()
    assert page.input_value(NOTE) == "写到一半的话"
    assert page.is_checked("text=部分支持")
    page.get_by_role("button", name="清空重写").click()
    assert page.input_value(NOTE) == ""
    page.reload()
    assert page.input_value(NOTE) == ""


def test_what_is_typed_before_the_script_comes_stands_after_the_draft_and_nothing_stands_twice(windows):
    page = windows.open(360, path="/ui/guide/")
    page.route("**/guide/", lambda asked: prefilled(asked))

    def prefilled(asked):
        answer = asked.fetch()
        asked.fulfill(
            response=answer, body=re.sub(r'(<textarea[^>]*id="id_in-note"[^>]*>)\s*', r"\1经查，", answer.text())
        )

    page.reload()
    for saved, typed, both in (
        ("", "您好", "您好经查，"),
        ("经查，属实。", "另", "经查，属实。\n另"),
        ("经查，有虫。", "有", "经查，有虫。\n有"),
    ):
        if saved:
            page.fill(NOTE, saved)
            page.evaluate("document.querySelector('form[data-xq-draft]').dispatchEvent(new Event('submit'))")
        with windows.late(page, "**/ui/drafts*.js"):
            page.reload(wait_until="commit")
            page.locator(NOTE).press_sequentially(typed)
        page.wait_for_selector("form[data-xq-adopted]")
        assert page.input_value(NOTE) == both


def test_a_list_entered_before_its_script_came_is_typed_into_as_soon_as_it_comes(windows):
    page = windows.open(1440, path="/ui/guide/desk/")
    with windows.late(page):
        page.reload(wait_until="commit")
        page.get_by_label("主办单位").focus()
    page.wait_for_selector("[role=combobox]:focus")
    page.keyboard.type("民政")
    page.get_by_role("option", name="民政").first.click()
    assert "民政" in page.get_by_role("combobox", name="主办单位").input_value()


def test_on_the_portal_a_draft_stays_in_the_tab(windows):
    page = windows.open(360, path="/ui/guide/")
    page.fill(NOTE, "公用手机上写的")
    page.wait_for_selector(SAVED)
    other = page.context.new_page()
    other.goto("/ui/guide/")
    assert other.input_value(NOTE) == ""


def test_mistakes_keep_what_was_typed_and_the_summary_leads_to_the_field(windows):
    page = windows.open(360, path="/ui/guide/")
    page.fill(NOTE, "已经写好的")
    page.get_by_role("button", name="作出处理意见").click()
    page.wait_for_selector("[data-xq-errors]:focus")
    assert page.input_value(NOTE) == "已经写好的"
    page.get_by_role("link", name="请填写“标题”。").click()
    assert page.evaluate("document.activeElement.id") == "id_in-title"


def fill_all(page):
    page.fill(TITLE, "树叶发黄")
    page.check("text=部分支持")
    page.get_by_role("combobox", name="主办单位").fill("民政")
    page.keyboard.press("Enter")
    page.check("text=已当面听取来访人意见")
    for part in ("demand", "facts", "reasons", "basis", "outcome"):
        page.fill(f"#id_in-demands-0-{part}", "写明")


def test_what_was_sent_is_not_kept_as_a_draft(windows):
    page = windows.open(1440, path="/ui/guide/desk/")
    fill_all(page)
    page.wait_for_selector(SAVED)
    page.get_by_role("button", name="作出处理意见").click()
    page.wait_for_selector("text=样例已收到")
    assert page.input_value(TITLE) == ""
    page.reload()
    assert page.input_value(TITLE) == ""


def test_a_form_sent_without_a_connection_waits_and_goes_by_itself(windows):
    page = windows.open(360, path="/ui/guide/")
    fill_all(page)
    page.context.set_offline(True)
    page.wait_for_selector("text=网断了，您写的内容都在")
    page.get_by_role("button", name="作出处理意见").click()
    assert page.input_value(TITLE) == "树叶发黄"
    page.context.set_offline(False)
    page.wait_for_selector("text=样例已收到")


def test_a_long_list_is_found_by_typing_and_chosen_by_keyboard(windows):
    page = windows.open(1440, path="/ui/guide/")
    one = page.get_by_role("combobox", name="主办单位")
    one.fill("环境")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert one.input_value() == "生态环境局"
    assert page.evaluate("document.getElementById('id_in-lead-select').value") == "7"
    one.fill("没有的单位")
    assert page.get_by_text("没有找到，换个说法试试").is_visible()
    many = page.get_by_role("combobox", name="协办单位")
    for name in ("教育", "水利"):
        many.fill(name)
        page.keyboard.press("Enter")
    page.get_by_role("button", name="去掉 教育局").click()
    assert page.evaluate("[...document.getElementById('id_in-assists-select').selectedOptions].map(o => o.text)") == [
        "水利局"
    ]


def test_rows_are_added_taken_away_and_come_back_from_a_draft(windows):
    page = windows.open(1440, path="/ui/guide/")
    page.fill("#id_in-demands-0-demand", "第一")
    page.get_by_role("button", name="再加一项诉求").click()
    assert page.evaluate("document.activeElement.id") == "id_in-demands-1-demand"
    page.keyboard.type("第二")
    page.wait_for_selector(SAVED)
    page.reload()
    assert page.input_value("#id_in-demands-1-demand") == "第二"
    page.get_by_role("button", name="去掉这一项").first.click()
    assert page.input_value("#id_in-demands-0-demand") == "第二"
    assert page.locator("[data-xq-row]").count() == 1


def test_what_the_browser_puts_back_is_no_new_draft(windows):
    page = windows.open(1440, path="/ui/guide/")
    page.fill("#id_in-demands-0-demand", "第一")
    page.wait_for_selector(SAVED)
    page.evaluate("for (const store of [sessionStorage, localStorage]) store.clear()")
    page.goto("/robots.txt")
    page.go_back()
    page.wait_for_selector("[data-xq-row]")
    assert page.input_value("#id_in-demands-0-demand") == "第一"
    kept = page.evaluate("[sessionStorage, localStorage].flatMap((store) => Object.keys(store))")
    assert not [key for key in kept if key.startswith("xq:draft:")]


def test_a_photo_is_made_small_and_loses_where_it_was_taken(windows):
    page = windows.open(360, path="/ui/guide/")
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    photo = io.BytesIO()
    Image.linear_gradient("L").resize((4000, 3000)).convert("RGB").save(photo, "JPEG", exif=exif)
    page.set_input_files("#id_in-proof", {"name": "现场.jpg", "mimeType": "image/jpeg", "buffer": photo.getvalue()})
    page.wait_for_selector(".xq-photos img")
    data = base64.b64decode(page.evaluate(READ_FIRST_FILE))
    small = Image.open(io.BytesIO(data))
    assert max(small.size) == 2560
    assert b"SecretCamera" not in data


def test_the_receipt_is_saved_as_a_picture(windows):
    page = windows.open(360, path="/ui/guide/")
    with page.expect_download() as saved:
        page.get_by_role("button", name="存成图片").click()
    with Image.open(saved.value.path()) as picture:
        assert picture.width == 1080


def current(page):
    return page.evaluate("document.querySelector('[data-xq-item][aria-current=true]')?.dataset.xqItem")


def test_the_desk_goes_by_keyboard(windows):
    page = windows.open(1440, path="/ui/guide/desk/")
    first = current(page)
    page.keyboard.press("j")
    second = current(page)
    assert second != first
    page.keyboard.press("k")
    assert current(page) == first
    page.keyboard.press("x")
    assert page.get_by_role("button", name="转送").is_visible()
    assert page.inner_text("[data-xq-bulk-count]") == "1"
    page.keyboard.press("Escape")
    assert page.get_by_role("button", name="转送").is_hidden()
    page.keyboard.press("/")
    page.keyboard.type("jjx?")
    assert page.input_value("[data-xq-search]") == "jjx?"
    assert current(page) == first
    page.keyboard.press("Tab")
    page.locator("h1").first.click()
    page.keyboard.press("?")
    assert page.get_by_role("heading", name="键盘快捷键").is_visible()


def test_single_keys_can_be_switched_off(windows):
    page = windows.open(1440, path="/ui/guide/desk/")
    page.get_by_role("button", name="键盘快捷键").click()
    page.get_by_label("使用单键快捷键").uncheck()
    page.keyboard.press("Escape")
    before = current(page)
    page.keyboard.press("j")
    assert current(page) == before


def test_a_dialog_asks_before_and_can_be_left(windows):
    page = windows.open(360, path="/ui/guide/")
    page.get_by_role("button", name="撤回").click()
    assert page.get_by_text("撤回后七天内可以反悔。").is_visible()
    page.get_by_role("button", name="先不办").click()
    assert page.get_by_text("撤回后七天内可以反悔。").is_hidden()
