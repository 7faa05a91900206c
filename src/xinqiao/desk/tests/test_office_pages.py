"""The way back, notices, posts and hand-over, knowledge, help, and the rehearsal clock."""

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from tests.support.world import MORNING, World, days

from xinqiao.cases import documents
from xinqiao.cases.models import Case, Record
from xinqiao.desk.tests.road import at_most, bring, fresh, moving, new_case, signed_in
from xinqiao.intake import selectors as intake
from xinqiao.intake.services import PersonData, Who
from xinqiao.kernel.clock import utc_now
from xinqiao.notices import selectors as found
from xinqiao.notices import services as notices
from xinqiao.notices.models import Delivery, Outbox
from xinqiao.people import access, clock
from xinqiao.people import services as people
from xinqiao.people.actors import CITIZEN, SYSTEM
from xinqiao.people.models import Account, Post
from xinqiao.triage import services as triage
from xinqiao.ui.templatetags.xq import cn_datetime

pytestmark = pytest.mark.django_db


@pytest.fixture
def demonstration(db: None) -> None:
    """A demonstration is declared in an empty database."""
    with access.acting(SYSTEM("test")):
        people.instance_create(demonstration=True, actor=SYSTEM("test"), at=MORNING)


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    moving(monkeypatch, MORNING + days(1))


def test_a_lost_code_is_renewed_once_identity_was_checked(world: World, still: None) -> None:
    receipt = world.receive()
    clerk = signed_in(world, "window")
    assert receipt.case.title in clerk.get(f"/desk/regain/?number={receipt.number}").content.decode()
    form = {"number": receipt.number, "do": "renew", "renew-key": str(uuid4())}
    wrong = clerk.post("/desk/regain/", {**form, "renew-reason": ""})
    assert wrong.status_code == 422
    assert "核对来人身份" in wrong.content.decode()
    page = clerk.post("/desk/regain/", {**form, "renew-reason": "查询码遗失", "renew-identity_checked": "on"})
    found = re.search(r'id="new-code">(\d{5}) (\d{5})<', page.content.decode())
    assert found
    with access.acting(CITIZEN()):
        code = "".join(found.groups())
        assert intake.prove(number=receipt.number, code=code, ip="", at=MORNING + days(1)) is not None


def test_a_changed_phone_is_put_right(world: World, still: None) -> None:
    receipt = world.receive()
    clerk = signed_in(world, "window")
    form = {
        "number": receipt.number, "do": "correct", "correct-key": str(uuid4()), "correct-field_name": "phone",
        "correct-value": "19900002000", "correct-reason": "换了号码", "correct-identity_checked": "on",
    }  # fmt: skip
    assert clerk.post("/desk/regain/", {**form, "correct-value": "1"}).status_code == 422
    assert clerk.post("/desk/regain/", form).status_code == 302
    assert "2000" in clerk.get(f"/desk/regain/?number={receipt.number}").content.decode()


def test_the_way_back_knows_only_what_the_clerk_may_see(world: World, still: None) -> None:
    receipt = world.receive()
    for login, number in (("other", receipt.number), ("window", "123"), ("window", "100000000000")):
        answer = signed_in(world, login).get(f"/desk/regain/?number={number}")
        assert answer.status_code == 404
        assert "没有找到这个编号" in answer.content.decode()
    assert signed_in(world, "cg.head").get("/desk/regain/").status_code == 404


def test_notices_show_what_concerns_the_organ(world: World, still: None) -> None:
    case = bring(world, new_case(world), "referred")
    unit = signed_in(world, "cg.handler").get("/desk/notices/").content.decode()
    assert case.number[:4] in unit
    assert "有事项转到你单位" in unit
    assert case.number[:4] not in signed_in(world, "other").get("/desk/notices/").content.decode()
    assert signed_in(world, "other").get("/desk/notices/?state=nonsense&before=x").status_code == 200


def listed(world: World, login: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = signed_in(world, login).get("/desk/notices/").context["rows"]
    return rows


def test_a_unit_reads_what_it_told_the_petitioner_and_not_what_the_office_did(world: World, still: None) -> None:
    case = bring(world, new_case(world), "accepted")
    world.step(case, "relay", "officer", at=MORNING + days(1), words="请留意电话。")
    told = {
        row["shown"].message.text: row
        for row in listed(world, "cg.handler")
        if row["shown"].message.to_kind == "petitioner"
    }
    assert set(told) == {"accepted"}
    assert told["accepted"]["sender"] == "拱城管"
    assert re.fullmatch(r"199\*+1234|199\S*\*\S*", told["accepted"]["address"])
    page = signed_in(world, "cg.handler").get("/desk/notices/").content.decode()
    assert "发出：拱城管" in page
    assert "19900001234" not in page
    office = {
        row["shown"].message.text for row in listed(world, "officer") if row["shown"].message.to_kind == "petitioner"
    }
    assert {"accepted", "relayed"} <= office
    assert not [row for row in listed(world, "zj.handler") if row["shown"].message.case_id == case.pk]


def test_where_confidence_was_asked_for_a_unit_reads_no_address(world: World, still: None) -> None:
    who = Who(
        reporter="person",
        people=[("petitioner", PersonData(name="钱大桥", phone="19900001234"))],
        confidential=True,
    )
    bring(world, new_case(world, who=who), "accepted")
    (row,) = [row for row in listed(world, "cg.handler") if row["shown"].message.to_kind == "petitioner"]
    assert (row["address"], row["withheld"]) == ("", True)
    assert all(row["address"] for row in listed(world, "officer") if row["shown"].message.to_kind == "petitioner")


def test_notices_come_in_pages_and_cost_little(world: World, still: None) -> None:
    case = bring(world, new_case(world), "referred")
    with access.acting(SYSTEM("test")):
        for n in range(60):
            notices.notice_queue(
                text="progress", to="organ", organ_id=world.organs["cg"].pk, case_id=case.id,
                params={"number": case.number}, actor=SYSTEM("test"), at=MORNING + timedelta(minutes=n),
            )  # fmt: skip
    client = signed_in(world, "cg.handler")
    client.get("/desk/notices/")
    with at_most(12):
        page = client.get("/desk/notices/")
    assert len(page.context["rows"]) == 50
    rest = client.get(f"/desk/notices/?before={page.context['more']}")
    assert 0 < len(rest.context["rows"]) < 50


@pytest.fixture
def root(world: World) -> None:
    """An administrator of the petition office."""
    with access.acting(SYSTEM("test")):
        account = Account.objects.create(username="root", name="管理员")
        world.posts["root"] = Post.objects.create(
            account=account, organ=world.organs["xf"], role="admin", title="管理员", valid_from=MORNING.date()
        )


def waiting_mail(world: World, channel: str, error: str, *, since: datetime, state: str = "waiting") -> None:
    with access.acting(SYSTEM("test")):
        message = notices.notice_queue(
            text="alarm", to="account", account_id=world.posts["root"].account_id, params={"count": 1},
            actor=SYSTEM("test"), at=since,
        )  # fmt: skip
        Delivery.objects.create(
            message=message, channel=channel, state=state, tries=6, queued_at=since, next_try_at=since, last_error=error
        )


def test_a_mail_server_that_is_gone_for_a_day_is_told_in_plain_words(world: World, root: None, still: None) -> None:
    since = utc_now() - days(1)
    for hours in (0, 3):
        waiting_mail(world, "smtp", "ConnectionRefusedError", since=since + timedelta(hours=hours))
    waiting_mail(world, "hook", "Answered 503", since=since)
    page = signed_in(world, "root").get("/desk/notices/").content.decode()
    assert f"有 2 封邮件还没有送出去，最早的从 {cn_datetime(since)} 等到现在。" in page
    assert "有 1 条推送还没有送出去" in page
    banner = page.partition("有 2 封邮件")[2].partition("</section>")[0]
    for words in (
        "暂时连不上",
        "一条也没有丢",
        "自己发出去",
        "来信人在进度页上照样看得到",
        cn_datetime(since + days(3)),
        "您可以",
    ):
        assert words in banner
    assert re.fullmatch(r"(?s).*<details.*<code>ConnectionRefusedError</code></details>.*", banner)
    plain = re.sub(r"(?s)<details.*?</details>", "", page)
    assert "ConnectionRefusedError" not in plain
    assert "Answered" not in plain
    assert "：对方的服务器暂时连不上。" in plain
    officer = signed_in(world, "officer").get("/desk/notices/").content.decode()
    assert "请告诉系统管理员" in officer
    assert "没有送出去" not in signed_in(world, "cg.handler").get("/desk/notices/").content.decode()


def test_when_mail_goes_out_again_nothing_is_said(world: World, root: None, still: None) -> None:
    waiting_mail(world, "smtp", "", since=utc_now())
    waiting_mail(world, "hook", "sealed", since=utc_now() - days(1), state="set_aside")
    page = signed_in(world, "root").get("/desk/notices/").content.decode()
    assert "没有送出去" not in page
    assert "事项已经密封，不再发出。" in page
    assert 'value="retry"' not in page


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("", ""),
        ("no address", ""),
        ("gaierror", "连不上"),
        ("SMTPAuthenticationError 535", "登录名或者密码"),
        ("SMTPDataError 554", "没有收下"),
        ("RuntimeError", "没有发成"),
    ],
)
def test_every_technical_word_has_plain_ones(error: str, words: str) -> None:
    said = found.why(error)
    assert words in said
    assert bool(words) == bool(said)


def test_papers_that_are_not_made_are_counted_where_the_outbox_is_looked_after(
    world: World, root: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    move = moving(monkeypatch, MORNING + timedelta(minutes=1))
    case = new_case(world)  # nothing freezes its papers here
    new_case(world, who=Who(reporter="anonymous", about_official=True))
    assert "没有制成" not in signed_in(world, "root").get("/desk/notices/").content.decode()
    move(MORNING + timedelta(minutes=10))
    page = signed_in(world, "root").get("/desk/notices/").content.decode()
    assert "有 1 份文书没有制成" in page  # the sealed one is not counted
    assert "电子印章" in page
    assert case.number[:4] not in page.partition("没有制成")[2].partition("</div>")[0]
    assert "有 1 份文书没有制成" in signed_in(world, "officer").get("/desk/notices/").content.decode()
    assert "没有制成" not in signed_in(world, "cg.handler").get("/desk/notices/").content.decode()


def test_the_organ_that_issues_a_paper_reads_that_it_is_not_made(world: World, still: None) -> None:
    case = new_case(world)
    with access.acting(SYSTEM("printer")) as actor:
        papers = case.documents.values_list("id", flat=True)
        documents.documents_stuck(document_ids=list(papers), actor=actor, at=MORNING + timedelta(hours=1))
    page = signed_in(world, "officer").get("/desk/notices/").content.decode()
    assert "有一份文书没有制成" in page
    assert f"/desk/cases/{case.number}/" in page
    assert "有一份文书没有制成" not in signed_in(world, "cg.handler").get("/desk/notices/").content.decode()


def test_only_an_administrator_stops_and_opens_the_outbox(world: World, root: None, still: None) -> None:
    assert signed_in(world, "officer").post("/desk/notices/do/", {"do": "pause", "reason": "x"}).status_code == 404
    admin = signed_in(world, "root")
    admin.post("/desk/notices/do/", {"do": "pause", "reason": ""})
    assert not Outbox.objects.filter(paused=True).exists()
    admin.post("/desk/notices/do/", {"do": "pause", "reason": "恢复备份"})
    assert Outbox.objects.get().paused
    assert "恢复备份" in admin.get("/desk/notices/").content.decode()
    admin.post("/desk/notices/do/", {"do": "resume"})
    assert not Outbox.objects.get().paused
    assert admin.post("/desk/notices/do/", {"do": "retry", "id": str(uuid4())}).status_code == 404


def test_phones_are_hidden_where_it_is_not_a_demonstration(world: World, still: None) -> None:
    world.receive()
    page = signed_in(world, "officer").get("/desk/notices/?show=phones").content.decode()
    assert "手机上看到的" not in page


def test_phones_are_shown_in_a_demonstration(demonstration: None, world: World, still: None) -> None:
    officer = signed_in(world, "officer")
    with access.acting(SYSTEM("test")) as actor:
        notices.phone_code_carry(phone="19900001234", code="739164", actor=actor, at=MORNING)
    page = officer.get("/desk/notices/?show=phones").content.decode()
    assert "739164" in page
    assert "手机上看到的" in page


def test_there_is_no_clock_to_move_outside_a_demonstration(world: World, still: None) -> None:
    assert signed_in(world, "officer").post("/desk/clock/", {"days": "1"}).status_code == 404


def test_the_clock_moves_in_a_demonstration_and_says_what_fell_due(demonstration: None, world: World) -> None:
    case = world.receive(at=clock.now()).case
    officer = signed_in(world, "officer")
    before = clock.now()
    answer = officer.post("/desk/clock/", {"days": "30", "next": "/desk/?view=all"})
    assert answer["Location"] == "/desk/?view=all"
    assert clock.now() - before > timedelta(days=29)
    page = officer.get("/desk/").content.decode()
    assert "新超期 1 件" in page
    assert officer.post("/desk/clock/", {"days": "1", "next": "https://example.org/"})["Location"] == "/desk/"
    for wrong in ({"to": "2020-01-01"}, {"to": "2026-99-99"}, {"to": ""}, {"days": "0"}):
        officer.post("/desk/clock/", wrong)
        assert "xq-note-error" in officer.get("/desk/").content.decode()
    assert Client().post("/desk/clock/", {"days": "1"}).status_code in {302, 423}
    assert fresh(case).state == "registered"


def held(world: World, count: int) -> list[Case]:
    cases = []
    for _ in range(count):
        case = bring(world, new_case(world), "at_unit")
        at = MORNING + days(1)
        cases.append(world.step(case, "assign_handler", "cg.head", at=at, handler=world.posts["cg.handler"].pk))
    return cases


def test_a_head_hands_all_open_work_of_a_post_over(world: World, still: None) -> None:
    cases = held(world, 3)
    head = signed_in(world, "cg.head")
    posts = head.get("/desk/posts/").content.decode()
    assert "3 件" in posts
    form = {
        "key": str(uuid4()), "giver": world.posts["cg.handler"].pk, "taker": world.posts["cg.deputy"].pk, "reasons": "调岗",
    }  # fmt: skip
    wrong = head.post("/desk/posts/handover/", {**form, "taker": form["giver"], "reasons": " "})
    assert wrong.status_code == 422
    answer = head.post("/desk/posts/handover/", form)
    assert answer.context["done"] == 3
    for case in cases:
        assert fresh(case).handler_id == world.posts["cg.deputy"].pk
        with access.acting(SYSTEM("test")):
            assert Record.objects.filter(case=case, step="hand_over").count() == 1
    again = head.post("/desk/posts/handover/", {**form, "key": str(uuid4())})
    assert "没有开着的事" in again.content.decode()


def test_a_case_that_cannot_be_handed_over_says_why_and_the_others_go(world: World, still: None) -> None:
    cases = held(world, 2)
    with access.acting(SYSTEM("test")):
        Case.objects.filter(pk=cases[0].pk).update(state="objected")
    answer = signed_in(world, "cg.handler").post(
        "/desk/posts/handover/",
        {
            "key": str(uuid4()),
            "giver": world.posts["cg.handler"].pk,
            "taker": world.posts["cg.deputy"].pk,
            "reasons": "调岗",
        },
    )
    results = {one["case"].pk: one["why"] for one in answer.context["results"]}
    assert results[cases[1].pk] == ""
    assert answer.context["done"] in {1, 2}


def test_a_handler_gives_only_their_own_work(world: World, still: None) -> None:
    held(world, 1)
    deputy = signed_in(world, "cg.deputy")
    form = {"giver": world.posts["cg.handler"].pk, "taker": world.posts["cg.deputy"].pk, "reasons": "给我"}
    assert deputy.post("/desk/posts/handover/", form).status_code == 422
    assert signed_in(world, "window").get("/desk/posts/handover/").status_code == 404
    with at_most(14):
        deputy.get("/desk/posts/")


def test_work_that_was_sealed_is_counted_no_more(world: World, still: None) -> None:
    case = held(world, 1)[0]
    assert "1 件" in signed_in(world, "cg.head").get("/desk/posts/").content.decode()
    world.step(case, "seal", "officer", at=MORNING + days(1))
    for login in ("cg.head", "cg.handler"):
        assert "1 件" not in signed_in(world, login).get("/desk/posts/").content.decode()


def test_knowledge_is_found_leafed_through_and_read(world: World, still: None) -> None:
    with access.acting(SYSTEM("test")):
        for n in range(45):
            triage.knowledge_store(
                slug=f"entry-{n:02}", question=f"第 {n} 个问题：路灯？", answer="找城管。", public=n != 7,
                valid_from=MORNING.date(), actor=SYSTEM("test"), at=MORNING,
            )  # fmt: skip
    client = signed_in(world, "cg.handler")
    with at_most(12):
        page = client.get("/desk/knowledge/")
    assert len(page.context["rows"]) == 40
    rest = client.get(f"/desk/knowledge/?after={page.context['after']}")
    assert len(rest.context["rows"]) == 5
    assert len(client.get("/desk/knowledge/?q=路灯").context["rows"]) == 30
    assert "没有找到" in client.get("/desk/knowledge/?q=火星").content.decode()
    assert "只给工作人员" in client.get("/desk/knowledge/entry-07/").content.decode()
    assert client.get("/desk/knowledge/nothing/").status_code == 404


def test_help_is_short_and_for_everybody(world: World, still: None) -> None:
    for login in ("window", "cg.head", "arbiter"):
        assert "键盘" in signed_in(world, login).get("/desk/help/").content.decode()
    assert Client().get("/desk/help/").status_code == 302


def test_the_months_looks_are_read_through_by_those_who_review(world: World, still: None) -> None:
    receipt = world.receive()
    actor = world.actor("officer")
    with access.acting(actor):
        people.person_reveal(
            person=receipt.case.person_id,
            fields=["phone"],
            reason="电话核实路灯位置",
            actor=actor,
            at=MORNING,
            case_id=receipt.case.id,
        )
    page = signed_in(world, "keeper").get(f"/desk/looks/?month={MORNING:%Y-%m}").content.decode()
    assert "电话核实路灯位置" in page
    assert receipt.number[:4] in page
    assert "电话核实路灯位置" not in signed_in(world, "keeper").get("/desk/looks/?month=2026-08").content.decode()
    assert signed_in(world, "officer").get("/desk/looks/").status_code == 404


def test_the_months_looks_ask_the_database_as_often_for_many_as_for_few(world: World, still: None) -> None:
    receipt, actor = world.receive(), world.actor("officer")
    keeper = signed_in(world, "keeper")

    def look(times: int) -> None:
        with access.acting(actor):
            for n in range(times):
                people.person_reveal(
                    person=receipt.case.person_id,
                    fields=["phone"],
                    reason=f"第 {n} 次电话核实路灯位置",
                    actor=actor,
                    at=MORNING,
                    case_id=receipt.case.id,
                )

    look(1)
    with at_most(9):
        keeper.get(f"/desk/looks/?month={MORNING:%Y-%m}")
    look(40)
    with at_most(9):
        page = keeper.get(f"/desk/looks/?month={MORNING:%Y-%m}")
    assert page.content.decode().count("电话核实路灯位置") == 41


def test_the_code_of_a_finished_matter_is_renewed_too(world: World, still: None) -> None:
    receipt = world.receive()
    world.step(receipt.case, "answer_on_spot", "window", at=MORNING, reply="今天就修。")
    assert fresh(receipt.case).closed_at
    clerk = signed_in(world, "window")
    page = clerk.post(
        "/desk/regain/",
        {
            "number": receipt.number, "do": "renew", "renew-key": str(uuid4()), "renew-reason": "查询码遗失",
            "renew-identity_checked": "on",
        },
    )  # fmt: skip
    found = re.search(r'id="new-code">(\d{5}) (\d{5})<', page.content.decode())
    assert found
    with access.acting(CITIZEN()):
        code = "".join(found.groups())
        assert intake.prove(number=receipt.number, code=code, ip="", at=MORNING + days(1)) is not None
        assert intake.prove(number=receipt.number, code=receipt.code, ip="", at=MORNING + days(1)) is None
