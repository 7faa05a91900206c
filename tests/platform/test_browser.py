"""The browser's harness itself."""

import pytest


@pytest.mark.browser
def test_pages_are_served_to_a_browser(windows, live) -> None:
    page = windows.open(360, path="/healthz")
    assert page.inner_text("body").strip() == "ok"


@pytest.mark.browser
def test_worker_runs_on_the_served_database(live) -> None:
    live.work()
