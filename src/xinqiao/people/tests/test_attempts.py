"""Guessing is slowed down; codes by phone."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from xinqiao.kernel.errors import BadInput, Slowed
from xinqiao.people import access, attempts, keys, phone, services
from xinqiao.people.actors import CITIZEN
from xinqiao.people.models import Attempt, PhoneCode
from xinqiao.people.tests.conftest import AT, later

NUMBER = {"scope": "number", "key": "123456789012"}


def fail(times: int, **key: str) -> None:
    for second in range(times):
        services.attempt_record(**(key or NUMBER), success=False, at=later(seconds=second))


@pytest.mark.parametrize(("failures", "wait"), [(0, 0), (4, 0), (5, 2), (6, 4), (8, 16), (30, 900)])
def test_the_wait_doubles_and_has_an_end(db: None, failures: int, wait: int) -> None:
    fail(failures)
    last = later(seconds=max(0, failures - 1))
    assert services.attempt_allowed(**NUMBER, at=last) == wait
    assert services.attempt_allowed(**NUMBER, at=last + timedelta(seconds=wait)) == 0


def test_a_success_clears_and_a_day_forgets(db: None) -> None:
    services.attempt_record(**NUMBER, success=True, at=AT)
    assert not Attempt.objects.exists()
    fail(6)
    services.attempt_record(**NUMBER, success=True, at=later(seconds=20))
    services.attempt_record(**NUMBER, success=True, at=later(seconds=21))
    assert Attempt.objects.filter(cleared=True).count() == 1
    assert services.attempt_allowed(**NUMBER, at=later(seconds=22)) == 0
    fail(1, scope="number", key="210987654321")
    assert services.attempts_forget(before=later(days=2)) == 8


def test_other_numbers_are_not_touched_and_no_number_is_stored(db: None) -> None:
    fail(9)
    assert services.attempt_allowed(scope="number", key="210987654321", at=later(seconds=9)) == 0
    assert all(b"1234" not in bytes(row) for row in Attempt.objects.values_list("key_hash", flat=True))
    with pytest.raises(Slowed) as slowed:
        services.attempt_guard(
            tries=[("number", NUMBER["key"]), ("ip", "203.0.113.1"), ("ip", "")], at=later(seconds=9)
        )
    assert slowed.value.seconds > 0


def test_a_second_try_while_one_is_answered_waits_without_blocking(fresh_database: str) -> None:
    services.attempt_allowed(**NUMBER, at=AT)
    inside, done, seen = threading.Event(), threading.Event(), []

    def other() -> None:
        with transaction.atomic():
            seen.append(services.attempt_allowed(**NUMBER, at=AT))
            inside.set()
            done.wait(10)
        connection.close()

    thread = threading.Thread(target=other)
    thread.start()
    assert inside.wait(10)
    with transaction.atomic():
        seen.append(services.attempt_allowed(**NUMBER, at=AT))
        seen.append(attempts.use_once(key="code", at=AT))
        seen.append(services.attempt_allowed(scope="ip", key="203.0.113.1", at=AT))
    done.set()
    thread.join()
    assert seen == [0, 1, True, 0]


def test_a_code_is_used_once_in_any_process(fresh_database: str) -> None:
    keys.prepare()
    holding, done, seen = threading.Event(), threading.Event(), []

    def other() -> None:
        with transaction.atomic():
            seen.append(attempts.use_once(key="xfr:123456", at=AT))
            holding.set()
            done.wait(10)
        connection.close()

    thread = threading.Thread(target=other)
    thread.start()
    assert holding.wait(10)
    with transaction.atomic():
        seen.append(attempts.use_once(key="xfr:123456", at=AT))
    done.set()
    thread.join()
    with transaction.atomic():
        seen.append(attempts.use_once(key="xfr:123456", at=later(minutes=1)))
        seen.append(attempts.use_once(key="xfr:123456", at=later(minutes=11)))
    assert seen == [True, False, False, True]


PHONE = "138 0000 1234"


@pytest.fixture
def sent(db: None, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    access.bind(CITIZEN())
    letters: list[dict[str, Any]] = []
    monkeypatch.setattr(phone, "_senders", [])
    services.register_sender(lambda **letter: letters.append(letter))
    services.person_store(domain="open", name="张三", phone=PHONE, actor=CITIZEN(), at=AT)
    return letters


def send(number: str = PHONE, **span: float) -> Any:
    return services.phone_code_send(phone=number, ip="203.0.113.1", actor=CITIZEN(), at=later(**span))


def check(code: str, number: str = PHONE, **span: float) -> Any:
    return services.phone_code_check(phone=number, code=code, ip="203.0.113.1", actor=CITIZEN(), at=later(**span))


def test_the_right_code_proves_the_phone_once(sent: list[dict[str, Any]]) -> None:
    assert send() == later(minutes=5)
    (letter,) = sent
    assert letter["phone"] == "13800001234"
    assert len(letter["code"]) == 6
    assert letter["code"].encode() not in bytes(PhoneCode.objects.get().code_hash)
    proof = check(letter["code"], minutes=1)
    assert proof is not None
    assert len(proof.person_ids) == 1
    assert check(letter["code"], minutes=2) is None


def test_an_unknown_phone_gets_the_same_answer_and_no_message(sent: list[dict[str, Any]]) -> None:
    assert send("13900000000") == later(minutes=5)
    assert sent == []
    assert check("000000", "13700000000") is None


def test_a_code_dies_of_age_and_of_wrong_tries(sent: list[dict[str, Any]]) -> None:
    send()
    assert check(sent[0]["code"], minutes=5) is None
    send(minutes=10)
    code = sent[1]["code"]
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    for minute in range(11, 15):
        assert check(wrong, minutes=minute - 0.5) is None
    assert PhoneCode.objects.order_by("-sent_at").first().tries == 4
    with pytest.raises(Slowed):
        check(code, minutes=13.5)
    assert check(wrong, minutes=14) is None
    with pytest.raises(Slowed):
        check(code, minutes=14)
    assert check(code, minutes=14.9) is None
    assert services.phone_codes_forget(before=later(days=1)) == 2


def test_codes_cannot_be_asked_for_too_quickly(sent: list[dict[str, Any]]) -> None:
    send()
    with pytest.raises(Slowed) as slowed:
        send(seconds=30)
    assert slowed.value.seconds == 31
    for minute in (2, 4, 6, 8):
        send(minutes=minute)
    with pytest.raises(Slowed, match="今天"):
        send(minutes=10)
    assert send(days=1, minutes=1) == later(days=1, minutes=6)


def test_one_address_cannot_ask_for_codes_to_ever_more_phones(sent: list[dict[str, Any]]) -> None:
    for place in range(21):
        send(f"139000000{place:02d}", seconds=place)
    with pytest.raises(Slowed) as slowed:
        send("13900000099", seconds=22)
    assert slowed.value.seconds > 30
    with pytest.raises(Slowed):
        send(seconds=23)
    assert sent == []
    assert services.phone_code_send(phone=PHONE, ip="203.0.113.9", actor=CITIZEN(), at=later(seconds=24))
    assert len(sent) == 1
    assert send("13900000098", hours=2)


@pytest.mark.parametrize("number", ["", "1380000123", "0571-88001234", "abc"])
def test_what_is_no_mobile_number_is_said_so(sent: list[dict[str, Any]], number: str) -> None:
    with pytest.raises(BadInput) as wrong:
        send(number)
    assert "phone" in wrong.value.fields


def test_right_codes_from_nowhere_need_no_address(sent: list[dict[str, Any]]) -> None:
    services.phone_code_send(phone=PHONE, actor=CITIZEN(), at=AT)
    assert services.phone_code_check(phone=PHONE, code="x", actor=CITIZEN(), at=AT) is None
    assert not Attempt.objects.filter(scope="ip").exists()
