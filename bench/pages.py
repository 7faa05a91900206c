"""The citizen's tracking page, the officer's worklist and the case page, each beside its own SQL alone.

    script/bench pages [--rows 10000] [--seconds 10] [--clients 16] [--staff 2] [--json]

Tracking: so many visitors, each with a matter of their own (a whole life, answered), have given number and code to the server; then
their pages are asked for without a pause, first with no page kept by the server, then with pages kept. Desk: members of staff signed in at
the server's own door, `--staff` of them asking at once without a pause, worklists and the case pages that stand in them.
Limit: the SQL that the page sends, taken down in this process, in pgbench from as many clients, nothing else.
"""

import argparse
import json
import os
import random
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.captured import Life, again
from bench.clients import Ask, Browser, Client, Timed, flood
from bench.instance import Instance, machine, serving, staffed
from bench.lifecycle import Road
from bench.tape import Tape, play

UNCACHED, CACHED = 250.0, 800.0
WORKLIST_MS, CASE_MS = 60.0, 80.0
MATTERS = 16
CASES = 30  # case pages asked for in turn
ROUNDS = 5  # each with connections of its own: two that fall to the same web process are served in turn, half as fast
KEPT = "XINQIAO_KEPT_PAGES"
VIEWS = {
    "worklist": "/desk/", "worklist, all": "/desk/?view=all", "worklist, waiting": "/desk/?view=waiting",
    "worklist, closed": "/desk/?view=closed", "worklist, overdue": "/desk/?view=due&colour=red",
}  # fmt: skip
SECONDS_ALONE = 4


class Keeper(Client):
    """A client that keeps what was answered to a submission."""

    kept: dict[str, Any] | None = None

    def ask(self, name: str, method: str, path: str, **more: Any) -> Any:
        answer = super().ask(name, method, path, **more)
        if name == "submit":
            self.kept = answer
        return answer


@dataclass(frozen=True)
class Matter:
    """A matter that a visitor follows."""

    number: str
    code: str


def matters(instance: Instance, count: int) -> list[Matter]:
    """Matters with a whole life behind them."""
    road, made = Road(instance), []
    client = Keeper(instance.port, Timed())
    for _ in range(count):
        road.live(client, random.Random())
        if client.kept:
            made.append(Matter(client.kept["number"], client.kept["code"]))
    return made


def visitors(instance: Instance, known: Sequence[Matter]) -> tuple[list[list[Ask]], float]:
    """One for each matter, past the code check; with the mean milliseconds that the check took."""
    askers, took = [], 0.0
    for matter in known:
        browser = Browser(instance.port)
        began = time.perf_counter()
        path = browser.prove(matter.number, matter.code)
        took += time.perf_counter() - began
        browser.get(path)  # the visit is noted once a minute
        askers.append([Ask("tracking", browser.request(path), path.encode())])
    return askers, round(took * 1000 / len(known), 1)


def desk(instance: Instance, count: int) -> tuple[dict[str, list[list[Ask]]], list[str]]:
    """For each page of the desk what `count` officers ask, and the case pages that their worklist leads to."""
    pages: dict[str, list[list[Ask]]] = {name: [] for name in (*VIEWS, "case", "case, of the unit")}
    paths: list[str] = []
    for name, login in (("case", "xinfang"), ("case, of the unit", "chengguan")):
        for _ in range(count):
            browser = Browser(instance.port)
            browser.sign_in(login)
            listed = browser.get("/desk/").text + browser.get("/desk/?view=closed").text
            found = list(dict.fromkeys(re.findall(r"/desk/cases/[\d-]+/", listed)))
            random.Random(1).shuffle(found)
            asks = [Ask(name, browser.request(path), path.encode()) for path in found[:CASES]]
            pages[name].append(asks)
            if name == "case":
                paths = paths or found[:CASES]
                for view, path in VIEWS.items():
                    pages[view].append([Ask(view, browser.request(path), b'id="main"')])
    return pages, paths


def statements_alone(browser: Browser, paths: Sequence[str], *, clients: int) -> float:
    """Pages a second if only their SQL were sent: the messages of each, taken down in this process, by clients of pgbench."""
    from django.db import connection
    from django.test import RequestFactory

    from xinqiao.config.wsgi import application

    environ: Any = RequestFactory(SERVER_NAME="127.0.0.1", HTTP_COOKIE=browser.head()["Cookie"])
    tape = Tape()

    def ask(path: str) -> None:
        where, _, query = path.partition("?")
        status: list[str] = []
        answer = application(
            environ._base_environ(PATH_INFO=where, QUERY_STRING=query), lambda *said: status.append(said[0])
        )
        b"".join(answer)
        if hasattr(answer, "close"):
            answer.close()
        if not status[0].startswith("200"):
            raise RuntimeError(f"{path}: {status[0]}")

    pages = []
    connection.close()  # what a connection prepares is heard from its beginning
    with tape.listening():
        for tape.running in (False, True):
            for path in paths:
                began = _milliseconds()
                tape.take()
                ask(path)
                if tape.running:
                    pages.append(Life(tuple(tape.take()), "", began, _milliseconds()))
        tape.running = False
    scripts = [again(page, tape.prepared) for page in pages]
    return round(play(scripts, connection, clients=clients, seconds=SECONDS_ALONE).per_second, 1)


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000


def figures(seen: Timed, seconds: float, name: str, limit: float, **more: Any) -> dict[str, Any]:
    """One row of the table."""
    count = len(seen.seconds.get(name, ()))
    return {
        "per_second": round(count / seconds, 1),
        "p50_ms": seen.quantile(0.5, name),
        "p95_ms": seen.quantile(0.95, name),
        "errors": len(seen.errors),
        "limit_per_second": limit,
        **more,
    }


def main() -> int:
    """Measure and print; 1 when a request failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--clients", type=int, default=MATTERS)
    parser.add_argument("--staff", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    found: dict[str, dict[str, Any]] = {}
    errors: list[str] = []
    os.environ[KEPT] = "0"
    with serving(given.rows, say=say) as instance:
        known = matters(instance, given.clients)
        askers, check_ms = visitors(instance, known)
        flood(instance.port, askers, 2)  # warm
        seen = flood(instance.port, askers, given.seconds)
        errors += seen.errors
        pages, paths = desk(instance, given.staff)
        for asks in pages.values():
            flood(instance.port, asks, 1)
        shown = {name: Timed() for name in pages}
        for _ in range(ROUNDS):
            for name, asks in pages.items():
                shown[name].merge(flood(instance.port, asks, given.seconds / 2 / ROUNDS))
        errors += [error for one in shown.values() for error in one.errors]
        staffed(instance.home)
        visitor, officer = Browser(instance.port), Browser(instance.port)
        path = visitor.prove(known[0].number, known[0].code)
        visitor.get(path)
        officer.sign_in("xinfang")
        alone = statements_alone(visitor, [path], clients=given.clients)
        found["tracking, uncached"] = figures(seen, given.seconds, "tracking", alone, target_per_second=UNCACHED)
        for name, one in shown.items():
            limit = statements_alone(officer, [VIEWS[name]] if name in VIEWS else paths, clients=given.staff)
            target = WORKLIST_MS if name in VIEWS else CASE_MS
            found[name] = figures(one, given.seconds / 2, name, limit, target_p95_ms=target)
    del os.environ[KEPT]
    with serving(given.rows, say=say) as instance:
        askers, _ = visitors(instance, known)
        flood(instance.port, askers, 2)
        seen = flood(instance.port, askers, given.seconds)
        errors += seen.errors
        found["tracking, kept"] = figures(seen, given.seconds, "tracking", alone, target_per_second=CACHED)
    first = found["tracking, uncached"]
    result = {
        "name": "pages",
        "rows": given.rows,
        "per_second": first["per_second"],
        "p50_ms": first["p50_ms"],
        "p95_ms": first["p95_ms"],
        "errors": len(errors),
        "limit_per_second": alone,
        "limit": "the page's own SQL in pgbench, from as many clients",
        "code_check_ms": check_ms,
        "clients": given.clients,
        "staff": given.staff,
        "pages": found,
        "load": round(os.getloadavg()[0], 1),
        "machine": machine(),
    }
    for name, row in found.items():
        wanted = row.get("target_per_second") or f"p95 {row['target_p95_ms']} ms"
        say(f"{name:24s} {row['per_second']:7.1f}/s  p50 {row['p50_ms']:6.1f}  p95 {row['p95_ms']:6.1f} ms  SQL alone {row['limit_per_second']:.0f}/s  target {wanted}")  # fmt: skip
    for error in errors[:5]:
        say(f"error: {error}")
    print(json.dumps(result, ensure_ascii=False))
    return 1 if errors else 0


if __name__ == "__main__":
    raise SystemExit(main())
