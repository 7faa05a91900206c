"""Whole lives of claims through the interface, 16 clients at once, beside the limit: the same SQL in pgbench (captured.py).

    script/bench lifecycle [--rows 10000] [--seconds 30] [--clients 16] [--json]

A life is what the law asks of a claim (Art. 31(6)): submitted by the hotline; sorted and referred by the petition office; signed for
and accepted; the petitioner heard, looked into, the decision drafted; checked; signed by the head; sealed with its stamped scan and
served; then found by its words. Twelve steps, nine requests (steps that one post takes in a row go together). With --single each
step is a request of its own (fourteen).
"""

import argparse
import base64
import json
import random
import statistics
import sys
import time
import uuid
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import captured
from bench.clients import Client, Timed, together
from bench.instance import Instance, machine, serving

TARGET, FLOOR, P95 = 37.0, 20.0, 300.0
DRAIN = 60  # seconds within which queues are empty and papers frozen
SCAN = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsTe1kgAAAABJRU5ErkJggg==")
TROUBLES = ("路灯坏了", "楼道堆物", "工地夜里施工", "垃圾没有人清", "井盖松了", "电梯老停", "树枝挡路灯", "油烟太大")
PLACES = ("小河路", "湖墅南路", "上塘路", "莫干山路", "登云路", "丽水路", "金华路", "祥园路")


class Road:
    """What a life needs: tokens of the posts that take part, the unit's id."""

    def __init__(self, instance: Instance, client: Client | None = None) -> None:
        self.port = instance.port
        self.hotline, self.office = instance.token("rexian"), instance.token("xinfang")
        self.unit, self.head = instance.token("chengguan"), instance.token("chengguan.head")
        mine = (client or Client(self.port, Timed())).ask("me", "GET", "/api/v1/me", token=self.unit)
        self.lead = mine["organ"]["id"]
        self.today = datetime.now(ZoneInfo("Asia/Shanghai")).date().isoformat()

    def live(self, client: Client, chance: random.Random, *, single: bool = False) -> None:
        """One life, from the first word to being found."""
        mark = f"{chance.choice(PLACES)}{chance.randrange(1, 999)}号"
        said: dict[str, Any] = {
            "text": f"{mark}门口{chance.choice(TROUBLES)}，已经{chance.randrange(2, 40)}天了，老人晚上出门不方便，请尽快处理。",
            "title": f"{mark}{chance.choice(TROUBLES)}",
            "channel": "hotline",
            "area_code": "330105003",
            "people": [{"name": "钱大桥", "phone": f"199{chance.randrange(10**8):08d}"}],
        }
        number = client.ask("submit", "POST", "/api/v1/submissions", token=self.hotline, body=said, headers=_key())[
            "case"
        ]
        office: list[tuple[str, dict[str, Any]]] = [
            ("classify", {"route": "redress", "content_code": "030800", "title": said["title"]}),
            ("refer", {"lead": self.lead}),
        ]
        self._steps(client, number, self.office, office, single)
        self._steps(client, number, self.unit, [("sign_for", {}), ("accept", {})], single)
        heard = {"way": "phone", "heard_on": self.today, "statement": "请尽快处理。"}
        demand = {
            "demand": "尽快处理", "facts": "现场查看属实。", "reasons": "由本单位养护。",
            "basis": "《城市照明管理规定》第二十三条", "outcome": "support",
        }  # fmt: skip
        drafted = {"demands": [demand], "outcome": "support", "remedy": "三日内处理完毕。", "execution_days": "15"}
        inquiry: list[tuple[str, dict[str, Any]]] = [
            ("hear", heard),
            ("investigate", {"way": "现场查看", "findings": "属实。"}),
            ("draft_decision", drafted),
        ]
        self._steps(client, number, self.unit, inquiry, single)
        self._steps(client, number, self.unit, [("check_decision", {})], single)
        self._steps(client, number, self.head, [("sign_decision", {})], single)
        scan = self._upload(client)
        served = {"method": "electronic", "served_on": self.today, "receiver": "本人"}
        self._steps(client, number, self.unit, [("seal_decision", {"scan": [scan]}), ("serve", served)], single)
        client.ask("search", "GET", f"/api/v1/search?words={_quoted(said['title'][-4:])}", token=self.office)

    def _steps(
        self, client: Client, number: str, token: str, steps: list[tuple[str, dict[str, Any]]], single: bool
    ) -> None:
        if single or len(steps) == 1:
            for step, inputs in steps:
                path = f"/api/v1/cases/{number}/steps/{step}"
                client.ask(step, "POST", path, token=token, body={"inputs": inputs}, headers=_key())
        else:
            body = {"steps": [{"step": step, "inputs": inputs} for step, inputs in steps]}
            name = "+".join(step for step, _ in steps)
            client.ask(name, "POST", f"/api/v1/cases/{number}/steps", token=token, body=body, headers=_key())

    def _upload(self, client: Client) -> str:
        edge = uuid.uuid4().hex
        body = (
            f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="scan.png"\r\n'
            f"Content-Type: image/png\r\n\r\n"
        ).encode() + SCAN + f"\r\n--{edge}--\r\n".encode()  # fmt: skip
        sent = {"Content-Type": f"multipart/form-data; boundary={edge}"}
        return str(client.ask("upload", "POST", "/api/v1/files", token=self.unit, body=body, headers=sent)["token"])


def _key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid.uuid4())}


def _quoted(words: str) -> str:
    from urllib.parse import quote

    return quote(words)


def run(road: Road, *, clients: int, seconds: float, single: bool = False) -> Timed:
    """Lives, as fast as so many clients can, for so long."""
    until = time.perf_counter() + seconds

    def work(place: int, seen: Timed) -> None:
        client, chance = Client(road.port, seen), random.Random(uuid.uuid4().int + place)
        while time.perf_counter() < until:
            try:
                road.live(client, chance, single=single)
                seen.done.append(time.perf_counter())
            except RuntimeError:
                client = Client(road.port, seen)

    return together(clients, work)


def drained(instance: Instance, most: float) -> tuple[float, tuple[int, ...]]:
    """Seconds until no paper waits to be frozen and no job to be done; what waited at the end."""
    began = time.perf_counter()
    with instance.database() as connection:
        connection.autocommit = True
        while True:
            row = connection.execute(_WAITING_PAPERS).fetchone() or (0, 0)
            if row[0] == 0 or time.perf_counter() - began > most:
                return time.perf_counter() - began, tuple(row)
            time.sleep(0.25)


_WAITING_PAPERS = "SELECT count(*) FROM cases_document WHERE number IS NOT NULL AND pdf IS NULL"


def main() -> int:
    """Measure and print; 1 when the floor is missed or a request failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--single", action="store_true", help="every step is a request of its own")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    with serving(given.rows, say=say) as instance:
        road = Road(instance)
        run(road, clients=given.clients, seconds=3, single=given.single)  # warm
        began = time.perf_counter()
        seen = run(road, clients=given.clients, seconds=given.seconds, single=given.single)
        took = time.perf_counter() - began
        drain, waiting = drained(instance, 4 * DRAIN)
    say("the same SQL in pgbench, with the server stopped")
    limit = captured.told(instance.home, clients=given.clients, seconds=min(10, given.seconds), single=given.single)
    names = sorted(seen.seconds)
    result = {
        "name": "lifecycle",
        "rows": given.rows,
        "per_second": round(len(seen.done) / took, 2),
        "requests_per_second": round(sum(map(len, seen.seconds.values())) / took, 1),
        "p50_ms": seen.quantile(0.5),
        "p95_ms": seen.quantile(0.95),
        "worst_p95_ms": max((seen.quantile(0.95, name) for name in names), default=0.0),
        "errors": len(seen.errors),
        "drained_seconds": round(drain, 1),
        "waiting": waiting,
        **limit,
        "ratio": round(len(seen.done) / took / alone, 3) if (alone := limit["limit_per_second"]) else None,
        "target_per_second": TARGET,
        "floor_per_second": FLOOR,
        "machine": machine(),
    }
    if not given.json:
        for name in names:
            values = seen.seconds[name]
            mean = statistics.fmean(values) * 1000
            print(
                f"{name:36s} {len(values):6d}  mean {mean:6.1f}  p50 {seen.quantile(0.5, name):6.1f}  p95 {seen.quantile(0.95, name):6.1f} ms"
            )
        for error in seen.errors[:5]:
            print("error:", error)
    print(json.dumps(result, ensure_ascii=False))
    return 0 if result["per_second"] >= FLOOR and not seen.errors else 1


if __name__ == "__main__":
    raise SystemExit(main())
