"""Queueing: in the caller's transaction, to whom, by which ways, and what is kept of it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction

from xinqiao.kernel.errors import NotFound
from xinqiao.notices import selectors, services
from xinqiao.notices.models import Delivery, Message, Outbox
from xinqiao.notices.tests.conftest import AT, BY, actor_of, person
from xinqiao.people import access
from xinqiao.people import services as people
from xinqiao.people.models import Post

pytestmark = pytest.mark.usefixtures("outbox")


def queue(**given: Any) -> Message:
    with access.acting(BY):
        defaults: dict[str, Any] = {"text": "accepted", "to": "petitioner", "case_id": uuid4(), "params": {}}
        return services.notice_queue(**{**defaults, **given}, actor=BY, at=AT)


def ways(message: Message) -> set[tuple[str, str, str]]:
    with access.acting(BY):
        return set(message.deliveries.values_list("channel", "address_ref", "state"))


def jobs() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'notices.deliver'")
        return int(cursor.fetchone()[0])


def test_without_a_mail_server_there_is_the_page_alone() -> None:
    message = queue(person_id=person("a@example.org").id)
    assert ways(message) == {("page", "", "sent")}
    assert jobs() == 0


def test_a_petitioner_is_mailed_too_and_the_job_is_deferred_with_it(mailbox: Any) -> None:
    who = person("a@example.org")
    message = queue(person_id=who.id)
    assert ways(message) == {("page", "", "sent"), ("smtp", f"person:{who.id}", "waiting")}
    assert jobs() == 1
    assert ways(queue()) == {("page", "", "sent")}  # anonymous


def test_what_rolls_back_is_not_queued(mailbox: Any) -> None:
    with access.acting(BY):
        services.notice_queue(
            text="accepted", to="petitioner", case_id=uuid4(), person_id=uuid4(), params={}, actor=BY, at=AT
        )
        transaction.set_rollback(True)
    with access.acting(BY):
        assert not Message.objects.exists()
    assert jobs() == 0


def test_an_organ_is_mailed_at_its_staff_but_not_about_sealed_matters(mailbox: Any, staff: Callable[..., Post]) -> None:
    head, handler = staff("head", email="head@example.org"), staff("handler", email="handler@example.org")
    staff("clerk", email="clerk@example.org")
    staff("officer")
    organ = head.organ_id
    expected = {("page", "", "sent")} | {("smtp", f"account:{p.account_id}", "waiting") for p in (head, handler)}
    assert ways(queue(to="organ", text="overdue", organ_id=organ)) == expected
    assert ways(queue(to="organ", text="overdue", organ_id=organ, sealed=True)) == {("page", "", "sent")}
    mine = queue(to="account", text="handed_over", account_id=head.account_id)
    assert ways(mine) == {("page", "", "sent"), ("smtp", f"account:{head.account_id}", "waiting")}


def test_only_values_that_the_words_use_are_kept() -> None:
    params = {"number": "123456789012", "organ": "城管局", "due": AT.date(), "title": "谁也不该在这里看到的标题"}
    assert queue(text="passed_on", params=params).params == {
        "number": "123456789012",
        "organ": "城管局",
        "due": "2026-09-01",
    }
    assert queue(text="passed_on", params=params, sealed=True).params == {"number": "123456789012"}


def test_codes_are_encrypted_and_masked() -> None:
    message = queue(text="code", params={"number": "123456789012", "code": "9876543210"}, sealed=True)
    assert message.params == {}
    assert b"9876543210" not in bytes(message.secrets)
    with access.acting(BY):
        (shown,) = selectors.of_case(message.case_id or uuid4())
        assert "••••••" in shown.body
        with pytest.raises(NotFound):
            selectors.demonstration_page()


def test_a_demonstration_shows_them_but_never_sealed_ones() -> None:
    with access.acting(BY):
        people.instance_create(demonstration=True, actor=BY, at=AT)
    message = queue(text="code", params={"code": "9876543210"})
    queue(text="code", params={"code": "1111111111"}, sealed=True)
    with access.acting(BY):
        (shown,) = selectors.demonstration_page().rows
        assert shown.message.id == message.id
        assert "9876543210" in shown.body


def test_a_phone_code_goes_through_the_outbox() -> None:
    with access.acting(BY):
        people.instance_create(demonstration=True, actor=BY, at=AT)
    person()
    with access.acting(BY):
        people.phone_code_send(phone="19900001234", actor=BY, at=AT)
        (shown,) = selectors.demonstration_page().rows
        assert shown.subject == "验证码"
        assert shown.message.to_kind == "phone"
        secrets = services.secrets_of(shown.message)
        assert secrets["phone"] == "19900001234"
        assert secrets["code"] in shown.body
        assert "19900001234" not in str(shown.message.params)


def test_nobody_else_can_be_told() -> None:
    with pytest.raises(ValueError, match="nobody"):
        queue(to="everybody")


def test_a_page_of_messages_goes_on_by_key(staff: Callable[..., Post]) -> None:
    me, stranger = staff("handler"), staff("officer")
    case = uuid4()
    mine = [queue(to="organ", text="urged", organ_id=me.organ_id, case_id=case) for _ in range(3)]
    about = queue(case_id=case)
    other = queue(to="account", text="handed_over", account_id=stranger.account_id, case_id=None)
    with access.acting(BY):
        page = selectors.notices_page(actor=actor_of(me), watched=[case], limit=3)
        assert [row.message.id for row in page.rows] == [about.id, mine[2].id, mine[1].id]
        rest = selectors.notices_page(actor=actor_of(me), watched=[case], before=page.next_before)
        assert ([row.message.id for row in rest.rows], rest.next_before) == ([mine[0].id], None)
        assert all(row.body and row.state == "sent" for row in page.rows)
        assert other.id not in {row.message.id for row in (*page.rows, *rest.rows)}
        assert [row.message.id for row in selectors.of_case(case, to_petitioner=True)] == [about.id]
        assert len(selectors.of_case(case)) == 4
        with pytest.raises(NotFound):
            selectors.notices_page(actor=BY)


def test_a_unit_reads_what_it_sent_and_what_it_was_sent_and_nothing_else(staff: Callable[..., Post]) -> None:
    me, office = staff("handler"), replace(actor_of(staff("officer")), organ_id=999)
    case, elsewhere = uuid4(), uuid4()
    given: dict[str, Any] = {"text": "accepted", "to": "petitioner", "params": {}, "at": AT}
    with access.acting(BY):
        sent = services.notice_queue(**given, case_id=case, actor=actor_of(me))
        theirs = services.notice_queue(**given, case_id=case, actor=office)
        services.notice_queue(**given, case_id=case, actor=BY)
        services.notice_queue(**given, case_id=elsewhere, actor=actor_of(me))
        mine = selectors.notices_page(actor=actor_of(me), cases=[case]).rows
        assert [row.message.id for row in mine] == [sent.id]
        watching = selectors.notices_page(actor=office, cases=[case], watched=[case]).rows
        assert {sent.id, theirs.id} < {row.message.id for row in watching}
        assert len(watching) == 3


def test_an_administrator_sees_that_it_exists_and_no_words(staff: Callable[..., Post]) -> None:
    admin = staff("admin")
    queue(person_id=uuid4())
    own = queue(to="account", text="alarm", account_id=admin.account_id, case_id=None, params={"count": 2})
    with access.acting(BY):
        rows = selectors.notices_page(actor=actor_of(admin)).rows
        assert [(row.message.id == own.id, bool(row.body), bool(row.subject)) for row in rows] == [
            (True, True, True),
            (False, False, True),
        ]
        assert selectors.notices_page(actor=actor_of(admin), state="waiting").rows == ()


def test_rows_say_what_they_are() -> None:
    message = queue()
    assert str(message) == f"accepted {message.id}"
    assert str(Delivery(channel="page", state="sent")) == "page sent"
    assert (str(Outbox(paused=True)), str(Outbox())) == ("paused", "open")
