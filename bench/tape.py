"""SQL that the application really sends: taken down in this process as it goes over the wire, and sent again by pgbench."""

import contextlib
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

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
        if "PREPARE" in message:
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


# --- playing again

_NAMES = re.compile(r"\w")  # what pgbench reads on as a part of a variable's name
_VARIABLE = re.compile(r":\w+$")


def script(
    messages: Sequence[str],
    prepared: Mapping[str, str],
    *,
    changes: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None,
) -> str:
    """What pgbench sends: each message as one, with its statements; what was prepared is prepared once by each client.

    `changes` are words to be replaced, `variables` what pgbench sets at the start (name → expression). Raises RuntimeError
    when pgbench would read on beyond the name of a variable.
    """
    changing = re.compile("|".join(re.escape(key) for key in sorted(changes or {"\0": ""}, key=len, reverse=True)))

    def changed(match: re.Match[str]) -> str:
        new, after = (changes or {})[match[0]], match.string[match.end() :][:5]
        if _VARIABLE.search(new) and _NAMES.match(after):
            raise RuntimeError(f"pgbench would take {after!r} for a part of the name {new}")
        return new

    lines = ["\\if :fresh", *(f"{text};" for text in prepared.values()), "\\set fresh 0", "\\endif"]
    lines += [f"\\set {name} {value}" for name, value in (variables or {}).items()]
    for message in messages:
        parts = [each for each in statements(message) if not _PREPARE.match(each)]
        if parts:
            lines.append(" \\;\n".join(changing.sub(changed, each) for each in parts) + " ;")
    return "\n".join(lines) + "\n"


@dataclass
class Played:
    """What pgbench says."""

    per_second: float
    latency_ms: float  # on average
    p50_ms: float  # known when transactions were counted out, else 0
    cpu_ms: float  # processor time of PostgreSQL, a transaction
    counts: list[int] = field(default_factory=list)  # transactions of each script


def play(scripts: Sequence[str], connection: Any, *, clients: int, seconds: float = 0, transactions: int = 0) -> Played:
    """Run the scripts, each as often as the others, where and as whom Django's `connection` is connected.

    For so many seconds, or so many transactions a client. Raises RuntimeError when pgbench breaks off or a statement fails.
    """
    from xinqiao.server.binaries import find_binaries

    connection.ensure_connection()
    server = _parent(connection.connection.info.backend_pid)
    base = connection.settings_dict
    told = {
        **{key: value for key, value in os.environ.items() if not key.startswith("PG")},
        "PGHOST": str(base["HOST"]), "PGPORT": str(base["PORT"]), "PGUSER": str(base["USER"]),
        "PGPASSWORD": str(base["PASSWORD"] or ""), "PGDATABASE": str(base["NAME"]),
        "PGOPTIONS": str(base["OPTIONS"]["options"]), "PGAPPNAME": "xinqiao-bench",
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        arguments = [find_binaries()["pgbench"], "-n", "-M", "simple", "-D", "fresh=1", "-c", str(clients)]
        arguments += ["-j", str(min(2, clients))]
        arguments += ["-t", str(transactions), "-l"] if transactions else ["-T", str(max(1, round(seconds)))]
        for place, text in enumerate(scripts):
            path = Path(folder, f"script{place}.sql")
            path.write_text(text)
            arguments += ["-f", str(path)]
        used = _processor(server)
        done = subprocess.run(arguments, cwd=folder, env=told, capture_output=True, text=True, check=False)
        took = sorted(int(line.split()[2]) for log in Path(folder).glob("pgbench_log.*") for line in log.open())
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
        took[len(took) // 2] / 1000 if took else 0.0,
        (_processor(server) - used) * 1000 / max(1, total),
        counts if len(scripts) > 1 else [total],
    )


def _one(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    if not found:
        raise RuntimeError(f"pgbench did not say {pattern}: {text[-1000:]}")
    return found[1]


def _fields(process: int) -> list[str]:
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()


def _parent(process: int) -> int:
    return int(_fields(process)[1])


def _processor(postmaster: int) -> float:
    """Seconds of processor time of the database's processes that have ended."""
    fields = _fields(postmaster)
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
