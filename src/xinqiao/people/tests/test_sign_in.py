"""Staff at the door of the desk: password, second factor, lockout, idle lock, sessions."""

import time
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.test import Client, RequestFactory

from xinqiao.kernel.clock import utc_now
from xinqiao.people import adapters
from xinqiao.people.middleware import LOCKED_KEY, POST_KEY, SEEN_KEY
from xinqiao.people.models import Attempt
from xinqiao.people.tests.conftest import ON, PASSWORD, House
from xinqiao.people.visitors import client_ip, needs_recent_sign_in, recent_sign_in

LOGIN = "/desk/account/login/"
POSTS = "/desk/account/post/"


def sign_in(client: Client, username: str = "xfr", password: str = PASSWORD, **more: Any) -> Any:
    return client.post(LOGIN, {"login": username, "password": password}, **more)


@pytest.fixture
def officer(house: House, client: Client) -> Client:
    assert sign_in(client).status_code == 302
    return client


def test_strangers_are_shown_the_sign_in_page(house: House, client: Client) -> None:
    answer = client.get("/desk/anything?x=1")
    assert answer.status_code == 302
    assert answer["Location"] == f"{LOGIN}?next=%2Fdesk%2Fanything%3Fx%3D1"
    page = client.get(answer["Location"])
    assert "登录工作台" in page.content.decode()
    assert 'value="/desk/anything?x=1"' in page.content.decode()
    assert client.get(POSTS).status_code == 302
    assert client.get("/desk/account/signup/").status_code == 404


def test_a_name_in_other_letters_and_the_right_password_come_in(house: House, client: Client) -> None:
    answer = sign_in(client, "XFR", next=POSTS)
    assert answer["Location"] == "/desk/"
    assert "某" not in str(answer.headers)
    page = client.get(POSTS).content.decode()
    assert "信访局 · 信望平的岗位" in page


def test_a_wrong_name_and_a_wrong_password_look_the_same(house: House, client: Client) -> None:
    pages = [sign_in(client, *pair).content.decode() for pair in (("nobody", "x"), ("xfr", "x"))]
    assert all("用户名或密码不对" in page for page in pages)


def test_failures_lock_the_name_out_across_processes_and_time_opens_it(
    house: House, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        sign_in(client, password="wrong")
    other = Client(REMOTE_ADDR="203.0.113.9")
    locked = sign_in(other)
    assert locked.status_code == 200
    assert "试的次数有点多，请 1 分钟后再试" in locked.content.decode()
    assert sign_in(Client(), "ckr").status_code == 302
    monkeypatch.setattr(adapters, "utc_now", lambda: utc_now() + timedelta(seconds=61))
    assert sign_in(other).status_code == 302
    assert Attempt.objects.filter(scope="signin", cleared=True).count() == 1


def test_inactive_accounts_stay_out(house: House, client: Client) -> None:
    account = house.officer.account
    account.is_active = False
    account.save()
    assert sign_in(client)["Location"] == "/desk/account/inactive/"
    assert "账号已停用" in client.get("/desk/account/inactive/").content.decode()


def test_signing_out_asks_and_does(officer: Client) -> None:
    assert "要退出吗" in officer.get("/desk/account/logout/").content.decode()
    assert officer.post("/desk/account/logout/").status_code == 302
    assert officer.get(POSTS).status_code == 302


def test_the_desk_locks_when_left_alone_and_opens_with_the_password(officer: Client) -> None:
    session = officer.session
    session[SEEN_KEY] = time.time() - 4000
    for record in (records := session["account_authentication_methods"]):
        record["at"] = time.time() - 4000
    session["account_authentication_methods"] = records
    session.save()
    unlock = "/desk/account/reauthenticate/"
    answer = officer.get("/desk/list/?page=2")
    assert answer["Location"] == f"{unlock}?next=%2Fdesk%2Flist%2F%3Fpage%3D2"
    assert officer.get(POSTS)["Location"].startswith(unlock)
    sent = officer.post("/desk/list/", {"words": "很长的一段话"})
    assert sent.status_code == 423
    assert "您写的内容都在上一页" in sent.content.decode()
    assert "很长的一段话" not in str(dict(officer.session))
    htmx = officer.post("/desk/list/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/desk/list/"})
    assert htmx["HX-Redirect"] == f"{unlock}?next=%2Fdesk%2Flist%2F"
    abroad = officer.get("/desk/list/", headers={"HX-Request": "true", "HX-Current-URL": "http://evil.example/x"})
    assert abroad["HX-Redirect"] == f"{unlock}?next=%2Fdesk%2F"
    assert "请再输一次密码" in officer.get(unlock).content.decode()
    assert "密码不对" in officer.post(unlock, {"password": "wrong"}).content.decode()
    back = officer.post(f"{unlock}?next=/desk/list/", {"password": PASSWORD, "next": "/desk/list/"})
    assert back["Location"] == "/desk/list/"
    assert officer.get(POSTS).status_code == 200
    assert LOCKED_KEY not in officer.session


def test_a_page_that_refreshes_by_itself_does_not_keep_the_desk_open(officer: Client) -> None:
    session = officer.session
    session[SEEN_KEY] = seen = time.time() - 1000
    session.save()
    officer.get(POSTS, headers={"X-Live": "1"})
    assert officer.session[SEEN_KEY] == seen
    officer.get(POSTS)
    assert officer.session[SEEN_KEY] > seen


def test_what_matters_asks_the_password_again(officer: Client, house: House) -> None:
    @needs_recent_sign_in
    def reveal(request: Any) -> str:
        return "revealed"

    request = RequestFactory().get("/desk/x")
    request.session, request.user = officer.session, house.officer.account
    assert recent_sign_in(request)
    assert reveal(request) == "revealed"
    records = request.session["account_authentication_methods"]
    records[-1]["at"] = time.time() - 400
    assert not recent_sign_in(request)
    assert reveal(request).status_code == 302


def test_a_second_factor_is_enrolled_asked_for_and_backed_by_codes(officer: Client, house: House) -> None:
    unlock = officer.get("/desk/account/2fa/totp/activate/")["Location"]
    officer.post(unlock, {"password": PASSWORD})
    page = officer.get("/desk/account/2fa/totp/activate/")
    assert "绑定手机验证器" in page.content.decode()
    secret = page.context["form"].secret

    def code() -> str:
        return format_hotp_value(hotp_value(secret, int(time.time()) // 30))

    wrong = officer.post("/desk/account/2fa/totp/activate/", {"code": "000000"})
    assert wrong.status_code == 200
    assert officer.post("/desk/account/2fa/totp/activate/", {"code": code()}).status_code == 302
    stored = Authenticator.objects.get(user=house.officer.account, type="totp")
    assert secret not in str(stored.data)
    codes = officer.get("/desk/account/2fa/recovery-codes/").context["unused_codes"]
    assert len(codes) == 10
    assert "已绑定" in officer.get("/desk/account/2fa/").content.decode()
    assert officer.get("/desk/account/2fa/recovery-codes/generate/").status_code == 200
    assert codes[0] in officer.get("/desk/account/2fa/recovery-codes/download/").content.decode()

    again = Client()
    assert sign_in(again)["Location"].startswith("/desk/account/2fa/authenticate/")
    assert again.get(POSTS).status_code == 302
    page = again.get("/desk/account/2fa/authenticate/")
    assert "第二步：验证码" in page.content.decode()
    assert "验证码不对" in again.post("/desk/account/2fa/authenticate/", {"code": "1"}).content.decode()
    used = code()
    assert again.post("/desk/account/2fa/authenticate/", {"code": used}).status_code == 302
    third = Client()
    sign_in(third)
    assert "验证码不对" in third.post("/desk/account/2fa/authenticate/", {"code": used}).content.decode()
    assert third.post("/desk/account/2fa/authenticate/", {"code": codes[0]}).status_code == 302
    assert again.get(POSTS).status_code == 200
    assert "请再输一次验证码" in again.get("/desk/account/2fa/reauthenticate/").content.decode()
    assert again.post("/desk/account/2fa/reauthenticate/", {"code": codes[1]}).status_code == 302
    assert again.get("/desk/account/2fa/totp/deactivate/").status_code == 200


def test_guessing_the_second_factor_is_slowed_down(officer: Client, house: House) -> None:
    TOTP.activate(house.officer.account, generate_totp_secret())
    again = Client()
    sign_in(again)
    for _ in range(5):
        again.post("/desk/account/2fa/authenticate/", {"code": "000000"})
    page = again.post("/desk/account/2fa/authenticate/", {"code": "000000"}).content.decode()
    assert "试的次数有点多" in page


def test_production_lets_nobody_in_without_a_second_factor(officer: Client, house: House, settings: Any) -> None:
    settings.STAFF_TOTP_REQUIRED = True
    assert officer.get("/desk/x")["Location"] == "/desk/account/2fa/totp/activate/"
    TOTP.activate(house.officer.account, generate_totp_secret())
    assert officer.get("/desk/x").status_code == 404


def test_the_password_is_changed_with_the_old_one(officer: Client) -> None:
    url = "/desk/account/password/"
    assert "修改密码" in officer.get(url).content.decode()
    new = "another bridge, wider water"
    wrong = officer.post(url, {"oldpassword": "x", "password1": new, "password2": new})
    assert "现在的密码不对" in wrong.content.decode()
    right = officer.post(url, {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert right.status_code == 302
    assert sign_in(Client(), password=new).status_code == 302


def test_sessions_are_listed_and_ended(officer: Client, house: House) -> None:
    elsewhere, stranger = Client(HTTP_USER_AGENT="Elsewhere"), Client()
    sign_in(elsewhere)
    sign_in(stranger, "ckr")
    page = officer.get("/desk/account/sessions/")
    assert "Elsewhere" in page.content.decode()
    (other,) = [session for session in page.context["sessions"] if session.user_agent == "Elsewhere"]
    assert stranger.post("/desk/account/sessions/end/", {"session": other.pk}).status_code == 404
    assert officer.post("/desk/account/sessions/end/", {"session": other.pk}).status_code == 302
    assert elsewhere.get(POSTS).status_code == 302
    sign_in(elsewhere)
    assert officer.post("/desk/account/sessions/").status_code == 302
    assert elsewhere.get(POSTS).status_code == 302
    assert officer.get(POSTS).status_code == 200


def test_one_works_in_a_post_that_is_ones_own_or_stood_in_for(officer: Client, house: House) -> None:
    house.clerk.deputy, house.clerk.leave_from = house.officer, ON
    house.clerk.save()
    page = officer.get(POSTS).content.decode()
    assert "代 窗小满 办理" in page
    assert officer.post(POSTS, {"post": house.clerk.pk, "next": "//evil.example"})["Location"] == "/desk/"
    assert officer.session[POST_KEY] == house.clerk.pk
    assert officer.post(POSTS, {"post": house.handler.pk}).status_code == 404
    assert officer.post(POSTS, {"post": "x"}).status_code == 404


def test_leave_and_deputy_are_set_on_ones_own_page(officer: Client, house: House) -> None:
    url = f"{POSTS}{house.officer.pk}/leave/"
    clerk = str(house.clerk.pk)
    for given, word in (
        ({"leave_from": "2026-09-01"}, "请先指定代理人"),
        ({"deputy": clerk, "leave_from": "gestern"}, "请按 2026-01-31"),
        ({"deputy": clerk, "leave_from": "2026-13-01"}, "请按 2026-01-31"),
        ({"deputy": clerk, "leave_from": "2026-09-09", "leave_to": "2026-09-01"}, "在开始日期之前"),
        ({"deputy": str(house.handler.pk)}, "本单位里选另一位"),
    ):
        answer = officer.post(url, given)
        assert answer.status_code == 422
        assert word in answer.content.decode()
    answer = officer.post(url, {"deputy": clerk, "leave_from": "2026-09-01", "leave_to": "2026-09-03"})
    assert answer.status_code == 302
    house.officer.refresh_from_db()
    assert (house.officer.deputy_id, str(house.officer.leave_to)) == (house.clerk.pk, "2026-09-03")
    assert officer.post(url, {}).status_code == 302
    house.officer.refresh_from_db()
    assert (house.officer.deputy_id, house.officer.leave_from) == (None, None)
    assert officer.post(f"{POSTS}{house.clerk.pk}/leave/", {}).status_code == 404


def test_an_account_without_a_post_sees_why(officer: Client, house: House) -> None:
    house.officer.valid_to = ON
    house.officer.save()
    assert officer.get("/desk/x")["Location"] == POSTS
    assert "您现在没有岗位" in officer.get(POSTS).content.decode()


def test_the_visitors_address_is_believed_from_trusted_proxies_only(settings: Any) -> None:
    def asks(**meta: str) -> Any:
        return RequestFactory().get("/", **meta)

    forwarded = {"HTTP_X_FORWARDED_FOR": "198.51.100.1, 203.0.113.7", "REMOTE_ADDR": "127.0.0.1"}
    assert client_ip(asks(**forwarded)) == "127.0.0.1"
    settings.XINQIAO_TRUSTED_PROXIES = 1
    assert client_ip(asks(**forwarded)) == "203.0.113.7"
    assert client_ip(asks(REMOTE_ADDR="")) == "0.0.0.0"  # noqa: S104
    settings.XINQIAO_TRUSTED_PROXIES = 0
    assert client_ip(asks(REMOTE_ADDR="::ffff:203.0.113.7")) == "203.0.113.7"
    home = {client_ip(asks(REMOTE_ADDR=f"2001:db8:7:1:{n:x}::{n}")) for n in range(5)}
    assert home == {"2001:db8:7:1::"}  # one household, however many addresses it takes
    assert client_ip(asks(REMOTE_ADDR="2001:db8:7:2::1")) == "2001:db8:7:2::"
    assert client_ip(asks(REMOTE_ADDR="fe80::1%eth0")) == "fe80::"
