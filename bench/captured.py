"""A life's own SQL in pgbench: what the database alone could do with the messages that the application sends.

    script/bench captured [--rows 600] [--seconds 10] [--clients 16] [--single] [--json]

Some lives of bench/lifecycle.py are led in this process through the application itself (WSGI, its database role, its policies), and
every message to the database is taken down as it goes over the wire: one message is one round trip, however many statements
it holds. pgbench then sends the same messages from as many clients; only what must be new in each life is changed (ids,
numbers, request keys). So the limit is taken anew in each run, and no SQL is kept anywhere.

It counts only when it is true: every table that a life writes must hold as many more rows, in the same states, as so many real lives
would have left; else there is no figure. What was written is taken out again. The server must not run meanwhile.
"""

import argparse
import contextlib
import io
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psycopg
from bench.instance import Client, Instance, Timed, connect, environment, home_of

KINDS = 8  # lives taken down: other words, other searches
WARM = 3  # lives before, so that plans and what is remembered are those of a server that has run for a while

# --- taking down


class Tape:
    """Takes down every message that this process sends to the database while it runs; `before` hears each beforehand."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.prepared: dict[str, str] = {}  # name → the whole PREPARE
        self.running = False

    def before(self, link: Any, message: str) -> None:
        """Called with libpq's connection before a message leaves."""

    def take(self) -> list[str]:
        """What was taken down since the last time."""
        taken, self.messages = self.messages, []
        return taken

    def _hear(self, link: Any, message: str) -> None:
        for statement in statements(message):
            if given := _PREPARE.match(statement):
                self.prepared[given[1]] = statement
        if self.running:
            self.before(link, message)
            self.messages.append(message)

    @contextlib.contextmanager
    def listening(self) -> Iterator["Tape"]:
        """Hears PREPAREs from now on, and takes down while `running`."""
        from psycopg._connection_base import BaseConnection
        from psycopg.client_cursor import ClientCursorMixin
        from psycopg.cursor import Cursor

        as_client, as_server, as_command = (
            ClientCursorMixin._execute_send, Cursor._execute_send, BaseConnection._exec_command,
        )  # fmt: skip

        def client(cursor: Any, query: Any, **more: Any) -> None:
            self._hear(cursor._pgconn, query.query.decode())
            as_client(cursor, query, **more)

        def server(cursor: Any, query: Any, **more: Any) -> None:
            if self.running:
                raise RuntimeError(f"not a plain message, so pgbench cannot send it: {query.query[:200]!r}")
            as_server(cursor, query, **more)

        def command(connection: Any, text: Any, *more: Any, **named: Any) -> Any:
            said = text if isinstance(text, (str, bytes)) else text.as_bytes(connection)
            self._hear(connection.pgconn, said if isinstance(said, str) else said.decode())
            return (yield from as_command(connection, text, *more, **named))

        with (
            mock.patch.object(Cursor, "_execute_send", server),
            mock.patch.object(ClientCursorMixin, "_execute_send", client),
            mock.patch.object(BaseConnection, "_exec_command", command),
        ):
            yield self


_TOKENS = re.compile(r"""(?P<quoted>\bE'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*")|;|[^'";E]+|E""", re.DOTALL)
_PREPARE = re.compile(r'PREPARE\s+"?(\w+)"?', re.IGNORECASE)


def statements(message: str) -> list[str]:
    """The statements of a message."""
    found = [""]
    for token in _TOKENS.finditer(message):
        if token[0] == ";":
            found.append("")
        else:
            found[-1] += token[0]
    return [each.strip() for each in found if each.strip()]


class Inside(Client):
    """A client of the application in this process: the web server's callable, without a network."""

    def __init__(self, application: Any) -> None:
        super().__init__(0, Timed())
        self.application, self.number = application, ""

    def ask(
        self, name: str, method: str, path: str, *, token: str = "", body: Any = None,
        headers: Mapping[str, str] | None = None, expect: Sequence[int] = (200, 201),
    ) -> Any:  # fmt: skip
        """As Client.ask; remembers the number of the case that was submitted."""
        from urllib.parse import unquote

        sent, data = self.prepared(token, body, headers)
        place, _, query = path.partition("?")
        told = {
            "REQUEST_METHOD": method, "PATH_INFO": unquote(place), "QUERY_STRING": query, "SCRIPT_NAME": "",
            "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80", "HTTP_HOST": "127.0.0.1", "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_LENGTH": str(len(data or b"")), "wsgi.input": io.BytesIO(data or b""), "wsgi.url_scheme": "http",
        }  # fmt: skip
        for key, value in sent.items():
            place = key.upper().replace("-", "_")
            told[place if place == "CONTENT_TYPE" else f"HTTP_{place}"] = value
        status: list[Any] = []
        answer = self.application(told, lambda *given: status.extend(given))
        read = b"".join(answer)
        if hasattr(answer, "close"):
            answer.close()
        if int(status[0][:3]) not in expect:
            raise RuntimeError(f"{name} {status[0]} {read[:500].decode()}")
        kind = dict(status[1]).get("Content-Type", "")
        found: Any = json.loads(read) if "json" in kind else read
        if name == "submit":
            self.number = found["case"]
        return found


class Within(Instance):
    """The instance as this process sees it: its tokens are made here, and ended afterwards."""

    def __init__(self, home: Path) -> None:
        self.home, self.port, self.tokens = home, 0, {}
        self.made: list[UUID] = []

    def token(self, login: str) -> str:
        """A token of that member of staff, with every scope."""
        from xinqiao.kernel.clock import day_of, utc_now
        from xinqiao.people import clock, tokens
        from xinqiao.people.access import acting
        from xinqiao.people.actors import SYSTEM
        from xinqiao.people.models import Post

        if login not in self.tokens:
            with acting(SYSTEM("bench")) as system:
                post = Post.objects.filter(account__username=login).order_by("id")[0]
                issued = tokens.token_create(
                    post_id=post.pk, name="bench", scopes=list(tokens.SCOPES), days=1, actor=system, at=utc_now(),
                    on=day_of(clock.now()),
                )  # fmt: skip
            self.tokens[login] = issued.text
            self.made.append(issued.token.id)
        return self.tokens[login]

    def end(self) -> None:
        """End the tokens."""
        from xinqiao.kernel.clock import utc_now
        from xinqiao.people import tokens
        from xinqiao.people.access import acting
        from xinqiao.people.actors import SYSTEM

        with acting(SYSTEM("bench")) as system:
            for one in self.made:
                tokens.token_revoke(token_id=one, actor=system, at=utc_now())


@dataclass(frozen=True)
class Life:
    """A life as it went to the database, and between which milliseconds its ids were made."""

    messages: tuple[str, ...]
    number: str
    began: int
    ended: int

    @property
    def span(self) -> tuple[UUID, UUID]:
        """All ids of this life lie between these, and no others."""
        return UUID(int=self.began << 80), UUID(int=(self.ended + 1) << 80)


@contextlib.contextmanager
def leading(home: Path, *, tape: Tape, single: bool = False) -> Iterator[Callable[[], Life]]:
    """A function that leads one life with the tape running, and returns it. The embedded database runs meanwhile."""
    os.environ.update({k: v for k, v in environment(home).items() if k.startswith("XINQIAO_")})
    from xinqiao.cli.support import database

    with database("app"):
        from bench.lifecycle import Road

        from xinqiao.config.wsgi import application

        within, client, chance = Within(home), Inside(application), random.Random()

        def lead() -> Life:
            time.sleep(0.002)
            began = time.time_ns() // 1_000_000
            tape.take()
            road.live(client, chance, single=single)
            return Life(tuple(tape.take()), client.number, began, time.time_ns() // 1_000_000)

        try:
            with tape.listening():
                road = Road(within, client)
                for _ in range(WARM):
                    lead()
                tape.running = True
                yield lead
        finally:
            within.end()


# --- playing again

_ID = re.compile(r"(?<![0-9a-fx])[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}(?![0-9a-f])")
_LOCK = re.compile(r"'api/([0-9a-f]{64})")
_SERIAL = re.compile(r"〔\d{4}〕([0-9A-Z]{6})")
_SOME_YEARS = 946_684_800_000  # an id of a row that stood there before names a later time than this, in milliseconds
_NAMES = re.compile(r"\w")  # what pgbench reads on as a part of a variable's name
_NEW = ":xq_n"  # eleven digits, other ones in each life


def script(life: Life, prepared: Mapping[str, str]) -> str:
    """What pgbench sends for that life. Raises RuntimeError when something new in it cannot be told apart."""
    text = "\0".join(life.messages)
    changes: dict[str, str] = {life.number.partition("-")[0]: f"0{_NEW}"}
    keys: dict[str, str] = {}
    for found in _ID.finditer(text):
        bare = found[0].replace("-", "")
        made = int(bare[:12], 16)
        if bare[12] == "7" and _SOME_YEARS < made < life.began:
            continue  # a row that was there before
        if bare[12] == "7" and life.began <= made <= life.ended:
            changes[found[0]] = found[0][:-11] + _NEW  # keeps its time, so the indexes grow where they do in truth
        else:  # a request's key: the first digits change, so that it lies anywhere in its index
            name = keys.setdefault(bare, f"xq_k{len(keys)}")
            changes[found[0]] = f":{name}-" + "-".join(bare[at : at + 4] for at in range(12, 32, 4))
    for lock in _LOCK.findall(text):
        changes[f"api/{lock}"] = f"api/{_NEW}/{lock}"
    for serial in _SERIAL.findall(text):
        changes[serial] = f"{_NEW}-{serial}"
    if len(set(changes.values())) < len({key.replace("-", "") for key in changes}):
        raise RuntimeError("two ids of one life are too much alike")
    pattern = re.compile("|".join(re.escape(key) for key in sorted(changes, key=len, reverse=True)))

    def changed(match: re.Match[str]) -> str:
        new = changes[match[0]]
        after = match.string[match.end() :][:5]
        if new.endswith(_NEW) and _NAMES.match(after):
            raise RuntimeError(f"pgbench would take {after!r} for a part of the name {new}")
        return new

    lines = ["\\if :fresh", *(f"{text};" for text in prepared.values()), "\\set fresh 0", "\\endif"]
    lines += ["\\set xq_n random(10000000000, 99999999999)"]
    lines += [f"\\set {name} random(100000000000, 999999999999)" for name in keys.values()]
    for message in life.messages:
        parts = [each for each in statements(message) if not _PREPARE.match(each)]
        if parts:
            lines.append(" \\;\n".join(pattern.sub(changed, each) for each in parts) + " ;")
    return "\n".join(lines) + "\n"


@dataclass
class Played:
    """What pgbench says."""

    per_second: float
    latency_ms: float
    cpu_ms: float  # processor time of PostgreSQL, a transaction
    counts: list[int] = field(default_factory=list)  # transactions of each script


def play(home: Path, scripts: Sequence[str], *, clients: int, seconds: float) -> Played:
    """Run the scripts, each as often as the others, as the application's role over its own socket.

    Raises RuntimeError when pgbench breaks off or a statement fails.
    """
    from django.conf import settings

    from xinqiao.server.binaries import find_binaries
    from xinqiao.server.postgres import Postgres

    base = settings.DATABASES["default"]
    told = {
        **{key: value for key, value in os.environ.items() if not key.startswith("PG")},
        "PGHOST": str(base["HOST"]), "PGPORT": str(base["PORT"]), "PGUSER": str(base["USER"]),
        "PGPASSWORD": str(base["PASSWORD"] or ""), "PGDATABASE": str(base["NAME"]),
        "PGOPTIONS": str(base["OPTIONS"]["options"]), "PGAPPNAME": str(base["OPTIONS"]["application_name"]),
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        arguments = [find_binaries()["pgbench"], "-n", "-M", "simple", "-D", "fresh=1"]
        arguments += ["-c", str(clients), "-j", "2", "-T", str(max(1, round(seconds)))]
        for place, text in enumerate(scripts):
            path = Path(folder, f"life{place}.sql")
            path.write_text(text)
            arguments += ["-f", str(path)]
        used = _processor(Postgres(home).running())
        done = subprocess.run(arguments, env=told, capture_output=True, text=True, check=False)
    said = done.stdout
    failed = re.search(r"^number of failed transactions: (\d+)", said, re.MULTILINE)
    if done.returncode or "aborted" in said or not failed or int(failed[1]):
        raise RuntimeError(f"pgbench: {done.stderr[-1500:]}{said[-500:]}")
    total = int(_one(r"^number of transactions actually processed: (\d+)", said))
    counts = [int(each) for each in re.findall(r"^ - (\d+) transactions", said, re.MULTILINE)]
    time.sleep(0.2)  # the clients' processes have ended and are counted
    return Played(
        float(_one(r"^tps = ([\d.]+)", said)),
        float(_one(r"^latency average = ([\d.]+)", said)),
        (_processor(Postgres(home).running()) - used) * 1000 / max(1, total),
        counts if len(scripts) > 1 else [total],
    )


def _one(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    if not found:
        raise RuntimeError(f"pgbench did not say {pattern}: {text[-1000:]}")
    return found[1]


def _processor(postmaster: int) -> float:
    """Seconds of processor time of the database's processes that have ended."""
    fields = Path(f"/proc/{postmaster}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


# --- proof

_WRITTEN = re.compile(r'INSERT INTO "?(\w+)"?', re.IGNORECASE)
_KEYS = ("id", "case_id", "submission_id")


class Books:
    """What a life leaves: rows of each table that it writes, by their state."""

    def __init__(self, connection: psycopg.Connection[Any], text: str) -> None:
        self.connection = connection
        self.tables: dict[str, str] = {}  # table → the column that holds an id made in a life
        self.states: set[str] = set()
        for table in sorted(set(_WRITTEN.findall(text))):
            columns = dict(
                connection.execute(
                    "SELECT attname, atttypid::regtype::text FROM pg_attribute "
                    "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
                    [table],
                ).fetchall()
            )
            key = next((name for name in _KEYS if columns.get(name) == "uuid"), None)
            if key is None:
                raise RuntimeError(f"{table}: rows of a life cannot be told from others")
            self.tables[table] = key
            if "state" in columns:
                self.states.add(table)

    def of(self, span: tuple[UUID, UUID]) -> dict[str, int]:
        """How many rows there are between these ids, by table and state."""
        found: dict[str, int] = {}
        for table, key in self.tables.items():
            state = "state" if table in self.states else "''"
            rows = self.connection.execute(
                f"SELECT {state}, count(*) FROM {table} WHERE {key} >= %s AND {key} < %s GROUP BY 1",  # type: ignore[arg-type]
                span,
            )
            found |= {f"{table} {said}".strip(): count for said, count in rows}
        return found

    def remove(self, spans: Sequence[tuple[UUID, UUID]]) -> None:
        """Take the rows out again, whatever hangs on them."""
        with self.connection.transaction():
            self.connection.execute("SET LOCAL session_replication_role = replica")
            for table, key in self.tables.items():
                for span in spans:
                    self.connection.execute(f"DELETE FROM {table} WHERE {key} >= %s AND {key} < %s", span)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Limit:
    """What the database alone does with the same messages."""

    per_second: float
    latency_ms: float
    cpu_ms: float
    round_trips: float
    statements: float
    lives: int


def limit(home: Path, *, clients: int, seconds: float, single: bool = False) -> Limit:
    """The database's limit of a life. Raises RuntimeError when pgbench's lives leave anything else than real ones."""
    tape = Tape()
    with leading(home, tape=tape, single=single) as lead:
        lives = [lead() for _ in range(KINDS)]
        tape.running = False
        scripts = [script(life, tape.prepared) for life in lives]
        with connect(home) as connection:
            connection.autocommit = True
            books = Books(
                connection, "".join(text for life in lives for text in (*life.messages, *tape.prepared.values()))
            )
            real = [books.of(life.span) for life in lives]
            try:
                warm = play(home, scripts, clients=clients, seconds=min(3, seconds))
                seen = play(home, scripts, clients=clients, seconds=seconds)
                for life, one, *counts in zip(lives, real, warm.counts, seen.counts, strict=True):
                    wanted = {name: count * (1 + sum(counts)) for name, count in one.items()}
                    left = books.of(life.span)
                    if left != wanted:
                        wrong = {n: (left.get(n), wanted.get(n)) for n in left | wanted if left.get(n) != wanted.get(n)}
                        raise RuntimeError(f"pgbench did not do what a life does (left, wanted): {wrong}")
            finally:
                books.remove([life.span for life in lives])
    return Limit(
        seen.per_second,
        seen.latency_ms,
        seen.cpu_ms,
        sum(len(life.messages) for life in lives) / len(lives),
        sum(len(statements(message)) for life in lives for message in life.messages) / len(lives),
        sum(seen.counts),
    )


def told(home: Path, *, clients: int, seconds: float, single: bool = False) -> dict[str, Any]:
    """`limit` in a process of its own, as a measurement's keys; without a figure when there is none, and why."""
    arguments = [sys.executable, __file__, "--home", str(home), "--json", *(["--single"] if single else [])]
    arguments += ["--clients", str(clients), "--seconds", str(seconds)]
    done = subprocess.run(arguments, env=environment(home), capture_output=True, text=True, check=False)
    if done.returncode:
        return {"limit_per_second": None, "limit_missing": done.stderr.strip()[-1500:]}
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return {key: value for key, value in found.items() if key.startswith("limit_")}


def main() -> int:
    """Take the limit and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--home", type=Path, help="the instance's folder, instead of the one of that size")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--single", action="store_true", help="every step is a request of its own")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    home = (given.home or home_of(given.rows)).resolve()
    if not (home / "grown").exists():
        parser.error(f"{home} is not filled yet: script/bench lifecycle --rows {given.rows} does it")
    found = limit(home, clients=given.clients, seconds=given.seconds, single=given.single)
    result = {
        "name": "captured",
        "limit_per_second": round(found.per_second, 1),
        "limit_ms_per_life": round(found.cpu_ms, 2),
        "limit_latency_ms": round(found.latency_ms, 1),
        "limit_round_trips": round(found.round_trips, 1),
        "limit_statements": round(found.statements, 1),
        "limit_lives": found.lives,
    }
    if not given.json:
        print(
            f"{found.per_second:.1f} lives/s by pgbench with {given.clients} clients ({found.lives} lives, all rows there); "
            f"{found.round_trips:.0f} round trips, {found.statements:.0f} statements, "
            f"{found.cpu_ms:.1f} ms of PostgreSQL's processor time a life"
        )
    print(json.dumps(result, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
