"""Text messages and webhooks against a real server that checks signatures, fails, is silent, and hears things twice."""

import hashlib
import hmac
import http.server
import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from procrastinate.contrib.django import app

from xinqiao.kernel.clock import utc_now
from xinqiao.kernel.errors import BadInput, NotFound
from xinqiao.notices import bulk, hooks, jobs, posting, selectors, services, ways
from xinqiao.notices.models import Delivery, Message, Subscription
from xinqiao.notices.tests.conftest import AT, BY, actor_of, deliver, person
from xinqiao.people import access
from xinqiao.people.models import Post

pytestmark = pytest.mark.usefixtures("outbox")

KEY = b"a key of the gateway"
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
KNOWN = ("intake.register", "redress.accept", "redress.refer", "obligation.missed")


class Gateway:
    """Keeps what it is sent under a right signature; answers as it is told."""

    def __init__(self) -> None:
        self.keys: list[bytes] = [KEY]
        self.answers: list[int] = []
        self.told: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.silent = False
        gateway = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if gateway.silent:
                    self.close_connection = True
                    return
                self.send_response(gateway.answer(dict(self.headers), body))
                self.send_header("Location", "http://127.0.0.1:9/")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args: Any) -> None:
                """Nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/send?app=1"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def answer(self, headers: dict[str, str], body: bytes) -> int:
        moment, signature = headers["X-Xinqiao-Timestamp"], headers["X-Xinqiao-Signature"]
        right = [hmac.new(key, moment.encode() + b"." + body, hashlib.sha256).hexdigest() for key in self.keys]
        if signature not in {f"v1={one}" for one in right} or abs(utc_now().timestamp() - int(moment)) > 300:
            return 401
        status = self.answers.pop(0) if self.answers else 200
        said = json.loads(body)
        if status == 200:
            if said["id"] in {one["id"] for one in self.told}:
                return 409
            self.told.append(said)
            self.headers.append(headers)
        return status

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)


@pytest.fixture
def gateway(settings: Any) -> Iterator[Gateway]:
    made = Gateway()
    settings.SMS_URL, settings.SMS_KEY, settings.SMS_SENDER = made.url, KEY, "拱墅信访"
    yield made
    made.close()


def code(phone: str = "19900001234") -> Message:
    with access.acting(BY):
        services.phone_code_carry(phone=phone, code="123456", actor=BY, at=AT)
        return Message.objects.latest("id")


def petitioner(text: str = "accepted", *, sealed: bool = False, **params: str) -> Message:
    who = person(domain="sealed" if sealed else "open")
    given = {"number": "123456789012-1", "organ": "城管局", "code": "9876543210"} | params
    with access.acting(BY):
        return services.notice_queue(
            text=text, to="petitioner", case_id=uuid4(), person_id=who.id, params=given, actor=BY, at=AT, sealed=sealed
        )


def state(message: Message, channel: str = "sms") -> Delivery:
    with access.acting(BY):
        return Delivery.objects.get(message=message, channel=channel)


# --- text messages


def test_a_code_reaches_the_telephone_once(gateway: Gateway) -> None:
    message = code("+86 199-0000-1234")
    assert deliver().sent == 1
    assert deliver().sent == 0
    (said,) = gateway.told
    assert (said["to"], said["sender"]) == ("19900001234", "拱墅信访")
    assert "123456" in said["text"]
    assert said["id"] == str(state(message).id) == gateway.headers[0]["Idempotency-Key"]


def test_without_a_gateway_messages_stand_on_the_page_only() -> None:
    message = code()
    with access.acting(BY):
        assert [one.channel for one in Delivery.objects.filter(message=message)] == ["page"]


def test_a_text_carries_number_or_code_and_is_silent_about_sealed_matters(gateway: Gateway) -> None:
    petitioner("received")
    petitioner("code")
    petitioner("accepted", sealed=True)
    assert deliver().sent == 3
    texts = [one["text"] for one in gateway.told]
    assert sorted(("9876543210" in text, "1234 5678 9012" in text) for text in texts) == [
        (False, True),
        (False, True),
        (True, False),
    ]
    assert not any("城管局" in text for text in texts)


def test_number_and_code_together_are_never_sent(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    message = petitioner("code")
    with access.acting(BY):
        Message.objects.filter(pk=message.pk).update(params={"number": "123456789012-1"})
    words = services.texts.Words("查询码", "编号 1234 5678 9012，查询码 9876543210。")
    monkeypatch.setattr(services.texts, "write", lambda *_args, **_more: words)
    assert deliver().set_aside == 1
    assert gateway.told == []
    assert state(message).last_error == "ValueError"


@pytest.mark.parametrize("phone", ["0571-88001234", "", "12345"])
def test_who_has_no_mobile_gets_no_text(gateway: Gateway, phone: str) -> None:
    with access.acting(BY):
        message = services.notice_queue(text="phone_code", to="phone", phone=phone, params={}, actor=BY, at=AT)
    assert deliver().without_address == 1
    assert state(message).state == "failed"


def test_a_gateway_that_fails_is_tried_again(gateway: Gateway) -> None:
    message = petitioner()
    gateway.answers = [500, 429, 401]
    passed = timedelta()
    for tries, status in enumerate((500, 429, 401), start=1):
        assert deliver(passed).retried == 1
        row = state(message)
        assert (row.state, row.tries, row.last_error) == ("waiting", tries, f"Answered {status}")
        passed += services.DELAYS[tries - 1] + MINUTE
    assert deliver(passed).sent == 1
    assert len(gateway.told) == 1


def test_an_answer_that_was_lost_sends_nothing_twice(gateway: Gateway) -> None:
    message = petitioner()
    assert deliver().sent == 1
    with access.acting(BY):  # the worker died before it could write that it was sent
        Delivery.objects.filter(message=message, channel="sms").update(state="sending", claimed_at=utc_now() - DAY)
    assert deliver().sent == 1  # 409: it has it already
    assert len(gateway.told) == 1


def test_a_silent_gateway_is_asked_once_in_a_batch(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    real = posting.post

    def counted(*args: Any, **more: Any) -> int:
        calls.append(args[0])
        return real(*args, **more)

    monkeypatch.setattr(posting, "post", counted)
    gateway.silent = True
    first, second = petitioner(), petitioner()
    assert deliver().retried == 2
    assert len(calls) == 1
    assert state(first).last_error == state(second).last_error
    gateway.silent = False
    assert deliver(2 * MINUTE).sent == 2


def test_a_number_that_the_gateway_refuses_is_set_aside(gateway: Gateway) -> None:
    gateway.answers = [422]
    message = petitioner()
    assert deliver().set_aside == 1
    assert state(message).last_error == "Answered 422"


def test_a_code_that_has_run_out_is_not_sent_any_more(gateway: Gateway) -> None:
    message = code()
    gateway.answers = [500]
    assert deliver(6 * MINUTE).set_aside == 1
    assert state(message).state == "set_aside"


def test_a_wrong_key_is_tried_for_days_and_then_told(
    gateway: Gateway, settings: Any, staff: Callable[..., Post]
) -> None:
    staff("admin")
    message = petitioner()
    settings.SMS_KEY = b"another"
    assert deliver().retried == 1
    assert deliver(3 * DAY + MINUTE).set_aside == 1
    with access.acting(BY):
        assert Message.objects.filter(text="alarm").exists()
    settings.SMS_KEY = KEY
    admin = staff("admin")
    with access.acting(BY):
        services.delivery_retry(delivery_id=state(message).id, actor=actor_of(admin), at=AT)
    assert deliver().sent == 1


def test_many_at_once_ring_for_what_is_new_only(gateway: Gateway) -> None:
    new, old = person(), person()
    rows = [
        ("received", uuid4(), who.id, f"12345678901{n}-1", False, moment, None)
        for n, (who, moment) in enumerate([(new, AT - timedelta(hours=1)), (old, AT - 90 * DAY)])
    ]
    with access.acting(BY):
        bulk.petitioners_told(rows, at=AT)
        assert sorted(Delivery.objects.values_list("channel", flat=True)) == ["page", "page", "sms"]
    assert deliver().sent == 1
    assert "1234 5678 9010" in gateway.told[0]["text"]


# --- webhooks


def subscribe(admin: Post, gateway: Gateway, *events: str, url: str = "") -> hooks.Made:
    with access.acting(BY):
        made = hooks.subscription_make(
            organ_id=admin.organ_id, post_id=None, url=url or gateway.url, events=events or ("*",), known=KNOWN,
            actor=actor_of(admin), at=AT,
        )  # fmt: skip
    gateway.keys.append(made.secret.encode())
    return made


def tell(made: hooks.Made, case_id: UUID | None = None) -> None:
    with access.acting(BY):
        one = hooks.Happened(made.subscription, case_id or uuid4(), "123456789012-1", "redress.accept", AT)
        assert hooks.hooks_queue([one]) == 1


def test_a_subscriber_is_told_number_event_and_moment(gateway: Gateway, staff: Callable[..., Post]) -> None:
    made = subscribe(staff("admin"), gateway)
    tell(made)
    assert deliver().sent == 1
    (said,) = gateway.told
    assert said == {"id": said["id"], "event": "redress.accept", "number": "123456789012-1", "at": AT.isoformat()}
    assert gateway.headers[0]["X-Xinqiao-Delivery"] == said["id"]
    with access.acting(BY):
        assert Subscription.objects.get().last_sent_at is not None


def test_the_secret_is_kept_encrypted(gateway: Gateway, staff: Callable[..., Post]) -> None:
    made = subscribe(staff("admin"), gateway)
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM notices_subscription")
        (stored,) = cursor.fetchone()
    assert made.secret.encode() not in bytes(stored)
    assert hooks.key_of(f"hook:{made.subscription.pk}") == made.secret.encode()


@pytest.mark.parametrize("status", [500, 404, 302])
def test_a_subscriber_that_fails_is_tried_again(gateway: Gateway, staff: Callable[..., Post], status: int) -> None:
    made = subscribe(staff("admin"), gateway)
    tell(made)
    gateway.answers = [status]
    assert deliver().retried == 1
    assert deliver(2 * MINUTE).sent == 1
    assert len(gateway.told) == 1


def test_one_silent_subscriber_does_not_hold_up_another(gateway: Gateway, staff: Callable[..., Post]) -> None:
    admin = staff("admin")
    closed = subscribe(admin, gateway, url="http://127.0.0.1:9/nobody")
    made = subscribe(admin, gateway)
    tell(closed)
    tell(closed)
    tell(made)
    done = deliver()
    assert (done.sent, done.retried) == (1, 2)


def test_a_subscriber_that_is_gone_is_told_no_more(gateway: Gateway, staff: Callable[..., Post]) -> None:
    made = subscribe(staff("admin"), gateway)
    tell(made)
    gateway.answers = [410]
    assert deliver().set_aside == 1
    with access.acting(BY):
        assert hooks.living() == []
        assert hooks.subscriptions()[0].ended_at is not None


def test_what_waits_goes_with_its_subscription(gateway: Gateway, staff: Callable[..., Post]) -> None:
    admin = staff("admin")
    made = subscribe(admin, gateway)
    tell(made)
    with access.acting(BY):
        with pytest.raises(NotFound):
            hooks.subscription_end(subscription_id=made.subscription.pk, actor=actor_of(staff("officer")), at=AT)
        with pytest.raises(NotFound):
            hooks.subscription_end(subscription_id=uuid4(), actor=actor_of(admin), at=AT)
        hooks.subscription_end(subscription_id=made.subscription.pk, actor=actor_of(admin), at=AT)
    assert deliver().sent == 0
    assert gateway.told == []


def test_what_is_sealed_meanwhile_is_withdrawn(gateway: Gateway, staff: Callable[..., Post]) -> None:
    made, case_id = subscribe(staff("admin"), gateway), uuid4()
    tell(made, case_id)
    with access.acting(BY):
        assert services.messages_seal(case_id=case_id) == 1
        assert services.messages_seal(case_id=case_id) == 0
    assert deliver().sent == 0


@pytest.mark.parametrize("status", [500, 200])
def test_what_is_sealed_while_it_is_being_sent_is_never_tried_again(
    gateway: Gateway, staff: Callable[..., Post], status: int
) -> None:
    made, case_id = subscribe(staff("admin"), gateway), uuid4()
    keeper = actor_of(staff("confidential"))
    tell(made, case_id)
    done = services.Delivered()
    (letter,) = services._claim("hook", utc_now(), done)
    with access.acting(BY):
        assert services.messages_seal(case_id=case_id) == 1
        assert not services._stands(letter)
        services._note(letter, None if status == 200 else OSError("later"), utc_now(), done)
        row = Delivery.objects.get(channel="hook")
        assert (row.state, row.last_error) == ("set_aside", "sealed")
        with pytest.raises(NotFound):
            services.delivery_retry(delivery_id=row.pk, actor=keeper, at=AT)
    assert deliver(20 * MINUTE).sent + deliver(DAY).sent + done.sent + done.retried == 0
    assert gateway.told == []


def test_a_letter_that_is_sealed_between_claim_and_sending_does_not_leave(
    gateway: Gateway, staff: Callable[..., Post], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, case_id = subscribe(staff("admin"), gateway), uuid4()
    tell(made)
    tell(made, case_id)
    first = ways.hooks.send

    def send(**given: Any) -> None:
        first(**given)
        with access.acting(BY):
            services.messages_seal(case_id=case_id)

    monkeypatch.setattr(ways.hooks, "send", send)
    assert deliver().sent == 1
    assert len(gateway.told) == 1


def test_a_text_on_its_way_when_its_matter_is_sealed_becomes_neutral(gateway: Gateway) -> None:
    message = petitioner()
    with access.acting(BY):
        coded = services.notice_queue(
            text="code", to="petitioner", case_id=message.case_id, person_id=message.person_id,
            params={"code": "9876543210"}, actor=BY, at=AT,
        )  # fmt: skip
    done = services.Delivered()
    letters = services._claim("sms", utc_now(), done)
    assert "城管局" in letters[0].body + letters[1].body
    with access.acting(BY):
        assert services.messages_seal(case_id=message.case_id) == 2
        for letter in letters:
            services._note(letter, OSError("later"), utc_now(), done)
        assert services.secrets_of(Message.objects.get(pk=coded.pk)) == {"code": "9876543210"}
    assert deliver().sent == 2
    texts = sorted(one["text"] for one in gateway.told)
    assert not any("城管局" in text or "受理" in text for text in texts)
    assert any("9876543210" in text for text in texts)


# --- a slow server


class Slow:
    """A clock that moves when somebody slow is asked, and who was asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seconds: dict[str, float]) -> None:
        self.now = 0.0
        self.asked: list[str] = []
        monkeypatch.setattr(ways, "monotonic", lambda: self.now)

        def send(*, url: str, **_: Any) -> None:
            self.now += seconds[url]
            self.asked.append(url)

        monkeypatch.setattr(ways.hooks, "send", send)


def test_a_slow_subscriber_has_its_share_and_no_more(
    gateway: Gateway, staff: Callable[..., Post], monkeypatch: pytest.MonkeyPatch
) -> None:
    admin, snail, hare = staff("admin"), "http://127.0.0.1:9/snail", "http://127.0.0.1:10/hare"
    slow, fast = subscribe(admin, gateway, url=snail), subscribe(admin, gateway, url=hare)
    for _ in range(services.BATCH + 5):
        tell(slow)
    tell(fast)
    world = Slow(monkeypatch, {snail: 9.0, hare: 0.1})
    done = deliver()
    assert (world.asked.count(snail), world.asked.count(hare)) == (3, 1)
    assert done.put_off == services.BATCH + 2
    assert world.now < 30
    with access.acting(BY):
        rows = Delivery.objects.filter(channel="hook", state="waiting")
        assert {(row.tries, row.last_error) for row in rows} == {(0, "")}
    assert deliver(2 * MINUTE).sent == 3


def test_all_slow_subscribers_together_end_a_round(
    gateway: Gateway, staff: Callable[..., Post], monkeypatch: pytest.MonkeyPatch
) -> None:
    admin, seconds = staff("admin"), {f"http://127.0.0.1:{port}/x": 10.0 for port in range(20, 40)}
    for url in seconds:
        made = subscribe(admin, gateway, url=url)
        tell(made)
    world = Slow(monkeypatch, seconds)
    deliver()
    assert world.now == ways.SECONDS_A_ROUND


def test_each_way_has_a_job_and_a_lock_of_its_own(gateway: Gateway, staff: Callable[..., Post]) -> None:
    tell(subscribe(staff("admin"), gateway))
    code()
    jobs.hooks()
    assert [set(one) & {"to", "event"} for one in gateway.told] == [{"event"}]
    jobs.texts()
    assert [set(one) & {"to", "event"} for one in gateway.told] == [{"event"}, {"to"}]
    code("19900005678")
    assert services.deliveries_send(at=utc_now(), channels=("smtp",)).sent == 0
    jobs.sweep_texts(timestamp=0)
    jobs.sweep_hooks(timestamp=0)
    assert len(gateway.told) == 3
    locks = {name: app.tasks[job].lock for name, job in ways.JOBS.items()}
    assert len(set(locks.values())) == 3
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT task_name FROM procrastinate_jobs WHERE task_name LIKE 'notices.%'")
        assert {row[0] for row in cursor.fetchall()} == {"notices.hooks", "notices.texts"}


def test_hooks_are_not_among_an_organs_messages(gateway: Gateway, staff: Callable[..., Post]) -> None:
    admin, officer = staff("admin"), staff("officer")
    case_id = uuid4()
    tell(subscribe(admin, gateway), case_id)
    with access.acting(BY):
        assert selectors.notices_page(actor=actor_of(officer)).rows == ()
        assert selectors.of_case(case_id) == []
        (row,) = selectors.notices_page(actor=actor_of(admin)).rows
        assert row.body == ""


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("organ", {"organ_id": 10**9}),
        ("post", {"post_id": 10**9}),
        ("url", {"url": "gopher://example.org/"}),
        ("url", {"url": "https://10.0.0.1/"}),
        ("events", {"events": ()}),
        ("events", {"events": ("redress.nothing",)}),
    ],
)
def test_what_is_wrong_with_a_subscription_is_told(
    staff: Callable[..., Post], field: str, given: dict[str, Any]
) -> None:
    admin = staff("admin")
    fine = {
        "organ_id": admin.organ_id,
        "post_id": admin.pk,
        "url": "https://example.org/hook",
        "events": ("redress.*",),
    }
    with access.acting(BY), pytest.raises(BadInput) as caught:
        hooks.subscription_make(**(fine | given), known=KNOWN, actor=actor_of(admin), at=AT)
    assert set(caught.value.fields) == {field}


def test_only_administrators_subscribe_and_not_without_end(
    gateway: Gateway, staff: Callable[..., Post], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotFound):
        subscribe(staff("officer"), gateway)
    monkeypatch.setattr(hooks, "MOST", 0)
    with pytest.raises(BadInput):
        subscribe(staff("admin"), gateway)


# --- TLS


def test_tls_is_insisted_upon(gateway: Gateway) -> None:
    url = gateway.url.replace("http://", "https://")
    with pytest.raises(OSError, match="SSL"):
        posting.post(url, posting.signed(b"{}", KEY, 0), {}, reach="loopback")
