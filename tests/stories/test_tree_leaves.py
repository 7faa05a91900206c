"""The call about the yellow leaves: ten o'clock at the hotline, looked at on site, explained, satisfied, closed within the hour."""

from datetime import date, timedelta

import pytest

from tests.stories.stage import Stage, Ticket
from tests.stories.town import photo
from tests.support.widths import widths
from xinqiao.cases import selectors
from xinqiao.people.access import acting
from xinqiao.people.actors import SYSTEM

pytestmark = pytest.mark.browser

SAID = "我们门口那排行道树，上个礼拜工人在树根一圈铺了小石子，这两天叶子一片一片黄下来。是不是石子把树闷坏了？能不能派个懂的人来看一看？"
ANSWER = "铺的是透水石子，树没有闷着；叶子黄是秋天换叶，老叶先黄。有一棵长了蚜虫，今天下午就来打药。"


@widths(1440)
def test_the_tree_leaves_call(stage: Stage) -> None:
    stage.begins(date(2026, 9, 16), 10, 0)
    clerk = stage.staff("hotline")
    stage.at(10, 0)
    clerk.goto("/desk/entry/")
    stage.look(clerk, "entry-begin")
    clerk.get_by_role("button", name="来电", exact=True).click()
    clerk.get_by_label("什么事？照对方的原话记").fill(SAID)
    clerk.get_by_text("行道树的叶子发黄怎么办？").first.wait_for()
    area = clerk.locator("[data-xq-field='area'] input[role=combobox]")
    area.fill("小河")
    clerk.locator("[data-xq-field='area'] [role=option]").first.click()
    clerk.get_by_label("具体位置").fill("映竹路沿河步道 12 号门前")
    clerk.get_by_label("姓名").first.fill("柏怀瑾")
    clerk.get_by_label("电话").first.fill(f"1990000{stage.width:04}")
    clerk.get_by_label("希望怎么办").fill("派人来看一看")
    clerk.get_by_text("这个号码以前没有提过事").wait_for()
    stage.at(10, 4)
    clerk.get_by_text("日常小事，登记并马上派单").click()
    clerk.get_by_label("一句话概括").fill("行道树铺了石子以后叶子发黄")
    for name, words in (("content", "园林"), ("lead", "城市管理局")):
        clerk.locator(f"[data-xq-field='{name}'] input[role=combobox]").fill(words)
        clerk.locator(f"[data-xq-field='{name}'] [role=option]").first.click()
    clerk.get_by_label("请他办什么").fill("请今天到现场看树池和根部，查清原因后电话答复。")
    stage.look(clerk, "entry-told")
    clerk.get_by_role("button", name="登记并派单").click()
    clerk.locator("#receipt-number").wait_for()
    stage.look(clerk, "entry-receipt")
    ticket = Ticket(clerk.locator("#receipt-number").inner_text(), clerk.locator("#receipt-code").inner_text())
    clerk.goto("/desk/notices/?show=phones")
    assert clerk.get_by_text(ticket.number).count()
    stage.look(clerk, "text-message-of-the-caller")

    stage.at(10, 9)
    handler = stage.staff("cg.handler")
    handler.goto("/desk/notices/")
    handler.locator(f"a[href='/desk/cases/{ticket.case}/']").first.wait_for()
    stage.look(handler, "text-message-of-the-unit")
    handler.locator(f"a[href='/desk/cases/{ticket.case}/']").first.click()
    stage.does("cg.handler", ticket, "sign_for")
    stage.at(10, 27)
    stage.does(
        "cg.handler",
        ticket,
        "site_visit",
        seen="site-visit",
        place="映竹路沿河步道 12 号门前",
        findings="树池铺的是透水砾石，根颈没有埋住，土是湿的；黄叶是入秋换叶，其中一株有轻微蚜虫。",
        photos=photo(),
    )
    stage.at(10, 38)
    stage.does("cg.handler", ticket, "answer", reply=ANSWER, way="电话")
    stage.look(handler, "answered")

    stage.at(10, 49)
    stage.does("hotline", ticket, "return_visit", resolved="解决了", words="讲得清清楚楚，这下放心了。")
    stage.at(10, 53)
    citizen = stage.citizen()
    stage.follows(citizen, ticket)
    stage.look(citizen, "answered")
    stage.acts(citizen, "评价承办单位", score="满意", reasons="来得快，讲得明白。")
    stage.acts(citizen, "评价信访部门", score="满意")
    stage.at(10, 58)
    stage.does("hotline", ticket, "close")
    stage.look(clerk, "closed")

    case = stage.case(ticket)
    assert case.state == "closed"
    assert case.closed_at is not None
    assert case.closed_at - case.received_at < timedelta(hours=1)
    with acting(SYSTEM("stories")):
        file = selectors.case_file(case)
    hops = [record.at for record in file.records]
    assert {rating.score for rating in file.ratings} == {"satisfied"}
    assert max(hops) - min(hops) < timedelta(hours=1)
    assert len(hops) >= 9
