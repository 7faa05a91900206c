"""Who asks of a running instance: programs on kept connections, visitors with cookies, a flood; what they saw is `Timed`."""

import gzip
import http.client
import json
import select
import selectors
import socket
import threading
import time
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Timed:
    """What clients saw: seconds of each request by its name, and what went wrong."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    done: list[float] = field(default_factory=list)  # moments at which a whole piece of work was done

    def merge(self, other: "Timed") -> None:
        for name, values in other.seconds.items():
            self.seconds.setdefault(name, []).extend(values)
        self.errors += other.errors
        self.done += other.done

    def quantile(self, share: float, name: str = "") -> float:
        """Milliseconds below which that share of the requests (of that name) stayed."""
        values = sorted(self.seconds.get(name, []) if name else [v for vs in self.seconds.values() for v in vs])
        return round(values[min(len(values) - 1, int(len(values) * share))] * 1000, 1) if values else 0.0


class Client:
    """One connection that is kept, as a program holds it."""

    def __init__(self, port: int, seen: Timed) -> None:
        self.port, self.seen = port, seen
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(
        self, name: str, method: str, path: str, *, token: str = "", body: Any = None,
        headers: Mapping[str, str] | None = None, expect: Sequence[int] = (200, 201),
    ) -> Any:  # fmt: skip
        """Send a request, keep its time under `name`; returns the JSON (or bytes). Raises RuntimeError, and notes it."""
        sent, data = self.prepared(token, body, headers)
        self.looked_after()
        began = time.perf_counter()
        try:
            self.connection.request(method, path, data, sent)
            answer = self.connection.getresponse()
            read = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            self.seen.errors.append(f"{name}: {error!r}")
            raise RuntimeError(str(error)) from error
        self.seen.seconds.setdefault(name, []).append(time.perf_counter() - began)
        if answer.status not in expect:
            self.seen.errors.append(f"{name}: {answer.status} {read[:200]!r}")
            raise RuntimeError(f"{name} {answer.status}")
        return json.loads(read) if answer.headers.get_content_type().endswith("json") else read

    def looked_after(self) -> None:
        """Leave a connection that the server closed while it lay idle, as every pool of connections does before it uses one."""
        if self.connection.sock is not None and select.select([self.connection.sock], [], [], 0)[0]:
            self.connection.close()

    def prepared(self, token: str, body: Any, headers: Mapping[str, str] | None) -> tuple[dict[str, str], bytes | None]:
        """Headers and bytes of a request."""
        sent = dict(headers or {})
        if token:
            sent["Authorization"] = f"Bearer {token}"
        if body is None or isinstance(body, bytes):
            return sent, body
        return {**sent, "Content-Type": "application/json"}, json.dumps(body).encode()


@dataclass(frozen=True)
class Page:
    """An answer as it came over the wire."""

    status: int
    headers: list[tuple[str, str]]
    wire: bytes

    def header(self, name: str) -> str:
        return next((value for known, value in self.headers if known.lower() == name), "")

    @property
    def text(self) -> str:
        packed = self.header("content-encoding") == "gzip"
        return (gzip.decompress(self.wire) if packed else self.wire).decode()

    @property
    def weight(self) -> int:
        """Bytes of body and headers."""
        return len(self.wire) + sum(len(name) + len(value) + 4 for name, value in self.headers)


class Browser:
    """A visitor: keeps cookies, sends forms with their token."""

    def __init__(self, port: int) -> None:
        self.port, self.cookies = port, dict[str, str]()
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def head(self) -> dict[str, str]:
        """The headers that every request of this visitor carries."""
        kept = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}
        return {"Host": f"127.0.0.1:{self.port}", **kept}

    def get(self, path: str, **headers: str) -> Page:
        return self._send("GET", path, None, headers)

    def post(self, path: str, **form: str) -> Page:
        """Send a form with the token that the last page brought."""
        form["csrfmiddlewaretoken"] = self.cookies.get("xinqiao-csrf", "")
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._send("POST", path, urllib.parse.urlencode(form).encode(), kind)

    def _send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Page:
        self.connection.request(method, path, body, {**self.head(), **headers})
        answer = self.connection.getresponse()
        page = Page(answer.status, answer.getheaders(), answer.read())
        for name, value in page.headers:
            if name.lower() == "set-cookie":
                key, _, kept = value.partition(";")[0].partition("=")
                self.cookies[key.strip()] = kept.strip()
        return page

    def sign_in(self, login: str) -> None:
        """Sign in as a member of staff of the demonstration (whose accounts have no second factor)."""
        from xinqiao.demo.sign_ins import password

        self.get("/desk/account/login/")
        page = self.post("/desk/account/login/", login=login, password=password())
        if page.status != 302 or "login" in page.header("location"):
            raise RuntimeError(f"{login} cannot sign in: {page.status} {page.header('location')}")

    def prove(self, number: str, code: str) -> str:
        """Give number and query code; returns the address of the matter's page."""
        self.get("/track/")
        page = self.post("/track/", number=number, code=code)
        if page.status != 302:
            raise RuntimeError(f"the code of {number} is not taken: {page.status}")
        return page.header("location")

    def request(self, path: str) -> bytes:
        """The bytes of a GET of this visitor on a kept connection."""
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in self.head().items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


@dataclass(frozen=True)
class Ask:
    """A request that is sent again and again, and words that its answer must hold."""

    name: str
    sent: bytes
    holds: bytes


def flood(port: int, askers: Sequence[Sequence[Ask]], seconds: float) -> Timed:
    """One kept connection for each asker, each asking its requests in turn without a pause, for so long.

    One thread, plain sockets: what the generator takes of the two cores is as little as can be.
    """
    seen = Timed()
    with selectors.DefaultSelector() as chosen:
        for asks in askers:
            link = socket.create_connection(("127.0.0.1", port))
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            chosen.register(link, selectors.EVENT_READ, _Asker(link, asks))
        until = time.perf_counter() + seconds
        for key in chosen.get_map().values():
            key.data.ask()
        busy = len(askers)
        while busy:
            for key, _ in chosen.select(5):
                if not key.data.read(seen, until):
                    chosen.unregister(key.fileobj)
                    key.data.link.close()
                    busy -= 1
            if time.perf_counter() > until + 60:
                raise RuntimeError("the server does not answer any more")
    return seen


class _Asker:
    """One connection of `flood`."""

    def __init__(self, link: socket.socket, asks: Sequence[Ask]) -> None:
        self.link, self.asks = link, asks
        self.turn, self.began, self.held, self.whole = 0, 0.0, b"", -1

    def ask(self) -> None:
        self.held, self.whole, self.began = b"", -1, time.perf_counter()
        self.link.sendall(self.asks[self.turn % len(self.asks)].sent)

    def read(self, seen: Timed, until: float) -> bool:
        """Take what has come; when the answer is whole, note it and ask again. False at the end."""
        part = self.link.recv(262144)
        self.held += part
        if self.whole < 0 and (end := self.held.find(b"\r\n\r\n")) >= 0:
            head = self.held[:end].lower()
            place = head.find(b"content-length:")
            self.whole = end + 4 + int(head[place + 15 :].partition(b"\r\n")[0]) if place >= 0 else end + 4
        if part and (self.whole < 0 or len(self.held) < self.whole):
            return True
        now, asked = time.perf_counter(), self.asks[self.turn % len(self.asks)]
        seen.seconds.setdefault(asked.name, []).append(now - self.began)
        if not self.held.startswith(b"HTTP/1.1 200") or asked.holds not in self.held:
            seen.errors.append(f"{asked.name}: {self.held[:60]!r}")
        if not part or now > until:
            return False
        self.turn += 1
        self.ask()
        return True


def together(count: int, work: Callable[[int, Timed], None]) -> Timed:
    """Run `work` in so many threads at once; each notes into its own Timed."""
    parts = [Timed() for _ in range(count)]
    threads = [threading.Thread(target=work, args=(place, part)) for place, part in enumerate(parts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    whole = Timed()
    for part in parts:
        whole.merge(part)
    return whole
