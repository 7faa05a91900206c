"""Delivery against a real mail server: once, again when it was away, given up in the end, and never silently."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from xinqiao.kernel.clock import utc_now
from xinqiao.kernel.errors import NotFound
from xinqiao.notices import jobs, selectors, services
from xinqiao.notices.models import Delivery, Message
from xinqiao.notices.tests.conftest import AT, BY, Mailbox, actor_of, deliver, person
from xinqiao.people import access
from xinqiao.people.models import Post

pytestmark = pytest.mark.usefixtures("outbox")

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def mail(email: str = "qian@example.org", *, sealed: bool = False, text: str = "accepted") -> Message:
    who = person(email, domain="sealed" if sealed else "open")
    with access.acting(BY):
        return services.notice_queue(
            text=text,
            to="petitioner",
            case_id=uuid4(),
            person_id=who.id,
            params={"number": "123456789012", "organ": "城管局", "code": "9876543210"},
            actor=BY,
            at=AT,
            sealed=sealed,
        )


def state(message: Message) -> Delivery:
    with access.acting(BY):
        return Delivery.objects.get(message=message, channel="smtp")


def test_a_letter_arrives_once(mailbox: Mailbox) -> None:
    message = mail()
    assert deliver().sent == 1
    assert deliver().sent == 0
    (letter,) = mailbox.letters
    assert mailbox.to == ["qian@example.org"]
    assert letter["Subject"] == "您的来件已受理"
    assert "城管局已经受理您的来件（编号 1234 5678 9012）。" in letter.get_content()
    assert letter["Message-ID"] == f"<{state(message).id}@bridge.example>"
    assert "xinqiao@bridge.example" in letter["From"]
    assert (state(message).state, state(message).tries) == ("sent", 1)


def test_a_code_reaches_its_owner_and_a_sealed_matter_is_not_spoken_of(mailbox: Mailbox) -> None:
    mail(sealed=True)
    mail(sealed=True, text="code")
    deliver()
    bodies = sorted(letter.get_content() for letter in mailbox.letters)
    assert [("9876543210" in body, "1234 5678 9012" in body) for body in bodies] == [(False, True), (True, False)]
    assert not any("城管局" in body or "受理" in body for body in bodies)


def test_many_letters_go_in_batches(mailbox: Mailbox) -> None:
    for _ in range(services.BATCH + 3):
        mail()
    assert deliver().sent == services.BATCH + 3
    assert len(mailbox.letters) == services.BATCH + 3


def test_a_server_that_is_gone_is_tried_again_later_and_later(mailbox: Mailbox) -> None:
    message = mail()
    mailbox.stop()
    assert deliver().retried == 1
    row = state(message)
    assert (row.state, row.tries, row.last_error) == ("waiting", 1, "ConnectionRefusedError")
    assert deliver(30 * MINUTE / 60).retried == 0  # not yet
    passed, waits = MINUTE, []
    for _ in range(4):
        assert deliver(passed).retried == 1
        later = state(message)
        assert later.next_try_at is not None
        waits.append(later.next_try_at - utc_now() - passed)
        passed += services.DELAYS[later.tries - 1] + MINUTE
    assert waits == sorted(waits)
    assert waits[-1] > 2 * HOUR
    mailbox.start()
    assert deliver(passed).sent == 1
    assert len(mailbox.letters) == 1
    assert state(message).last_error == ""


def test_a_server_that_is_gone_for_a_day_gets_every_letter_once_when_it_is_back(mailbox: Mailbox) -> None:
    first, second = mail(), mail("zhou@example.org", sealed=True)
    mailbox.stop()
    passed, tries = timedelta(), 0
    while passed < DAY:
        tries += bool(deliver(passed).retried)
        passed += 10 * MINUTE
    assert tries <= len(services.DELAYS) + 1  # later and later, not every minute
    assert state(first).state == state(second).state == "waiting"
    mailbox.start()
    sent = 0
    while passed < 2 * DAY:
        sent += deliver(passed).sent
        passed += 10 * MINUTE
    assert sent == len(mailbox.letters) == 2
    assert sorted(mailbox.to) == ["qian@example.org", "zhou@example.org"]
    with access.acting(BY):
        assert not Message.objects.filter(text="alarm").exists()


def test_mail_of_before_the_clock_was_put_back_does_not_wait_for_it_to_catch_up(mailbox: Mailbox) -> None:
    message = mail()
    assert deliver(-HOUR).sent == 1
    tried = mail("zhou@example.org")
    mailbox.stop()
    assert deliver().retried == 1
    mailbox.start()
    assert deliver(timedelta(seconds=30)).sent == 0  # not yet
    assert deliver(-2 * DAY).sent == 1
    lost = mail("wu@example.org")
    services._claim("smtp", utc_now(), services.Delivered())
    assert deliver(-DAY).sent == 0  # somebody may be at it
    assert deliver(services.LOST_AFTER + MINUTE - DAY).sent == 1
    assert {state(one).state for one in (message, tried, lost)} == {"sent"}
    assert state(tried).queued_at < utc_now() - DAY


def test_mail_to_staff_is_withdrawn_when_its_matter_is_sealed(mailbox: Mailbox, staff: Callable[..., Post]) -> None:
    head, case_id = staff("head", email="head@example.org"), uuid4()
    with access.acting(BY):
        for to, given in (("account", {"account_id": head.account_id}), ("organ", {"organ_id": head.organ_id})):
            services.notice_queue(text="referred", to=to, case_id=case_id, params={}, actor=BY, at=AT, **given)
        assert services.messages_seal(case_id=case_id) == 2
    assert deliver().sent == 0
    assert mailbox.letters == []


def test_after_three_days_it_is_set_aside_and_the_administrators_are_told(
    mailbox: Mailbox, staff: Callable[..., Post]
) -> None:
    admin, _ = staff("admin", email="admin@example.org"), staff("officer", email="officer@example.org")
    first, second = mail(), mail()
    mailbox.stop()
    done = deliver(3 * DAY + MINUTE)
    assert (done.set_aside, done.retried) == (2, 0)
    assert state(first).state == state(second).state == "set_aside"
    with access.acting(BY):
        (alarm,) = Message.objects.filter(text="alarm")
        assert (alarm.account_id, alarm.params) == (admin.account_id, {"count": 2})
        rows = selectors.notices_page(actor=actor_of(admin), state="set_aside").rows
        assert {row.message.id for row in rows} == {first.id, second.id}
        assert {row.state for row in rows} == {"set_aside"}
        assert selectors.waiting() == {"waiting": 0, "sending": 0, "set_aside": 2}
    assert deliver(9 * DAY).set_aside == 0


def test_an_address_that_the_server_refuses_is_not_tried_again(mailbox: Mailbox) -> None:
    mailbox.refuse.add("wrong@example.org")
    wrong, right = mail("wrong@example.org"), mail()
    done = deliver()
    assert (done.sent, done.set_aside) == (1, 1)
    assert (state(wrong).state, state(wrong).last_error) == ("set_aside", "SMTPRecipientsRefused 550")
    assert state(right).state == "sent"


@pytest.mark.parametrize(("word", "expected"), [("451 later", "waiting"), ("554 never", "set_aside")])
def test_the_servers_word_decides_whether_to_try_again(mailbox: Mailbox, word: str, expected: str) -> None:
    mailbox.word = word
    message = mail()
    deliver()
    assert (state(message).state, state(message).last_error) == (expected, f"SMTPDataError {word[:3]}")


def test_an_address_that_cannot_be_one_is_set_aside(mailbox: Mailbox, staff: Callable[..., Post]) -> None:
    head = staff("head", email="a@example.org\nBcc: everybody@example.org")
    with access.acting(BY):
        message = services.notice_queue(
            text="urged", to="account", account_id=head.account_id, params={}, actor=BY, at=AT
        )
    assert deliver().set_aside == 1
    assert state(message).last_error == "ValueError"
    assert mailbox.letters == []


def test_who_has_no_address_is_not_an_alarm(mailbox: Mailbox, staff: Callable[..., Post]) -> None:
    staff("admin")
    nobody = mail("")
    with access.acting(BY):
        gone = services.notice_queue(
            text="accepted", to="petitioner", case_id=uuid4(), person_id=uuid4(), params={}, actor=BY, at=AT
        )
    assert deliver().without_address == 2
    assert state(nobody).state == state(gone).state == "failed"
    with access.acting(BY):
        assert not Message.objects.filter(text="alarm").exists()


def test_an_address_given_later_is_used_when_asked_to(mailbox: Mailbox, staff: Callable[..., Post]) -> None:
    head, admin = staff("head", email="old@example.org"), staff("confidential")
    with access.acting(BY):
        message = services.notice_queue(
            text="urged", to="account", account_id=head.account_id, params={}, actor=BY, at=AT
        )
        head.account.email = ""
        head.account.save()
    deliver()
    failed = state(message)
    assert failed.state == "failed"
    with access.acting(BY):
        head.account.email = "new@example.org"
        head.account.save()
        with pytest.raises(NotFound):
            services.delivery_retry(delivery_id=failed.id, actor=actor_of(head), at=AT)
        services.delivery_retry(delivery_id=failed.id, actor=actor_of(admin), at=AT)
        with pytest.raises(NotFound):
            services.delivery_retry(delivery_id=failed.id, actor=actor_of(admin), at=AT)
    assert deliver().sent == 1
    assert mailbox.to == ["new@example.org"]


def test_of_the_letters_of_a_batch_a_crash_lets_one_leave_twice(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        mail()
    note, noted = services._note, []

    def killed(*given: Any) -> bool:
        if len(noted) == 3:
            raise KeyboardInterrupt
        noted.append(given)
        return note(*given)

    monkeypatch.setattr(services, "_note", killed)
    with pytest.raises(KeyboardInterrupt):
        deliver()
    assert len(mailbox.letters) == 4
    monkeypatch.setattr(services, "_note", note)
    assert deliver(services.LOST_AFTER + MINUTE).sent == 2
    assert sorted(Counter(letter["Message-ID"] for letter in mailbox.letters).values()) == [1, 1, 1, 1, 2]


def test_a_crash_between_claiming_and_sending_loses_nothing(mailbox: Mailbox) -> None:
    message = mail()
    services._claim("smtp", utc_now(), services.Delivered())  # and then the process dies
    assert state(message).state == "sending"
    assert deliver().sent == 0  # somebody else may be at it
    assert deliver(services.LOST_AFTER + MINUTE).sent == 1
    assert [letter["Message-ID"] for letter in mailbox.letters] == [f"<{state(message).id}@bridge.example>"]


def test_two_workers_never_send_the_same(mailbox: Mailbox) -> None:
    for _ in range(30):
        mail()
    start = threading.Barrier(2, timeout=20)

    def work() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET ROLE xinqiao_seal")
        start.wait()
        deliver()
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    ids = [letter["Message-ID"] for letter in mailbox.letters]
    assert len(ids) == len(set(ids)) == 30


def test_a_paused_outbox_keeps_everything(mailbox: Mailbox, staff: Callable[..., Post]) -> None:
    admin, officer = actor_of(staff("admin")), actor_of(staff("officer"))
    message = mail()
    with access.acting(BY):
        services.outbox_pause(reason="恢复自备份", actor=BY, at=AT)
        assert (selectors.outbox().paused, selectors.outbox().reason) == (True, "恢复自备份")
        for forbidden in (services.outbox_pause, services.outbox_resume):
            with pytest.raises(NotFound):
                forbidden(actor=officer, at=AT, **({"reason": ""} if forbidden is services.outbox_pause else {}))
    assert deliver(4 * DAY).sent == 0
    assert mailbox.letters == []
    with access.acting(BY):
        services.outbox_resume(actor=admin, at=AT)
        assert not selectors.outbox().paused
    assert deliver().sent == 1
    assert state(message).state == "sent"


def test_an_administrator_can_stop_a_message(mailbox: Mailbox, staff: Callable[..., Post]) -> None:
    admin = actor_of(staff("admin"))
    message = mail()
    with access.acting(BY):
        assert services.message_set_aside(message_id=message.id, actor=admin, at=AT) == 1
        with pytest.raises(NotFound):
            services.message_set_aside(message_id=uuid4(), actor=admin, at=AT)
        with pytest.raises(NotFound):
            services.message_set_aside(message_id=message.id, actor=BY, at=AT)
    assert deliver().sent == 0
    assert state(message).set_aside_by == admin.account_id


def test_the_jobs_deliver(mailbox: Mailbox) -> None:
    mail()
    jobs.deliver()
    mail()
    jobs.sweep(timestamp=0)
    assert len(mailbox.letters) == 2
