"""The road of a matter, taken by programs: submitted, followed, sorted, referred, accepted."""

import pytest
from tests.support.world import World

from xinqiao.api.tests.conftest import Program, Programs

pytestmark = pytest.mark.django_db

LAMP = {
    "text": "小区门口的路灯坏了三个星期，晚上老人出门看不见路。请尽快修好。",
    "area_code": "330105003",
    "people": [{"name": "钱大桥", "phone": "19900001234"}],
}


def submitted(program: Program, **more: object) -> dict:
    answer = program.post("/submissions", LAMP | more)
    assert answer.status_code == 201, answer.content.decode()
    return answer.json()


def test_the_whole_road(programs: Programs, world: World) -> None:
    receipt = submitted(Program())
    officer, handler = programs.of("officer"), programs.of("cg.handler")
    number = receipt["case"]

    (row,) = officer.get("/worklist").json()["rows"]
    assert (row["number"], row["state"], row["due"]["act"]) == (number, "registered", "refer")
    offered = officer.get(f"/cases/{number}/options").json()["options"]
    classify = next(one for one in offered if one["step"] == "classify")
    assert classify["inputs"][0]["name"] == "route"

    def take(who: Program, step: str, **inputs: object) -> dict:
        answer = who.post(f"/cases/{number}/steps/{step}", {"inputs": inputs})
        assert answer.status_code == 200, answer.content.decode()
        return answer.json()

    assert take(officer, "classify", route="redress")["state"] == "sorted"
    assert handler.get(f"/cases/{number}").status_code == 404
    assert take(officer, "refer", lead=world.organs["cg"].pk)["state"] == "referred"
    file = handler.get(f"/cases/{number}").json()
    assert file["said"]["text"] == LAMP["text"]
    assert "钱大桥" not in handler.get(f"/cases/{number}").content.decode()
    followed = Program().post("/track", {"number": receipt["number"], "code": receipt["code"]}).json()
    assert followed["matters"][0]["organ"] == "拱墅区城市管理局"
    assert followed["matters"][0]["due"]["due"] > "2026-09-01"


def test_several_steps_go_together_or_not_at_all(programs: Programs, world: World) -> None:
    number = submitted(Program())["case"]
    officer = programs.of("officer")
    refused = officer.post(
        f"/cases/{number}/steps", {"steps": [{"step": "classify", "inputs": {"route": "redress"}}, {"step": "serve"}]}
    )
    assert refused.status_code in {409, 422}
    assert officer.get(f"/cases/{number}").json()["state"] == "registered"
    both = [
        {"step": "classify", "inputs": {"route": "redress"}},
        {"step": "refer", "inputs": {"lead": world.organs["cg"].pk}},
    ]
    done = officer.post(f"/cases/{number}/steps", {"steps": both}, key="a-key-of-its-own")
    assert [one["state"] for one in done.json()] == ["sorted", "referred"]
    again = officer.post(f"/cases/{number}/steps", {"steps": both}, key="a-key-of-its-own")
    assert [one["replayed"] for one in again.json()] == [True, True]
