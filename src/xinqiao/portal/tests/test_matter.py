"""What a petitioner reads and does on the page of their own case."""

import io
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, TestCase
from PIL import Image
from tests.support.world import MORNING, World, days

from xinqiao.cases.models import Case, Document, Rating, Record
from xinqiao.config import environment
from xinqiao.files.models import Blob
from xinqiao.ledger import selectors as ledger
from xinqiao.people import access, clock, services
from xinqiao.people import selectors as people
from xinqiao.people.actors import CITIZEN, SYSTEM
from xinqiao.portal.tests.support import at_most, come_back, say

pytestmark = pytest.mark.django_db

Move = Callable[[datetime], None]


@pytest.fixture
def moment(monkeypatch: pytest.MonkeyPatch) -> Move:
    """Move the time of the pages; it begins on a Tuesday morning."""
    current = [MORNING]
    monkeypatch.setattr(clock, "now", lambda: current[0])

    def move(to: datetime) -> None:
        current[0] = to

    return move


@pytest.fixture
def case(client: Client, world: World, moment: Move) -> Case:
    """A matter that this client has just sent, seen as its petitioner."""
    found: Case = say(client).context["view"].case
    return found


def as_petitioner(case: Case) -> Case:
    access.bind(CITIZEN({case.id}))
    return Case.objects.get(pk=case.pk)


def act(client: Client, case: Case, step: str, *, key: str = "", follow: bool = True, **inputs: object) -> object:
    page = client.get(f"/my/{case.number}/do/{step}/")
    assert page.status_code == 200, page
    given = key or page.context["form"]["key"].value()
    data = {f"in-{name}": value for name, value in inputs.items()}
    return client.post(f"/my/{case.number}/do/{step}/", {"in-key": given, **data}, follow=follow)


def photo(name: str) -> SimpleUploadedFile:
    data = io.BytesIO()
    Image.new("RGB", (40, 30), "navy").save(data, "JPEG")
    return SimpleUploadedFile(name, data.getvalue(), "image/jpeg")


def refer(world: World, case: Case) -> None:
    world.step(case, "classify", "officer", at=MORNING + timedelta(hours=1), route="redress", content_code="030800")
    world.step(case, "refer", "officer", at=MORNING + timedelta(hours=2), lead=world.organs["cg"].pk)


def answer(world: World, case: Case) -> datetime:
    """Take the case to a served decision; returns when."""
    refer(world, case)
    at = MORNING + days(1)
    world.step(case, "sign_for", "cg.handler", at=at)
    world.step(case, "accept", "cg.handler", at=at)
    world.step(case, "contact", "cg.handler", at=at, way="phone", words="电话里说了，明天来看。")
    world.step(
        case, "hear", "cg.handler", at=at, way="phone", heard_on=at.date(), statement="路灯坏了三个星期，没有人来修。"
    )
    world.step(case, "investigate", "cg.handler", at=at, way="现场查看", findings="灯头坏了。")
    demand = {
        "demand": "修灯",
        "facts": "灯头坏了。",
        "reasons": "归我们养护。",
        "basis": "养护办法",
        "outcome": "support",
    }
    world.step(
        case,
        "draft_decision",
        "cg.handler",
        at=at,
        demands=[demand],
        outcome="support",
        remedy="换灯头",
        execution_days="7",
    )
    world.step(case, "check_decision", "cg.handler", at=at)
    world.step(case, "sign_decision", "cg.head", at=at)
    world.step(case, "seal_decision", "cg.handler", at=at)
    served = at + days(1)
    world.step(case, "serve", "cg.handler", at=served, method="electronic", served_on=served.date())
    return served


def test_the_page_says_who_has_it_what_comes_next_by_when_and_why(
    client: Client, world: World, case: Case, moment: Move
) -> None:
    page = client.get(f"/my/{case.number}/").content.decode()
    for words in ("拱墅区信访局", "最晚", "9 月 16 日", "为什么是这一天", "办理进程", "您现在能做什么", "信访工作条例"):
        assert words in page
    refer(world, case)
    page = client.get(f"/my/{case.number}/").content.decode()
    assert "拱墅区城市管理局" in page
    assert "已转给承办单位" in page
    assert "书面告诉您是否受理" in page


def test_internal_notes_and_staff_names_never_show(client: Client, world: World, case: Case) -> None:
    refer(world, case)
    world.step(case, "note", "officer", at=MORNING + timedelta(hours=3), text="这户难缠，注意")
    page = client.get(f"/my/{case.number}/").content.decode()
    assert "难缠" not in page
    assert "信访干部" not in page


def test_a_date_that_is_over_is_said_plainly(client: Client, world: World, case: Case, moment: Move) -> None:
    refer(world, case)
    moment(MORNING + days(40))
    page = come_back(client, case.number)
    assert "已超过" in page
    assert "他们还欠您一个答复" in page


def test_material_with_a_photo_is_added_once(client: Client, case: Case) -> None:
    key = "0192f3c0-aaaa-7bbb-8ccc-000000000001"
    for _ in range(2):
        done = act(client, case, "add_material", key=key, words="又拍了一张", files=[photo("new.jpg")])
        assert done.status_code == 200  # type: ignore[attr-defined]
    as_petitioner(case)
    assert Record.objects.filter(case=case, step="add_material").count() == 1
    blobs = Blob.objects.filter(case_id=case.id).exclude(kind="document")
    assert [b.name for b in blobs] == ["new.jpg"]
    page = client.get(f"/my/{case.number}/").content.decode()
    assert "又拍了一张" in page
    served = client.get(f"/my/{case.number}/files/{blobs[0].id}/")
    assert served.status_code == 200
    assert served["Content-Type"].startswith("image/")
    assert "no-store" in served["Cache-Control"]


def test_material_sent_again_with_other_words_is_not_lost(client: Client, case: Case, home: Path) -> None:
    wrong = material(client, case, words=" ", files=[photo("灯.jpg")])
    form = {"words": "又坏了一盏", "staged": tokens(wrong)}
    with TestCase.captureOnCommitCallbacks(execute=True):
        assert material(client, case, **form).status_code == 302
    same = client.get(material(client, case, **form)["Location"]).content.decode()
    assert "没有重复" in same
    changed = material(client, case, words="又坏了两盏")
    page = changed.content.decode()
    assert changed.status_code == 422
    assert "刚才那一次已经办好了" in page
    assert "又坏了两盏" in page
    key = re.search(r'name="in-key" value="([^"]+)"', page)
    assert key is not None
    assert material(client, case, key=key[1], words="又坏了两盏").status_code == 302
    as_petitioner(case)
    assert Record.objects.filter(case=case, step="add_material").count() == 2


def test_data_put_right_again_with_another_value_is_not_lost(client: Client, case: Case) -> None:
    path = f"/my/{case.number}/do/correct_data/"
    form = {"key": str(uuid4()), "what": "phone", "value": "19900007777"}
    assert client.post(path, form).status_code == 302
    assert "没有重复" in client.get(client.post(path, form)["Location"]).content.decode()
    changed = client.post(path, {**form, "value": "19900008888"})
    page = changed.content.decode()
    assert changed.status_code == 409
    assert "刚才那一次已经办好了" in page
    assert "19900008888" in page
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key is not None
    assert client.post(path, {**form, "key": key[1], "value": "19900008888"}).status_code == 302
    with access.acting(SYSTEM("test")) as actor:
        assert case.person_id is not None
        assert people.identity_for_delivery(case.person_id, actor=actor).phone == "19900008888"
    assert "19900007777" not in str(dict(client.session.items()))


def test_a_file_of_a_foreign_case_is_not_there(client: Client, world: World, case: Case) -> None:
    other = Client()
    foreign: Case = say(other, photos=[photo("secret.jpg")]).context["view"].case
    access.bind(CITIZEN({foreign.id}))
    blob = Blob.objects.filter(case_id=foreign.id, kind="photo").get()
    assert other.get(f"/my/{foreign.number}/files/{blob.id}/").status_code == 200
    assert client.get(f"/my/{case.number}/files/{blob.id}/").status_code == 404


def test_what_is_missing_in_an_act_is_said_and_typed_words_stay(client: Client, case: Case) -> None:
    done = act(client, case, "add_material", words=" ")
    assert done.status_code == 422  # type: ignore[attr-defined]
    assert "补充什么" in done.content.decode()  # type: ignore[attr-defined]


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(environment, "home", lambda: tmp_path)
    return tmp_path


def material(client: Client, case: Case, *, key: str = "form-1", **given: object) -> Any:
    """Send the form of more material; `staged` and `staged_without` name files that wait."""
    data = {name if name.startswith("staged") else f"in-{name}": value for name, value in given.items()}
    return client.post(f"/my/{case.number}/do/add_material/", {"in-key": key, **data})


def tokens(answer: Any) -> list[str]:
    return re.findall(r'name="staged" value="([^"]+)"', answer.content.decode())


def test_chosen_files_outlive_an_error_can_be_left_out_and_arrive(client: Client, case: Case, home: Path) -> None:
    wrong = material(client, case, words=" ", files=[photo("灯.jpg"), photo("误选.jpg")])
    assert wrong.status_code == 422
    assert "灯.jpg" in wrong.content.decode()
    assert "已经选好的文件，不用再选" in wrong.content.decode()
    first, second = tokens(wrong)
    again = material(client, case, words=" ", staged=[first, second], staged_without=[second])
    assert tokens(again) == [first]
    assert "误选.jpg" not in again.content.decode()
    done = material(client, case, words="又拍了一张", staged=[first, second], files=[photo("近处.jpg")])
    assert done.status_code == 302
    as_petitioner(case)
    kept = Blob.objects.filter(case_id=case.id).exclude(kind="document").order_by("id")
    assert [(blob.name, blob.kind) for blob in kept] == [("灯.jpg", "paper"), ("近处.jpg", "paper")]


def test_files_that_wait_are_for_this_visit_and_this_form_alone(client: Client, case: Case, home: Path) -> None:
    (waiting,) = tokens(material(client, case, words=" ", files=[photo("灯.jpg")]))
    other = Client()
    foreign: Case = say(other).context["view"].case
    assert tokens(material(other, foreign, words=" ", staged=[waiting])) == []
    come_back(other, case.number)  # another visit at the same matter
    assert tokens(material(other, case, words=" ", staged=[waiting])) == []
    come_back(client, foreign.number)  # this visit proves another matter: its session gets a new key
    assert tokens(material(client, foreign, words=" ", staged=[waiting])) == []
    assert tokens(material(client, case, words=" ", staged=[waiting])) == [waiting]
    client.post("/track/leave/")
    come_back(client, case.number)
    assert tokens(material(client, case, words=" ", staged=[waiting])) == []


def test_words_and_files_outlive_news_that_came_between(client: Client, case: Case, home: Path) -> None:
    assert material(client, case, words="先补一句").status_code == 302
    other = Client()
    come_back(other, case.number)
    refused = material(other, case, words="另一台手机上写的", files=[photo("灯.jpg")])  # the same key, other words
    page = refused.content.decode()
    assert refused.status_code == 422
    assert "刚才那一次已经办好了" in page
    assert "另一台手机上写的" in page
    (waiting,) = tokens(refused)
    (key,) = re.findall(r'name="in-key" value="([^"]+)"', page)
    assert material(other, case, key=key, words="另一台手机上写的", staged=[waiting]).status_code == 302
    as_petitioner(case)
    assert Blob.objects.filter(case_id=case.id, name="灯.jpg").count() == 1


def test_a_hostile_file_is_told_at_its_field_and_the_others_wait(client: Client, case: Case, home: Path) -> None:
    hostile = SimpleUploadedFile("灯.jpg", b"<svg onload=alert(1)>", "image/jpeg")
    wrong = material(client, case, words="又拍了一张", files=[hostile, photo("真的.jpg")])
    page = wrong.content.decode()
    assert wrong.status_code == 422
    assert 'id="id_in-files-error"' in page
    assert "onload" not in page
    assert len(tokens(wrong)) == 1
    assert "真的.jpg" in page


def test_urging_opens_a_duty_and_cannot_be_repeated_at_once(client: Client, world: World, case: Case) -> None:
    refer(world, case)
    done = act(client, case, "urge", words="三个星期了")
    assert "已经办好" in done.content.decode()  # type: ignore[attr-defined]
    found = as_petitioner(case)
    assert found.urged_at is not None
    again = client.get(f"/my/{case.number}/do/urge/", follow=True)
    assert "您已经催过" in again.content.decode()


def test_a_withdrawal_can_be_undone_for_seven_days_and_not_later(client: Client, case: Case, moment: Move) -> None:
    act(client, case, "withdraw", words="先不说了")
    assert as_petitioner(case).closed_at is None
    moment(MORNING + days(6))
    page = come_back(client, case.number)
    assert "可以反悔" in page
    assert f"/my/{case.number}/do/undo_withdraw/" in page
    moment(MORNING + days(20))
    page = come_back(client, case.number)
    assert f"/my/{case.number}/do/undo_withdraw/" not in page
    assert "反悔的 7 天已经过了" in page


def test_undoing_goes_on_as_before(client: Client, case: Case) -> None:
    act(client, case, "withdraw")
    act(client, case, "undo_withdraw")
    page = client.get(f"/my/{case.number}/").content.decode()
    assert "不撤回了，继续办" not in page
    assert "您反悔了撤回" in page
    assert "withdrawing" not in as_petitioner(case).facts["flags"]


def test_what_was_answered_is_not_offered_to_be_taken_back(
    client: Client, world: World, case: Case, moment: Move
) -> None:
    assert f"/my/{case.number}/do/withdraw/" in client.get(f"/my/{case.number}/").content.decode()
    moment(answer(world, case) + days(1))
    page = come_back(client, case.number)
    assert f"/my/{case.number}/do/rate_unit/" in page
    assert f"/my/{case.number}/do/withdraw/" not in page
    refused = client.get(f"/my/{case.number}/do/withdraw/", follow=True)
    assert refused.redirect_chain[-1][0].startswith(f"/my/{case.number}/")
    client.post(f"/my/{case.number}/do/withdraw/", {"in-key": "x" * 20})
    assert "withdrawing" not in as_petitioner(case).facts["flags"]


def test_a_withdrawal_sent_twice_has_one_effect(client: Client, case: Case) -> None:
    page = client.get(f"/my/{case.number}/do/withdraw/")
    key = page.context["form"]["key"].value()
    for _ in range(2):
        done = client.post(f"/my/{case.number}/do/withdraw/", {"in-key": key}, follow=True)
        assert done.status_code == 200
    assert "没有重复" in done.content.decode()
    as_petitioner(case)
    assert Record.objects.filter(case=case, step="withdraw").count() == 1


def test_a_petitioner_may_seal_afterwards_and_still_reads_everything(client: Client, world: World, case: Case) -> None:
    page = client.get(f"/my/{case.number}/").content.decode()
    if f"/my/{case.number}/do/seal/" not in page:
        pytest.skip("this procedure lets nobody but staff seal")
    act(client, case, "seal", reasons="说的是工作人员")
    page = client.get(f"/my/{case.number}/").content.decode()
    assert "保密事项" in page
    assert "小区门口的路灯坏了三个星期" in page
    for login in ("officer", "cg.head"):
        access.bind(world.actor(login))
        assert not Case.objects.filter(pk=case.pk).exists()


def test_a_formal_way_can_be_asked_for_when_the_short_answer_does_not_do(
    client: Client, world: World, case: Case, moment: Move
) -> None:
    world.step(case, "classify", "officer", at=MORNING, route="inquiry", content_code="030800")
    world.step(case, "answer", "officer", at=MORNING, reply="请打养护单位电话。", way="message")
    page = client.get(f"/my/{case.number}/").content.decode()
    assert "给您的答复" in page
    assert "请打养护单位电话。" in page
    act(client, case, "ask_formal", reasons="要书面意见")
    assert as_petitioner(case).procedure == "redress"
    assert "给您的答复" not in client.get(f"/my/{case.number}/").content.decode()


def test_ones_own_data_are_corrected_in_the_vault_and_nowhere_else(client: Client, case: Case) -> None:
    page = client.get(f"/my/{case.number}/do/correct_data/")
    key = page.context["form"]["key"].value()
    form = {"key": key, "what": "phone", "value": "19977778888"}
    done = client.post(f"/my/{case.number}/do/correct_data/", form, follow=True)
    assert done.status_code == 200
    text = done.content.decode()
    assert "您更正了自己的信息" in text
    assert "19977778888" not in text
    found = as_petitioner(case)
    with access.acting(SYSTEM("test")):
        assert people.identity_for_delivery(found.person_id, actor=SYSTEM("test")).phone == "19977778888"
    assert not any("19977778888" in json.dumps(r.words or {}) for r in Record.objects.filter(case=case))
    assert "更正身份信息" in client.get(f"/my/{case.number}/").content.decode()


def test_a_correction_without_a_value_is_asked_for(client: Client, case: Case) -> None:
    answer = client.post(f"/my/{case.number}/do/correct_data/", {"what": "", "value": ""})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "请选择要更正哪一项" in page
    assert "请写上正确的内容" in page
    answer = client.post(f"/my/{case.number}/do/correct_data/", {"what": "phone", "value": "1991234"})
    assert answer.status_code == 422
    assert "手机号少了 4 位" in answer.content.decode()


def test_the_answer_is_read_rated_twice_apart_and_the_reasons_asked(
    client: Client, world: World, case: Case, moment: Move
) -> None:
    served = answer(world, case)
    moment(served + timedelta(hours=1))
    page = come_back(client, case.number)
    assert "处理意见书" in page
    assert "申请复查" in page
    assert "电话里说了，明天来看。" in page
    form = client.get(f"/my/{case.number}/do/rate_unit/").content.decode()
    assert '说说理由<span class="xq-optional">（不满意的请写明）</span>' in form
    missing = act(client, case, "rate_unit", score="not")
    assert "请说说哪里不满意" in missing.content.decode()  # type: ignore[attr-defined]
    act(client, case, "rate_unit", score="not", reasons="等得太久")
    act(client, case, "rate_office", score="satisfied")
    as_petitioner(case)
    assert {(r.target, r.score) for r in Rating.objects.filter(case=case)} == {("unit", "not"), ("office", "satisfied")}
    page = client.get(f"/my/{case.number}/").content.decode()
    assert "您的评价" in page


def test_papers_come_as_pdf_and_docx_to_their_own_petitioner_only(
    client: Client, world: World, case: Case, moment: Move
) -> None:
    served = answer(world, case)
    moment(served)
    come_back(client, case.number)
    as_petitioner(case)
    decision = Document.objects.get(case=case, kind="decision", live=True)
    pdf = client.get(f"/papers/{decision.id}/")
    assert pdf["Content-Type"] == "application/pdf"
    assert pdf.content.startswith(b"%PDF")
    assert client.get(f"/papers/{decision.id}/?docx").content.startswith(b"PK")
    slip = Document.objects.get(case=case, kind="referral_slip", live=True)
    assert client.get(f"/papers/{slip.id}/").status_code == 404
    assert Client().get(f"/papers/{decision.id}/").status_code == 404


def test_who_looked_at_my_identity_is_there_with_organ_post_and_reason(
    client: Client, world: World, case: Case
) -> None:
    refer(world, case)
    assert "没有人打开看过" in client.get(f"/my/{case.number}/").content.decode()
    officer = world.actor("officer")
    person = as_petitioner(case).person_id
    with access.acting(officer):
        services.person_reveal(
            person=person, fields=["phone"], reason="电话核实地址", actor=officer, at=MORNING, case_id=case.id
        )
    page = client.get(f"/my/{case.number}/").content.decode()
    assert "电话核实地址" in page
    assert "拱墅区信访局 · 信访干部" in page


def test_the_file_is_proven_unaltered_and_after_the_anchor_there_is_a_proof_to_keep(
    client: Client, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = client.get(f"/my/{case.number}/proof/").content.decode()
    assert "没有人改过" in page
    assert "明天就能下载证明" in page
    kept = {"day": "2026-09-01", "seq": 2, "anchor": "ab" * 32, "case": str(case.id)}
    monkeypatch.setattr(ledger, "proof", lambda case_id, day: kept)
    assert "下载证明" in client.get(f"/my/{case.number}/proof/").content.decode()
    given = client.get(f"/my/{case.number}/proof/?download")
    assert given.json() == kept
    assert case.number in given["Content-Disposition"]


def test_a_step_that_is_not_ours_leads_back_with_a_word(client: Client, case: Case) -> None:
    for step in ("close", "refer", "nothing_like_it"):
        answer = client.get(f"/my/{case.number}/do/{step}/", follow=True)
        assert answer.redirect_chain[-1][0] == f"/my/{case.number}/"
        assert "现在不能这样办" in answer.content.decode()


def test_the_page_of_an_answered_case_costs_at_most_twenty_queries(
    client: Client, world: World, case: Case, moment: Move
) -> None:
    served = answer(world, case)
    moment(served)
    come_back(client, case.number)
    with at_most(20):
        client.get(f"/my/{case.number}/")
