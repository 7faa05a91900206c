"""The stage of a story: the clock, the people at their pages, pictures kept, every look checked for accessibility."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from tests.stories import town
from tests.support.world import World
from xinqiao.cases import jobs, watch
from xinqiao.cases.models import Case
from xinqiao.kernel.clock import SHANGHAI
from xinqiao.people import clock
from xinqiao.people.access import acting
from xinqiao.people.instance import clock_move

WORDS = "小区门口的路灯坏了三个星期，晚上老人出门看不见路，上周有人摔了一跤。请尽快修好，并告诉我们以后坏了找谁。"
DEMAND = {
    "demand": "修好小区门口的路灯",
    "facts": "到现场查看，编号 0417 的灯杆灯头烧坏，八月底起不亮。",
    "reasons": "这一段路灯由本单位养护，坏了三个星期没有修，是养护不到位。",
    "basis": "《城市照明管理规定》第二十三条",
    "outcome": "支持",
}


@dataclass
class Ticket:
    """What a citizen holds in hand."""

    number: str
    code: str

    @property
    def digits(self) -> str:
        return self.number.replace(" ", "")

    @property
    def case(self) -> str:
        """The number of the one case that the submission became."""
        return f"{self.digits}-1"


@dataclass
class Stage:
    """One story at one width of screen."""

    name: str
    width: int
    world: World
    windows: Any
    keep: Callable[[Any, str], Path]
    accessible: Callable[[Any], None]
    as_role: Callable[[str], Any]
    cookies: dict[str, list[Any]]
    pages: dict[str, Any] = field(default_factory=dict)
    shown: int = 0
    private: bool = False  # real words are on the pages: no picture is kept of them

    # --- time

    def begins(self, day: date, hour: int = 10, minute: int = 0) -> datetime:
        """The story begins at this moment of Hangzhou."""
        moment = datetime.combine(day, time(hour, minute), SHANGHAI)
        town.set_clock(moment)
        return moment

    def at(self, hour: int, minute: int) -> None:
        """It is that time of the same day."""
        self.begins(clock.today(), hour, minute)

    def goes_by(self, *, minutes: float) -> None:
        """Minutes pass."""
        town.set_clock(clock.now() + timedelta(minutes=minutes))

    def day(self, to: date) -> None:
        """It is that day now (moved as staff of a demonstration move it); the watcher has looked at what fell due."""
        actor = self.world.actor("officer")
        with acting(actor):
            clock_move(to=to, actor=actor, at=clock.now())
        self.watch()

    def watch(self) -> None:
        """The watcher's round, as the worker makes it each minute."""
        with self.as_role("seal"):
            done = watch.watch_all(at=clock.now())
        assert not done.failed

    def print_papers(self) -> None:
        """The worker freezes every issued paper."""
        with self.as_role("seal"), mock.patch.object(jobs, "PRESSES", 1):  # on the connection that has the role
            jobs.freeze_papers.func(0)  # type: ignore[attr-defined]

    # --- people

    def staff(self, login: str) -> Any:
        """That member of staff's page, signed in through the desk's own door."""
        if login in self.pages:
            return self.pages[login]
        page = self.windows.open(self.width, path="about:blank")
        self.pages[login] = page
        if login in self.cookies:
            page.context.add_cookies(self.cookies[login])
            page.goto("/desk/")
            return page
        page.goto("/desk/")
        page.get_by_label("用户名").fill(login)
        page.get_by_label("密码").fill(town.PASSWORD)
        page.get_by_role("button", name="登录", exact=True).click()
        page.locator(".xq-rows-list, .xq-empty").first.wait_for()
        self.cookies[login] = page.context.cookies()
        return page

    def citizen(self, name: str = "citizen") -> Any:
        """A citizen's own phone or computer."""
        if name not in self.pages:
            self.pages[name] = self.windows.open(self.width)
        return self.pages[name]

    def look(self, page: Any, name: str) -> None:
        """Keep a picture and let axe look for what keeps people out."""
        self.shown += 1
        if not self.private:
            page.evaluate("window.scrollTo(0, 0)")
            self.keep(page, f"{self.name}-{self.shown:02d}-{name}")
        self.accessible(page)

    # --- what went before the story

    def received(self, **more: Any) -> Ticket:
        """A matter that somebody has said before the story begins."""
        receipt = self.world.receive(at=clock.now(), **more)
        return Ticket(receipt.number, receipt.code)

    def went_before(self, ticket: Ticket, *steps: tuple[str, str, dict[str, Any]]) -> None:
        """What others did before the story begins: (who, step, inputs). The same services, without their pages."""
        case = self.case(ticket)
        for login, step, inputs in steps:
            self.world.step(case, step, login, at=clock.now(), **inputs)

    def accepted(self, ticket: Ticket) -> None:
        """The matter lies accepted with the unit for city management."""
        self.went_before(
            ticket,
            ("officer", "classify", {"route": "redress", "content_code": "030800", "title": "小河路路灯三周不亮"}),
            ("officer", "refer", {"lead": self.world.organs["cg"].pk}),
            ("cg.handler", "sign_for", {}),
            ("cg.handler", "accept", {}),
        )

    # --- the citizen's acts

    def says(self, page: Any, text: str = WORDS, *, name: str = "钱大桥", about_official: bool = False) -> Ticket:
        """Three screens of the portal, to the receipt."""
        page.goto("/")
        page.get_by_label("您想反映什么？").fill(text)
        page.get_by_role("button", name="接着写").click()
        page.get_by_role("button", name="下一步：地点和材料").click()
        page.locator("[name=place]").press_sequentially("长征桥北口")
        page.get_by_role("button", name="小河街道 长征桥社区").click()
        page.get_by_role("button", name="下一步：您是谁").click()
        page.get_by_label("您的姓名").fill(name)
        page.get_by_label("手机号").first.fill("19900001234")
        if about_official:
            page.locator("[name=about_official]").check()
        page.get_by_role("button", name="发送").click()
        page.get_by_role("heading", name="收到了").wait_for()
        page.wait_for_load_state()  # its script lets the next matter be another one
        return Ticket(page.locator("#receipt-number").inner_text(), page.locator("#receipt-code").inner_text())

    def follows(self, page: Any, ticket: Ticket) -> None:
        """Number and code open the matter."""
        page.goto("/track/")
        page.get_by_label("编号").fill(ticket.number)
        page.get_by_label("查询码").fill(ticket.code)
        page.get_by_role("button", name="查进度").click()
        page.get_by_role("heading", name="办理进程").wait_for()

    def acts(self, page: Any, label: str, **inputs: Any) -> None:
        """One of the acts on the citizen's own page, by its words."""
        page.locator(".xq-do").get_by_role("link", name=label).first.click()
        page.get_by_role("heading", name=label).first.wait_for()
        _fill(page.locator("form.xq-step"), inputs)
        page.get_by_role("button", name=label).click()
        page.get_by_role("heading", name="办理进程").wait_for()

    # --- acts of staff

    def finds(self, login: str, ticket: Ticket) -> Any:
        """On the worklist, by its number, and into the file."""
        page = self.staff(login)
        page.goto(f"/desk/?view=all&number={ticket.digits}")
        page.locator(f"[data-xq-item='{ticket.case}'] a[data-xq-enter]").click()
        page.locator("#xq-do").wait_for()
        return page

    def opens(self, login: str, ticket: Ticket, step: str) -> Any:
        """The file with the form of a step."""
        page = self.staff(login)
        address = f"/desk/cases/{ticket.case}/"
        if not page.url.endswith(address):
            page.goto(address)
        else:
            page.reload()
        link = page.locator(f"#now a[href$='/do/{step}/']").first
        if not link.is_visible():
            page.locator(f"#now details:has(a[href$='/do/{step}/']) > summary").first.click()
        link.click()
        page.locator("#xq-do form.xq-step, form.xq-step").first.wait_for()
        return page

    def does(self, login: str, ticket: Ticket, step: str, *, seen: str = "", stays: bool = True, **inputs: Any) -> Any:
        """Take a step as that member of staff does: into the file, the button, the form, send."""
        page = self.opens(login, ticket, step)
        form = page.locator("form.xq-step").first
        _fill(form, inputs)
        if seen:
            self.look(page, seen)
        form.locator("button[type=submit]:not([name=preview])").click()
        page.get_by_text("已办好：").first.wait_for()
        if stays:
            page.locator("#xq-do").wait_for()
        return page

    def offers(self, login: str, ticket: Ticket) -> set[str]:
        """The steps that the file offers to that member of staff now."""
        page = self.staff(login)
        page.goto(f"/desk/cases/{ticket.case}/")
        found = page.locator("#now a[href*='/do/']").evaluate_all("all => all.map(one => one.getAttribute('href'))")
        return {href.rstrip("/").rpartition("/")[2] for href in found}

    def case(self, ticket: Ticket) -> Case:
        """The case as it lies in the database."""
        with self.as_role("seal"), acting(town.TELLER):
            return Case.objects.select_related("lead", "office").get(number=ticket.case)


def _fill(form: Any, inputs: Mapping[str, Any]) -> None:
    for name, value in inputs.items():
        box = form.locator(f"[data-xq-field='in-{name}']")
        if isinstance(value, list) and value and isinstance(value[0], dict) and "demand" in value[0]:
            for row, demand in enumerate(value):
                for part, words in demand.items():
                    field_ = form.locator(f"[name='in-demands-{row}-{part}']")
                    field_.select_option(label=words) if part == "outcome" else field_.fill(words)
        elif isinstance(value, dict):
            box.locator("input[type=file]").set_input_files([value])
        elif box.locator("input[type=radio]").count():
            box.get_by_label(value, exact=True).check()
        elif box.locator("input[role=combobox]").count():
            for one in value if isinstance(value, list) else [value]:
                box.locator("input[role=combobox]").fill(one)
                box.locator("[role=option]").first.click()
        elif box.locator("select").count():
            _choose(box.locator("select"), value)
        else:
            box.locator("textarea, input").first.fill(value.isoformat() if isinstance(value, date) else str(value))


def _choose(select: Any, words: str | list[str]) -> None:
    wanted = words if isinstance(words, list) else [words]
    rows = select.locator("option").evaluate_all("all => all.map(one => [one.value, one.text])")
    select.select_option([next(value for value, text in rows if word in text) for word in wanted])
