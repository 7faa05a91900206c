"""Pages that refresh themselves: by a stream, without one, and never under somebody's hands."""

import pytest

pytestmark = pytest.mark.browser

PLACE = (
    '<div id="place" data-xq-refresh hx-get="/fresh" hx-trigger="xq:refresh" hx-swap="innerHTML">'
    '<p>old</p><input aria-label="words"></div></main>'
)


@pytest.fixture
def fresh(windows):
    """Opens the desk's guide with a place that refreshes itself; `stream` is what the stream answers."""

    def opened(stream: dict[str, object]):
        page = windows.open(1440, path="/healthz")
        asked: list[str] = []

        def guide(route):
            answer = route.fetch()
            text = (
                answer.text()
                .replace('data-xq-live=""', 'data-xq-live="/news" data-xq-live-renew="/pass"')
                .replace("</main>", PLACE)
            )
            route.fulfill(response=answer, body=text)

        def content(route):
            asked.append(route.request.url)
            route.fulfill(status=200, content_type="text/html", body="<p>new</p>")

        page.route("**/ui/guide/desk/", guide)
        page.route("**/news", lambda route: route.fulfill(**stream))
        page.route("**/pass", lambda route: route.fulfill(**PASS) if stream is OVER else route.fulfill(status=302))
        page.route("**/more-news", lambda route: route.fulfill(**NEWS))
        page.route("**/fresh", content)
        return page, asked

    return opened


NEWS = {"status": 200, "content_type": "text/event-stream", "body": "retry: 60000\nevent: change\ndata: x\n\n"}
OVER = {"status": 401, "content_type": "text/plain", "body": ""}
PASS = {"status": 200, "content_type": "application/json", "body": '{"url": "/more-news"}'}
GONE = {"status": 404, "content_type": "text/plain", "body": ""}


def test_news_from_the_stream_refresh_the_place(fresh):
    page, _asked = fresh(NEWS)
    page.goto("/ui/guide/desk/")
    page.locator("#place", has_text="new").wait_for()


def test_a_page_whose_pass_is_over_gets_another_one(fresh):
    page, _asked = fresh(OVER)
    page.goto("/ui/guide/desk/")
    page.locator("#place", has_text="new").wait_for()


def test_without_a_stream_the_page_asks_every_half_minute(fresh):
    page, asked = fresh(GONE)
    page.clock.install()
    page.goto("/ui/guide/desk/")
    page.locator("[data-xq-live]", has_text="每 30 秒更新").wait_for()
    assert asked == []
    page.clock.run_for(31_000)
    page.locator("#place", has_text="new").wait_for()


def test_a_place_where_somebody_types_waits(fresh):
    page, asked = fresh(GONE)
    page.clock.install()
    page.goto("/ui/guide/desk/")
    page.locator("[data-xq-live]", has_text="每 30 秒更新").wait_for()
    page.get_by_label("words").focus()
    page.clock.run_for(31_000)
    assert asked == []
    page.get_by_label("words").blur()
    page.clock.run_for(100)
    page.locator("#place", has_text="new").wait_for()
