"""The case page and its steps: every state, every form, files, papers, reveals, walls."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from django.test import Client
from tests.support.world import MORNING, World, days

from xinqiao.cases.models import Case, Document
from xinqiao.desk.tests.road import (
    DECISION,
    HTMX,
    NEXT_DAY,
    REDRESS,
    at_most,
    bring,
    fresh,
    moving,
    new_case,
    photo,
    signed_in,
    take,
)
from xinqiao.files.models import Blob
from xinqiao.intake import services as intake
from xinqiao.notices.models import Message
from xinqiao.people import access
from xinqiao.people.actors import SYSTEM
from xinqiao.people.models import AccessLog

pytestmark = pytest.mark.django_db
Move = Callable[[datetime], None]
BESIDE = {
    "note", "contact", "relay", "seal", "renew_code", "declare_recusal", "assign_handler", "hand_over", "site_visit", "propose_class",
}  # fmt: skip
STAFF = ("window", "officer", "cg.handler", "cg.head")
OTHERS: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
    "suggestion": [
        ("classify", "officer", {"route": "suggestion", "title": "建议加路灯"}),
        ("refer", "officer", {"lead": "cg"}),
        ("sign_for", "cg.handler", {}),
        ("study", "cg.handler", {}),
        ("draft_reply", "cg.handler", {"outcome": "adopt", "reply": "采纳，下月安装。"}),
        ("sign_reply", "cg.head", {}),
        ("serve", "cg.handler", {"method": "electronic", "served_on": NEXT_DAY.date()}),
        ("close", "officer", {}),
    ],
    "inquiry": [
        ("classify", "officer", {"route": "inquiry", "title": "路灯什么时候修"}),
        ("dispatch", "officer", {"lead": "cg"}),
        ("sign_for", "cg.handler", {}),
        ("answer", "cg.handler", {"reply": "今天修好。", "way": "phone"}),
        ("return_visit", "officer", {"resolved": "yes"}),
        ("close", "officer", {}),
    ],
    "guidance": [
        ("classify", "officer", {"route": "guidance", "title": "劳动争议"}),
        (
            "inform",
            "officer",
            {"path": "arbitration", "body": "区仲裁院", "how": "带劳动合同。", "basis": "劳动争议调解仲裁法"},
        ),
        ("close", "officer", {}),
    ],
}


@pytest.fixture
def moment(monkeypatch: pytest.MonkeyPatch) -> Move:
    return moving(monkeypatch, NEXT_DAY + timedelta(hours=2))


@pytest.fixture
def as_(world: World, moment: Move) -> Callable[[str], Client]:
    """Clients by sign-in name, one each."""
    clients: dict[str, Client] = {}

    def client(login: str) -> Client:
        if login not in clients:
            clients[login] = signed_in(world, login)
        return clients[login]

    return client


As = Callable[[str], Client]


def page_of(client: Client, case: Case) -> Any:
    return client.get(f"/desk/cases/{case.number}/")


def read(client: Client, case: Case) -> str:
    answer = page_of(client, case)
    assert answer.status_code == 200
    html: str = answer.content.decode()
    return html


def every_form(client: Client, case: Case, *, beside: bool = False) -> int:
    """Open every step that the page offers and send it empty; returns how many. BESIDE are the same in every state."""
    page = page_of(client, case)
    assert page.status_code == 200, (case.procedure, case.state)
    count = 0
    for option in page.context["book"].options:
        if option.step in BESIDE and not beside:
            continue
        address = f"/desk/cases/{case.number}/do/{option.step}/"
        form = client.get(address, headers=HTMX)
        assert form.status_code == 200, option.step
        assert "<html" not in form.content.decode()
        if any(item.required and item.kind != "date" for item in option.inputs) and not option.blocked:
            wrong = client.post(address, {"in-key": "a-key"}, headers=HTMX)
            assert wrong.status_code == 422, option.step
            assert "xq-error" in wrong.content.decode(), option.step
            assert "a-key" in wrong.content.decode()
        count += 1
    return count


def test_a_new_case_shows_what_was_said_and_what_can_be_done(as_: As, world: World) -> None:
    case = new_case(world)
    html = read(as_("officer"), case)
    assert "路灯坏了三个星期" in html
    assert "钱大桥" not in html
    assert "现在可以办" in html
    assert f"/desk/cases/{case.number}/do/classify/" in html
    assert "为什么是这一天" in html


@pytest.mark.parametrize("state", [line[0] for line in REDRESS])
def test_every_state_of_a_claim_and_every_form(as_: As, world: World, state: str) -> None:
    case = bring(world, new_case(world), state)
    readers = [login for login in STAFF if page_of(as_(login), case).status_code == 200]
    assert sum(every_form(as_(login), case, beside=state == "at_unit") for login in readers) > 0
    for login in ("zj.handler", "jd.handler", "discipline", "arbiter", "other"):
        assert page_of(as_(login), case).status_code == 404


@pytest.mark.parametrize("road", list(OTHERS))
def test_every_state_of_the_other_roads(as_: As, world: World, road: str) -> None:
    case = new_case(world)
    at = NEXT_DAY
    for step, login, inputs in OTHERS[road]:
        given = {name: world.organs[value].pk if name == "lead" else value for name, value in inputs.items()}
        case = world.step(case, step, login, at=at, **given)
        at += timedelta(minutes=5)
        for reader in ("officer", login):
            if page_of(as_(reader), case).status_code == 200:
                every_form(as_(reader), case)
    assert case.state == "closed"
    assert "这件事已经结束" in read(as_("officer"), case)


def test_objection_second_return_and_ruling(as_: As, world: World, moment: Move) -> None:
    case = bring(world, new_case(world), "at_unit")
    take(as_("cg.handler"), case, "object", reasons="路灯由住建部门养护，不属于城管职权。")
    assert fresh(case).state == "objected"
    every_form(as_("officer"), case)
    take(as_("officer"), case, "accept_objection", reasons="属实。")
    case = fresh(case)
    assert case.state == "returned"
    assert "退回 1 次" in read(as_("officer"), case)
    assert page_of(as_("cg.handler"), case).status_code == 404
    take(as_("officer"), case, "refer_again", lead=str(world.organs["zj"].pk))
    take(as_("zj.handler"), case, "object", reasons="这一段没有移交住建，仍由城管养护。")
    take(as_("officer"), case, "accept_objection", reasons="都不认。", arbiter=str(world.organs["lxh"].pk))
    case = fresh(case)
    assert case.state == "jurisdiction"
    assert every_form(as_("arbiter"), case) > 0
    take(as_("arbiter"), case, "rule", lead=str(world.organs["zj"].pk), reasons="按职权清单由住建养护。")
    assert fresh(case).lead_id == world.organs["zj"].pk


def test_the_handlers_road_through_the_pages(as_: As, world: World) -> None:
    """From sign-for to close, every step sent as a browser sends it."""
    case = bring(world, new_case(world), "referred")
    handler, head = as_("cg.handler"), as_("cg.head")
    for client, step, inputs in (
        (handler, "sign_for", {}),
        (head, "assign_handler", {"handler": str(world.posts["cg.handler"].pk)}),
        (handler, "accept", {"process": "三天内到现场。"}),
        (handler, "contact", {"way": "phone", "words": "约好明天看。"}),
        (handler, "site_visit", {"visited_on": "2026-09-02", "place": "小河路", "findings": "灯头烧坏", "photos": photo()}),
        (handler, "hear", {"way": "phone", "heard_on": "2026-09-02", "statement": "三个星期没人修。"}),
        (handler, "investigate", {"way": "查台账", "findings": "属实。"}),
        (handler, "ask_extension", {"days": "15", "reasons": "要等配件。"}),
        (head, "approve_extension", {"reasons": "配件采购需要时间。"}),
        (handler, "draft_decision", DECISION),
        (handler, "check_decision", {}),
        (head, "sign_decision", {}),
        (handler, "seal_decision", {"scan": photo("盖章.jpg")}),
        (handler, "serve", {"method": "in_person", "served_on": "2026-09-02", "receiver": "本人", "proof": photo("回证.jpg")}),
        (handler, "report_execution", {"words": "灯头到货。"}),
        (handler, "execute", {"result": "已换。", "evidence": photo("亮了.jpg")}),
    ):  # fmt: skip
        answer = take(client, case, step, **inputs)
        assert answer.status_code == 302, (step, answer.content.decode()[-6000:])
    assert fresh(case).state == "executed"
    closing = take(head, case, "close")
    assert closing.status_code == 422  # the window for review is open
    assert "申请复查的期限还没有过" in closing.content.decode()
    world.step(case, "rate_unit", "petitioner", at=NEXT_DAY + timedelta(hours=3), score="satisfied")
    assert take(head, case, "close").status_code == 302
    html = read(head, fresh(case))
    assert "满意" in html
    assert "附件 1" in html
    assert "灯头烧坏" in html
    with access.acting(SYSTEM("test")):
        kinds = set(Blob.objects.filter(case_id=case.id).values_list("kind", flat=True))
    assert {"photos", "scan", "proof", "evidence"} <= kinds


def test_a_wrong_decision_keeps_all_that_was_typed(as_: As, world: World) -> None:
    case = bring(world, new_case(world), "investigated")
    row = DECISION["demands"][0] | {"outcome": "not_support"}
    answer = take(as_("cg.handler"), case, "draft_decision", htmx=True, **DECISION | {"demands": [row]})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "总的意见和各项诉求的意见对不上" in html
    for words in (row["facts"], row["reasons"], row["basis"], "更换灯头。"):
        assert words in html
    assert fresh(case).state == "accepted"


def test_what_goes_out_is_seen_before_it_goes(as_: As, world: World) -> None:
    case = bring(world, new_case(world), "at_unit")
    handler = as_("cg.handler")
    before = handler.get(f"/desk/cases/{case.number}/do/accept/").content.decode()
    assert "会发出什么" in before
    assert "拱城管已经受理您的来件" in before
    assert "先看看会发出什么" in before
    key = handler.get(f"/desk/cases/{case.number}/do/accept/").context["form"].form_key
    sent = {"in-key": key, "in-process": "三天内到现场。", "preview": "1"}
    seen = handler.post(f"/desk/cases/{case.number}/do/accept/", sent, headers=HTMX)
    html = seen.content.decode()
    assert seen.status_code == 200
    assert "还没有办" in html
    assert "data:image/png;base64," in html
    assert "最晚" in html
    assert "三天内到现场。" in html
    assert fresh(case).state == "at_unit"
    with access.acting(SYSTEM("test")):
        assert not Document.objects.filter(case=case, kind="acceptance_notice").exists()
        assert not Message.objects.filter(case_id=case.id, text="accepted").exists()
    assert handler.post(f"/desk/cases/{case.number}/do/accept/", sent | {"preview": ""}).status_code == 302


def test_a_preview_of_a_wrong_form_says_what_is_wrong(as_: As, world: World) -> None:
    case = bring(world, new_case(world), "investigated")
    address = f"/desk/cases/{case.number}/do/draft_decision/"
    wrong = as_("cg.handler").post(address, {"in-key": "k", "in-opinion": "写了很多", "preview": "1"}, headers=HTMX)
    assert wrong.status_code == 422
    assert "写了很多" in wrong.content.decode()


def test_the_draft_is_read_as_a_paper_before_it_is_signed(as_: As, world: World) -> None:
    case = bring(world, new_case(world), "drafted")
    form = as_("cg.deputy").get(f"/desk/cases/{case.number}/do/check_decision/").content.decode()
    with access.acting(SYSTEM("test")):
        draft = Document.objects.get(case=case, kind="decision")
    address = f"/desk/cases/{case.number}/papers/{draft.pk}.pdf"
    assert address in form
    paper = as_("cg.deputy").get(address)
    assert paper.content[:5] == b"%PDF-"
    assert paper["Content-Disposition"].startswith("inline")
    assert as_("zj.handler").get(address).status_code == 404


def test_papers_come_as_pdf_and_docx(as_: As, world: World) -> None:
    case = bring(world, new_case(world), "served")
    for row in page_of(as_("officer"), case).context["book"].papers:
        if row.draft:
            continue
        pdf, docx = as_("officer").get(row.url), as_("officer").get(row.docx)
        assert (pdf.status_code, docx.status_code) == (200, 200), row.label
        assert pdf.content[:5] == b"%PDF-"
        assert docx.content[:2] == b"PK"
        assert docx["Content-Disposition"].startswith("attachment")
        assert pdf["Cache-Control"] == "private, no-store"
        assert as_("other").get(row.url).status_code == 404
        assert as_("officer").get(row.url.replace(".pdf", ".exe")).status_code == 404


def test_a_paper_of_another_case_is_not_found(as_: As, world: World) -> None:
    one, two = bring(world, new_case(world), "accepted"), bring(world, new_case(world), "accepted")
    paper = page_of(as_("officer"), one).context["book"].papers[0]
    assert as_("officer").get(paper.url.replace(one.number, two.number)).status_code == 404


def test_recall_and_correction_leave_a_trace(as_: As, world: World) -> None:
    case = bring(world, new_case(world), "served")
    head = as_("cg.head")
    assert take(head, case, "correct_decision", what="门牌号写错", correction="小河路 12 号").status_code == 302
    html = read(head, fresh(case))
    assert "处理意见书更正笔误" in html
    assert "意见书待用印" in html
    assert take(as_("cg.handler"), case, "seal_decision", scan=photo("盖章.jpg")).status_code == 302
    assert take(head, case, "recall_decision", reasons="依据用错了").status_code == 302
    case = fresh(case)
    assert case.state == "accepted"
    html = read(head, case)
    assert "依据用错了" in html
    assert "已撤回" in html


def test_recusal_stops_the_person_and_moves_the_case(as_: As, world: World) -> None:
    case = bring(world, new_case(world), "accepted")
    take(as_("cg.handler"), case, "declare_recusal", reasons="来信人是我亲戚。")
    answer = take(
        as_("cg.head"), case, "approve_recusal", handler=str(world.posts["cg.deputy"].pk), reasons="同意，换人。"
    )
    assert answer.status_code == 302
    assert fresh(case).handler_id == world.posts["cg.deputy"].pk


def test_the_same_form_sent_twice_has_one_effect(as_: As, world: World) -> None:
    case = bring(world, new_case(world), "referred")
    handler = as_("cg.handler")
    address = f"/desk/cases/{case.number}/do/sign_for/"
    key = handler.get(address).context["form"].form_key
    assert handler.post(address, {"in-key": key}).status_code == 302
    seq = fresh(case).head_seq
    again = handler.post(address, {"in-key": key}, headers=HTMX)
    assert again.status_code == 204
    assert again["HX-Redirect"] == f"/desk/cases/{case.number}/"
    assert "data-xq-draft-done" not in handler.get(again["HX-Redirect"], headers={"X-Live": "1"}).content.decode()
    page = handler.get(again["HX-Redirect"]).content.decode()
    assert f'data-xq-draft-done="step:{address}"' in page  # that of the first time, left for a person to see
    assert "上一次已办好" in page
    assert page.count("data-xq-draft-done") == 1
    assert fresh(case).head_seq == seq


def test_a_case_that_leaves_ones_sight_leads_back_to_the_worklist(as_: As, world: World) -> None:
    case = new_case(world)
    answer = take(as_("officer"), case, "seal", reasons="涉及干部")
    assert answer["Location"] == "/desk/"
    assert page_of(as_("officer"), case).status_code == 404


def test_steps_that_are_not_offered_are_not_found(as_: As, world: World) -> None:
    case = bring(world, new_case(world), "accepted")
    assert as_("cg.handler").get(f"/desk/cases/{case.number}/do/sign_decision/").status_code == 404
    assert as_("cg.handler").get(f"/desk/cases/{case.number}/do/nonsense/").status_code == 404
    assert as_("other").post(f"/desk/cases/{case.number}/do/note/", {"in-text": "x"}).status_code == 404


def test_attached_files_are_served_to_readers_of_the_case_only(as_: As, world: World) -> None:
    case = bring(world, new_case(world), "accepted")
    take(
        as_("cg.handler"), case, "site_visit", visited_on="2026-09-02", place="小河路", findings="坏了", photos=photo()
    )
    with access.acting(SYSTEM("test")):
        blob = Blob.objects.get(case_id=case.id, kind="photos")
    address = f"/desk/cases/{case.number}/files/{blob.pk}/"
    for query in ("", "?size=small", "?save=1"):
        assert as_("officer").get(address + query).status_code == 200
    assert as_("other").get(address).status_code == 404
    assert as_("officer").get(address.replace(str(blob.pk), str(case.id))).status_code == 404


def test_a_file_that_is_none_is_refused_and_words_are_kept(as_: As, world: World) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    case = bring(world, new_case(world), "accepted")
    wrong = SimpleUploadedFile("x.exe", b"MZ\x90\x00" + b"\0" * 64, "application/octet-stream")
    answer = take(
        as_("cg.handler"),
        case,
        "site_visit",
        visited_on="2026-09-02",
        place="小河路",
        findings="灯头坏了",
        photos=wrong,
    )
    assert answer.status_code == 422
    assert "灯头坏了" in answer.content.decode()


def reveals(case: Case) -> list[AccessLog]:
    with access.acting(SYSTEM("test")):
        return list(AccessLog.objects.filter(case_id=case.id, kind="reveal"))


def test_reveal_needs_a_reason_and_is_logged(as_: As, world: World) -> None:
    case = bring(world, new_case(world), "accepted")
    address = f"/desk/cases/{case.number}/reveal/"
    refused = as_("cg.handler").post(address, {"fields": ["name", "phone"], "reason": " "}, follow=True)
    assert "19900001234" not in refused.content.decode()
    assert not reveals(case)
    shown = as_("cg.handler").post(address, {"fields": ["name", "phone"], "reason": "电话核实情况"})
    assert "钱大桥" in shown.content.decode()
    assert "19900001234" in shown.content.decode()
    assert [log.reason for log in reveals(case)] == ["电话核实情况"]
    assert "钱大桥" not in read(as_("cg.handler"), case)
    assert as_("other").post(address, {"fields": ["name"], "reason": "看看"}).status_code == 404


def test_an_unlocked_desk_alone_reveals_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    moving(monkeypatch, NEXT_DAY)
    case = bring(world, new_case(world), "accepted")
    client = signed_in(world, "cg.handler")
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "password", "at": time.time() - 600}]
    session.save()
    asked = client.post(f"/desk/cases/{case.number}/reveal/", {"fields": ["name", "phone"], "reason": "电话核实情况"})
    assert asked.status_code == 423
    assert "19900001234" not in asked.content.decode()
    assert not reveals(case)


def test_only_the_named_handler_of_the_unit_may_reveal(as_: As, world: World) -> None:
    case = bring(world, new_case(world), "accepted")
    world.step(case, "assign_handler", "cg.head", at=NEXT_DAY, handler=world.posts["cg.handler"].pk)
    address = f"/desk/cases/{case.number}/reveal/"
    asked = {"fields": ["name"], "reason": "电话核实"}
    assert as_("cg.deputy").post(address, asked).status_code == 404
    assert as_("cg.handler").post(address, asked).status_code == 200


def test_a_confidential_petitioner_stays_unknown_to_the_unit(as_: As, world: World) -> None:
    people = [("petitioner", intake.PersonData(name="钱大桥", phone="19900001234"))]
    who = intake.Who(reporter="person", people=people, confidential=True)
    case = bring(world, world.receive(who=who).case, "decided")
    html = read(as_("cg.handler"), case)
    assert "来信人要求保密" in html
    assert "钱" not in html.split('id="who"')[1].split("</section>")[0]
    assert "1234" not in html
    for login in ("cg.handler", "cg.head"):
        asked = as_(login).post(f"/desk/cases/{case.number}/reveal/", {"fields": ["name"], "reason": "核实情况"})
        assert asked.status_code == 404
    for row in page_of(as_("cg.handler"), case).context["book"].papers:
        assert as_("cg.handler").get(row.url).status_code == 200
    assert (
        as_("officer").post(f"/desk/cases/{case.number}/reveal/", {"fields": ["name"], "reason": "转告"}).status_code
        == 200
    )


def test_an_anonymous_matter_says_so(as_: As, world: World) -> None:
    case = world.receive(who=intake.Who(reporter="anonymous", people=[])).case
    assert "没有留姓名" in read(as_("officer"), case)


def test_a_sealed_report_is_seen_by_those_named_only(as_: As, world: World) -> None:
    case = world.step(new_case(world), "classify", "keeper", at=MORNING, route="report")
    assert fresh(case, world.actor("keeper")).sealed
    for login in ("officer", "window", "cg.handler", "discipline", "other"):
        assert page_of(as_(login), case).status_code == 404
        assert as_(login).get(f"/desk/cases/{case.number}/peek/").status_code == 404
        assert case.number not in as_(login).get("/desk/?view=all").content.decode()
    keeper = as_("keeper")
    html = read(keeper, case)
    assert "密封" in html
    assert 'hx-trigger="xq:refresh"' not in html
    assert every_form(keeper, case) > 0
    with access.acting(world.actor("keeper")):
        assert AccessLog.objects.filter(case_id=case.id, kind="sealed_read").exists()
    sent = take(keeper, case, "hand_over_report", lead=str(world.organs["jw"].pk), reasons="按管理权限移送。")
    assert sent.status_code == 302
    assert every_form(as_("discipline"), case) > 0


def test_another_way_of_leaving_the_seal(as_: As, world: World) -> None:
    case = world.step(new_case(world), "seal", "officer", at=MORNING, reasons="谨慎起见")
    answer = take(as_("keeper"), case, "unseal", title="路灯不亮", reasons="不涉及干部")
    assert answer.status_code == 302
    assert page_of(as_("officer"), case).status_code == 200


def test_the_timeline_can_be_narrowed(as_: As, world: World) -> None:
    case = bring(world, new_case(world), "accepted")
    world.step(case, "note", "officer", at=NEXT_DAY, text="盯紧这件")
    notes = as_("officer").get(f"/desk/cases/{case.number}/?only=note")
    assert [line.kind for line in notes.context["lines"]] == ["note"]
    everything = as_("officer").get(f"/desk/cases/{case.number}/?only=%00")
    assert len(everything.context["lines"]) == len(everything.context["book"].lines) > 3


def test_the_pages_ask_little_of_the_database(as_: As, world: World) -> None:
    case = bring(world, new_case(world), "served")
    for login in ("officer", "cg.handler"):
        page_of(as_(login), case)
        with at_most(20):
            read(as_(login), case)
    for n in range(12):
        world.step(case, "note", "officer", at=NEXT_DAY + timedelta(minutes=n), text=f"第 {n} 条")
    with at_most(20):
        read(as_("officer"), case)
    with at_most(17):
        as_("officer").get(f"/desk/cases/{case.number}/do/contact/", headers=HTMX)


def test_a_rehearsed_day_falls_due_on_the_page(as_: As, world: World, moment: Move) -> None:
    case = bring(world, new_case(world), "accepted")
    moment(MORNING + days(75))
    assert "超期" in read(as_("cg.handler"), case)


def test_staff_are_never_addressed_as_the_petitioner_in_the_timeline(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    moving(monkeypatch, NEXT_DAY + timedelta(days=1))
    case = bring(world, new_case(world), "served")
    case = world.step(case, "urge", "petitioner", at=NEXT_DAY + timedelta(hours=5))
    case = world.step(case, "contact", "cg.handler", at=NEXT_DAY + timedelta(hours=6), way="phone", words="已经说明")
    page = signed_in(world, "officer").get(f"/desk/cases/{case.number}/")
    titles = [line.title for line in page.context["book"].lines]
    assert {"来信人催办", "与来信人联系", "听取来信人陈述", "收到来件"} <= set(titles)
    assert not [title for title in titles if "您" in title]
