"""Real messages, as people wrote them: typed through the portal's own form, some of them carried to a served decision.

The file is read where it lies (XINQIAO_TEST_DATA) and nothing of it is kept: no text, no picture of a page that shows it.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tests.stories.stage import DEMAND, Stage, Ticket
from tests.stories.town import photo
from tests.support.widths import widths
from tests.support.world import DISTRICT
from xinqiao.intake import selectors as intake
from xinqiao.people.access import acting
from xinqiao.people.actors import SYSTEM

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

MESSAGES = Path(settings.XINQIAO_TEST_DATA) / "messages" / "portal_messages.xlsx"
TYPED, CARRIED = (20, 5) if settings.XINQIAO_FULL else (8, 2)
LONGEST = 2400
NAMES = ("钱大桥", "言守正", "柏怀瑾", "欧阳上官", "买买提·吐尔逊")


@dataclass
class Message:
    """A row of the file."""

    title: str
    text: str


@pytest.fixture(scope="module")
def messages() -> list[Message]:
    """Twenty rows spread over the whole file: short ones, long ones, with whatever signs people type."""
    if not MESSAGES.exists():
        pytest.skip(f"the real messages are not here: {MESSAGES} (set XINQIAO_TEST_DATA to the folder that holds them)")
    import openpyxl

    book = openpyxl.load_workbook(MESSAGES, read_only=True)
    rows = book.worksheets[0].iter_rows(values_only=True)
    head = [str(cell) for cell in next(rows)]
    title, text = head.index("留言主题"), head.index("留言详情")
    found = [
        Message(str(row[title]).strip(), str(row[text]).strip())
        for row in rows
        if row[title] and row[text] and 10 <= len(str(row[text]).strip()) <= LONGEST
    ]
    book.close()
    step = max(1, len(found) // TYPED)
    return sorted(found[::step][:TYPED], key=lambda one: len(one.text))


def squeezed(text: str) -> str:
    """The text without the blanks, which a form may set differently."""
    return "".join(text.split())


def by_browser(stage: Stage, ticket: Ticket, message: Message) -> None:
    """The whole road through the pages of the desk."""
    title = message.title[:60]
    stage.finds("officer", ticket)
    stage.does("officer", ticket, "classify", route="申诉求决：由有权处理的单位办理", title=title, content_code="路灯")
    stage.does("officer", ticket, "refer", lead="城市管理局", task="请查清情况，依法办理，书面答复。")
    stage.does("cg.handler", ticket, "sign_for")
    stage.does("cg.handler", ticket, "accept")
    stage.does("cg.handler", ticket, "hear", way="电话听取", statement=message.text[:600])
    stage.does("cg.handler", ticket, "investigate", way="到现场查看，调取记录", findings="来信人说的情况属实。")
    demand = DEMAND | {"demand": title}
    stage.does(
        "cg.handler", ticket, "draft_decision", demands=[demand], outcome="支持", remedy="照办", execution_days="15 天"
    )
    stage.does("cg.deputy", ticket, "check_decision")
    stage.does("cg.head", ticket, "sign_decision")
    stage.does("cg.handler", ticket, "seal_decision", scan=photo("盖章扫描件"))
    stage.does("cg.handler", ticket, "serve", method="网上送达（来信人在进度页面查阅）", receiver="本人")


def by_services(stage: Stage, ticket: Ticket, message: Message, today: date) -> None:
    """The same road through the same services, without their pages (they are walked above and in the other stories)."""
    title = message.title[:60]
    demand = DEMAND | {"demand": title, "outcome": "support"}
    stage.went_before(
        ticket,
        ("officer", "classify", {"route": "redress", "title": title, "content_code": "030800", "area_code": DISTRICT}),
        ("officer", "refer", {"lead": stage.world.organs["cg"].pk}),
        ("cg.handler", "sign_for", {}),
        ("cg.handler", "accept", {}),
        ("cg.handler", "hear", {"way": "phone", "heard_on": today, "statement": message.text[:600]}),
        ("cg.handler", "investigate", {"way": "到现场查看", "findings": "来信人说的情况属实。"}),
        (
            "cg.handler",
            "draft_decision",
            {"demands": [demand], "outcome": "support", "remedy": "照办", "execution_days": "15"},
        ),
        ("cg.deputy", "check_decision", {}),
        ("cg.head", "sign_decision", {}),
        ("cg.handler", "seal_decision", {}),
        ("cg.handler", "serve", {"method": "electronic", "served_on": today, "receiver": "本人"}),
    )


def says(stage: Stage, page: Any, message: Message, number: int) -> Ticket:
    """Type one message, and see that every sign of it arrived."""
    ticket = stage.says(page, message.text, name=NAMES[number % len(NAMES)])
    with acting(SYSTEM("stories")):
        submission = intake.submission_of(stage.case(ticket))
        assert submission is not None
        same = squeezed(intake.words_of(submission)["text"]) == squeezed(message.text)
    assert same, f"message {number} arrived otherwise than it was typed"
    return ticket


@widths(360)
def test_real_messages_come_in_and_five_are_decided(stage: Stage, messages: list[Message]) -> None:
    today = date(2026, 9, 1)
    stage.private = True
    stage.begins(today)
    citizen = stage.citizen()
    tickets = [says(stage, citizen, message, number) for number, message in enumerate(messages)]
    assert len({ticket.number for ticket in tickets}) == len(messages) == TYPED

    spread = range(0, TYPED, TYPED // CARRIED)
    carried = [(tickets[number], messages[number]) for number in spread]
    for place, (ticket, message) in enumerate(carried):
        if place == 0 or settings.XINQIAO_FULL:
            by_browser(stage, ticket, message)
        else:
            by_services(stage, ticket, message, today)
    stage.print_papers()
    for ticket, _message in carried:
        assert stage.case(ticket).state == "served"
        stage.follows(citizen, ticket)
        stage.accessible(citizen)
        link = citizen.locator(".po-papers").get_by_role("link", name="处理意见书")
        paper = citizen.context.request.get(link.get_attribute("href"))
        assert paper.ok
        assert paper.body().startswith(b"%PDF")
