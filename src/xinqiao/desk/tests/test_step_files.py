"""Files of a step's form: they outlive an error, stand in the preview, and the stamped scan is demanded."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.support.world import World, days

from xinqiao.cases import papers, seals
from xinqiao.cases.models import Case, Document
from xinqiao.config import environment
from xinqiao.desk.tests.road import HTMX, NEXT_DAY, bring, fresh, moving, new_case, photo, signed_in
from xinqiao.files import storage
from xinqiao.files.models import Blob
from xinqiao.notices.models import Message
from xinqiao.people import access
from xinqiao.people.actors import SYSTEM

pytestmark = pytest.mark.django_db
Move = Callable[[datetime], None]


@pytest.fixture(autouse=True)
def moment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Any) -> Move:
    monkeypatch.setattr(environment, "home", lambda: tmp_path)
    settings.XINQIAO_HOME = tmp_path
    return moving(monkeypatch, NEXT_DAY + timedelta(hours=2))


def send(client: Client, case: Case, step: str, **given: Any) -> Any:
    """Send the form of a step; names without a prefix are given as they are."""
    own = {"staged", "staged_without", "preview"}
    data = {name if name in own else f"in-{name}": value for name, value in given.items()}
    return client.post(f"/desk/cases/{case.number}/do/{step}/", {"in-key": "form-1", **data}, headers=HTMX)


def tokens(answer: Any) -> list[str]:
    return re.findall(r'name="staged" value="([^"]+)"', answer.content.decode())


def kept(case: Case, kind: str) -> list[str]:
    with access.acting(SYSTEM("test")):
        return [blob.name for blob in Blob.objects.filter(case_id=case.pk, kind=kind).order_by("id")]


SERVE = {"method": "in_person", "served_on": NEXT_DAY.date().isoformat(), "receiver": "本人"}


@pytest.fixture
def decided(world: World) -> Case:
    return bring(world, new_case(world), "decided")


def test_chosen_files_outlive_an_error_can_be_left_out_and_arrive_with_the_step(world: World, decided: Case) -> None:
    client = signed_in(world, "cg.handler")
    wrong = send(client, decided, "serve", **{**SERVE, "method": ""}, proof=[photo("回证.jpg"), photo("误选.jpg")])
    assert wrong.status_code == 422
    assert "回证.jpg" in wrong.content.decode()
    first, second = tokens(wrong)
    again = send(client, decided, "serve", **{**SERVE, "method": ""}, staged=[first, second], staged_without=[second])
    assert tokens(again) == [first]
    assert "误选.jpg" not in again.content.decode()
    done = send(client, decided, "serve", **SERVE, staged=[first, second], proof=[photo("现场.jpg")])
    assert done.status_code == 204
    assert fresh(decided).state == "served"
    assert kept(decided, "proof") == ["回证.jpg", "现场.jpg"]


def test_a_demanded_file_that_waits_need_not_be_chosen_again(world: World) -> None:
    case = bring(world, new_case(world), "served")
    client = signed_in(world, "cg.handler")
    wrong = send(client, case, "execute", result="", evidence=[photo("修好.jpg")])
    assert wrong.status_code == 422
    assert send(client, case, "execute", result="灯修好了", staged=tokens(wrong)).status_code == 204
    assert kept(case, "evidence") == ["修好.jpg"]


def test_what_waits_is_for_this_account_and_this_step_alone(world: World, decided: Case) -> None:
    wrong = send(signed_in(world, "cg.handler"), decided, "serve", **{**SERVE, "method": ""}, proof=[photo("回证.jpg")])
    other = send(signed_in(world, "cg.deputy"), decided, "serve", **SERVE, staged=tokens(wrong))
    assert other.status_code == 422  # the proof is missing: nothing of it was found
    assert "回证.jpg" not in other.content.decode()
    elsewhere = send(
        signed_in(world, "cg.handler"), decided, "site_visit", visited_on="", place="路口", staged=tokens(wrong)
    )
    assert tokens(elsewhere) == []


def test_a_hostile_file_is_told_at_its_field_and_never_kept(world: World, decided: Case) -> None:
    hostile = SimpleUploadedFile("回证.jpg", b"<svg onload=alert(1)>", "image/jpeg")
    wrong = send(signed_in(world, "cg.handler"), decided, "serve", **SERVE, proof=[hostile, photo("真的.jpg")])
    page = wrong.content.decode()
    assert wrong.status_code == 422
    assert 'id="id_in-proof-error"' in page
    assert "onload" not in page
    assert [re.search(r"真的", page) is not None, len(tokens(wrong))] == [True, 1]
    assert fresh(decided).state == "decided"


def test_the_photos_of_a_visit_wait_too(world: World) -> None:
    case = bring(world, new_case(world), "accepted")
    client = signed_in(world, "cg.handler")
    wrong = send(
        client, case, "site_visit", visited_on=NEXT_DAY.date().isoformat(), place="", photos=[photo("路口.jpg")]
    )
    done = send(
        client, case, "site_visit", visited_on=NEXT_DAY.date().isoformat(), place="路口", findings="灯不亮", staged=tokens(wrong)
    )  # fmt: skip
    assert done.status_code == 204
    assert kept(case, "photos") == ["路口.jpg"]


def on_disk() -> set[Path]:
    return {path for path in storage.folder().rglob("*") if path.is_file()}


def test_a_step_with_files_shows_its_papers_and_messages_first_and_carries_the_files(
    world: World, decided: Case
) -> None:
    client = signed_in(world, "cg.handler")
    assert 'name="preview"' in client.get(f"/desk/cases/{decided.number}/do/serve/").content.decode()
    with access.acting(SYSTEM("test")):
        before = Document.objects.count(), Message.objects.count(), Blob.objects.count()
    files = on_disk()
    seen = send(client, decided, "serve", **SERVE, proof=[photo("回证.jpg")], preview="1")
    page = seen.content.decode()
    assert seen.status_code == 200
    assert "送达" in page
    assert page.count("data:image/png;base64,") >= 2
    with access.acting(SYSTEM("test")):
        assert (Document.objects.count(), Message.objects.count(), Blob.objects.count()) == before
    assert on_disk() == files
    assert fresh(decided).state == "decided"
    assert send(client, decided, "serve", **SERVE, staged=tokens(seen)).status_code == 204
    assert kept(decided, "proof") == ["回证.jpg"]


def test_by_hand_the_signed_paper_is_printed_with_its_number_and_its_scan_is_demanded(
    world: World, moment: Move
) -> None:
    case = bring(world, new_case(world), "signed")
    client = signed_in(world, "cg.handler")
    form = client.get(f"/desk/cases/{case.number}/do/seal_decision/")
    printed = client.get(form.context["to_stamp"])
    assert printed.content.startswith(b"%PDF")
    assert "打印要盖章的文书" in form.content.decode()
    assert send(client, case, "seal_decision").status_code == 422
    assert fresh(case).state == "signed"
    moment(NEXT_DAY + days(1))
    assert send(client, case, "seal_decision", scan=[photo("盖章.jpg")]).status_code == 204
    with access.acting(SYSTEM("test")):
        document = Document.objects.get(case=case, kind="decision")
    assert document.number
    assert document.issued_on == NEXT_DAY.date()  # the day of signing, as on the paper that was stamped
    assert kept(case, "scan") == ["盖章.jpg"]


def test_a_corrected_paper_is_printed_with_its_number_and_its_scan_is_demanded(world: World, moment: Move) -> None:
    case = bring(world, new_case(world), "served")
    head, handler = signed_in(world, "cg.head"), signed_in(world, "cg.handler")
    assert send(head, case, "correct_decision", what="门牌号", correction="12 号").status_code == 204
    assert fresh(case).state == "signed"
    form = handler.get(f"/desk/cases/{case.number}/do/seal_decision/")
    assert handler.get(form.context["to_stamp"]).content.startswith(b"%PDF")
    with access.acting(SYSTEM("test")):
        older, newer = Document.objects.filter(case=case, kind="decision").order_by("created_at")
        printed = papers.compose(newer, draft=True)
    assert newer.number is None
    assert printed.number
    assert printed.number != older.number
    assert send(handler, case, "seal_decision", key="form-2").status_code == 422
    moment(NEXT_DAY + days(1))
    assert send(handler, case, "seal_decision", key="form-2", scan=[photo("盖章.jpg")]).status_code == 204
    with access.acting(SYSTEM("test")):
        made = Document.objects.get(case=case, kind="decision", live=True)
        made_as = papers.compose(made)
    assert (made.number, made.issued_on) == (printed.number, NEXT_DAY.date())
    assert any("12 号" in note for note in made_as.notes)
    assert fresh(case).state == "decided"


class Electronic(seals.PrintAndScan):
    """Stands in for a seal that an instance plugs in."""

    mark = "electronic"
    by_hand = False


@pytest.fixture
def plugged(settings: Any) -> Iterator[None]:
    settings.XINQIAO_SEAL = f"{__name__}.Electronic"
    seals.current.cache_clear()
    yield
    seals.current.cache_clear()


def test_an_electronic_seal_asks_for_no_scan(world: World, plugged: None) -> None:
    case = bring(world, new_case(world), "signed")
    client = signed_in(world, "cg.handler")
    form = client.get(f"/desk/cases/{case.number}/do/seal_decision/").content.decode()
    assert "in-scan" not in form
    assert "打印要盖章的文书" not in form
    assert send(client, case, "seal_decision").status_code == 204
    assert fresh(case).state == "decided"


def test_an_electronic_seal_makes_the_corrected_paper_at_once(world: World, plugged: None) -> None:
    case = bring(world, new_case(world), "decided")
    assert (
        send(signed_in(world, "cg.head"), case, "correct_decision", what="门牌号", correction="12 号").status_code
        == 204
    )
    assert fresh(case).state == "decided"
    with access.acting(SYSTEM("test")):
        assert Document.objects.get(case=case, kind="decision", live=True).number


def test_a_seal_that_is_none_is_told_by_its_setting(settings: Any) -> None:
    settings.XINQIAO_SEAL = "nowhere.Seal"
    seals.current.cache_clear()
    with pytest.raises(ImproperlyConfigured, match=r"XINQIAO_SEAL is 'nowhere\.Seal'"):
        seals.current()
