"""A signed POST to somebody else's server: never to an address within, no detours, and not for longer than a deadline."""

import contextlib
import hashlib
import hmac
import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from xinqiao.kernel.words import N_

Reach = Literal["outside", "loopback", "anywhere"]
"""Where a request may go: the world outside only; that and this machine; wherever the administrator of the machine says."""

TIMEOUT = 5.0
DEADLINE = 10.0
LONGEST_URL = 400
_WRAPPED = [ipaddress.ip_network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")]
PORTS = {"https": 443, "http": 80}


class Unreachable(ValueError):
    """An address to which nothing may be sent. Trying again is pointless until somebody changes it."""


class Answered(OSError):
    """The other server answered something else than 2xx."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True)
class Signed:
    """A body with the moment and the signature that go with it."""

    body: bytes
    headers: Mapping[str, str]


def signed(body: bytes, key: bytes, moment: int) -> Signed:
    """`v1=` and the hexadecimal HMAC-SHA256 over moment, a full stop and the body, under `key`."""
    mac = hmac.new(key, str(moment).encode() + b"." + body, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "X-Xinqiao-Timestamp": str(moment),
        "X-Xinqiao-Signature": f"v1={mac}",
    }
    return Signed(body, headers)


def url_problem(url: str, reach: Reach) -> str:
    """What is wrong with an address, in a sentence (gettext id); '' when it may be tried. Names are looked up when sending."""
    try:
        parts = _parts(url, reach)
    except Unreachable as problem:
        return str(problem)
    with contextlib.suppress(ValueError):
        if not _may(ipaddress.ip_address(parts.hostname or ""), reach):
            return N_("不能发到内部网络的地址。")
    return ""


def _parts(url: str, reach: Reach) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Unreachable(N_("这不是完整的网址。")) from None
    plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= LONGEST_URL
    if not plain or not parts.hostname or parts.scheme not in PORTS or port == 0:
        raise Unreachable(N_("这不是完整的网址。"))
    if parts.username is not None or parts.fragment:
        raise Unreachable(N_("网址里不能写用户名、密码和 # 号。"))
    if parts.scheme == "http" and (reach == "outside" or (reach == "loopback" and not named_here(parts.hostname))):
        raise Unreachable(N_("网址要以 https:// 开头。"))
    return parts


def named_here(host: str) -> bool:
    """Whether a host is this machine, by name or number."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _may(address: ipaddress.IPv4Address | ipaddress.IPv6Address, reach: Reach) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if reach == "anywhere":
        return True
    if address.is_loopback:
        return reach == "loopback"
    wrapped = any(address in net for net in _WRAPPED if net.version == address.version)
    return address.is_global and not (address.is_multicast or address.is_reserved or wrapped)


def _address(host: str, port: int, reach: Reach) -> str:
    """The address to connect to. Every address of the name must be one that may be reached (names may answer several)."""
    found = [str(row[4][0]) for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not found:
        raise OSError("no address")
    for one in found:
        if not _may(ipaddress.ip_address(one.partition("%")[0]), reach):
            raise Unreachable(N_("不能发到内部网络的地址。"))
    return found[0]


def post(url: str, sent: Signed, headers: Mapping[str, str], *, reach: Reach) -> int:
    """Send, and return the status when it is 2xx. The name is looked up once, and the connection goes to what was checked.

    Raises Unreachable (ValueError) for an address to which nothing may be sent, Answered (OSError) for another status,
    OSError when nobody answers in time. A redirect is an answer like any other and is not followed.
    """
    parts = _parts(url, reach)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    address = _address(host, port, reach)
    raw = socket.create_connection((address, port), TIMEOUT)
    talks: list[socket.socket] = [raw]
    ended = threading.Timer(DEADLINE, _hang_up, (talks,))
    ended.daemon = True
    ended.start()
    try:
        if parts.scheme == "https":
            talks[0] = ssl.create_default_context().wrap_socket(raw, server_hostname=host)
        connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
        connection.sock = talks[0]
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        name = f"[{host}]" if ":" in host else host
        where = name if port == PORTS[parts.scheme] else f"{name}:{port}"
        own = {"Host": where, "User-Agent": "xinqiao", "Connection": "close"}
        connection.request("POST", target, body=sent.body, headers={**own, **sent.headers, **headers})
        status = connection.getresponse().status
    except http.client.HTTPException as error:
        raise OSError(type(error).__name__) from error
    finally:
        ended.cancel()
        with contextlib.suppress(OSError):
            talks[0].close()
    if not 200 <= status < 300:
        raise Answered(status)
    return status


def _hang_up(talks: list[socket.socket]) -> None:
    with contextlib.suppress(OSError):
        talks[0].shutdown(socket.SHUT_RDWR)
