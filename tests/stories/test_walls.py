"""Walls that hold: a code that is guessed, a report on an official, a deputy in somebody's post, an officer from elsewhere."""

from datetime import date
from typing import Any

import pytest

from tests.stories.stage import Stage, Ticket
from tests.stories.town import photo
from tests.support.widths import widths
from xinqiao.cases.models import Document
from xinqiao.files import selectors as files
from xinqiao.ledger.models import Entry
from xinqiao.people.access import acting
from xinqiao.people.actors import SYSTEM

pytestmark = pytest.mark.browser

REPORT = "城市管理局管路灯养护的一名科长，多次收养护公司的购物卡，坏灯不派工。我手里有聊天记录。"


def tries(page: Any, number: str, code: str) -> int:
    """Try to open a matter; the status of the answer."""
    page.goto("/track/")
    page.get_by_label("编号").fill(number)
    page.get_by_label("查询码").fill(code)
    with page.expect_response(lambda answer: answer.request.method == "POST") as answered:
        page.get_by_role("button", name="查进度").click()
    page.locator(".xq-errors, .xq-note-warning[role=alert]").first.wait_for()
    status: int = answered.value.status
    return status


@widths(360)
def test_a_wrong_code(stage: Stage) -> None:
    stage.begins(date(2026, 9, 1))
    ticket = stage.received()
    stranger, citizen = stage.citizen("stranger"), stage.citizen()
    wrong_code = "".join("7" if digit != "7" else "8" for digit in ticket.code)
    assert tries(stranger, ticket.digits, wrong_code) == 422
    told = stranger.locator(".xq-errors").inner_text()
    assert stranger.get_by_label("编号").input_value().replace(" ", "") == ticket.digits
    stage.look(stranger, "wrong-code")
    wrong_number = "".join("3" if digit != "3" else "4" for digit in ticket.digits)
    assert tries(stranger, wrong_number, ticket.code) == 422
    assert stranger.locator(".xq-errors").inner_text() == told

    answers = [tries(stranger, ticket.digits, wrong_code) for _again in range(4)]
    while answers[-1] != 429 and len(answers) < 12:
        answers.append(tries(stranger, ticket.digits, wrong_code))
    assert answers[-1] == 429, answers
    assert stranger.get_by_text("再试").first.is_visible()
    stage.look(stranger, "slowed-down")
    stage.goes_by(minutes=20)
    stage.follows(citizen, ticket)


def rows_and_counts(stage: Stage, login: str) -> tuple[list[str], str]:
    """What a member of staff can find and count on the worklist."""
    page = stage.staff(login)
    page.goto("/desk/?view=all")
    rows = page.locator("[data-xq-item]").evaluate_all("all => all.map(one => one.dataset.xqItem)")
    return rows, page.locator("nav[aria-label='视图']").inner_text()


def closed_doors(stage: Stage, login: str, ticket: Ticket, step: str = "note") -> list[tuple[str, int]]:
    """Every address of a case and how it answers that member of staff."""
    page, case = stage.staff(login), stage.case(ticket)
    with stage.as_role("seal"), acting(SYSTEM("stories")):
        papers = [f"papers/{one.pk}.{form}" for one in Document.objects.filter(case=case) for form in ("pdf", "docx")]
        kept = [f"files/{blob.pk}/" for blob in files.blobs_of_case(case.id)]
    found = []
    for path in ("", "peek/", f"do/{step}/", "registration.pdf", *papers, *kept):
        answer = page.context.request.get(f"/desk/cases/{case.number}/{path}")
        found.append((path, answer.status))
    token = next(one["value"] for one in page.context.cookies() if "csrf" in one["name"])
    for path in (f"do/{step}/", "reveal/"):
        answer = page.context.request.post(
            f"/desk/cases/{case.number}/{path}",
            form={"csrfmiddlewaretoken": token, "in-text": "?", "fields": "name", "reason": "?"},
            headers={"Referer": page.url},
        )
        found.append((f"POST {path}", answer.status))
    return found


@widths(360)
def test_a_report_that_the_officials_unit_never_sees(stage: Stage) -> None:
    stage.begins(date(2026, 9, 1))
    unit = ("cg.handler", "cg.deputy", "cg.head")
    before = {login: rows_and_counts(stage, login) for login in (*unit, "officer")}
    citizen = stage.citizen()
    ticket = stage.says(citizen, REPORT, name="言守正", about_official=True)
    stage.look(citizen, "receipt")
    stage.follows(citizen, ticket)
    stage.look(citizen, "sealed-matter")

    keeper = stage.finds("keeper", ticket)
    stage.look(keeper, "keeper")
    stage.does("keeper", ticket, "classify", route="检举控告：密封移送")
    stage.day(date(2026, 9, 2))
    stage.does(
        "keeper",
        ticket,
        "hand_over_report",
        seen="hand-over",
        lead="纪委监委",
        reasons="被反映人由区管，按管理权限移送。",
        summary="反映一名科长收受购物卡、坏灯不派工。",
    )
    stage.print_papers()
    for login in (*unit, "officer"):
        assert all(status == 404 for _path, status in closed_doors(stage, login, ticket)), login
        assert rows_and_counts(stage, login) == before[login]
        page = stage.staff(login)
        page.goto(f"/desk/?view=all&number={ticket.digits}")
        assert not page.locator("[data-xq-item]").count()
        page.goto("/desk/notices/")
        assert ticket.digits not in page.content()
        assert "科长" not in page.content()
    page.goto(f"/desk/cases/{ticket.case}/")
    stage.look(page, "not-there")

    stage.day(date(2026, 9, 20))
    discipline = stage.finds("discipline", ticket)
    stage.look(discipline, "discipline")
    stage.does("discipline", ticket, "record_feedback", feedback="已按规定受理，后续由本委直接反馈。")
    stage.does("discipline", ticket, "close")
    stage.follows(citizen, ticket)
    assert "办结" in citizen.locator(".xq-next").inner_text()
    assert "科长" not in citizen.locator("h1").inner_text()
    stage.look(citizen, "handed-over")
    for login in unit:
        assert rows_and_counts(stage, login) == before[login]


@widths(1440)
def test_a_clerk_on_leave_whose_deputy_goes_on(stage: Stage) -> None:
    stage.begins(date(2026, 9, 1))
    ticket = stage.received()
    clerk = stage.staff("window")
    stage.does("window", ticket, "note", text="已和来信人约好周四回话。")
    clerk.goto("/desk/account/post/")
    fold = clerk.locator("details", has_text="请假和代理人").last
    if fold.get_attribute("open") is None:  # it stands open for who has been on leave
        fold.locator("summary").click()
    clerk.get_by_label("我不在时谁来办").select_option(label="戴班长（窗口接待员）")
    clerk.get_by_label("从哪一天").fill("2026-09-02")
    clerk.get_by_label("到哪一天（含当天，可不填）").fill("2026-09-08")
    clerk.get_by_role("button", name="保存").click()
    clerk.get_by_text("已保存").wait_for()
    stage.look(clerk, "on-leave")

    stage.cookies.pop("window2", None)  # a session from another width still works in the other's post
    deputy = stage.staff("window2")
    deputy.locator(".xq-post > summary").click()
    assert not deputy.get_by_role("button", name="代 温若禾").count()  # only while the holder is away
    stage.day(date(2026, 9, 3))
    deputy.goto("/desk/")
    deputy.locator(".xq-post > summary").click()
    deputy.get_by_role("button", name="代 温若禾").click()
    stage.finds("window2", ticket)
    assert "代 温若禾" in deputy.locator(".xq-post > summary").inner_text()
    stage.does("window2", ticket, "contact", way="电话", words="照约定回了话，请再等两天。")
    assert "戴班长（代 温若禾）" in deputy.locator("#xq-timeline").inner_text()
    stage.look(deputy, "in-anothers-post")
    with acting(SYSTEM("stories")):
        entry = Entry.objects.filter(case_id=stage.case(ticket).id, step="contact").get()
    deputy_post, held = stage.world.posts["window2"], stage.world.posts["window"]
    assert (entry.account_id, entry.post_id) == (deputy_post.account_id, held.pk)

    stage.day(date(2026, 9, 9))
    deputy.goto("/desk/")
    assert "代 温若禾" not in deputy.locator(".xq-post > summary").inner_text()
    stage.finds("window", ticket)


@widths(1440)
def test_an_officer_of_another_district(stage: Stage) -> None:
    stage.begins(date(2026, 9, 1))
    ticket = stage.received()
    stage.accepted(ticket)
    stage.does("cg.handler", ticket, "site_visit", place="小河路口", findings="灯头坏了。", photos=photo())
    stage.print_papers()
    stranger = stage.staff("other")
    doors = closed_doors(stage, "other", ticket)
    assert {path.partition("/")[0] for path, _status in doors} >= {"", "peek", "do", "papers", "files", "POST do"}
    assert all(status == 404 for _path, status in doors), doors
    stranger.goto(f"/desk/?view=all&number={ticket.digits}")
    assert not stranger.locator("[data-xq-item]").count()
    stage.look(stranger, "nothing-found")
    answer = stranger.goto(f"/desk/cases/{ticket.case}/")
    assert answer.status == 404
    stage.look(stranger, "not-found")
    missing = stranger.goto("/desk/cases/000000000000-1/")
    assert missing.status == 404
