"""The production profile of deploy/ for real: roles, each process under its own login, nginx with TLS in front."""

import ctypes.util
import http.client
import json
import os
import pwd
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psycopg
import pytest

from tests.platform.support import command, free_port, laid_out, surroundings, until
from xinqiao.config import environment
from xinqiao.server import binaries
from xinqiao.server.postgres import Postgres

DEPLOY = environment.ROOT / "deploy"
NAME = "xinqiao.example.gov.cn"
UNITS = DEPLOY / "systemd"
FENCES = shutil.which("systemd-analyze") and ctypes.util.find_library("seccomp")
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(not NGINX, reason="nginx is not installed (apt-get install nginx-light)"),
    pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed"),
]


def commands() -> list[str]:
    """The command lines of the runbook's installation, in order."""
    text = (environment.ROOT / "docs" / "runbook" / "production.md").read_text()
    text = text.partition("## Install\n")[2].partition("\n## ")[0]
    return [line.strip() for line in text.splitlines() if line.startswith("       ")]


class Drip(BaseHTTPRequestHandler):
    """A stream that says its second word only when the first was heard."""

    heard = threading.Event()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        told = {name.lower(): value for name, value in self.headers.items()}
        self.wfile.write(f"data: {json.dumps(told)}\n\n".encode())
        self.wfile.flush()
        self.heard.wait(60)
        self.wfile.write(b"data: second\n\n")

    def log_message(self, *_words: object) -> None:
        """Says nothing."""


class Instance:
    """Database over TCP with the four roles, the web process as app, and nginx."""

    def __init__(self, place: Path) -> None:
        self.place, self.etc = place, place.with_name("etc")
        self.database = Postgres(place.with_name("db"))
        self.ports = {name: free_port() for name in ("database", "web", "stream", "http", "https")}
        self.running: list[subprocess.Popen[bytes]] = []
        self.drip = ThreadingHTTPServer(("127.0.0.1", 0), Drip)
        self.dripping = threading.Thread(target=self.drip.serve_forever, daemon=True)
        self.log = place.with_name("nginx.log")
        self.archive = place.with_name("archive")

    def named(self, role: str) -> dict[str, str]:
        """The settings of a process of that role, as systemd reads them: what all have, then its own."""
        given = [line for each in ("xinqiao", role) for line in (self.etc / f"{each}.env").read_text().splitlines()]
        return dict(line.split("=", 1) for line in given if line and not line.startswith("#"))

    def here(self, words: str) -> str:
        """Words of the runbook or of a file of deploy/ with the places of this test."""
        for written, place in (
            ("/etc/xinqiao", self.etc),
            ("/var/lib/xinqiao", self.place.parent),
            ("/srv/xinqiao-archive", self.archive),
            ("/opt/xinqiao", environment.ROOT),
        ):
            words = words.replace(written, str(place))
        return words

    def step(self, beginning: str, more: str = "") -> None:
        """Carry out the lines of the runbook that begin so, as they are written (and `more`)."""
        lines = [line for line in commands() if line.startswith(beginning)]
        assert lines, beginning
        user = pwd.getpwuid(os.geteuid()).pw_name
        for line in lines:
            done = subprocess.run(
                ["sh", "-euc", self.here(line).replace("-o xinqiao -g xinqiao ", "") + more],
                env={**surroundings(self.place), "XINQIAO_ETC": str(self.etc), "XINQIAO_USER": user,
                     "PGHOST": str(self.database.socket), "PGUSER": "postgres",
                     "PSQL": binaries.find_binaries()["psql"]},
                capture_output=True, text=True,
            )  # fmt: skip
            assert done.returncode == 0, (line, done.stderr)

    def start(self) -> None:
        """Everything, in the order of the runbook."""
        self.database.initialise()
        with (self.database.data / "pg_hba.conf").open("a") as rules:
            rules.write("host all all 127.0.0.1/32 scram-sha-256\n")
            rules.write("host replication xinqiao_backup 127.0.0.1/32 scram-sha-256\n")
        port = str(self.ports["database"])
        self.database.settings = {"listen_addresses": "127.0.0.1", "port": port}
        self.database.answers = self._database_answers  # type: ignore[method-assign]
        self.database.start()
        self.step("install -d")
        for _ in range(2):  # running it again changes nothing
            self.step("/opt/xinqiao/deploy/database/roles", f" 127.0.0.1 {port}")
        self.step("install -m 600")
        settings = self.etc / "xinqiao.env"
        settings.write_text(self.here(settings.read_text()))
        self.step("/opt/xinqiao/deploy/as app keys new")
        assert self.spawn("migrate").wait(240) == 0, self.told()
        self.web = self.spawn("web", "--workers", "1")
        self.dripping.start()
        self._nginx()
        until("the portal over TLS", lambda: self.status("/healthz") == 200, told=self.told)

    def _database_answers(self) -> bool:
        try:
            self.administrator().close()
        except psycopg.OperationalError:
            return False
        return True

    def administrator(self, database: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
        """Somebody who may look at everything."""
        return psycopg.connect(
            host=str(self.database.socket), port=self.ports["database"], user="postgres", dbname=database
        )

    def spawn(self, name: str, *more: str) -> "subprocess.Popen[bytes]":
        """What the unit of that name starts, with its settings and under its system calls."""
        unit = f"xinqiao-{name}.service"
        told = dict(line.split("=", 1) for line in reversed((UNITS / unit).read_text().splitlines()) if "=" in line)
        words = [sys.executable, "-m", "xinqiao.cli", *told["ExecStart"].split()[1:], *more]
        words = [
            word.replace("8000", str(self.ports["web"])).replace("8001", str(self.ports["stream"])) for word in words
        ]
        named = self.named(Path(told["EnvironmentFile"]).stem)
        fence = [sys.executable, "-m", "tests.platform.fenced", unit] if FENCES else []
        path = f"{environment.ROOT / 'src'}{os.pathsep}{environment.ROOT}"
        with self.place.with_name("processes.log").open("ab") as log:
            process = subprocess.Popen(
                [*fence, *words], env=surroundings(self.place, PYTHONPATH=path, **named), stdout=log, stderr=log
            )
        self.running.append(process)
        return process

    def _nginx(self) -> None:
        subject = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-keyout", str(self.etc / "privkey.pem"), "-out", str(self.etc / "fullchain.pem"), *subject],
            check=True, capture_output=True,
        )  # fmt: skip
        words = (DEPLOY / "nginx" / "xinqiao.conf").read_text()
        words = re.sub(r"\n\s*listen \[::\]:[^\n]*", "", words)
        words = words.replace("127.0.0.1:8000", f"127.0.0.1:{self.ports['web']}")
        words = words.replace("127.0.0.1:8001", f"127.0.0.1:{self.drip.server_port}")
        words = words.replace("listen 80;", f"listen 127.0.0.1:{self.ports['http']};")
        words = words.replace("listen 443 ", f"listen 127.0.0.1:{self.ports['https']} ")
        words = words.replace("/etc/xinqiao/tls/", f"{self.etc}/")
        words = words.replace("/var/log/nginx/xinqiao.error.log", str(self.place.with_name("nginx.error.log")))
        words = words.replace("/var/log/nginx/xinqiao.log", str(self.log))
        words = words.replace("/opt/xinqiao/deploy/", f"{DEPLOY}/")
        words = words.replace("/opt/xinqiao/build/static/", f"{environment.ROOT}/build/static/")
        folder = self.place.with_name("nginx")
        folder.mkdir()
        temporary = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy"))
        main = folder / "nginx.conf"
        user = "user root;" if os.geteuid() == 0 else ""
        main.write_text(
            f"{user}daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}}\n"
            f"http {{ include /etc/nginx/mime.types; {temporary}\n{words}\n}}\n"
        )
        assert NGINX is not None
        tried = subprocess.run([NGINX, "-t", "-p", str(folder), "-c", str(main)], capture_output=True, text=True)
        assert tried.returncode == 0, tried.stderr
        self.running.append(subprocess.Popen([NGINX, "-p", str(folder), "-c", str(main)], stderr=subprocess.DEVNULL))

    def told(self) -> str:
        """What the processes have said."""
        return self.place.with_name("processes.log").read_text()

    @contextmanager
    def ask(
        self, path: str, *, method: str = "GET", host: str = NAME, **headers: str
    ) -> Iterator[http.client.HTTPResponse]:
        """One request over TLS; its body is not read."""
        context = ssl.create_default_context(cafile=str(self.etc / "fullchain.pem"))
        if host != NAME:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        plain = socket.create_connection(("127.0.0.1", self.ports["https"]), 60)
        with context.wrap_socket(plain, server_hostname=host) as wrapped:
            connection = http.client.HTTPConnection(host, timeout=60)
            connection.sock = wrapped
            given = {"Host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
            connection.request(method, path, headers=given)
            with connection.getresponse() as answer:
                yield answer

    def status(self, path: str) -> int:
        """How a request ends; 0 when nobody answers."""
        try:
            with self.ask(path) as answer:
                return answer.status
        except OSError:
            return 0

    def stop(self) -> None:
        """Everything, in turn."""
        Drip.heard.set()
        for process in reversed(self.running):
            process.terminate()
            process.wait(60)
        if self.dripping.is_alive():
            self.drip.shutdown()
        self.drip.server_close()
        self.database.stop()


@pytest.fixture(scope="module")
def instance() -> Iterator[Instance]:
    with laid_out() as place:
        made = Instance(place)
        try:
            made.start()
            yield made
        finally:
            made.stop()


def test_the_portal_answers_over_tls_with_its_headers(instance: Instance) -> None:
    with instance.ask("/") as answer:
        page = answer.read().decode()
    assert answer.status == 200
    assert "心桥" in page
    heads = {name.lower(): value for name, value in answer.getheaders()}
    assert answer.headers.get_all("Strict-Transport-Security") == ["max-age=31536000"]
    assert heads["x-content-type-options"] == "nosniff"
    assert heads["x-frame-options"] == "DENY"
    assert heads["referrer-policy"] == "same-origin"
    assert "script-src" in heads["content-security-policy"]
    assert heads["server"] == "nginx"
    with instance.ask("/desk/account/login/") as answer:
        cookies = answer.headers.get_all("Set-Cookie") or []
        assert answer.status == 200
    assert cookies
    assert all("Secure" in cookie for cookie in cookies)


def test_plain_http_is_sent_to_tls(instance: Instance) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", instance.ports["http"], timeout=60)
    connection.request("GET", "/say/?a=b", headers={"Host": NAME})
    with connection.getresponse() as answer:
        assert answer.status == 308
        assert answer.headers["Location"] == f"https://{NAME}/say/?a=b"
    connection.close()


def test_another_name_is_not_answered(instance: Instance) -> None:
    with instance.ask("/", host="other.example") as answer:
        assert answer.status == 421


def test_static_files_come_from_nginx_and_never_change(instance: Instance) -> None:
    with instance.ask("/") as answer:
        found = re.search(r'href="(/static/[^"]+\.css)"', answer.read().decode())
    assert found is not None
    with instance.ask(found.group(1), Accept_Encoding="gzip") as answer:
        answer.read()
        assert answer.status == 200
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["Content-Encoding"] == "gzip"
        assert answer.headers["Strict-Transport-Security"]


def test_what_is_too_large_is_refused_before_it_is_read_with_a_page_that_says_what_to_do(instance: Instance) -> None:
    large = str(90 * 1024 * 1024)
    with instance.ask("/say/", method="POST", Content_Length=large) as answer:
        page = answer.read().decode()
        assert answer.status == 413
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert answer.headers["Strict-Transport-Security"]
        assert answer.headers["Retry-After"] is None
    assert page.index("文件太大，没有收下。") < page.index("Too large")
    assert 'data-xq-failed="too-large"' in page
    assert "80 MB" in page
    with instance.ask("/too-large.html") as answer:
        assert answer.status == 404
    with instance.ask("/api/v1/submissions", method="POST", Content_Length=large) as answer:
        told = json.loads(answer.read())
        assert (answer.status, answer.headers["Content-Type"]) == (413, "application/problem+json")
    assert told["type"].endswith("#too-large")


def test_live_events_are_handed_on_at_once_and_forged_words_are_dropped(instance: Instance) -> None:
    Drip.heard.clear()
    with instance.ask(
        "/live/?token=secret-pass",
        X_Forwarded_For="203.0.113.7",
        X_Forwarded_Proto="http",
        X_Forwarded_Host="evil.example",
    ) as answer:
        first = json.loads(_event(answer))
        Drip.heard.set()
        assert _event(answer) == "second"
    assert first["x-forwarded-for"] == "127.0.0.1"
    assert first["x-forwarded-proto"] == "https"
    assert first["host"] == NAME
    assert "evil.example" not in json.dumps(first)


def _event(answer: http.client.HTTPResponse) -> str:
    while not (line := answer.readline()).startswith(b"data: "):
        assert line
    return line.removeprefix(b"data: ").decode().strip()


def test_the_log_holds_no_query(instance: Instance) -> None:
    assert instance.status("/track/?code=1234567890") in (200, 302, 404)
    until("a line in the log", lambda: "/track/" in instance.log.read_text())
    assert "1234567890" not in instance.log.read_text()
    assert "secret-pass" not in instance.log.read_text()


def test_the_log_holds_no_number_of_a_matter_nor_of_a_file(instance: Instance) -> None:
    """Beside an address they would say who asked for whose."""
    blob = "0198c0de-0000-7000-8000-0000000000ab"
    asked = {
        "/my/350100000017/do/urge/": "/my/*/do/urge/",
        "/my/350100000017-2/": "/my/*/",
        f"/my/350100000017/files/{blob}/": "/my/*",
        "/desk/cases/350100000017/registration.pdf": "/desk/cases/*/registration.pdf",
        f"/desk/cases/350100000017/papers/{blob}.pdf?x=350100000017": "/desk/cases/*",
        "/api/v1/cases/350100000017/steps/accept": "/api/v1/cases/*/steps/accept",
        "/%33501%2f0000": "/*",
        "/say/?words=350100000017": "/say/",
    }
    before = len(instance.log.read_text().splitlines())
    for path in asked:
        instance.status(path)
    until("the lines", lambda: len(instance.log.read_text().splitlines()) >= before + len(asked))
    lines = instance.log.read_text().splitlines()[before:]
    assert [line.split()[3] for line in lines] == list(asked.values())
    assert "350100000017" not in instance.log.read_text()


def test_trying_to_sign_in_again_and_again_is_slowed(instance: Instance) -> None:
    for _ in range(40):
        with instance.ask("/desk/account/login/") as answer:
            if answer.status == 429:
                _is_humane(answer, "请等几秒再试", "Too many requests")
                return
    raise AssertionError("nobody was slowed")


def _is_humane(answer: http.client.HTTPResponse, chinese: str, english: str) -> None:
    """A page of ours: what to do in both languages, and nothing that was typed is lost on the way back."""
    page = answer.read().decode()
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Retry-After"] == "10"
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert page.index(chinese) < page.index(english)
    for words in ("data-xq-failed=", "/back.js", "data-xq-back", "您写的内容还在"):
        assert words in page
    assert 'href="/"' not in page, "the way back leads to what was being written"


@pytest.mark.skipif(not FENCES, reason="systemd-analyze or libseccomp is not installed")
def test_each_unit_starts_what_its_system_calls_let_live(instance: Instance) -> None:
    begun = {name: instance.spawn(name) for name in ("worker", "stream", "archive")}

    def streams() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{instance.ports['stream']}/live/", timeout=5):
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False

    def works() -> bool:
        with instance.administrator("xinqiao") as connection:
            row = connection.execute("SELECT 1 FROM procrastinate_workers").fetchone()
        return row is not None

    def archives() -> bool:
        return (instance.archive / "state.json").exists() and any(instance.archive.glob("bases/*/about.xqb"))

    for name, lives in (("worker", works), ("stream", streams), ("archive", archives)):
        process = begun[name]
        until(name, lambda lives=lives, process=process: lives() or process.poll() is not None, told=instance.told)
        assert process.poll() is None, instance.told()


def test_each_process_has_a_login_of_its_own_with_least_rights(instance: Instance) -> None:
    for role in ("owner", "app", "seal", "backup"):
        assert (instance.etc / f"{role}.env").stat().st_mode & 0o077 == 0
    told = command(instance.place, "run", "check", **instance.named("app"))
    assert told.returncode == 0, told.stderr
    for other in ("owner", "seal"):
        refused = command(instance.place, "run", "check", **instance.named(other))
        assert refused.returncode == 1
        assert "does not answer as xinqiao_app" in refused.stderr
    with instance.administrator() as connection:
        rows = connection.execute(
            "SELECT rolname, rolsuper, rolcreatedb, rolcreaterole, rolbypassrls, rolreplication FROM pg_roles "
            "WHERE rolname LIKE 'xinqiao%' ORDER BY 1"
        ).fetchall()
    assert rows == [
        ("xinqiao_app", False, False, False, False, False),
        ("xinqiao_backup", False, False, False, True, True),
        ("xinqiao_owner", False, False, False, False, False),
        ("xinqiao_seal", False, False, False, False, False),
    ]


def _systemd() -> int:
    told = subprocess.run(["systemd-analyze", "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"\d+", told)
    return int(found[0]) if found else 0


def test_the_runbook_makes_every_place_that_the_units_name() -> None:
    lines = commands()
    made = {word for line in lines if line.startswith("install") for word in line.split() if word.startswith("/")}
    roles = next(line for line in lines if "deploy/database/roles" in line)
    assert roles == "/opt/xinqiao/deploy/database/roles /etc/xinqiao", (
        "no password is asked for, and root may write there"
    )
    made |= {f"/etc/xinqiao/{role}.env" for role in ("owner", "app", "seal", "backup")}
    for unit in UNITS.glob("*.service"):
        for line in unit.read_text().splitlines():
            name, _, value = line.partition("=")
            if name in ("EnvironmentFile", "ReadWritePaths", "ReadOnlyPaths"):
                for path in value.split():
                    assert path.removeprefix("-") in made, (unit.name, line)
                    assert name == "EnvironmentFile" or path.startswith("-"), "what is missing is no end of the unit"
        assert "StateDirectory=xinqiao/home\n" in unit.read_text()
    example = (DEPLOY / "xinqiao.env.example").read_text()
    for name in ("XINQIAO_HOME", "XINQIAO_KEYS", "XINQIAO_BACKUP"):
        found = re.search(rf"^{name}=(.+)$", example, re.MULTILINE)
        assert found is not None
        assert found[1] in made
    for program in (word for line in lines for word in line.split() if word.startswith("/opt/xinqiao/")):
        path = environment.ROOT / program.removeprefix("/opt/xinqiao/").rstrip("*")
        assert path.exists(), program


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may ask as the database's user")
def test_roles_are_made_through_the_socket_without_a_password(tmp_path: Path) -> None:
    said = tmp_path / "said"
    program = tmp_path / "psql"
    program.write_text(f'#!/bin/sh\necho "$@" >>{said}\ncat >/dev/null\n')
    program.chmod(0o755)
    (tmp_path / "runuser").write_text(f'#!/bin/sh\necho "as $2" >>{said}\nshift 3\nexec "$@"\n')
    (tmp_path / "runuser").chmod(0o755)
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    for more in ([], ["10.0.0.5"]):
        done = subprocess.run(
            [str(DEPLOY / "database" / "roles"), str(tmp_path / f"etc{len(more)}"), *more],
            env={**kept, "PATH": path}, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    here, there = said.read_text().split("as postgres\n")[1].splitlines()
    assert "--host" not in here
    assert "--host=10.0.0.5" in there


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_the_units_are_well_formed_and_closed(tmp_path: Path) -> None:
    for unit in (DEPLOY / "systemd").iterdir():
        words = unit.read_text().replace("/opt/xinqiao/.venv/bin/xinqiao", sys.executable)
        if _systemd() < 254:  # which passes over what it does not know, with a word
            words = words.replace("RestartMode=direct\n", "")
        (tmp_path / unit.name).write_text(words)
        if unit.suffix == ".service":
            for needed in (
                "NoNewPrivileges=yes",
                "ProtectSystem=strict",
                "ProtectHome=yes",
                "CapabilityBoundingSet=\n",
            ):
                assert needed in words, (unit.name, needed)
    checked = subprocess.run(
        ["systemd-analyze", "verify", *sorted(map(str, tmp_path.iterdir()))], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stderr
    assert checked.stderr.strip() == ""


def test_when_the_web_process_is_away_a_page_says_so_and_drafts_outlive_it(instance: Instance) -> None:
    """The last one here: nobody starts it again."""
    instance.web.terminate()
    instance.web.wait(60)
    for method, path in (("GET", "/"), ("POST", "/say/"), ("POST", "/desk/account/login/")):
        with instance.ask(path, method=method) as answer:
            assert answer.status == 502
            _is_humane(answer, "请等一会儿", "cannot be reached")
    with instance.ask("/back.js") as answer:
        assert b"data-xq-" in answer.read()
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-cache")
        assert "javascript" in answer.headers["Content-Type"]
    with instance.ask("/api/v1/submissions", method="POST") as answer:
        told = json.loads(answer.read())
        assert (answer.status, answer.headers["Content-Type"]) == (503, "application/problem+json")
        assert (told["type"], told["status"]) == ("/api/v1/docs#away", 503)


def test_what_nginx_says_to_programs_is_of_the_kinds_that_the_interface_names() -> None:
    from xinqiao.api.problems import KINDS

    found = re.findall(r"return (\d+) '(\{.*\})';", (DEPLOY / "nginx" / "xinqiao.conf").read_text())
    assert len(found) == 3
    for status, words in found:
        told = json.loads(words)
        assert (str(told["status"]), told["status"]) == (status, KINDS[told["type"].partition("#")[2]][0])
