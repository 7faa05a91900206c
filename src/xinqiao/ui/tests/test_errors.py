"""What went wrong, said to staff in the desk's dress with a way back, to everybody else in the portal's; never more."""

import re
from typing import Any

import pytest
from django.http import HttpRequest
from django.test import Client, RequestFactory
from tests.support.world import MORNING, World, days

from xinqiao.desk.tests.road import moving, new_case, signed_in
from xinqiao.people.actors import CITIZEN, SYSTEM, Actor
from xinqiao.portal.tests.support import say
from xinqiao.portal.views import front
from xinqiao.ui import errors

pytestmark = pytest.mark.django_db
BACK = 'href="/desk/"'


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    moving(monkeypatch, MORNING + days(1))


def _same(text: str) -> str:
    """A page without what changes from one request to the next: tokens, nonces, the address itself."""
    for pattern in (r'nonce="[^"]*"', r'value="[^"]*"', r"X-CSRFToken[^}]*"):
        text = re.sub(pattern, "", text)
    return text


def test_staff_find_their_way_back_from_a_page_that_is_not_there(world: World) -> None:
    page = signed_in(world, "officer").get("/desk/nothing/")
    text = page.content.decode()
    assert page.status_code == 404
    assert 'class="xq-desk"' in text
    assert "回到工作台" in text
    assert BACK in text


def test_a_matter_that_is_not_theirs_and_one_that_is_not_there_read_the_same(world: World) -> None:
    case = new_case(world)
    stranger = signed_in(world, "cg.handler")
    hidden = stranger.get(f"/desk/cases/{case.number}/")
    absent = stranger.get("/desk/cases/000000000000-1/")
    assert hidden.status_code == absent.status_code == 404
    assert _same(hidden.content.decode()) == _same(absent.content.decode())
    assert case.number not in _same(hidden.content.decode())


def test_everybody_else_keeps_the_portals_dress(client: Client) -> None:
    text = client.get("/nothing/").content.decode()
    assert "回到首页" in text
    assert "回到工作台" not in text


TOO_LARGE = {"xinqiao.too_large": str(80 * 1024 * 1024)}


def _faults(client: Client) -> dict[str, str]:
    """The pages of faults that a browser can come to outside the desk."""
    client.raise_request_exception = False
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    found = {
        "404": client.get("/nothing/"),
        "404 of a matter": client.get("/my/123456789012-1/"),
        "403": strict.post("/track/", {}),
        "413": client.post(
            "/say/", {}, headers={"Referer": "http://testserver/say/", "Host": "testserver"}, **TOO_LARGE
        ),
    }
    assert {name: answer.status_code for name, answer in found.items()} == {name: int(name[:3]) for name in found}
    return {name: answer.content.decode() for name, answer in found.items()}


def test_signed_in_staff_keep_the_desks_dress_outside_the_desk(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    client = signed_in(world, "officer")
    client.get("/desk/")
    for name, text in _faults(client).items():
        assert 'class="xq-desk"' in text, name
        assert BACK in text, name
    monkeypatch.setattr(front, "render", _breaks)
    broken = client.get("/")
    assert (broken.status_code, BACK in broken.content.decode()) == (500, True)


def _breaks(*_: object, **__: object) -> None:
    raise RuntimeError("broken")


def test_strangers_and_a_desk_that_was_left_alone_get_the_portals(
    world: World, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = signed_in(world, "officer")
    left.get("/desk/")
    settings.DESK_IDLE_SECONDS = -1
    citizen = Client()
    say(citizen)
    monkeypatch.setattr(front, "render", _breaks)
    for client in (left, citizen, Client()):
        for name, text in _faults(client).items():
            assert "回到首页" in text, name
            assert "工作台" not in text, name
        broken = client.get("/")
        assert (broken.status_code, "回到首页" in broken.content.decode()) == (500, True)


def test_what_staff_may_not_see_on_the_portal_reads_like_what_is_not_there(world: World) -> None:
    case, client = new_case(world), signed_in(world, "officer")
    client.get("/desk/")
    hidden, absent = client.get(f"/my/{case.number}/"), client.get("/my/000000000000-1/")
    assert hidden.status_code == absent.status_code == 404
    words = [_same(one.content.decode().replace(one.request["PATH_INFO"], "")) for one in (hidden, absent)]
    assert words[0] == words[1]


def test_what_is_too_large_names_the_limit_and_the_way_back(client: Client) -> None:
    answer = client.post("/say/", {}, headers={"Referer": "http://testserver/say/", "Host": "testserver"}, **TOO_LARGE)
    text = answer.content.decode()
    assert answer.status_code == 413
    for words in ("80 MB", "60 MB", "少选几个文件", "您写的内容还在", "data-xq-failed", 'href="/say/"'):
        assert words in text
    assert text.index("文件太大") < text.index("Too large")


def test_a_table_that_is_too_large_is_told_its_own_limit(world: World) -> None:
    answer = signed_in(world, "officer").post("/desk/import/", {}, **TOO_LARGE)
    text = answer.content.decode()
    assert answer.status_code == 413
    assert "600 MB" in text
    assert "分成几个文件" in text
    assert "80 MB" not in text


def test_an_old_form_is_said_to_be_old(world: World) -> None:
    staff = signed_in(world, "officer")
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = staff.cookies
    page = strict.post("/desk/account/post/", {"post": "1"})
    assert page.status_code == 403
    assert "页面放得太久" in page.content.decode()
    assert "回到工作台" in page.content.decode()
    stranger = Client(enforce_csrf_checks=True).post("/track/", {})
    assert stranger.status_code == 403
    assert "回到首页" in stranger.content.decode()


STAFF = Actor("staff", 1, 1, 1, "officer", "330105", "甲")


def _asked(actor: Actor | None) -> HttpRequest:
    request = RequestFactory().get("/")
    if actor is not None:
        request.actor = actor
    return request


@pytest.mark.parametrize(
    "actor", [STAFF, CITIZEN(), SYSTEM("test"), None], ids=["staff", "citizen", "system", "nobody"]
)
@pytest.mark.parametrize(
    ("status", "page"),
    [
        (400, lambda request: errors.bad_request(request, Exception())),
        (403, lambda request: errors.permission_denied(request, Exception())),
        (404, lambda request: errors.not_found(request, Exception())),
        (413, lambda request: errors.too_large(request, 80 * 1024 * 1024)),
        (429, errors.too_many),
        (500, errors.server_error),
    ],
    ids=["400", "403", "404", "413", "429", "500"],
)
def test_every_fault_has_a_page_in_the_readers_dress(status: int, page: object, actor: Actor | None) -> None:
    answer = page(_asked(actor))  # type: ignore[operator]
    text = answer.content.decode()
    assert answer.status_code == status
    staff = actor is STAFF
    assert (BACK in text) is staff
    assert ("回到首页" in text) is not staff


def test_a_fault_of_ours_asks_nothing_of_the_database(django_assert_num_queries: object) -> None:
    with django_assert_num_queries(0):  # type: ignore[operator]
        errors.server_error(_asked(STAFF))
