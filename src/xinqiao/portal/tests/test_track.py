"""Following one's matter: the proof, its slowing, its end."""

import re
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client
from tests.support.world import World

from xinqiao.cases.models import Case
from xinqiao.people import access, clock, phone, proof
from xinqiao.people.actors import SYSTEM
from xinqiao.portal.tests.support import at_most, number_and_code, say
from xinqiao.portal.views import private

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent() -> Iterator[list[str]]:
    """The codes that were sent to phones."""
    codes: list[str] = []
    before = list(phone._senders)
    phone.register_sender(lambda *, phone, code, actor, at: codes.append(code))
    yield codes
    phone._senders[:] = before


def prove(client: Client, number: str, code: str) -> object:
    return client.post("/track/", {"number": number, "code": code})


def shown(page: str) -> str:
    """A page without what was typed and without its token."""
    page = re.sub(r'value="[^"]*"', "", page)
    return re.sub(r'"X-CSRFToken": "[^"]*"|nonce="[^"]*"', "", page)


def test_number_and_code_open_the_matter_however_they_are_typed(client: Client, world: World) -> None:
    number, code = number_and_code(say(client))
    other = Client()
    answer = prove(other, f"{number[:4]} {number[4:8]}-{number[8:]}", f" {code[:5]} {code[5:]} ")
    assert answer.status_code == 302
    assert answer["Location"] == f"/my/{number}/"
    page = other.get(answer["Location"])
    assert page.status_code == 200
    assert "最晚" in page.content.decode()


def test_a_wrong_number_and_a_wrong_code_get_the_same_answer(client: Client, world: World) -> None:
    number, code = number_and_code(say(client))
    wrong_code = f"{(int(code) + 1) % 10**10:010d}"
    answers = [
        prove(Client(), number, wrong_code),
        prove(Client(), "100000000000", code),
        prove(Client(), "999999999999", wrong_code),
    ]
    assert {answer.status_code for answer in answers} == {422}
    assert len({shown(answer.content.decode()) for answer in answers}) == 1
    assert "编号或者查询码不对" in answers[0].content.decode()


def test_a_sealed_matter_answers_like_any_other(client: Client, world: World) -> None:
    number, code = number_and_code(say(client, about_official="on"))
    wrong = prove(Client(), number, "0000000000")
    nothing = prove(Client(), "100000000000", "0000000000")
    assert shown(wrong.content.decode()) == shown(nothing.content.decode())
    other = Client()
    assert prove(other, number, code).status_code == 302
    assert other.get(f"/my/{number}/").status_code == 200


def test_guessing_is_slowed_and_the_page_says_for_how_long(client: Client, world: World) -> None:
    number, code = number_and_code(say(client))
    answers = [prove(Client(), number, "0000000000") for _ in range(6)]
    assert answers[-1].status_code == 429
    page = answers[-1].content.decode()
    assert re.search(r"请等 \d+ 秒再试", page)
    assert int(answers[-1]["Retry-After"]) > 0
    assert prove(Client(), number, code).status_code == 429


def test_after_the_wait_the_right_code_opens(client: Client, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    number, code = number_and_code(say(client))
    for _ in range(6):
        prove(Client(), number, "0000000000")
    now = clock.now() + timedelta(hours=1)
    monkeypatch.setattr(clock, "now", lambda: now)
    assert prove(Client(), number, code).status_code == 302


@pytest.mark.parametrize(
    ("number", "code", "words"),
    [("", "", "请填写编号"), ("12345", "1234567890", "编号少了 7 位"), ("123456789012", "123", "查询码少了 7 位")],
)
def test_what_is_too_short_is_said_at_its_field(
    client: Client, world: World, number: str, code: str, words: str
) -> None:
    answer = prove(client, number, code)
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_a_stranger_finds_nothing_below_a_number(client: Client, world: World) -> None:
    number, _ = number_and_code(say(client))
    stranger = Client()
    for path in ("", "do/urge/", "do/withdraw/", "proof/", "files/00000000-0000-0000-0000-000000000000/"):
        for wanted in (number, f"{number}-1"):
            assert stranger.get(f"/my/{wanted}/{path}").status_code == 404
    assert stranger.post(f"/my/{number}-1/do/withdraw/", {"in-key": "x" * 20}).status_code == 404
    assert client.get("/my/999999999999/").status_code == 404


def test_the_visit_ends_after_half_an_hour_without_a_page(
    client: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, _ = number_and_code(say(client))
    assert client.get(f"/my/{number}/").status_code == 200
    later = time.time() + private.IDLE_SECONDS + 1
    monkeypatch.setattr(private.time, "time", lambda: later)
    assert client.get(f"/my/{number}/").status_code == 404


def test_leaving_leaves_nothing_behind(client: Client, world: World) -> None:
    number, _ = number_and_code(say(client))
    answer = client.post("/track/leave/", follow=True)
    assert "什么也没有留下" in answer.content.decode()
    assert client.get(f"/my/{number}/").status_code == 404
    assert client.get("/receipt/").status_code == 404
    assert proof.KEY not in client.session


def test_a_code_by_phone_opens_ones_own_matters_but_not_the_sealed_ones(
    client: Client, world: World, sent: list[str]
) -> None:
    number, _ = number_and_code(say(client))
    second, _ = number_and_code(say(client, text="电梯也坏了，老人上不去楼。"))
    sealed, _ = number_and_code(say(client, about_official="on"))
    foreign, _ = number_and_code(say(Client(), phone="19911112222"))
    other = Client()
    asked = other.post("/track/phone/", {"phone": "199 0000 1234"})
    assert asked.status_code == 200
    assert "19900001234" in asked.content.decode().replace(" ", "")
    opened = other.post("/track/phone/", {"phone": "19900001234", "check": "1", "code": sent[-1]}, follow=True)
    page = opened.content.decode().replace(" ", "")
    assert number in page
    assert second in page
    assert sealed not in page
    assert foreign not in page
    assert other.get(f"/my/{sealed}/").status_code == 404


def test_an_unknown_phone_gets_the_same_answer_and_no_code(client: Client, world: World, sent: list[str]) -> None:
    answer = client.post("/track/phone/", {"phone": "19912345678"})
    assert answer.status_code == 200
    assert "如果这个号码在我们这里留过" in answer.content.decode()
    assert sent == []


def test_a_wrong_phone_code_and_a_phone_that_is_none(client: Client, world: World, sent: list[str]) -> None:
    say(client)
    client.post("/track/phone/", {"phone": "19900001234"})
    wrong = f"{(int(sent[-1]) + 1) % 10**6:06d}"
    answer = client.post("/track/phone/", {"phone": "19900001234", "check": "1", "code": wrong})
    assert answer.status_code == 422
    assert "验证码不对" in answer.content.decode()
    short = client.post("/track/phone/", {"phone": "123"})
    assert short.status_code == 422
    assert "11 位手机号" in short.content.decode()


def test_asking_for_codes_too_quickly_is_slowed(client: Client, world: World, sent: list[str]) -> None:
    client.post("/track/phone/", {"phone": "19900001234"})
    answer = client.post("/track/phone/", {"phone": "19900001234"})
    assert answer.status_code == 429
    assert "再试" in answer.content.decode()


def test_pages_of_a_matter_cost_little_and_are_kept_nowhere(client: Client, world: World) -> None:
    number, _ = number_and_code(say(client))
    with at_most(20):
        answer = client.get(f"/my/{number}-1/")
    assert "no-store" in answer["Cache-Control"]
    with at_most(6):
        client.get("/my/")
    access.bind(SYSTEM("test"))
    assert Case.objects.count() == 1
