"""Citizens and staff who use an instance through its doors while its parts are killed: what they were told is kept here.

Everybody tries again with the same key until they are answered, as a browser or a program would.
"""

import hashlib
import http.client
import http.cookiejar
import io
import json
import random
import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

PATIENCE = 90.0
BROKEN = (OSError, http.client.HTTPException)  # refused, reset, cut off, timed out
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
KEY = re.compile(r'name="(?:in-)?key" value="([^"]+)"')
RECEIPT = re.compile(r'id="receipt-(?:number|code)">([^<]+)<')
PLANS = (
    ("submit", "urge", "classify", "answer", "rate_office", "rate_unit"),
    ("submit_with_file", "classify", "dispatch", "sign_for", "answer", "rate_unit", "urge"),
    ("portal", "add_material", "classify", "answer", "rate_office"),
    ("portal", "urge", "classify", "dispatch", "sign_for"),
)


@dataclass
class Told:
    """What was acknowledged about one matter."""

    number: str
    code: str
    case: str
    files: list[str] = field(default_factory=list)
    steps: Counter[str] = field(default_factory=Counter)
    mail: bool = False


def photo(number: int) -> bytes:
    """A picture that is like no other."""
    out = io.BytesIO()
    Image.new("RGB", (8, 8), (number % 256, number // 256 % 256, 7)).save(out, "PNG")
    return out.getvalue()


def multipart(fields: dict[str, str], files: dict[str, tuple[str, bytes]]) -> tuple[bytes, str]:
    """A form with files, as a browser sends it."""
    edge = uuid.uuid4().hex
    parts = [
        f'--{edge}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'.encode() for k, v in fields.items()
    ]
    for name, (called, data) in files.items():
        head = f'--{edge}\r\nContent-Disposition: form-data; name="{name}"; filename="{called}"\r\n\r\n'
        parts.append(head.encode() + data + b"\r\n")
    return b"".join(parts) + f"--{edge}--\r\n".encode(), f"multipart/form-data; boundary={edge}"


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class Person:
    """A browser or a program that tries again until it is answered."""

    def __init__(self, base: str, token: str = "") -> None:
        self.base, self.token, self.tries, self.leaked = base, token, 0, False
        self.browser = urllib.request.build_opener(
            _Stay(), urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        )

    def ask(self, path: str, data: bytes | None = None, **headers: str) -> tuple[int, str, str]:
        """(status, body, where to go next), once it was not a fault of the server."""
        named = {name.replace("_", "-"): value for name, value in headers.items()} | {"Origin": self.base}
        if self.token:
            named["Authorization"] = f"Bearer {self.token}"
        deadline, pause = time.monotonic() + PATIENCE, 0.1
        while True:
            try:
                asked = urllib.request.Request(f"{self.base}{path}", data, named)  # noqa: S310
                with self.browser.open(asked, timeout=30) as answer:
                    return answer.status, answer.read().decode(), ""
            except urllib.error.HTTPError as error:
                with error:
                    if error.code < 500:
                        return error.code, error.read().decode(), error.headers.get("Location", "")
                    self.leaked |= b"Traceback" in error.read()
            except BROKEN:
                pass
            self.tries += 1
            assert time.monotonic() < deadline, f"nobody answered {path} for {PATIENCE} s"
            time.sleep(pause)
            pause = min(pause * 1.5, 1.0)

    def call(self, path: str, body: Any, key: str) -> dict[str, Any]:
        """POST to the interface with an idempotency key."""
        sent = json.dumps(body).encode()
        status, text, _ = self.ask(f"/api/v1{path}", sent, Content_Type="application/json", Idempotency_Key=key)
        assert status in (200, 201), f"{path} {status} {text}"
        found: dict[str, Any] = json.loads(text)
        return found

    def upload(self, data: bytes) -> str:
        """Leave a file; its token."""
        sent, kind = multipart({}, {"file": ("灯.png", data)})
        status, text, _ = self.ask("/api/v1/files", sent, Content_Type=kind)
        assert status == 201, text
        return str(json.loads(text)["token"])

    def fill(
        self, path: str, fields: dict[str, str], files: dict[str, tuple[str, bytes]] | None = None, prefix: str = "in-"
    ) -> str:
        """Open a form and send it until it was taken; where it leads."""
        status, page, away = self.ask(path)
        assert status == 200, f"{path} {status} {away}"
        (key,) = set(KEY.findall(page))
        token = TOKEN.findall(page)[0]
        given = {"csrfmiddlewaretoken": token, f"{prefix}key": key, **fields}
        sent, kind = multipart(given, files or {})
        status, page, away = self.ask(path, sent, Content_Type=kind)
        assert status == 302, f"{path} {status} {page[:3000]}"
        return away

    def open(self, told: Told) -> None:
        """Prove oneself by number and code."""
        _, page, _ = self.ask("/track/")
        given = {"csrfmiddlewaretoken": TOKEN.findall(page)[0], "number": told.number, "code": told.code}
        status, page, _ = self.ask("/track/", urllib.parse.urlencode(given).encode())
        assert status == 302, f"/track/ {status} {page[:3000]}"


class Street:
    """Some people at once, until `operations` were acknowledged. `tell` is called with how many there are so far."""

    def __init__(self, base: str, tokens: dict[str, str], unit: int, seed: int, operations: int) -> None:
        self.base, self.tokens, self.unit, self.seed = base, tokens, unit, seed
        self.left, self.done, self.tries = operations, 0, 0
        self.told: list[Told] = []
        self.kinds: Counter[str] = Counter()
        self.slowest = 0.0
        self._lock = threading.Lock()
        self.failed: list[BaseException] = []

    def run(self, threads: int) -> list[threading.Thread]:
        """Begin."""
        running = [threading.Thread(target=self._live, args=(n,), daemon=True) for n in range(threads)]
        for thread in running:
            thread.start()
        return running

    def _take(self) -> bool:
        with self._lock:
            self.left -= 1
            return self.left >= 0

    def _live(self, number: int) -> None:
        chance = random.Random(f"{self.seed}/{number}")
        try:
            while self.left > 0:
                self._matter(chance, chance.choice(PLANS))
        except BaseException as error:  # told by the test
            self.failed.append(error)
            self.left = 0

    def _matter(self, chance: random.Random, plan: tuple[str, ...]) -> None:
        staff = {login: Person(self.base, token) for login, token in self.tokens.items()}
        citizen = Person(self.base)
        try:
            self._walk(chance, plan, staff, citizen)
        finally:
            with self._lock:
                self.tries += sum(one.tries for one in (*staff.values(), citizen))
        assert not any(one.leaked for one in (*staff.values(), citizen))

    def _walk(self, chance: random.Random, plan: tuple[str, ...], staff: dict[str, Person], citizen: Person) -> None:
        told: Told | None = None
        for act in plan:
            if not self._take():
                return
            began = time.monotonic()
            serial = chance.randrange(65_536)
            if told is None:
                told = self._begin(act, staff["window"], citizen, serial)
                with self._lock:
                    self.told.append(told)
            else:
                self._go_on(act, told, staff, citizen, serial)
                told.steps[act] += 1
            with self._lock:
                self.done += 1
                self.kinds[act] += 1
                self.slowest = max(self.slowest, time.monotonic() - began)

    def _begin(self, act: str, window: Person, citizen: Person, serial: int) -> Told:
        text = f"小区门口第 {serial} 根灯杆的路灯坏了三个星期，晚上老人出门看不见路。"
        if act == "portal":
            fields = {"text": text, "area": "330105003", "place": "", "reporter": "person", "name": "钱大桥"}
            away = citizen.fill("/say/", fields | {"phone": f"199{serial:08d}"}, prefix="")
            _, page, _ = citizen.ask(away)
            number, code = ("".join(found.split()) for found in RECEIPT.findall(page))
            return Told(number, code, f"{number}-1")
        files, mail = [], serial % 2 == 0
        body: dict[str, Any] = {"text": text, "channel": "hotline", "area_code": "330105003"}
        person = {"name": "钱大桥", "phone": f"199{serial:08d}"}
        body["people"] = [person | ({"email": f"p{serial}@people.example"} if mail else {})]
        if act == "submit_with_file":
            data = photo(serial)
            body["files"] = [{"token": window.upload(data), "kind": "photo"}]
            files = [hashlib.sha256(data).hexdigest()]
        found = window.call("/submissions", body, str(uuid.uuid4()))
        return Told(found["number"], found["code"], found["case"], files, mail=mail)

    def _go_on(self, act: str, told: Told, staff: dict[str, Person], citizen: Person, serial: int) -> None:
        inputs: dict[str, tuple[str, dict[str, Any]]] = {
            "classify": ("officer", {"route": "inquiry", "title": "路灯什么时候修"}),
            "dispatch": ("officer", {"lead": self.unit}),
            "sign_for": ("cg.handler", {}),
            "answer": ("cg.handler" if told.steps["dispatch"] else "officer", {"reply": "已经修好。", "way": "phone"}),
        }
        if act in inputs:
            who, given = inputs[act]
            staff[who].call(f"/cases/{told.case}/steps/{act}", {"inputs": given}, str(uuid.uuid4()))
            return
        citizen.open(told)
        path, fields, files = f"/my/{told.case}/do/{act}/", {"step": act}, {}
        if act.startswith("rate_"):
            fields["in-score"] = "satisfied"
        elif act == "add_material":
            data = photo(serial)
            fields["in-words"], files = "又坏了一盏。", {"in-files": ("灯.png", data)}
            told.files.append(hashlib.sha256(data).hexdigest())
        citizen.fill(path, fields, files)


def seconds_until(asked: Callable[[], bool], most: float = 60.0) -> float:
    """How long it took until `asked()` was true."""
    began = time.monotonic()
    while not asked():
        assert time.monotonic() - began < most, "it did not come back"
        time.sleep(0.05)
    return time.monotonic() - began
