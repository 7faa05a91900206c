"""Matters that take a turn: a wrong organ, an urging, a withdrawal and its undoing."""

from datetime import date

import pytest

from tests.stories.stage import Stage
from tests.support.widths import widths
from xinqiao.cases import selectors
from xinqiao.cases.models import Case
from xinqiao.people.access import acting
from xinqiao.people.actors import SYSTEM

pytestmark = pytest.mark.browser

NOT_OURS = "这一段路灯不在本局养护范围内，产权登记在别的单位名下，附产权登记表。"


@widths(1440)
def test_a_wrong_organ_an_objection_and_a_ruling(stage: Stage) -> None:
    stage.begins(date(2026, 9, 1))
    ticket = stage.received()
    stage.does("officer", ticket, "classify", route="申诉求决：由有权处理的单位办理", title="小河路路灯三周不亮")
    stage.does("officer", ticket, "refer", lead="住房和城乡建设局")

    stage.day(date(2026, 9, 3))
    stage.does("zj.handler", ticket, "sign_for")
    unit = stage.opens("zj.handler", ticket, "object")
    form = unit.locator("form.xq-step")
    form.locator("[name=in-reasons]").fill("不归我们")
    form.get_by_role("button", name="提出异议").click()
    unit.get_by_text("请把理由写详细些").first.wait_for()
    assert form.locator("[name=in-reasons]").input_value() == "不归我们"
    stage.look(unit, "one-word-is-no-reason")
    stage.does("zj.handler", ticket, "object", reasons=NOT_OURS, suggested="城市管理局")

    stage.day(date(2026, 9, 4))
    stage.does("officer", ticket, "accept_objection", reasons="核实产权登记，确实不是住建局的。")
    officer = stage.does("officer", ticket, "refer_again", lead="城市管理局")
    stage.look(officer, "referred-again")

    stage.day(date(2026, 9, 8))
    stage.does("cg.handler", ticket, "object", reasons="路灯随道路移交给住建局代管，移交单附后，请住建局办理。")
    officer = stage.opens("officer", ticket, "accept_objection")
    form = officer.locator("form.xq-step")
    form.locator("[name=in-reasons]").fill("两家都说不归自己，要请上级裁定。")
    form.locator("button[type=submit]:not([name=preview])").click()
    officer.get_by_text("这是第二次退回").first.wait_for()
    assert "两家都说" in form.locator("[name=in-reasons]").input_value()
    stage.look(officer, "second-return-needs-a-ruling")
    stage.does("officer", ticket, "accept_objection", reasons="两家都说不归自己，要请上级裁定。", arbiter="联席会议")
    stage.does("officer", ticket, "negotiate", organs=["住房和城乡建设局", "城市管理局"], outcome="协商没有一致。")
    citizen = stage.citizen()
    stage.follows(citizen, ticket)
    assert "裁定" in citizen.locator(".xq-next").inner_text()
    stage.look(citizen, "awaits-the-ruling")

    stage.day(date(2026, 9, 10))
    arbiter = stage.finds("arbiter", ticket)
    stage.look(arbiter, "before-the-ruling")
    stage.does("arbiter", ticket, "rule", lead="住房和城乡建设局", reasons="移交单有效，养护责任随道路移交。")
    stage.does("zj.handler", ticket, "sign_for")
    unit = stage.staff("zj.handler")
    assert "object" not in stage.offers("zj.handler", ticket)
    stage.print_papers()
    stage.look(unit, "ruled")
    for paper in unit.locator("#xq-papers a[href$='.pdf']").all():
        assert unit.context.request.get(paper.get_attribute("href")).body().startswith(b"%PDF")
    case = stage.case(ticket)
    assert case.lead == stage.world.organs["zj"]
    assert case.facts["counts"]["returns"] == 2


@widths(360)
def test_an_urged_case(stage: Stage) -> None:
    stage.begins(date(2026, 9, 1))
    citizen = stage.citizen()
    ticket = stage.says(citizen)
    stage.accepted(ticket)
    stage.day(date(2026, 9, 14))
    stage.follows(citizen, ticket)
    stage.acts(citizen, "催一下", words="两个星期了，一点消息也没有。")
    assert not citizen.locator(".xq-do").get_by_role("link", name="催一下").count()
    assert citizen.get_by_text("您已经催过").first.is_visible()
    stage.look(citizen, "urged")

    handler = stage.staff("cg.handler")
    handler.goto("/desk/?mark=urged")
    handler.locator(f"[data-xq-item='{ticket.case}']").wait_for()
    stage.look(handler, "worklist-of-the-urged")
    stage.day(date(2026, 9, 15))
    stage.does(
        "cg.handler", ticket, "contact", seen="contact", way="电话", words="说明电缆已经订货，约好周五上午换灯。"
    )
    stage.follows(citizen, ticket)
    assert citizen.get_by_text("工作人员与您联系").first.is_visible()
    stage.look(citizen, "answered")
    with acting(SYSTEM("stories")):
        urged = [one for one in selectors.case_file(stage.case(ticket)).obligations if one.act == "urge.answer"]
    assert [one.state for one in urged] == ["met"]


@widths(360)
def test_a_withdrawal_undone_and_one_that_stays(stage: Stage) -> None:
    stage.begins(date(2026, 9, 1))
    undone, stays = stage.received(), stage.received()
    for ticket in (undone, stays):
        stage.accepted(ticket)
    for login in ("officer", "cg.handler", "cg.head"):
        assert "withdraw" not in stage.offers(login, undone)

    stage.day(date(2026, 9, 4))
    citizen, other = stage.citizen(), stage.citizen("other citizen")
    stage.follows(citizen, undone)
    stage.acts(citizen, "撤回", words="听说马上就修了。")
    stage.look(citizen, "withdrawing")
    stage.follows(other, stays)
    stage.acts(other, "撤回", words="我搬家了。")

    stage.day(date(2026, 9, 11))  # the seventh day: still the citizen's own to undo
    assert stage.case(stays).closed_at is None
    stage.follows(citizen, undone)
    stage.acts(citizen, "不撤回了，继续办")
    stage.look(citizen, "undone")
    handler = stage.finds("cg.handler", undone)
    stage.look(handler, "goes-on")

    stage.day(date(2026, 9, 12))
    ended, went_on = stage.case(stays), stage.case(undone)
    assert went_on.closed_at is None
    assert went_on.state == "accepted"
    assert ended.state == "closed"
    assert ended.closed_cause == "withdrawn"
    with acting(SYSTEM("stories")):
        answered = Case.objects.filter(closed_cause__in=("answered", "answered_on_spot"))
        assert not answered.filter(pk=ended.pk).exists()
        assert not selectors.case_file(ended).ratings
    stage.follows(other, stays)
    assert not other.get_by_role("link", name="评价承办单位").count()
    assert other.get_by_text("撤回生效，按您的意愿结束").first.is_visible()
    assert "按您的意愿结束" in other.locator(".xq-next").inner_text()
    assert "已办结" not in other.locator("main").inner_text()  # nor does the line show an answer that was never given
    assert "答复" not in other.locator(".xq-line").inner_text()
    stage.look(other, "withdrawn")
