"""The same request twice, files that come in and go out, several steps at once."""

import hashlib
import io
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import TestCase
from PIL import Image
from tests.support.world import MORNING, World

from xinqiao.api.tests.conftest import Program, Programs
from xinqiao.api.tests.test_door import problem
from xinqiao.api.tests.test_road import LAMP, submitted
from xinqiao.cases import services
from xinqiao.cases.models import Case, Record
from xinqiao.cases.services import Move
from xinqiao.config import environment
from xinqiao.desk.tests.road import bring
from xinqiao.files import staging
from xinqiao.intake.models import Party, Submission
from xinqiao.intake.services import _Same, code_renew
from xinqiao.kernel.canonical import canonical
from xinqiao.kernel.errors import Conflict
from xinqiao.ledger.models import RequestKey
from xinqiao.people import access
from xinqiao.people.actors import SYSTEM

pytestmark = pytest.mark.django_db


def picture() -> bytes:
    made = Image.new("RGB", (40, 30), "navy")
    exif = made.getexif()
    exif[0x010E] = "somewhere"
    data = io.BytesIO()
    made.save(data, "JPEG", exif=exif)
    return data.getvalue()


def case_of(receipt: dict[str, Any]) -> Case:
    with access.acting(SYSTEM("test")):
        return Case.objects.get(number=receipt["case"])


# --- again


def test_the_same_submission_twice_gives_the_same_number_and_code(programs: Programs) -> None:
    window, key = programs.of("window"), str(uuid4())
    body = LAMP | {"channel": "window"}
    first = window.post("/submissions", body, key=key).json()
    again = window.post("/submissions", body, key=key)
    assert again.status_code == 201
    assert again.json() == first | {"replayed": True}
    assert len(first["code"]) == 10
    with access.acting(SYSTEM("test")):
        assert Submission.objects.count() == 1
        assert first["code"].encode() not in bytes(Submission.objects.get().code_hash)
    other = window.post("/submissions", body | {"text": "另一件事"}, key=key)
    problem(other, 409, "conflict")


@pytest.mark.parametrize(
    "change",
    [
        {"people": [{"name": "钱大桥", "phone": "19900005678"}]},
        {"people": [{"name": "钱大桥", "phone": "19900001234", "address": "小河路 1 号"}]},
        {"title": "另一个标题"},
        {"wish": "换一种办法"},
        {"reporter": "joint", "joint_count": 7},
        {"confidential": True},
        {"about_official": True},
        {"files": [{"token": "photo"}]},
    ],
)
def test_the_same_key_with_anything_changed_is_refused(programs: Programs, change: dict[str, Any]) -> None:
    window, key = programs.of("window"), str(uuid4())
    body = LAMP | {"channel": "window", "people": [{"name": "钱大桥", "phone": "19900001234"}]}
    window.post("/submissions", body, key=key)
    if "files" in change:
        change = {"files": [{"token": window.upload("灯.jpg", picture()).json()["token"]}]}
    problem(window.post("/submissions", body | change, key=key), 409, "conflict")
    with access.acting(SYSTEM("test")):
        assert Submission.objects.count() == 1
        (kept,) = RequestKey.objects.filter(seq=1).values_list("input_hash", flat=True)
        assert len(bytes(kept)) == 98


def test_what_was_kept_before_the_hash_covered_everything_is_still_a_replay(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, key = programs.of("window"), str(uuid4())
    body = LAMP | {"channel": "window"}
    few = ["window", body["text"], "", body["area_code"], "person"]
    with monkeypatch.context() as before:
        before.setattr(_Same, "digest", lambda _: hashlib.sha256(canonical(few)).digest())
        first = window.post("/submissions", body, key=key).json()
    assert window.post("/submissions", body, key=key).json() == first | {"replayed": True}
    problem(window.post("/submissions", body | {"text": "另一件事"}, key=key), 409, "conflict")


def test_a_submission_is_known_again_when_its_files_wait_no_more(programs: Programs) -> None:
    window, key = programs.of("window"), str(uuid4())
    token = window.upload("灯.jpg", picture()).json()["token"]
    body = LAMP | {"channel": "window", "files": [{"token": token}]}
    first = window.post("/submissions", body, key=key).json()
    another = window.upload("灯.jpg", picture()).json()["token"]
    again = window.post("/submissions", body | {"files": [{"token": another}]}, key=key)
    assert again.json() == first | {"replayed": True}  # the same file, uploaded once more
    for path in (environment.home() / "staging" / "api").rglob("*"):
        if path.is_file():
            path.unlink()
    assert window.post("/submissions", body, key=key).json() == first | {"replayed": True}
    problem(window.post("/submissions", body | {"text": "另一件事"}, key=key), 409, "conflict")
    problem(window.post("/submissions", body, key=str(uuid4())), 422, "bad-input")


def test_a_key_belongs_to_its_token(programs: Programs) -> None:
    key = str(uuid4())
    body = LAMP | {"channel": "window"}
    numbers = {
        programs.of("window").post("/submissions", body, key=key).json()["number"],
        programs.of("officer").post("/submissions", body, key=key).json()["number"],
        Program().post("/submissions", LAMP, key=key).json()["number"],
    }
    assert len(numbers) == 3


def test_a_code_that_was_changed_is_not_told_again(programs: Programs, world: World) -> None:
    window, key = programs.of("window"), str(uuid4())
    body = LAMP | {"channel": "window"}
    receipt = window.post("/submissions", body, key=key).json()
    clerk = world.actor("window")
    with access.acting(clerk):
        code_renew(
            case=case_of(receipt), reason="遗失", identity_checked=True, actor=clerk, at=MORNING, key=str(uuid4())
        )
    assert window.post("/submissions", body, key=key).json()["code"] == ""


def test_the_same_step_twice_is_taken_once(programs: Programs) -> None:
    number, officer, key = submitted(Program())["case"], programs.of("officer"), str(uuid4())
    path = f"/cases/{number}/steps/classify"
    first = officer.post(path, {"inputs": {"route": "redress"}}, key=key).json()
    again = officer.post(path, {"inputs": {"route": "redress"}}, key=key).json()
    assert (first["replayed"], again["replayed"], again["seq"]) == (False, True, first["seq"])
    problem(officer.post(path, {"inputs": {"route": "inquiry"}}, key=key), 409, "conflict")
    with access.acting(SYSTEM("test")):
        assert Record.objects.filter(step="classify").count() == 1


def test_a_refused_step_names_what_would_be_allowed(programs: Programs) -> None:
    number, officer = submitted(Program())["case"], programs.of("officer")
    body = problem(officer.post(f"/cases/{number}/steps/refer", {"inputs": {}}), 409, "refused")
    assert "classify" in body["allowed"]
    problem(officer.post(f"/cases/{number}/steps/nothing", {"inputs": {"x": 1}}), 409, "refused")


@pytest.mark.parametrize(
    ("inputs", "field"),
    [
        ({"lead": "cg"}, "lead"),
        ({"lead": 10**30}, "lead"),
        ({"lead": True}, "lead"),
        ({"lead": {"id": 1}}, "lead"),
        ({}, "lead"),
        ({"lead": None}, "lead"),
        ({"assists": [10**9]}, "assists"),
        ({"assists": 1}, "assists"),
        ({"nothing": 1}, "nothing"),
    ],
)
def test_inputs_are_held_against_what_the_law_declares(programs: Programs, inputs: Any, field: str) -> None:
    number, officer = submitted(Program())["case"], programs.of("officer")
    officer.post(f"/cases/{number}/steps/classify", {"inputs": {"route": "redress"}})
    body = problem(officer.post(f"/cases/{number}/steps/refer", {"inputs": inputs}), 422, "bad-input")
    assert field in {one["field"] for one in body["errors"]}


@pytest.mark.parametrize(
    ("inputs", "field"),
    [
        ({"route": "redress", "reasons": 7}, "reasons"),
        ({"route": 1}, "route"),
        ({"route": "elsewhere"}, "route"),
        ({"route": "redress", "title": ["x"]}, "title"),
        ({"route": "redress", "area_code": "999999"}, "area_code"),
        ({"route": "redress", "area_code": 330105}, "area_code"),
        ({"route": "redress", "content_code": "zzz"}, "content_code"),
    ],
)
def test_values_are_held_against_their_lists(programs: Programs, inputs: Any, field: str) -> None:
    number, officer = submitted(Program())["case"], programs.of("officer")
    body = problem(officer.post(f"/cases/{number}/steps/classify", {"inputs": inputs}), 422, "bad-input")
    assert field in {one["field"] for one in body["errors"]}


def test_posts_days_and_demands(programs: Programs, world: World) -> None:
    case = bring(world, case_of(submitted(Program())), "heard")
    handler = programs.of("cg.handler")

    def wrong(step: str, **inputs: Any) -> set[str]:
        answer = handler.post(f"/cases/{case.number}/steps/{step}", {"inputs": inputs})
        return {one["field"] for one in problem(answer, 422, "bad-input")["errors"]}

    assert "demands" in wrong("draft_decision", demands="x", outcome="support")
    assert "demands" in wrong("draft_decision", demands=[{"demand": 1}], outcome="support")
    head = programs.of("cg.head")
    named = head.post(
        f"/cases/{case.number}/steps/assign_handler", {"inputs": {"handler": world.posts["zj.handler"].pk}}
    )
    assert problem(named, 422, "bad-input")["errors"][0]["field"] == "handler"


# --- several at once


def test_several_steps_are_taken_together_or_not_at_all(programs: Programs, world: World) -> None:
    number, officer = submitted(Program())["case"], programs.of("officer")
    sort = {"step": "classify", "inputs": {"route": "redress"}}
    pass_on = {"step": "refer", "inputs": {"lead": world.organs["cg"].pk}}
    half = officer.post(f"/cases/{number}/steps", {"steps": [sort, {"step": "serve"}]})
    problem(half, 409, "refused")
    assert officer.get(f"/cases/{number}").json()["state"] == "registered"
    key = str(uuid4())
    done = officer.post(f"/cases/{number}/steps", {"steps": [sort, pass_on]}, key=key).json()
    assert [one["state"] for one in done] == ["sorted", "referred"]
    again = officer.post(f"/cases/{number}/steps", {"steps": [sort, pass_on]}, key=key).json()
    assert [one["replayed"] for one in again] == [True, True]


def test_a_list_that_is_longer_or_shorter_is_another_request(programs: Programs) -> None:
    number, officer = submitted(Program())["case"], programs.of("officer")
    a, b, c = ({"step": "note", "inputs": {"text": text}} for text in ("甲", "乙", "丙"))

    def send(*steps: dict[str, Any], key: str) -> Any:
        return officer.post(f"/cases/{number}/steps", {"steps": list(steps)}, key=key)

    key, one = str(uuid4()), str(uuid4())
    assert send(a, b, key=key).status_code == 200
    for other in ((a, b, c), (a,), (b, a), (a, c)):
        problem(send(*other, key=key), 409, "conflict")
    assert send(a, key=one).status_code == 200
    problem(send(a, b, key=one), 409, "conflict")
    assert [step["replayed"] for step in send(a, b, key=key).json() + send(a, key=one).json()] == [True] * 3
    with access.acting(SYSTEM("test")):
        assert Record.objects.filter(step="note").count() == 3


def test_a_list_whose_keys_were_kept_one_by_one_is_still_a_replay(world: World) -> None:
    case, officer = world.receive().case, world.actor("officer")
    moves = [Move(case.id, "note", {"text": text}) for text in ("甲", "乙", "丙")]
    with access.acting(officer):
        for place, move in enumerate(moves[:2]):  # how lists were kept
            services.take_steps([move], actor=officer, at=MORNING, key=f"k/{place}")
        again = services.take_steps(moves[:2], actor=officer, at=MORNING, key="k")
        assert [one.replayed for one in again] == [True, True]
        for other in (moves, [moves[0], moves[2]], [moves[2], moves[1]]):
            with pytest.raises(Conflict), transaction.atomic():
                services.take_steps(other, actor=officer, at=MORNING, key="k")


# --- files


def test_a_file_waits_and_goes_with_a_submission(programs: Programs) -> None:
    window, officer = programs.of("window"), programs.of("officer")
    kept = window.upload("灯.jpg", picture())
    assert kept.status_code == 201
    token = kept.json()["token"]
    receipt = submitted(window, channel="window", files=[{"token": token}])
    (listed,) = officer.get(f"/cases/{receipt['case']}").json()["files"]
    assert (listed["name"], listed["media_type"]) == ("灯.jpg", "image/jpeg")
    fetched = officer.get(f"/cases/{receipt['case']}/files/{listed['id']}")
    assert fetched.status_code == 200
    assert b"somewhere" not in fetched.content
    assert fetched.headers["Content-Disposition"].startswith("attachment")
    problem(programs.of("cg.handler").get(f"/cases/{receipt['case']}/files/{listed['id']}"), 404, "not-found")
    problem(officer.get(f"/cases/{receipt['case']}/files/{uuid4()}"), 404, "not-found")


def test_a_file_goes_with_a_step_also_when_it_is_sent_again(programs: Programs, world: World) -> None:
    case = bring(world, case_of(submitted(Program())), "at_unit")
    handler, key = programs.of("cg.handler"), str(uuid4())
    offered = handler.get(f"/cases/{case.number}/options").json()["options"]
    step, name = next(
        (one["step"], item["name"])
        for one in offered
        for item in one["inputs"]
        if item["kind"] == "files" and not one["blocked"] and one["step"] == "site_visit"
    )
    inputs: dict[str, Any] = {"place": "小河路 1 号", "findings": "灯头坏了。", "visited_on": "2026-09-01"}
    inputs[name] = [handler.upload("灯.jpg", picture()).json()["token"]]
    path = f"/cases/{case.number}/steps/{step}"
    first = handler.post(path, {"inputs": inputs}, key=key)
    assert first.status_code == 200, first.content.decode()
    assert handler.post(path, {"inputs": inputs}, key=key).json()["replayed"]
    file = handler.get(f"/cases/{case.number}").json()
    assert len(file["files"]) == 1
    assert file["records"][0]["files"] == [file["files"][0]["id"]]


def test_uploads_that_are_not_there_are_told(programs: Programs, world: World) -> None:
    window, officer = programs.of("window"), programs.of("officer")
    token = window.upload("灯.jpg", picture()).json()["token"]
    for wrong in (token, "x", "密", str(uuid4())):  # another token's shelf, none at all
        body = problem(
            officer.post("/submissions", LAMP | {"channel": "window", "files": [{"token": wrong}]}), 422, "bad-input"
        )
        assert body["errors"][0]["field"] == "files.0.token"
    case = bring(world, case_of(submitted(Program())), "at_unit")
    handler = programs.of("cg.handler")
    for given in ("x", [1], [token], ["x"] * 21):
        answer = handler.post(f"/cases/{case.number}/steps/site_visit", {"inputs": {"photos": given, "findings": "x"}})
        assert problem(answer, 422, "bad-input")["errors"][0]["field"] == "photos"


def test_what_was_taken_up_waits_no_more(programs: Programs, world: World) -> None:
    window, waiting = programs.of("window"), environment.home() / "staging" / "api"
    before = len([path for path in waiting.rglob("*") if path.is_file()])
    tokens = [window.upload(f"{n}.jpg", picture()).json()["token"] for n in range(2)]
    with TestCase.captureOnCommitCallbacks(execute=True):
        submitted(window, channel="window", files=[{"token": tokens[0]}])
    left = [path.name for path in waiting.rglob("*") if path.is_file()]
    assert tokens[0] not in left
    assert tokens[1] in left
    case = bring(world, case_of(submitted(Program())), "at_unit")
    handler = programs.of("cg.handler")
    token = handler.upload("灯.jpg", picture()).json()["token"]
    path = f"/cases/{case.number}/steps/site_visit"
    given: dict[str, Any] = {"findings": "灯头坏了。", "visited_on": "2026-09-01", "photos": [token]}
    with TestCase.captureOnCommitCallbacks(execute=True):
        problem(handler.post(path, {"inputs": given}), 422, "bad-input")
    assert token in [path.name for path in waiting.rglob("*")]  # refused: nothing is lost
    with TestCase.captureOnCommitCallbacks(execute=True):
        assert handler.post(path, {"inputs": given | {"place": "小河路 1 号"}}).status_code == 200
    assert token not in [path.name for path in waiting.rglob("*")]
    assert len([path for path in waiting.rglob("*") if path.is_file()]) == before + 1


def test_uploading_belongs_to_who_submits_or_takes_steps(programs: Programs) -> None:
    for scopes in (("read",), ("search", "read")):
        problem(programs.of("window", scopes=scopes).upload("灯.jpg", picture()), 403, "out-of-scope")
    for scopes in (("submit",), ("step",), ("submit", "read", "step", "search")):
        assert programs.of("window", scopes=scopes).upload("灯.jpg", picture()).status_code == 201


def test_one_token_does_not_fill_the_room(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    greedy, other = programs.of("window"), programs.of("window")
    data = picture()
    monkeypatch.setattr(staging, "MOST_OF_ONE", 3 * len(data))
    while (answer := greedy.upload("灯.jpg", data)).status_code == 201:
        pass
    assert problem(answer, 429, "slowed")["remedy"].startswith("请先把它们")
    assert answer.headers["Retry-After"] == "3600"
    assert other.upload("灯.jpg", data).status_code == 201


def test_hostile_files_are_refused_with_a_word(programs: Programs) -> None:
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    answer = programs.of("window").upload("a.svg", svg)
    assert problem(answer, 422, "bad-input")["errors"][0]["field"] == "files"
    assert Program().upload("灯.jpg", picture()).status_code == 201


def test_files_of_strangers_wait_apart(programs: Programs) -> None:
    token = Program().upload("灯.jpg", picture()).json()["token"]
    assert staging.get(staging.Shelf("portal"), token) is None
    answer = Program().post("/submissions", LAMP | {"files": [{"token": token}]})
    assert answer.status_code == 201


# --- what comes in


def test_people_go_into_the_vault_and_never_come_out(programs: Programs) -> None:
    people = [
        {"name": "钱大桥", "phone": "19900001234", "address": "小河路 1 号"},
        {"role": "representative", "name": "孙小河", "phone": "19900005678"},
    ]
    receipt = submitted(Program(), people=people, reporter="joint", joint_count=9)
    with access.acting(SYSTEM("test")):
        assert Party.objects.count() == 2
        assert Submission.objects.get().joint_count == 9
    officer = programs.of("officer")
    for path in (f"/cases/{receipt['case']}", "/worklist", f"/cases/{receipt['case']}/options"):
        text = officer.get(path).content.decode()
        assert not any(word in text for word in ("钱大桥", "1990000", "孙小河"))
    tracked = Program().post("/track", {"number": receipt["number"], "code": receipt["code"]}).content.decode()
    assert "钱大桥" not in tracked


def test_what_is_not_taken_in(programs: Programs) -> None:
    def wrong(program: Program, **more: Any) -> str:
        return problem(program.post("/submissions", LAMP | more), 422, "bad-input")["errors"][0]["field"]

    assert wrong(Program(), channel="window") == "channel"
    assert wrong(Program(), area_code="999999") == "area_code"
    assert wrong(Program(), text=" ") == "text"
    assert wrong(Program(), people=[], reporter="person") == "name"
    problem(programs.of("cg.handler").post("/submissions", LAMP), 403, "out-of-scope")
    anonymous = submitted(Program(), reporter="anonymous")
    assert case_of(anonymous).person_id is None


def test_the_worklist_is_paged_by_key(programs: Programs) -> None:
    numbers = {submitted(Program())["case"] for _ in range(3)}
    officer = programs.of("officer")
    for view in ("due", "all"):
        first = officer.get("/worklist", {"view": view, "limit": 2}).json()
        second = officer.get("/worklist", {"view": view, "after": first["next"], "limit": 2}).json()
        assert (len(first["rows"]), len(second["rows"]), second["next"]) == (2, 1, "")
        assert {row["number"] for row in first["rows"] + second["rows"]} == numbers
    narrowed = officer.get("/worklist", {"number": next(iter(numbers))}).json()["rows"]
    assert len(narrowed) == 1


def test_where_a_token_works(programs: Programs, world: World) -> None:
    program = programs.of("officer")
    assert program.get("/me").json()["organ"]["short_name"] == "拱信访"
    codes = {one["code"]: one["id"] for one in program.get("/organs").json()}
    assert codes["cg"] == world.organs["cg"].pk


def test_a_matter_is_found_by_its_number(programs: Programs) -> None:
    receipt = submitted(Program())
    (hit,) = programs.of("officer").get("/search", {"number": receipt["number"]}).json()["hits"]
    assert hit["number"] == receipt["case"]
    assert programs.of("other").get("/search", {"number": receipt["number"]}).json()["hits"] == []
