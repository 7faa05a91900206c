"""Lives of claims arriving at 1, 15, 25, 35 a second whatever the server manages, and how soon it is itself again.

    script/bench burst [--rows 10000] [--stage 15] [--steps 1,15,25,35] [--connections 64] [--json]

Open loop: lives (bench/lifecycle.py) begin by the clock, carried by a pool of kept connections; when all of these are busy the next life waits
for one, and how long is said; at the end lives go on at 1/s until nothing of the burst waits. A request that is sent away (503 or 429 with Retry-After) is sent once more after that time, as a well-behaved
client does, and counted apart; sent away twice it is an error, as is everything else that is not an answer. Back to normal: after the burst
lives arrive at 1/s again; the first moment from which the p95 of the requests of every five seconds stays below twice that of before. Limit: lives a second
that 16 clients reach in a closed loop in the same run.
"""

import argparse
import http.client
import json
import os
import queue
import random
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.clients import Client, Timed
from bench.instance import machine, serving
from bench.lifecycle import Road, run

MOST_ERRORS = 0.001
RECOVERY = 30.0
WINDOW = 5.0
AGAIN = (429, 503)
MOST_AFTER, CALM = 240, 12  # seconds at 1/s beyond the plan: at most, and with nothing waiting
LONGEST_PAUSE = 10.0  # a client does not wait longer than this to send again


@dataclass
class Heard:
    """What the clients saw, in the order in which it ended."""

    requests: list[tuple[float, float, float, int, str]] = field(
        default_factory=list
    )  # due, end, seconds, status, name
    late: list[tuple[float, float]] = field(
        default_factory=list
    )  # of lives: when due, how long they waited for a client
    done: list[tuple[float, float]] = field(default_factory=list)  # of whole lives: when due, when ended
    sent_again: int = 0
    errors: list[tuple[float, str]] = field(default_factory=list)  # due, what


class Patient(Client):
    """Sends once more what was sent away, after the time that the server names."""

    def __init__(self, port: int, heard: Heard) -> None:
        super().__init__(port, Timed())
        self.heard, self.due = heard, 0.0

    def ask(
        self, name: str, method: str, path: str, *, token: str = "", body: Any = None,
        headers: Mapping[str, str] | None = None, expect: Sequence[int] = (200, 201),
    ) -> Any:  # fmt: skip
        sent, data = self.prepared(token, body, headers)
        for chance in (1, 2):
            self.looked_after()
            began = time.perf_counter()
            try:
                self.connection.request(method, path, data, sent)
                answer = self.connection.getresponse()
                read, status = answer.read(), answer.status
            except (OSError, http.client.HTTPException) as error:
                self.connection.close()
                self.heard.errors.append((self.due, f"{name}: {error!r}"))
                raise RuntimeError(str(error)) from error
            ended = time.perf_counter()
            self.heard.requests.append((self.due, ended, ended - began, status, name))
            if status in expect:
                return json.loads(read) if answer.headers.get_content_type().endswith("json") else read
            if status not in AGAIN or chance == 2:
                break
            self.heard.sent_again += 1
            time.sleep(min(LONGEST_PAUSE, float(answer.headers.get("Retry-After") or 1)))
        self.heard.errors.append((self.due, f"{name}: {status} {read[:200]!r}"))
        raise RuntimeError(f"{name} {status}")


def drive(road: Road, plan: Sequence[tuple[float, float]], connections: int) -> tuple[Heard, float]:
    """Let lives arrive by the plan of (lives a second, seconds); returns when all have ended, and when the first was due."""
    heard, due_lives = Heard(), queue.Queue[float | None]()

    def work(place: int) -> None:
        client, chance = Patient(road.port, heard), random.Random(place)
        while (due := due_lives.get()) is not None:
            heard.late.append((due, time.perf_counter() - due))
            client.due = due
            try:
                road.live(client, chance)
                heard.done.append((due, time.perf_counter()))
            except RuntimeError:
                client = Patient(road.port, heard)

    threads = [threading.Thread(target=work, args=(place,)) for place in range(connections)]
    for thread in threads:
        thread.start()
    first = moment = time.perf_counter() + 0.1
    for rate, seconds in plan:
        for turn in range(round(rate * seconds)):
            at = moment + turn / rate
            time.sleep(max(0.0, at - time.perf_counter()))
            due_lives.put(at)
        moment += seconds
    calm = 0
    for turn in range(MOST_AFTER):  # the visits of a quiet day go on until nothing of the burst waits any more
        time.sleep(max(0.0, moment + turn - time.perf_counter()))
        calm = calm + 1 if due_lives.empty() else 0
        if calm >= CALM:
            break
        due_lives.put(moment + turn)
    for _ in threads:
        due_lives.put(None)
    for thread in threads:
        thread.join()
    return heard, first


def p95(values: Sequence[float]) -> float:
    """Milliseconds below which 95 in a hundred stayed."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))] * 1000, 1) if ordered else 0.0


def stages(heard: Heard, first: float, plan: Sequence[tuple[float, float]]) -> list[dict[str, Any]]:
    """What became of the lives that were due in each stage."""
    rows, start = [], first
    for rate, seconds in plan:
        end = start + seconds

        def mine(due: float, start: float = start, end: float = end) -> bool:
            return start <= due < end

        asked = [one for one in heard.requests if mine(one[0])]
        ended = [one for one in heard.requests if start <= one[1] < end]
        rows.append(
            {
                "arriving": rate,
                "seconds": seconds,
                "lives": sum(1 for due, _ in heard.done if mine(due)),
                "done_per_second": round(sum(1 for _, at in heard.done if start <= at < end) / seconds, 2),
                "requests": len(asked),
                "p95_ms": p95([one[2] for one in ended]),
                "errors": sum(1 for due, _ in heard.errors if mine(due)),
                "sent_away": sum(1 for one in asked if one[3] in AGAIN),
                "longest_wait_for_a_client_s": round(
                    max((late for due, late in heard.late if mine(due)), default=0.0), 1
                ),
            }
        )
        start = end
    return rows


def recovery(heard: Heard, burst_end: float, normal_ms: float) -> float | None:
    """Seconds after the burst from which on the p95 of every window stays below twice the normal; None: never."""
    last = max((one[1] for one in heard.requests), default=burst_end) - WINDOW
    back: float | None = None
    moment = burst_end
    while moment <= last:
        values = [one[2] for one in heard.requests if moment <= one[1] < moment + WINDOW]
        good = not values or p95(values) <= 2 * normal_ms
        back = (moment - burst_end if back is None else back) if good else None
        moment += 1
    return None if back is None else round(back, 1)


def main() -> int:
    """Measure and print; 1 when errors or recovery miss their target."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--stage", type=float, default=15, help="seconds a stage")
    parser.add_argument("--steps", default="1,15,25,35", help="lives a second of the stages")
    parser.add_argument("--after", type=float, default=45, help="seconds at 1/s after the burst")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    plan = [(float(rate), given.stage) for rate in given.steps.split(",")]
    with serving(given.rows, say=say) as instance:
        road = Road(instance)
        run(road, clients=4, seconds=3)  # warm
        heard, first = drive(road, [*plan, (1.0, given.after)], given.connections)
        closed = run(road, clients=16, seconds=min(10, given.stage))
    alone = len(closed.done) / min(10, given.stage)
    rows = stages(heard, first, [*plan, (1.0, given.after)])
    back = recovery(heard, first + given.stage * len(plan), rows[0]["p95_ms"])
    share = len(heard.errors) / max(1, len(heard.requests))
    result = {
        "name": "burst",
        "rows": given.rows,
        "per_second": max(row["done_per_second"] for row in rows),
        "p50_ms": round(sorted(one[2] for one in heard.requests)[len(heard.requests) // 2] * 1000, 1),
        "p95_ms": p95([one[2] for one in heard.requests]),
        "errors": len(heard.errors),
        "error_share": round(share, 5),
        "sent_again": heard.sent_again,
        "back_to_normal_s": back,
        "limit_per_second": round(alone, 2),
        "limit": "16 clients in a closed loop",
        "stages": rows,
        "kinds_of_errors": sorted({what[:80] for _, what in heard.errors})[:8],
        "load": round(os.getloadavg()[0], 1),
        "machine": machine(),
    }
    for row in rows:
        say(str(row))
    print(json.dumps(result, ensure_ascii=False))
    return 0 if share < MOST_ERRORS and back is not None and back <= RECOVERY else 1


if __name__ == "__main__":
    raise SystemExit(main())
