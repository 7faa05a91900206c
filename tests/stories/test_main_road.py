"""A claim over seventy-five days: from one's own words to a served decision, its execution, the rating and the end."""

from datetime import date
from typing import Any

import pytest

from tests.stories.stage import DEMAND, Stage
from tests.stories.town import photo
from tests.support.widths import widths
from xinqiao.cases import selectors
from xinqiao.people.access import acting
from xinqiao.people.actors import SYSTEM

pytestmark = pytest.mark.browser


def read_pdf(page: Any, link: Any) -> bytes:
    """The paper behind a link, as the reader's own browser fetches it."""
    answer = page.context.request.get(link.get_attribute("href"))
    assert answer.ok
    assert answer.headers["content-type"] == "application/pdf"
    data: bytes = answer.body()
    assert data.startswith(b"%PDF")
    return data


@widths(360)
def test_a_claim_over_seventy_five_days(stage: Stage) -> None:
    stage.begins(date(2026, 9, 2))
    citizen = stage.citizen()
    ticket = stage.says(citizen)
    stage.look(citizen, "receipt")

    officer = stage.finds("officer", ticket)
    stage.look(officer, "received")
    stage.does(
        "officer",
        ticket,
        "classify",
        seen="classify",
        route="申诉求决：由有权处理的单位办理",
        title="小河路路灯三周不亮",
        content_code="路灯",
    )
    stage.does("officer", ticket, "refer", seen="refer", task="请查明灯灭的原因，修好，并把结果书面答复来信人。")
    stage.look(officer, "referred")

    stage.day(date(2026, 9, 4))
    handler = stage.staff("cg.handler")
    handler.goto("/desk/")
    handler.locator(f"[data-xq-item='{ticket.case}']").wait_for()
    stage.look(handler, "worklist")
    stage.does("cg.handler", ticket, "sign_for")
    stage.does("cg.handler", ticket, "accept", process="先电话听您说，再到现场看，查清以后书面答复。")
    stage.look(handler, "accepted")
    stage.follows(citizen, ticket)
    assert "11 月 3 日" in citizen.locator(".xq-next").inner_text()
    stage.look(citizen, "accepted")

    stage.day(date(2026, 9, 9))
    stage.does("cg.handler", ticket, "hear", way="电话听取", statement="灯从八月底不亮，老人晚上摔过一跤。")
    stage.day(date(2026, 9, 15))
    stage.does(
        "cg.handler",
        ticket,
        "site_visit",
        place="小河路口",
        findings="0417 号灯杆灯头烧坏，电缆进水，要开挖换线。",
        photos=photo(),
    )
    stage.does("cg.handler", ticket, "investigate", way="调了三个月的报修记录", findings="报修四次，没有派工。")

    stage.day(date(2026, 10, 27))
    stage.does("cg.handler", ticket, "ask_extension", days="15 天", reasons="电缆开挖要等交通组织方案。")
    stage.does("cg.head", ticket, "approve_extension", seen="extension", reasons="换电缆要开挖路面，方案还在审批。")
    stage.follows(citizen, ticket)
    assert "11 月 18 日" in citizen.locator(".xq-next").inner_text()
    stage.look(citizen, "extended")

    stage.day(date(2026, 11, 11))
    stage.does(
        "cg.handler",
        ticket,
        "draft_decision",
        seen="draft",
        demands=[DEMAND],
        outcome="支持",
        remedy="更换灯头和一段电缆，恢复照明。",
        execution_days="15 天",
    )
    stage.does("cg.deputy", ticket, "check_decision")
    stage.does("cg.head", ticket, "sign_decision")
    stage.does("cg.handler", ticket, "seal_decision", scan=photo("盖章扫描件"))
    stage.day(date(2026, 11, 12))
    stage.does("cg.handler", ticket, "serve", seen="serve", method="网上送达（来信人在进度页面查阅）", receiver="本人")
    stage.print_papers()
    stage.look(handler, "served")
    links = handler.locator("#xq-papers a[href$='.pdf']")
    assert links.count() >= 5  # receipt, referral slip, acceptance, extension, decision, proof of service
    for link in links.all():
        read_pdf(handler, link)

    stage.follows(citizen, ticket)
    stage.look(citizen, "served")
    read_pdf(citizen, citizen.locator(".po-papers").get_by_role("link", name="处理意见书"))

    stage.day(date(2026, 11, 13))
    stage.does("cg.handler", ticket, "execute", result="灯头和电缆已换，当晚亮灯。", evidence=photo("亮灯"))
    stage.day(date(2026, 11, 15))
    stage.follows(citizen, ticket)
    stage.acts(citizen, "评价承办单位", score="满意", reasons="灯亮了，意见书写得明白。")
    stage.acts(citizen, "评价信访部门", score="基本满意")
    stage.look(citizen, "rated")

    stage.day(date(2026, 11, 16))
    officer = stage.does("officer", ticket, "close", remarks="意见已经落实，来信人满意。")
    stage.look(officer, "closed")
    case = stage.case(ticket)
    assert case.state == "closed"
    assert (date(2026, 11, 16) - case.received_on).days == 75
    with acting(SYSTEM("stories")):
        file = selectors.case_file(case)
    assert {rating.score for rating in file.ratings} == {"satisfied", "basically"}
    assert not [one for one in file.obligations if one.settled_at is None and one.kind == "duty"]
    assert not [one for one in file.obligations if one.state == "missed"]
