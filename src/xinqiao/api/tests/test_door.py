"""Who gets in, how far, how often; and what a wrong request is told."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from tests.support.world import MORNING, World

from xinqiao.api import middleware, staff
from xinqiao.api.tests.conftest import Program, Programs
from xinqiao.api.tests.test_road import LAMP, submitted
from xinqiao.intake.models import Submission
from xinqiao.kernel.clock import utc_now
from xinqiao.people import access, clock, tokens
from xinqiao.people.actors import SYSTEM
from xinqiao.people.token_models import ApiToken

pytestmark = pytest.mark.django_db


def problem(answer: Any, status: int, kind: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.content.decode()
    assert answer.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert (body["status"], body["type"]) == (status, f"/api/v1/docs#{kind}")
    assert body["title"]
    assert body["detail"]
    return body


def test_without_a_token_there_is_nothing(programs: Programs) -> None:
    for path in ("/me", "/worklist", "/cases/123456789012-1", "/search", "/organs"):
        answer = Program().get(path)
        problem(answer, 401, "not-signed-in")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("token", ["x", "xq_aaaaaaaaaa_" + "a" * 43, "xq_aaaaaaaaaa_密"])
def test_a_token_that_is_none(programs: Programs, token: str) -> None:
    problem(Program(token.encode().decode("latin-1")).get("/me"), 401, "not-signed-in")
    problem(Program(token.encode().decode("latin-1")).post("/submissions", LAMP), 401, "not-signed-in")


def test_the_right_prefix_with_another_secret(programs: Programs) -> None:
    one, other = programs.issue("officer"), programs.issue("window")
    mixed = f"xq_{one.token.prefix}_{other.text[14:]}"
    assert len(mixed) == len(one.text) == len(other.text)
    problem(Program(mixed).get("/me"), 401, "not-signed-in")


@pytest.mark.parametrize("ended", ["revoked", "expired", "account", "post", "organ"])
def test_a_token_ends(programs: Programs, world: World, ended: str) -> None:
    issued, post = programs.issue("officer"), world.posts["officer"]
    program = Program(issued.text)
    assert program.get("/me").status_code == 200
    match ended:
        case "revoked":
            with access.acting(SYSTEM("test")) as actor:
                tokens.token_revoke(token_id=issued.token.pk, actor=actor, at=utc_now())
        case "expired":
            past = {"created_at": utc_now() - timedelta(days=9), "expires_at": utc_now() - timedelta(days=1)}
            ApiToken.objects.update(**past)
        case "account":
            post.account.is_active = False
            post.account.save()
        case "post":
            post.valid_to = MORNING.date()
            post.save()
        case "organ":
            post.organ.valid_to = MORNING.date()
            post.organ.save()
    problem(program.get("/me"), 401, "not-signed-in")


def test_a_token_reaches_as_far_as_its_scopes(programs: Programs) -> None:
    number = submitted(Program())["case"]
    reader, stepper = programs.of("officer", scopes=("read",)), programs.of("officer", scopes=("step",))
    assert reader.get(f"/cases/{number}").status_code == 200
    problem(reader.post(f"/cases/{number}/steps/note", {"inputs": {"text": "看过"}}), 403, "out-of-scope")
    problem(reader.post("/submissions", LAMP), 403, "out-of-scope")
    problem(reader.get("/search"), 403, "out-of-scope")
    problem(stepper.get(f"/cases/{number}"), 403, "out-of-scope")


def test_use_is_noted_once_a_minute(programs: Programs, django_assert_max_num_queries: Any) -> None:
    program = programs.of("officer")
    assert program.get("/me").status_code == 200
    first = ApiToken.objects.get().last_used_at
    assert program.get("/me").status_code == 200
    assert ApiToken.objects.get().last_used_at == first
    ApiToken.objects.update(last_used_at=utc_now() - timedelta(minutes=2))
    assert program.get("/me").status_code == 200
    assert ApiToken.objects.get().last_used_at > first - timedelta(seconds=1)


def test_another_posts_matter_is_not_there(programs: Programs) -> None:
    number = submitted(Program())["case"]
    absent = problem(programs.of("other").get("/cases/123456789012-1"), 404, "not-found")
    for path in (
        f"/cases/{number}",
        f"/cases/{number}/options",
        f"/cases/{number}/files/{'0' * 8}-0000-4000-8000-{'0' * 12}",
    ):
        for stranger in ("other", "cg.handler", "discipline", "arbiter"):
            assert problem(programs.of(stranger).get(path), 404, "not-found") == absent
    step = programs.of("other").post(f"/cases/{number}/steps/note", {"inputs": {"text": "x"}})
    assert problem(step, 404, "not-found") == absent


def test_sealed_matters_are_nowhere(programs: Programs, world: World) -> None:
    citizen = Program()
    receipt = submitted(citizen, about_official=True)
    assert receipt["case"] == ""
    keeper, number = programs.of("keeper"), f"{receipt['number']}-1"
    problem(keeper.get(f"/cases/{number}"), 404, "not-found")
    problem(keeper.get(f"/cases/{number}/options"), 404, "not-found")
    problem(keeper.post(f"/cases/{number}/steps/note", {"inputs": {"text": "x"}}), 404, "not-found")
    for view in ("due", "all", "waiting"):
        assert keeper.get("/worklist", {"view": view}).json()["rows"] == []
    assert keeper.get("/search", {"number": receipt["number"]}).json()["hits"] == []
    wrong = citizen.post("/track", {"number": receipt["number"], "code": "0123456789"})
    right = citizen.post("/track", {"number": receipt["number"], "code": receipt["code"]})
    assert problem(right, 404, "not-found") == problem(wrong, 404, "not-found")


def test_a_matter_sealed_by_a_step_answers_and_is_gone(programs: Programs) -> None:
    number = submitted(Program())["case"]
    officer = programs.of("officer")
    done = officer.post(f"/cases/{number}/steps/classify", {"inputs": {"route": "report"}})
    assert (done.status_code, done.json()["procedure"]) == (200, "report")
    problem(officer.get(f"/cases/{number}"), 404, "not-found")


def test_too_many_requests_wait(programs: Programs, settings: Any) -> None:
    one, other = programs.of("officer"), programs.of("window")
    settings.API_TOKEN_PER_MINUTE = 2
    assert [one.get("/me").status_code for _ in range(3)] == [200, 200, 429]
    answer = one.get("/me")
    problem(answer, 429, "slowed")
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert other.get("/me").status_code == 200
    settings.API_ADDRESS_PER_MINUTE = 1
    problem(other.get("/me"), 429, "slowed")
    assert Program(other.token, address="192.0.2.7").get("/me").status_code == 200


def test_strangers_send_some_and_then_wait(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    free = 21
    for number in range(free):
        assert Program().post("/submissions", {"text": f"第 {number} 件"}).status_code == 201
    answer = Program().post("/submissions", {"text": "再来一件"})
    assert problem(answer, 429, "slowed")["seconds"] > 0
    with access.acting(SYSTEM("test")):
        assert Submission.objects.count() == free
    assert Program(address="192.0.2.7").post("/submissions", {"text": "别处的"}).status_code == 201
    assert programs.of("window").post("/submissions", LAMP | {"channel": "window"}).status_code == 201
    later = MORNING + timedelta(hours=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert Program().post("/submissions", {"text": "再来一件"}).status_code == 201


def test_guessing_a_code_waits_as_on_the_portal(programs: Programs) -> None:
    receipt = submitted(Program())
    answers = [Program().post("/track", {"number": receipt["number"], "code": f"{n:010d}"}) for n in range(7)]
    assert {answer.status_code for answer in answers[:4]} == {404}
    problem(answers[-1], 429, "slowed")
    right = Program().post("/track", {"number": receipt["number"], "code": receipt["code"]})
    problem(right, 429, "slowed")


@pytest.mark.parametrize(
    ("body", "headers", "status", "kind"),
    [
        ("{", {}, 400, "unreadable"),
        ('{"text": NaN}', {}, 400, "unreadable"),
        ('{"text": "\\u0000"}', {}, 400, "unreadable"),
        ('{"text": "\\ud800"}', {}, 400, "unreadable"),
        (b'{"text": "\xff"}', {}, 400, "unreadable"),
        ("[" * 5000, {}, 400, "unreadable"),
        ("[" * 40 + "]" * 40, {}, 400, "unreadable"),
        ('{"text": "x", "name": "y"}', {}, 422, "bad-input"),
        ('{"people": {}}', {}, 422, "bad-input"),
        ("{}", {"Content-Type": "text/plain"}, 415, "wrong-type"),
        ("x" * 6_000_000, {}, 413, "too-large"),
    ],
)
def test_what_is_no_request_is_told_so(
    programs: Programs, body: str | bytes, headers: dict[str, str], status: int, kind: str
) -> None:
    problem(Program().post("/submissions", body, **headers), status, kind)


def test_fields_are_named_with_what_to_do(programs: Programs) -> None:
    body = problem(
        Program().post("/submissions", {"people": [{"phone": 1}], "joint_count": 0, "x": 1}), 422, "bad-input"
    )
    told = {one["field"]: one["detail"] for one in body["errors"]}
    assert told == {
        "text": "请填写这一项。",
        "people.0.phone": "请用文字填写。",
        "joint_count": "数字太小了。",
        "x": "没有这一项，请核对名字。",
    }
    short = problem(
        Program().post("/submissions", LAMP | {"people": [{"name": "钱大桥", "phone": "1990000"}]}), 422, "bad-input"
    )
    assert short["errors"][0]["field"] == "phone"
    assert "少了 4 位" in short["errors"][0]["detail"]
    keyless = Program().post("/submissions", LAMP, key="short")
    assert problem(keyless, 422, "bad-input")["errors"][0]["field"] == "Idempotency-Key"
    english = Program().post("/submissions", {}, Accept_Language="en-GB")
    assert english.headers["Content-Language"] == "en"


def test_addresses_that_are_none(programs: Programs) -> None:
    problem(Program().get("/nothing"), 404, "not-found")
    wrong = Program().get("/submissions")
    problem(wrong, 405, "not-allowed")
    assert wrong.headers["Allow"] == "POST"
    problem(programs.of("officer").get("/worklist?state=%00"), 400, "unreadable")
    problem(programs.of("officer").get("/worklist", {"after": "x"}), 422, "bad-input")
    problem(programs.of("officer").get("/search", {"after": "x", "words": "路灯"}), 422, "bad-input")


def test_no_cookie_is_read_or_set(programs: Programs) -> None:
    answer = programs.of("officer").get("/me", Cookie="xinqiao=abc")
    assert answer.cookies == {}
    assert answer.headers["Cache-Control"] == "no-store"


def test_our_own_failures_are_problems_too(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    program = programs.of("officer")

    def fail(error: Exception) -> None:
        def failing(*_args: Any, **_more: Any) -> None:
            raise error

        monkeypatch.setattr(staff.people, "organs_of", failing)

    fail(RuntimeError("secret"))
    answer = program.get("/organs")
    problem(answer, 500, "broken")
    assert "secret" not in answer.content.decode()
    fail(OperationalError("gone"))
    problem(program.get("/organs"), 503, "away")
    monkeypatch.setattr(middleware, "resolve", lambda _path: (_ for _ in ()).throw(RuntimeError("secret")))
    problem(program.get("/organs"), 500, "broken")


def test_the_document_and_its_page(programs: Programs) -> None:
    document = Program().get("/openapi.json").json()
    assert document["openapi"].startswith("3.")
    assert "/api/v1/cases/{number}/steps/{step}" in document["paths"]
    page = Program().get("/docs")
    assert page.status_code == 200
    text = page.content.decode()
    assert "<script" not in text
    assert "POST /api/v1/submissions" in text
    assert 'id="bad-input"' in text
