"""A real browser on served pages: Chromium at phone and desk width, screenshots, accessibility by axe."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler

from tests.support import database
from xinqiao.config import environment

ARTEFACTS = environment.ROOT / "artefacts"
PHONE, DESK = 360, 1440
# Chromium draws the suggestions under its address bar as two web pages of its own for each profile, a second of work that
# nobody sees. Given twice, only the last --disable-features counts: the others are Playwright's own.
FEATURES = [
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "TcpPortRandomizationWin",
    "ThirdPartyStoragePartitioning",
]
FLAGS = [
    f"--disable-features={','.join(FEATURES)}",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSERS_OF_MACOS = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not worth a line in a test."""


@dataclass(frozen=True)
class Live:
    """Served pages on a database of their own. Rows written by the test and committed are seen by the pages."""

    url: str
    database: str

    def environment(self, role: str = "app") -> dict[str, str]:
        """The environment of a process on the same database."""
        parameters = {**database.admin(self.database)}
        url = "postgresql:///?" + "&".join(f"{key}={value}" for key, value in parameters.items())
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "xinqiao.config.testing",
            "PYTHONPATH": str(environment.ROOT / "src"),
            "XINQIAO_DB_ROLE": role,
            "XINQIAO_DATABASE_URL": url,
        }

    def work(self) -> None:
        """Let a worker do every job that waits (as role seal), and come back."""
        done = subprocess.run(
            [sys.executable, "-m", "xinqiao.server.worker", "--once"],
            env=self.environment("seal"),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-4000:]


@contextlib.contextmanager
def served(name: str, most: int = 80 * 1024 * 1024) -> Iterator[Live]:
    """Pages on the database `name`; requests of more than `most` bytes are not read."""
    from xinqiao.config.wsgi import application, limited

    server = ThreadedWSGIServer(("127.0.0.1", 0), _Quiet)
    server.set_app(limited(application, most))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield Live(url=f"http://127.0.0.1:{server.server_port}", database=name)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def live(module_database: str) -> Iterator[Live]:
    """Pages served for this module's tests on a clone of the migrated database, which is dropped afterwards."""
    with served(module_database) as pages:
        yield pages


def find_chromium() -> str:
    """The browser's program, '' when there is none."""
    named = os.environ.get("XINQIAO_CHROMIUM")
    found = named or next((path for name in PROGRAMS if (path := shutil.which(name))), "")
    return found or (str(BROWSERS_OF_MACOS) if BROWSERS_OF_MACOS.exists() else "")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """One browser for the whole run."""
    program = find_chromium()
    if not program:
        word = "Chromium is missing: install it (Debian: apt install chromium fonts-noto-cjk) or set XINQIAO_CHROMIUM."
        pytest.fail(word) if os.environ.get("XINQIAO_NEED_BROWSER") else pytest.skip(word)
    from playwright.sync_api import sync_playwright

    # Playwright's loop runs in this thread; Django must not take it for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Windows:
    """Opens pages and remembers what went wrong in them."""

    browser: Any
    live: Live
    contexts: list[Any] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def open(self, width: int = DESK, *, path: str = "/", language: str = "zh-CN") -> Any:
        """A page in a new, empty browser profile (nobody is signed in), `width` pixels wide, at `path`."""
        touch = width < 800
        context = self.browser.new_context(
            base_url=self.live.url,
            viewport={"width": width, "height": 800 if touch else 900},
            has_touch=touch,
            is_mobile=touch,
            locale=language,
            timezone_id="Asia/Shanghai",
            reduced_motion="reduce",
        )
        context.set_default_timeout(15_000)
        self.contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on("console", lambda message: self._listen(page.url, message))
        page.goto(path)
        return page

    @contextlib.contextmanager
    def late(self, page: Any, pattern: str = "**/*.js") -> Iterator[None]:
        """A slow line: inside, nothing like `pattern` (the scripts) that `page` asks for comes; at the end all come."""
        waiting: list[Any] = []
        hold = True
        page.route(pattern, lambda one: waiting.append(one) if hold else one.continue_())
        yield
        hold = False
        for one in waiting:
            one.continue_()

    def _listen(self, url: str, message: Any) -> None:
        if message.type == "error" and re.search("Content.Security.Policy|Refused to", message.text):
            self.faults.append(f"{url}: {message.text}")

    def close(self) -> None:
        """Close all; fails when a page had a script error or broke the content policy."""
        for context in self.contexts:
            context.close()
        assert not self.faults, "\n".join(self.faults)


@pytest.fixture
def windows(chromium: Any, live: Live) -> Iterator[Windows]:
    """`windows.open(360)` or `windows.open(1440)`: a page of one's own; two of them are two people."""
    opened = Windows(chromium, live)
    yield opened
    opened.close()


@pytest.fixture
def phone(windows: Windows) -> Any:
    """A page at 360 px."""
    return windows.open(PHONE)


@pytest.fixture
def desk(windows: Windows) -> Any:
    """A page at 1440 px."""
    return windows.open(DESK)


@pytest.fixture
def shot(request: pytest.FixtureRequest) -> Callable[[Any, str], Path]:
    """`shot(page, "receipt")` keeps a picture of the whole page in artefacts/ and returns its path."""

    def take(page: Any, name: str) -> Path:
        ARTEFACTS.mkdir(exist_ok=True)
        path = ARTEFACTS / f"{request.module.__name__.rpartition('.')[2]}-{name}-{page.viewport_size['width']}.png"
        page.screenshot(path=str(path), full_page=True, animations="disabled")
        return path

    return take


@pytest.fixture(scope="session")
def axe_source() -> str:
    """The text of axe-core, from the locked packages."""
    path = environment.ROOT / "node_modules" / "axe-core" / "axe.min.js"
    if not path.exists():
        pytest.fail(f"{path} is missing: run script/setup-dev.")
    return path.read_text()


@pytest.fixture
def accessible(axe_source: str) -> Callable[[Any], None]:
    """`accessible(page)` fails when axe finds a violation of WCAG 2.2 AA on the page, and says which."""

    def check(page: Any) -> None:
        page.evaluate(axe_source)
        found = page.evaluate(
            """async () => (await axe.run(document, {runOnly: {type: "tag",
               values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}})).violations"""
        )
        told = [f"{v['id']}: {v['help']} — {node['html'][:200]}" for v in found for node in v["nodes"]]
        assert not told, f"{page.url}\n" + "\n".join(told)

    return check
