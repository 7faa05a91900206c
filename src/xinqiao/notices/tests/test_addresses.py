"""Where a signed request may go: never within, never without TLS in production, never for longer than the deadline."""

import socket
from typing import Any

import pytest

from xinqiao.notices import posting, sms

KEY = b"a key"


@pytest.mark.parametrize(
    ("url", "outside", "loopback"),
    [
        ("https://example.org/hook?a=1", True, True),
        ("https://8.8.8.8:8443/", True, True),
        ("http://example.org/", False, False),
        ("http://127.0.0.1:9/", False, True),
        ("http://localhost:9/", False, True),
        ("https://127.0.0.1/", False, True),
        ("https://[::1]/", False, True),
        ("https://10.1.2.3/", False, False),
        ("https://192.168.1.1/", False, False),
        ("https://169.254.169.254/latest/", False, False),
        ("https://100.64.0.1/", False, False),
        ("https://[fd00::1]/", False, False),
        ("https://[::ffff:10.0.0.1]/", False, False),
        ("https://[64:ff9b::a00:1]/", False, False),
        ("https://[2002:a00:1::]/", False, False),
        ("https://0.0.0.0/", False, False),
        ("https://224.0.0.1/", False, False),
        ("https://user:secret@example.org/", False, False),
        ("https://example.org/#part", False, False),
        ("https://example.org:99999/", False, False),
        ("https:///nobody", False, False),
        ("ftp://example.org/", False, False),
        ("https://例.org/", False, False),
        ("https://example.org/" + "a" * 400, False, False),
        ("", False, False),
    ],
)
def test_addresses(url: str, outside: bool, loopback: bool) -> None:
    assert (posting.url_problem(url, "outside") == "", posting.url_problem(url, "loopback") == "") == (
        outside,
        loopback,
    )


@pytest.mark.parametrize("found", [["10.0.0.1"], ["93.184.215.14", "127.0.0.1"], ["fe80::1%eth0"]])
def test_a_name_that_leads_within_is_not_followed(found: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [(2, 1, 6, "", (one, 443)) for one in found]
    monkeypatch.setattr(posting.socket, "getaddrinfo", lambda *_args, **_more: rows)
    monkeypatch.setattr(posting.socket, "create_connection", lambda *_args: pytest.fail("connected"))
    with pytest.raises(posting.Unreachable):
        posting.post("https://example.org/", posting.signed(b"{}", KEY, 0), {}, reach="outside")


def test_a_name_without_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting.socket, "getaddrinfo", lambda *_args, **_more: [])
    with pytest.raises(OSError, match="no address"):
        posting.post("https://example.org/", posting.signed(b"{}", KEY, 0), {}, reach="outside")


def test_a_server_that_drips_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "DEADLINE", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        with pytest.raises(OSError):
            posting.post(url, posting.signed(b"{}", KEY, 0), {}, reach="loopback")


def test_a_mobile_number() -> None:
    assert [sms.mobile(one) for one in ("+86 199 0000 1234", "8619900001234", "0571-88001234", "abc")] == [
        "19900001234", "19900001234", "", "",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("profile", "url", "rings"),
    [
        ("production", "https://sms.example.org/", True),
        ("demo", "https://sms.example.org/", False),
        ("demo", "http://127.0.0.1:9/", True),
        ("demo", "http://localhost:9/", True),
        ("production", "", False),
    ],
)
def test_a_demonstration_rings_nobody(profile: str, url: str, rings: bool, settings: Any) -> None:
    settings.XINQIAO_PROFILE, settings.SMS_URL, settings.SMS_KEY = profile, url, KEY
    assert sms.configured() is rings
