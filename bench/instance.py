"""A running instance for measurements: the real server, with the demonstration's district and as many cases as asked for.

It lies in XINQIAO_BENCH_HOME (default: .home/bench-ROWS of this checkout) and is kept between runs. The cases are those of the
demonstration, multiplied in the database with other ids, numbers and dates over ten years (`grow`): real rows in every table that
the pages and searches read. What cannot be multiplied truly is said in bench/RESULTS.md (the copies' chains do not verify).
"""

import contextlib
import gzip
import http.client
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]
TEN_YEARS = 3650
_WHILE_GROWING = ("max_wal_size = '16GB'", "full_page_writes = off", "autovacuum = off", "checkpoint_timeout = '1h'")
_PLAIN_INDEXES = """
SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
WHERE i.indrelid = ANY(%s::text[]::regclass[]) AND NOT i.indisunique AND NOT i.indisexclusion
"""
_ALL_READ = "UPDATE ledger_cursor SET xid = pg_snapshot_xmin(pg_current_snapshot())::text::xid8, position = 0"
_LEFT = """
SELECT EXISTS (SELECT FROM cases_document WHERE number IS NOT NULL AND pdf IS NULL) OR EXISTS (
    SELECT FROM ledger_cursor c
    WHERE c.name <> 'anchor' AND EXISTS (SELECT FROM ledger_entry e WHERE (e.xid, e.position) > (c.xid, c.position)))
"""  # the anchor is the night's work
_NOT_YET_OVER = """
UPDATE cases_obligation SET wake_at = now() + interval '30 days' WHERE settled_at IS NULL AND wake_at < now()
"""  # the watcher would have days of work with copies that were moved back
OPEN_DAYS = 60  # copies older than this are of closed cases only


def home_of(rows: int) -> Path:
    """Where the instance of that size lies."""
    return Path(os.environ.get("XINQIAO_BENCH_HOME") or ROOT / ".home" / f"bench-{rows}").resolve()


def environment(home: Path) -> dict[str, str]:
    """The environment of everything that works on the instance."""
    kept = {k: v for k, v in os.environ.items() if k not in {"DJANGO_SETTINGS_MODULE", "XINQIAO_DATABASE_URL"}}
    return {
        **kept,
        "XINQIAO_HOME": str(home),
        "PYTHONPATH": str(ROOT / "src"),
        "XINQIAO_API_TOKEN_PER_MINUTE": "0",
        "XINQIAO_API_ADDRESS_PER_MINUTE": "0",
    }


@dataclass
class Instance:
    """An instance that serves."""

    home: Path
    port: int
    server: subprocess.Popen[str]
    started_in: float
    tokens: dict[str, str] = field(default_factory=dict)

    def xinqiao(self, *arguments: str) -> str:
        """Run the command and return what it prints."""
        done = subprocess.run(
            [sys.executable, "-m", "xinqiao.cli", *arguments],
            env=environment(self.home), capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"xinqiao {' '.join(arguments)}: {done.stderr or done.stdout}")
        return done.stdout

    def token(self, login: str) -> str:
        """A token of that member of staff, with every scope."""
        if not self.tokens:  # those of earlier runs stand in the way of new ones
            with self.database() as link:
                link.execute(
                    "UPDATE people_apitoken SET revoked_at = now() WHERE name = 'bench' AND revoked_at IS NULL"
                )
        if login not in self.tokens:
            scopes = "submit,read,step,search"
            said = self.xinqiao("token", "make", login, "--name", "bench", "--scopes", scopes, "--days", "7", "--json")
            self.tokens[login] = json.loads(said)["token"]
        return self.tokens[login]

    def database(self) -> psycopg.Connection[Any]:
        """A connection of the administrator."""
        return connect(self.home)


@contextlib.contextmanager
def _database(home: Path) -> Iterator[None]:
    os.environ["XINQIAO_HOME"] = str(home)
    from xinqiao.server.postgres import served

    with served(home):
        yield


def connect(home: Path) -> psycopg.Connection[Any]:
    """A connection of the administrator of the embedded database, which must run."""
    os.environ["XINQIAO_HOME"] = str(home)
    from xinqiao.config import environment as settings
    from xinqiao.server import places
    from xinqiao.server.postgres import Postgres

    return places.connect(Postgres(home).admin(), database=settings.DATABASE)


@contextlib.contextmanager
def serving(rows: int, *, say: Callable[[str], None]) -> Iterator[Instance]:
    """The instance of that size, served; filled first when it is new."""
    home = home_of(rows)
    home.mkdir(parents=True, exist_ok=True)
    whole = home / "grown"
    if not whole.exists():
        say(f"filling {home} (kept for later runs; remove it when this is broken off)")
        _run(["demo", "load"], home)  # goes on where it stopped; nothing when it is whole
        with _server(home), connect(home) as connection:
            _wait_for_worker(connection)
        with _database(home), connect(home) as connection:  # no worker looks at the copies while they are made
            grow(connection, rows, say=say)
        whole.write_text(str(rows))
    with _server(home) as instance:
        with connect(home) as connection:
            _wait_for_worker(connection)  # what a former run left behind is not this run's
            connection.execute("VACUUM cases_case, cases_obligation, cases_document")
        yield instance


@contextlib.contextmanager
def serving_new(home: Path, *, say: Callable[[str], None]) -> Iterator[Instance]:
    """An instance made anew in `home`, with the demonstration's district, served once its own papers are drawn."""
    home.mkdir(parents=True)
    say(f"making {home}")
    _run(["demo", "load"], home)
    with _server(home) as instance:
        with connect(home) as connection:
            _wait_for_worker(connection)
        yield instance


@contextlib.contextmanager
def _server(home: Path) -> Iterator[Instance]:
    port = _free_port()
    began = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, "-m", "xinqiao.cli", "server", "--no-demo", "--port", str(port), "--workers", "2"],
        env=environment(home), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        _wait(port, server)
        yield Instance(home, port, server, time.perf_counter() - began)
    finally:
        server.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(60)
        server.kill()


def _run(arguments: Sequence[str], home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "xinqiao.cli", *arguments],
        env=environment(home), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])


def _wait_for_worker(connection: psycopg.Connection[Any]) -> None:
    connection.autocommit = True
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        row = connection.execute(_LEFT).fetchone()
        if row and not row[0]:
            return
        time.sleep(0.5)
    raise RuntimeError("the worker does not catch up")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(port: int, server: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer,
        ):
            if answer.status == 200:
                return
        if server.poll() is not None:
            raise RuntimeError(f"the server ended: {(server.stderr.read() if server.stderr else '')[-2000:]}")
        time.sleep(0.05)
    raise RuntimeError("the server does not answer")


# --- growing


def grow(connection: psycopg.Connection[Any], rows: int, *, say: Callable[[str], None]) -> None:
    """Multiply the unsealed cases until there are about `rows`, over ten years; older copies are of closed cases."""
    connection.autocommit = True
    one = connection.execute("SELECT count(*) FROM cases_case").fetchone()
    have = int(one[0]) if one else 0
    copies = max(0, round((rows - have) / _closed_share(connection)))
    if not copies:
        return
    connection.execute("SET synchronous_commit = off")
    connection.execute("SET maintenance_work_mem = '1GB'")
    connection.execute("SET session_replication_role = replica")  # no foreign keys to check: the copies are whole
    for setting in _WHILE_GROWING:
        connection.execute(f"ALTER SYSTEM SET {setting}")
    connection.execute("SELECT pg_reload_conf()")
    connection.execute(_FUNCTIONS)
    later = connection.execute(_PLAIN_INDEXES, [_tables(connection)]).fetchall()
    for name, _ in later:  # built again at the end, which is many times faster
        connection.execute(f"DROP INDEX {name}")
    days = TEN_YEARS / copies
    began = time.perf_counter()
    step = max(1, min(25, copies))
    for first in range(1, copies + 1, step):
        last = min(first + step - 1, copies)
        with connection.transaction():
            for table in _tables(connection):
                connection.execute(
                    _copy_of(connection, table), {"first": first, "last": last, "days": days, "open": OPEN_DAYS}
                )
        if (first // step) % 10 == 0:
            say(f"  {last * 100 // copies} % in {time.perf_counter() - began:.0f} s")
    connection.execute("RESET session_replication_role")
    say(f"  rows in {time.perf_counter() - began:.0f} s; building {len(later)} indexes")
    for _, definition in later:
        connection.execute(definition)
    connection.execute(_ALL_READ)
    connection.execute(_NOT_YET_OVER)
    connection.execute("ALTER SYSTEM RESET ALL")
    connection.execute("SELECT pg_reload_conf()")
    connection.execute("VACUUM ANALYZE")
    say(f"  {copies} copies in {time.perf_counter() - began:.0f} s")


def _closed_share(connection: psycopg.Connection[Any]) -> int:
    """How many cases a copy adds, nearly: those that are closed and not sealed."""
    one = connection.execute("SELECT count(*) FROM cases_case WHERE NOT sealed AND closed_at IS NOT NULL").fetchone()
    return int(one[0]) if one else 1


_FUNCTIONS = """
CREATE FUNCTION pg_temp.other(id uuid, k int) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT (lpad(to_hex(('x' || substr(replace(id::text, '-', ''), 1, 12))::bit(48)::bigint - k::bigint * 60000000), 12, '0')
        || '7' || substr(md5(id::text || k), 1, 3) || '8' || substr(md5(k || id::text), 1, 15))::uuid $$;
CREATE FUNCTION pg_temp.digits(text text, k int, long int) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT lpad(((('x' || substr(md5(text || '/' || k), 1, 15))::bit(60)::bigint) % (10::bigint ^ long)::bigint)::text, long, '0') $$;
CREATE FUNCTION pg_temp.marked(words tsvector, at timestamptz) RETURNS tsvector LANGUAGE sql STABLE STRICT AS $$
    SELECT regexp_replace(regexp_replace(words::text,
        '@d\\d+', '@d' || ((at AT TIME ZONE 'Asia/Shanghai')::date - DATE '0001-01-01' + 1)),
        '@m\\d+', '@m' || (date_part('year', at AT TIME ZONE 'Asia/Shanghai')::int * 12 + date_part('month', at AT TIME ZONE 'Asia/Shanghai')::int - 1))::tsvector $$;
CREATE TEMP TABLE chosen AS
    SELECT c.id, c.closed_at IS NOT NULL AS closed, s.submission_id, su.number
    FROM cases_case c JOIN intake_submissioncase s ON s.case_id = c.id JOIN intake_submission su ON su.id = s.submission_id
    WHERE NOT c.sealed;
CREATE UNIQUE INDEX ON chosen (id);
"""

# table → (condition that joins a row to a chosen case, columns whose values are other in a copy)
_PLANS: dict[str, tuple[str, dict[str, str]]] = {
    "intake_submission": (
        "old.id = chosen.submission_id",
        {"id": "pg_temp.other(old.id, k)", "number": "pg_temp.digits(old.number, k, 12)"},
    ),
    "cases_case": (
        "old.id = chosen.id",
        {
            "id": "pg_temp.other(old.id, k)",
            "number": "pg_temp.digits(chosen.number, k, 12) || substr(old.number, 13)",
        },
    ),
    "intake_submissioncase": (
        "old.case_id = chosen.id",
        {"submission_id": "pg_temp.other(old.submission_id, k)", "case_id": "pg_temp.other(old.case_id, k)"},
    ),
    "intake_party": (
        "old.submission_id = chosen.submission_id",
        {"submission_id": "pg_temp.other(old.submission_id, k)"},
    ),
    "cases_assist": ("old.case_id = chosen.id", {"case_id": "pg_temp.other(old.case_id, k)"}),
    "cases_rating": ("old.case_id = chosen.id", {"case_id": "pg_temp.other(old.case_id, k)"}),
    "cases_obligation": (
        "old.case_id = chosen.id",
        {"id": "pg_temp.other(old.id, k)", "case_id": "pg_temp.other(old.case_id, k)"},
    ),
    "cases_document": (
        "old.case_id = chosen.id AND old.replaces_id IS NULL",
        {
            "id": "pg_temp.other(old.id, k)",
            "case_id": "pg_temp.other(old.case_id, k)",
            "number": "old.number || '-' || k",
        },
    ),
    "cases_record": (
        "old.case_id = chosen.id",
        {"id": "pg_temp.other(old.id, k)", "case_id": "pg_temp.other(old.case_id, k)"},
    ),
    "ledger_entry": ("old.case_id = chosen.id", {"case_id": "pg_temp.other(old.case_id, k)"}),
    "notices_message": (
        "old.case_id = chosen.id",
        {"id": "pg_temp.other(old.id, k)", "case_id": "pg_temp.other(old.case_id, k)"},
    ),
    "cases_searchrow": (
        "old.case_id = chosen.id",
        {"case_id": "pg_temp.other(old.case_id, k)", "words": "pg_temp.marked(old.words, old.received_at - {moved})"},
    ),
}
_MOVED = "make_interval(hours => (k * %(days)s * 24)::int)"
_OWN = {"ledger_entry": {"xid", "position"}}  # columns that the database gives


def _tables(connection: psycopg.Connection[Any]) -> list[str]:
    return list(_PLANS)


def _copy_of(connection: psycopg.Connection[Any], table: str) -> str:
    """INSERT … SELECT of the copies `first` to `last`: days are moved back, ids are others, the rest is as it was."""
    where, changes = _PLANS[table]
    columns = connection.execute(
        "SELECT attname, atttypid::regtype::text, attidentity <> '' FROM pg_attribute "
        "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
        [table],
    ).fetchall()
    names, values = [], []
    for name, kind, given in columns:
        if given or name in _OWN.get(table, ()):
            continue
        names.append(f'"{name}"')
        if name in changes:
            values.append(changes[name].replace("{moved}", _MOVED))
        elif kind == "timestamp with time zone":
            values.append(f'old."{name}" - {_MOVED}')
        elif kind == "date":
            values.append(f'old."{name}" - (k * %(days)s)::int')
        else:
            values.append(f'old."{name}"')
    return (
        f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)} "
        f"FROM generate_series(%(first)s::int, %(last)s::int) k CROSS JOIN chosen JOIN {table} old ON {where} "
        "WHERE chosen.closed OR k * %(days)s < %(open)s ON CONFLICT DO NOTHING"
    )


# --- load


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


def staffed(home: Path) -> None:
    """Set Django up in this process on the instance's database, as the web process sees it."""
    os.environ |= {
        "XINQIAO_HOME": str(home), "XINQIAO_DB_ROLE": "app", "DJANGO_SETTINGS_MODULE": "xinqiao.config.settings",
    }  # fmt: skip
    import django

    django.setup()


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


def machine() -> str:
    """The machine in a few words, for the table of results."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        "?",
    )
    memory = int(Path("/proc/meminfo").read_text().split()[1]) // 2**20
    return f"{os.cpu_count()} cores ({model}), {memory} GiB"
