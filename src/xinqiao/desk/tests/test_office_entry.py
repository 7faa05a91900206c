"""Window and hotline: from the first word to a receipt, an answer on the spot, or a dispatch within the hour."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client, TestCase
from tests.support.world import MORNING, World, days

from xinqiao.cases.models import Case, Document, Record
from xinqiao.desk.tests.road import HTMX, at_most, fresh, moving, photo, signed_in, take
from xinqiao.files.models import Blob
from xinqiao.intake.models import Contact, Party, Submission
from xinqiao.intake.selectors import words_of
from xinqiao.notices.models import Message
from xinqiao.people import access
from xinqiao.people.actors import SYSTEM
from xinqiao.people.models import AccessLog, Organ, Post
from xinqiao.triage import services as triage

pytestmark = pytest.mark.django_db
TOLD = {
    "text": "我们门口的行道树上周铺了石子，这两天叶子都黄了，能不能派人来看看？",
    "area": "330105003",
    "place": "映竹路河边步道 12 号门前",
    "reporter": "person",
    "name": "柏怀瑾",
    "phone": "19900001000",
    "wish": "派人看看",
    "first_key": "1788228000000",
    "sent": "1788228148000",
}
DISPATCH = {"title": "行道树铺石后叶子发黄", "content": "030701", "task": "请今天到现场看树池。"}


@pytest.fixture(autouse=True)
def _classes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    moving(monkeypatch)
    access.bind(SYSTEM("test"))
    rows = [
        {"code": "030000", "name": "城乡建设"},
        {"code": "030700", "name": "市容环境", "parent_code": "030000"},
        {"code": "030701", "name": "园林绿化", "parent_code": "030700"},
    ]
    triage.content_class_import(rows=rows, actor=SYSTEM("test"), at=MORNING)


@pytest.fixture
def clerk(world: World) -> Client:
    return signed_in(world, "window")


def opened(client: Client, kind: str = "call") -> str:
    answer = client.post("/desk/entry/", {"kind": kind})
    assert answer.status_code == 302
    address: str = answer["Location"]
    return address


def entered(client: Client, kind: str = "call", end: str = "register", **more: Any) -> Any:
    """Open a contact and send the form; returns the receipt's page."""
    address = opened(client, kind)
    answer = client.post(address, {**TOLD, **more, "end": end})
    assert answer.status_code == 302, answer.content.decode()[:4000]
    return client.get(answer["Location"])


def newest() -> Case:
    access.bind(SYSTEM("test"))
    return Case.objects.order_by("-received_at", "-id")[0]


def test_a_call_becomes_a_registered_matter_with_number_and_code(clerk: Client) -> None:
    receipt = entered(clerk)
    page = receipt.content.decode()
    case = newest()
    submission = Submission.objects.get()
    assert re.search(r"\d{4} \d{4} \d{4}", page)
    assert re.search(r'id="receipt-code">\d{5} \d{5}<', page)
    assert "最晚" in page
    assert (case.channel, case.state, case.area_code) == ("hotline", "registered", "330105003")
    assert (submission.entered_seconds, submission.contact_id) == (148, Contact.objects.get().pk)
    assert words_of(submission)["wish"] == "派人看看"
    assert Contact.objects.get().outcome == "registered"
    assert Message.objects.filter(to_kind="petitioner", text="received").exists()


@pytest.mark.parametrize(("kind", "channel"), [("visit", "window"), ("letter", "letter")])
def test_visits_and_letters_have_their_channels(clerk: Client, kind: str, channel: str) -> None:
    entered(clerk, kind)
    assert newest().channel == channel


@pytest.mark.parametrize(
    ("first", "sent", "seconds"),
    [("", "", None), ("5000", "4000", None), ("0", "99999999", None), ("abc", "1", None), ("1000", "61000", 60)],
)
def test_the_time_from_first_key_is_kept_only_when_it_can_be_right(
    clerk: Client, first: str, sent: str, seconds: int | None
) -> None:
    entered(clerk, first_key=first, sent=sent)
    newest()
    assert Submission.objects.get().entered_seconds == seconds


def test_the_code_shows_until_the_next_call_begins(clerk: Client) -> None:
    receipt = entered(clerk)
    address = receipt.request["PATH_INFO"]
    assert clerk.get(address).status_code == 200
    assert clerk.get(address.replace("receipt/", "receipt.pdf"))["Content-Type"] == "application/pdf"
    assert clerk.get(address.replace("receipt/", "")).status_code == 302
    opened(clerk)
    assert "/desk/regain/" in clerk.get(address)["Location"]
    assert clerk.get(address.replace("receipt/", "receipt.pdf")).status_code == 404


def test_no_code_in_session_or_address(clerk: Client) -> None:
    receipt = entered(clerk)
    code = receipt.context["code"]
    assert code not in str(dict(clerk.session.items()))
    assert code not in receipt.request["PATH_INFO"] + receipt.request["QUERY_STRING"]


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"text": " "}, "text", "请写下"),
        ({"name": ""}, "name", "请留下姓名"),
        ({"phone": "1990000"}, "phone", "手机号少了 4 位"),
        ({"area": "999"}, "area", "列表里没有这一项"),
        ({"reporter": "joint", "joint_count": "很多"}, "joint_count", "请写数字"),
        ({"end": "answer", "reply": ""}, "reply", "请填写这一项"),
        ({"end": "dispatch", "lead": ""}, "lead", "请填写这一项"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(
    clerk: Client, changes: dict[str, str], field: str, words: str
) -> None:
    address = opened(clerk)
    answer = clerk.post(address, {"end": "register", **TOLD, **changes})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert f'href="#id_{field}"' in page
    assert "映竹路河边步道 12 号门前" in page
    assert 'value="1788228000000"' in page
    access.bind(SYSTEM("test"))
    assert Submission.objects.count() == 0
    assert Contact.objects.get().closed_at is None


def test_files_outlive_an_error(clerk: Client) -> None:
    address = opened(clerk, "visit")
    answer = clerk.post(address, {**TOLD, "name": "", "papers": [photo("合同.jpg")]})
    tokens = re.findall(r'name="staged" value="([^"]+)"', answer.content.decode())
    assert len(tokens) == 1
    clerk.post(address, {**TOLD, "staged": tokens})
    case = newest()
    assert [b.name for b in Blob.objects.filter(case_id=case.id, kind="paper")] == ["合同.jpg"]


def test_a_form_sent_again_leads_to_the_receipt_and_a_changed_one_is_not_lost(clerk: Client) -> None:
    address = opened(clerk, "visit")
    wrong = clerk.post(address, {**TOLD, "name": "", "papers": [photo("合同.jpg")]})
    form = {"end": "register", **TOLD, "staged": re.findall(r'name="staged" value="([^"]+)"', wrong.content.decode())}
    with TestCase.captureOnCommitCallbacks(execute=True):
        first = clerk.post(address, form)
    assert clerk.post(address, form)["Location"] == first["Location"]
    answer = clerk.post(address, {**form, "phone": "19900009999"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "这次接待已经登记" in page
    assert "19900009999" in page
    assert clerk.post(address, {**form, "end": "drop"})["Location"] == first["Location"]
    access.bind(SYSTEM("test"))
    assert Submission.objects.count() == 1


def test_an_answer_on_the_spot_closes_with_its_paper_and_its_knowledge(clerk: Client) -> None:
    receipt = entered(clerk, end="answer", reply="秋天老叶先黄是正常换叶。", knowledge="tree-yellow")
    assert "当场答复" in receipt.content.decode()
    case = newest()
    assert (case.closed_cause, case.procedure) == ("answered_on_spot", "inquiry")
    assert Contact.objects.get().outcome == "answered"
    assert Document.objects.filter(case=case, kind="on_the_spot_reply").exists()
    record = Record.objects.get(case=case, step="answer_on_spot")
    assert record.words["knowledge"] == "tree-yellow"


def test_the_call_about_the_leaves_runs_from_the_hotline_to_the_close(
    world: World, clerk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with access.acting(SYSTEM("test")):
        hotline = Organ.objects.create(
            code="12345", name="12345 热线", short_name="热线", kind="hotline", area_code="330105", level="district",
            superior=world.organs["xf"], valid_from=world.organs["xf"].valid_from,
        )  # fmt: skip
        Post.objects.filter(pk=world.posts["window"].pk).update(organ=hotline)
    move = moving(monkeypatch)
    entered(clerk, end="dispatch", lead=world.organs["cg"].pk, **DISPATCH)
    case = newest()
    assert (case.procedure, case.state, case.lead_id) == ("inquiry", "dispatched", world.organs["cg"].pk)
    assert (case.title, case.content_code, case.office_id) == (DISPATCH["title"], "030701", world.organs["xf"].pk)
    assert Message.objects.filter(organ_id=world.organs["cg"].pk, text="dispatched").exists()
    handler = signed_in(world, "cg.handler")
    at = MORNING
    for minutes, client, step, inputs in (
        (9, handler, "sign_for", {}),
        (27, handler, "site_visit", {"visited_on": "2026-09-01", "place": "门前", "findings": "透水砾石，正常换叶。"}),
        (38, handler, "answer", {"reply": "刚刚看过，是秋天换叶。", "way": "phone"}),
        (49, clerk, "return_visit", {"resolved": "yes", "words": "这下放心了。"}),
        (53, clerk, "close", {}),
    ):
        move(at + days(minutes / 1440))
        answer = take(client, case, step, **inputs)
        assert answer.status_code == 302, (step, answer.content.decode()[:3000])
    done = fresh(case)
    assert done.state == "closed"
    assert (done.closed_at - done.received_at).total_seconds() < 3600 if done.closed_at else False


def test_what_the_procedure_refuses_leaves_the_matter_registered(clerk: Client) -> None:
    receipt = entered(clerk, end="answer", reply="您放心。", about_official="on")
    assert "已经密封" in receipt.content.decode()
    access.bind(SYSTEM("test"))
    assert Submission.objects.count() == 0 or Submission.objects.get().sealed


def test_a_sealed_matter_leaves_the_clerk_with_the_receipt_only(world: World, clerk: Client) -> None:
    receipt = entered(clerk, about_official="on", text="城管局的李某收了店家的钱。")
    page = receipt.content.decode()
    number = receipt.context["kept"]["number"]
    assert re.search(r'id="receipt-code">\d{5} \d{5}<', page)
    assert "李某" not in page
    assert clerk.get(f"/desk/cases/{number}-1/").status_code == 404
    assert clerk.get(f"/desk/cases/{number}-1/registration.pdf").status_code == 404
    pdf = clerk.get(receipt.request["PATH_INFO"].replace("receipt/", "receipt.pdf"))
    assert pdf.content.startswith(b"%PDF")
    keeper = world.actor("keeper")
    with access.acting(keeper):
        assert Case.objects.filter(number=f"{number}-1", sealed=True).exists()


@pytest.mark.parametrize(
    ("reporter", "more", "role"),
    [
        ("firm", {"firm": "四季青布行"}, None),
        ("guardian", {"ward": "小树"}, Party.Role.WARD),
        ("attorney", {"principal": "老马"}, Party.Role.PRINCIPAL),
        ("joint", {"joint_count": "12", "name_2": "代表二"}, Party.Role.REPRESENTATIVE),
    ],
)
def test_who_speaks_stands_on_the_file(clerk: Client, reporter: str, more: dict[str, str], role: Any) -> None:
    entered(clerk, reporter=reporter, confidential="on", **more)
    case = newest()
    submission = Submission.objects.get()
    assert (submission.reporter, case.confidential) == (reporter, True)
    roles = list(submission.parties.order_by("id").values_list("role", flat=True))
    assert roles == [Party.Role.PETITIONER, *([role] if role else [])]


def test_without_a_name_it_is_taken_all_the_same(clerk: Client) -> None:
    entered(clerk, reporter="anonymous", name="不该留下")
    assert newest().anonymous
    assert Submission.objects.get().parties.count() == 0


def test_the_record_read_back_is_printed_on_the_registration_sheet(clerk: Client) -> None:
    entered(clerk, "visit", read_back="on")
    case = newest()
    assert words_of(Submission.objects.get())["read_back"] is True
    sheet = clerk.get(f"/desk/cases/{case.number}/registration.pdf")
    assert sheet.content.startswith(b"%PDF")


def test_beside_the_form_stand_knowledge_like_matters_and_the_competent_organ(world: World, clerk: Client) -> None:
    with access.acting(SYSTEM("test")):
        triage.knowledge_store(
            slug="tree", question="行道树叶子发黄怎么办？", answer="绿化站的人去看。", valid_from=MORNING.date(),
            actor=SYSTEM("test"), at=MORNING,
        )  # fmt: skip
    entered(clerk)
    address = opened(clerk)
    with at_most(12):
        answer = clerk.post(
            f"{address}beside/",
            {"text": "行道树的叶子黄了", "area": "330105003", "content": "030701"},
            headers=HTMX,
        )
    page = answer.content.decode()
    assert "绿化站的人去看" in page
    assert newest().number in page
    assert "职权表里没有" in page
    for given, word in [
        ({"text": ""}, "打几个字就出来"),
        ({"text": "钢琴"}, '<p class="xq-help">最近没有相近的事'),
        ({"text": "钢琴", "area": "330105003"}, "这个地方最近没有相近的事"),
    ]:
        assert word in clerk.post(f"{address}beside/", given, headers=HTMX).content.decode()


def test_the_callers_earlier_matters_show_in_the_open_contact_and_are_logged(world: World, clerk: Client) -> None:
    entered(clerk)
    number = newest().number
    address = opened(clerk)
    page = clerk.post(f"{address}caller/", {"phone": "199 0000 1000"}, headers=HTMX).content.decode()
    assert number in page
    access.bind(SYSTEM("test"))
    assert AccessLog.objects.filter(kind="lookup").count() == 1
    assert "完整的号码" in clerk.post(f"{address}caller/", {"phone": "199"}, headers=HTMX).content.decode()
    assert "以前没有" in clerk.post(f"{address}caller/", {"phone": "19911112222"}, headers=HTMX).content.decode()
    assert signed_in(world, "officer").post(f"{address}caller/", {"phone": "19900001000"}).status_code == 404
    clerk.post(address, {"end": "drop"})
    access.bind(SYSTEM("test"))
    assert Contact.objects.filter(outcome="dropped").count() == 1
    assert clerk.post(f"{address}caller/", {"phone": "19900001000"}, headers=HTMX).status_code == 404


def test_only_window_and_hotline_may_enter_and_only_their_own_contacts(world: World, clerk: Client) -> None:
    address = opened(clerk)
    for login in ("cg.handler", "keeper", "arbiter", "discipline"):
        client = signed_in(world, login)
        assert client.get("/desk/entry/").status_code == 404
        assert client.get(address).status_code == 404
    assert signed_in(world, "officer").get(address).status_code == 404
    assert clerk.get(f"/desk/entry/{uuid4()}/").status_code == 404
    assert Client().get(address).status_code == 302


def test_an_open_contact_can_be_gone_on_with(clerk: Client) -> None:
    address = opened(clerk)
    assert address in clerk.get("/desk/entry/").content.decode()
    assert clerk.post("/desk/entry/", {"kind": "dream"}).status_code == 302


def test_the_entry_page_costs_little(clerk: Client) -> None:
    address = opened(clerk)
    clerk.get(address)
    with at_most(12):
        clerk.get(address)
    with at_most(12):
        clerk.get("/desk/entry/")
