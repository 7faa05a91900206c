"""Saying it: one form, every kind of person, and nothing lost when something is wrong."""

import io
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, TestCase
from PIL import Image
from tests.support.world import World

from xinqiao.cases.models import Case
from xinqiao.files import staging
from xinqiao.files.models import Blob
from xinqiao.intake.models import Party, Submission
from xinqiao.intake.selectors import words_of
from xinqiao.people import access
from xinqiao.people.actors import CITIZEN, SYSTEM
from xinqiao.people.models import Person
from xinqiao.portal.tests.support import at_most, fill, number_and_code, say

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _bound(world: World) -> None:
    """What the test itself looks up, it looks up as the system."""
    access.bind(SYSTEM("test"))


def photo(name: str = "lamp.jpg") -> SimpleUploadedFile:
    data = io.BytesIO()
    Image.new("RGB", (40, 30), "orange").save(data, "JPEG")
    return SimpleUploadedFile(name, data.getvalue(), "image/jpeg")


def as_citizen(receipt: object) -> Case:
    case: Case = receipt.context["view"].case  # type: ignore[attr-defined]
    access.bind(CITIZEN({case.id}))
    return Case.objects.get(pk=case.pk)


def test_words_become_a_receipt_with_number_code_and_what_comes_next(client: Client) -> None:
    receipt = say(client)
    number, code = number_and_code(receipt)
    page = receipt.content.decode()
    assert re.fullmatch(r"\d{12}", number)
    assert re.fullmatch(r"\d{10}", code)
    assert f"{number[:4]} {number[4:8]} {number[8:]}" in page
    assert f"{code[:5]} {code[5:]}" in page
    assert "最晚" in page
    assert "<svg" in page
    case = as_citizen(receipt)
    submission = Submission.objects.get(number=number)
    assert words_of(submission)["text"].startswith("小区门口的路灯")
    assert case.area_code == "330105003"
    assert case.state == "registered"


def test_number_and_code_stand_in_no_address_and_the_code_in_no_session(client: Client) -> None:
    receipt = say(client)
    _, code = number_and_code(receipt)
    assert receipt.request["QUERY_STRING"] == ""
    assert code not in str(dict(client.session.items()))


def test_the_same_form_sent_twice_is_taken_once_with_the_same_receipt(client: Client) -> None:
    form = fill()
    receipts = []
    for _ in range(2):
        client.post("/say/", form)
        receipts.append(number_and_code(client.get("/receipt/")))
    assert receipts[0] == receipts[1]
    assert Submission.objects.count() == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"text": "另外一件事，水管也坏了。"},
        {"phone": "19900005678"},
        {"name": "钱小桥"},
        {"confidential": "on"},
        {"about_official": "on"},
        {"photos": [photo()]},
    ],
)
def test_a_form_sent_again_with_a_change_says_what_was_taken_and_loses_nothing(
    client: Client, changes: dict[str, Any], as_role: Any
) -> None:
    form = fill()
    client.post("/say/", form)
    number, _ = number_and_code(client.get("/receipt/"))
    answer = client.post("/say/", {**form, **changes})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert f"编号 {number[:4]} {number[4:8]} {number[8:]}" in page
    assert changes.get("text", form["text"]) in page
    assert changes.get("phone", form["phone"]) in page
    assert "lamp.jpg" in page or "photos" not in changes
    access.bind(SYSTEM("test"))
    assert Submission.objects.count() == 1
    fresh = re.search(r'name="key" value="([^"]+)"', page)
    assert fresh is not None
    assert fresh[1] != form["key"]
    staged = re.findall(r'name="staged" value="([^"]+)"', page)
    sent = {name: value for name, value in {**form, **changes}.items() if name != "photos"}
    assert client.post("/say/", {**sent, "key": fresh[1], "staged": staged}).status_code == 302
    with as_role("seal"):
        assert Submission.objects.count() == 2


def test_the_changed_words_can_be_added_to_the_first(client: Client) -> None:
    form = fill()
    client.post("/say/", form)
    page = client.post("/say/", {**form, "text": "灯杆上的电线也露出来了。"}).content.decode()
    found = re.search(r'action="(/my/[^"]+/do/add_material/)"', page)
    assert found is not None
    begun = client.post(found[1], {"begin": "1", "words": "灯杆上的电线也露出来了。"})
    assert begun.status_code == 200
    assert "灯杆上的电线也露出来了。</textarea>" in begun.content.decode()


def test_another_visit_learns_no_number_from_a_key(client: Client) -> None:
    form = fill()
    client.post("/say/", form)
    number, _ = number_and_code(client.get("/receipt/"))
    answer = Client().post("/say/", {**form, "text": "别的话"})
    assert answer.status_code == 409
    assert number[8:] not in answer.content.decode()


def test_the_same_form_with_files_that_wait_no_more_is_the_same_form(client: Client) -> None:
    first = client.post("/say/", fill(name="", photos=[photo()])).content.decode()
    tokens = re.findall(r'name="staged" value="([^"]+)"', first)
    form = fill(staged=tokens)
    with TestCase.captureOnCommitCallbacks(execute=True):
        assert client.post("/say/", form).status_code == 302
    assert staging.get(staging.Shelf("portal"), tokens[0]) is None
    assert client.post("/say/", form).status_code == 302
    access.bind(SYSTEM("test"))
    assert Submission.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"text": "  "}, "text", "请写下您想反映的事情"),
        ({"text": "长" * 10_001}, "text", "10001 个字"),
        ({"name": ""}, "name", "请留下姓名"),
        ({"phone": "1990000123"}, "phone", "手机号少了 1 位"),
        ({"phone": "hello"}, "phone", "这个电话号码好像不对"),
        ({"area": "999999"}, "area", "列表里没有这个地方"),
        ({"place": "远" * 201}, "place", "最多 200 个字"),
        ({"reporter": "joint", "joint_count": "十几"}, "joint_count", "请写数字"),
        ({"reporter": "joint", "name_2": "李四", "phone_2": "023"}, "phone_2", "这个电话号码好像不对"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(
    client: Client, changes: dict[str, str], field: str, words: str
) -> None:
    answer = client.post("/say/", fill(**changes))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert f'href="#id_{field}"' in page
    assert "小河路口北侧第三根灯杆" in page or "place" in changes
    assert "data-xq-bound" in page
    assert Submission.objects.count() == 0


def test_a_sixth_representative_does_not_fit_and_five_do(client: Client) -> None:
    names = {f"name_{n}": f"代表{n}" for n in range(2, 6)}
    receipt = say(client, reporter="joint", joint_count="32", **names)
    as_citizen(receipt)
    submission = Submission.objects.get()
    assert submission.joint_count == 32
    assert submission.parties.filter(role=Party.Role.REPRESENTATIVE).count() == 4


def test_a_firm_a_guardian_and_an_attorney_stand_with_their_parties(client: Client) -> None:
    for reporter, more, role in (
        ("firm", {"firm": "四季青布行"}, None),
        ("guardian", {"ward": "小树"}, Party.Role.WARD),
        ("attorney", {"principal": "老马"}, Party.Role.PRINCIPAL),
    ):
        receipt = say(client, reporter=reporter, **more)
        case = as_citizen(receipt)
        submission = receipt.context["submission"]
        assert submission.reporter == reporter
        roles = list(submission.parties.order_by("id").values_list("role", flat=True))
        assert roles == [Party.Role.PETITIONER, *([role] if role else [])]
        assert case.person_id == submission.parties.order_by("id")[0].person_id


def test_without_a_name_it_is_taken_all_the_same(client: Client) -> None:
    receipt = say(client, reporter="anonymous", name="不该留下的名字", phone="19900001234")
    case = as_citizen(receipt)
    assert case.anonymous
    assert case.person_id is None
    assert Person.objects.count() == 0


def test_the_form_says_beforehand_who_will_see_it(client: Client) -> None:
    page = client.get("/say/").content.decode()
    for words in ("谁会看到您是谁", "每次查看都要写明理由", "由信访部门转告", "查询码丢了就找不回来"):
        assert words in page


def test_the_tick_about_an_official_seals_it_before_anybody_sees_it(client: Client, world: World) -> None:
    receipt = say(client, about_official="on", text="城管局的李某收了店家的钱。")
    case = as_citizen(receipt)
    assert case.sealed
    assert "李某" not in case.title
    assert "已经密封" in receipt.content.decode()
    for login in ("cg.head", "cg.handler", "officer", "window"):
        access.bind(world.actor(login))
        assert not Case.objects.filter(pk=case.pk).exists()
    access.bind(world.actor("keeper"))
    assert Case.objects.filter(pk=case.pk).exists()
    assert Person.objects.get().domain == "sealed"


def test_confidentiality_is_kept_on_the_case(client: Client) -> None:
    assert as_citizen(say(client, confidential="on")).confidential


def test_photos_and_papers_come_along(client: Client) -> None:
    receipt = say(client, photos=[photo("a.jpg"), photo("b.jpg")], papers=[photo("合同.jpg")])
    case = as_citizen(receipt)
    kinds = sorted(Blob.objects.filter(case_id=case.id).exclude(kind="document").values_list("kind", flat=True))
    assert kinds == ["paper", "photo", "photo"]


def test_files_outlive_an_error_without_being_chosen_again(
    client: Client, django_capture_on_commit_callbacks: Any
) -> None:
    answer = client.post("/say/", fill(name="", photos=[photo("a.jpg"), photo("b.jpg")]))
    page = answer.content.decode()
    tokens = re.findall(r'name="staged" value="([^"]+)"', page)
    assert answer.status_code == 422
    assert len(tokens) == 2
    assert "a.jpg" in page
    with django_capture_on_commit_callbacks(execute=True):
        receipt = say(client, staged=tokens, staged_without=[tokens[0]])
    case = as_citizen(receipt)
    assert [b.name for b in Blob.objects.filter(case_id=case.id, kind="photo")] == ["b.jpg"]
    again = client.post("/say/", fill(name="", staged=tokens)).content.decode()
    assert 'name="staged"' not in again


def test_a_file_that_cannot_be_taken_is_named_and_the_others_stay(client: Client) -> None:
    wrong = SimpleUploadedFile("setup.exe", b"MZ" + b"\0" * 200, "application/octet-stream")
    answer = client.post("/say/", fill(photos=[photo("a.jpg")], papers=[wrong]))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'href="#id_papers"' in page
    assert "a.jpg" in page
    assert Submission.objects.count() == 0


def test_the_receipt_can_be_taken_home_as_pdf(client: Client) -> None:
    receipt = say(client)
    number, _ = number_and_code(receipt)
    answer = client.get("/receipt/pdf/")
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")
    assert number in answer["Content-Disposition"]


def test_a_stranger_has_no_receipt(client: Client) -> None:
    say(client)
    assert Client().get("/receipt/").status_code == 404
    assert Client().get("/receipt/pdf/").status_code == 404


def test_a_receipt_page_costs_little(client: Client) -> None:
    say(client)
    with at_most(20):
        client.get("/receipt/")


def test_more_than_one_submission_may_carry_is_refused_before_it_is_read(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "MOST_BYTES", 1000)
    answer = client.post("/say/", fill(photos=[photo("a.jpg")], papers=[photo("b.jpg")]))
    assert answer.status_code == 422
    assert "的上限" in answer.content.decode()
    assert Submission.objects.count() == 0
