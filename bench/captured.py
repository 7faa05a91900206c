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
import fcntl
import io
import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psycopg
from bench.clients import Client, Timed
from bench.instance import Instance, connect, environment, home_of
from bench.tape import Tape, play, script, statements

KINDS = 8  # lives taken down: other words, other searches
WARM = 3  # lives before, so that plans and what is remembered are those of a server that has run for a while

# --- taking down


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
def alone(home: Path) -> Iterator[None]:
    """Hold the lock of the home's server: rows that others write meanwhile could not be told from ours. Raises RuntimeError."""
    with (home / "server.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RuntimeError(f"a server or another measurement uses {home}") from None
        yield


@contextlib.contextmanager
def leading(home: Path, *, tape: Tape, single: bool = False) -> Iterator[Callable[[], Life]]:
    """A function that leads one life with the tape running, and returns it. The embedded database runs meanwhile, the server must not."""
    os.environ.update({k: v for k, v in environment(home).items() if k.startswith("XINQIAO_")})
    from xinqiao.cli.support import database

    with alone(home), database("app"):
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
_LOCK = re.compile(r"'(api/[0-9a-f]{64})")
_SERIAL = re.compile(r"〔\d{4}〕([0-9A-Z]{6})")
_SOME_YEARS = 946_684_800_000  # an id of a row that stood there before names a later time than this, in milliseconds
_NEW = ":xq_n"  # eleven digits, other ones in each life


def again(life: Life, prepared: Mapping[str, str]) -> str:
    """What pgbench sends for that life, with other ids, numbers and keys each time. Nothing that the database answers is needed."""
    text = "\0".join(life.messages)
    changes: dict[str, str] = {life.number.partition("-")[0]: f"0{_NEW}"} if life.number else {}
    variables = {"xq_n": "random(10000000000, 99999999999)"}
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
            variables[name] = "random(100000000000, 999999999999)"
            changes[found[0]] = f":{name}-" + "-".join(bare[at : at + 4] for at in range(12, 32, 4))
    changes |= {lock: f"{lock[:4]}{_NEW}/{lock[4:]}" for lock in _LOCK.findall(text)}
    changes |= {serial: f"{_NEW}-{serial}" for serial in _SERIAL.findall(text)}
    if len({new.replace("-", "") for new in changes.values()}) < len({old.replace("-", "") for old in changes}):
        raise RuntimeError("two ids of one life are too much alike")
    return script(life.messages, prepared, changes=changes, variables=variables)


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
        from django.db import connection

        lives = [lead() for _ in range(KINDS)]
        tape.running = False
        scripts = [again(life, tape.prepared) for life in lives]
        with connect(home) as admin:
            admin.autocommit = True
            books = Books(admin, "".join(text for life in lives for text in (*life.messages, *tape.prepared.values())))
            real = [books.of(life.span) for life in lives]
            try:
                warm = play(scripts, connection, clients=clients, seconds=min(3, seconds))
                seen = play(scripts, connection, clients=clients, seconds=seconds)
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
