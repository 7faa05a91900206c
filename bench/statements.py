"""What a life costs PostgreSQL, message by message and statement by statement: round trips, planning, execution, triggers.

    script/bench statements [--rows 10000] [--lives 8] [--single] [--json]

Lives of bench/lifecycle.py are led in this process (bench/captured.py). First each message's processor time is read from the database
process that serves it: everything is in it (parsing, policies, planning, execution, commit) but waiting. Then, in other lives, each
statement is carried out beforehand under EXPLAIN ANALYZE within a savepoint that is taken back; foreign keys are checked at once,
so that they stand with the statement that caused them (in truth they are checked at COMMIT). § marks what was prepared.
"""

import argparse
import json
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.captured import leading
from bench.instance import home_of
from bench.tape import Tape, statements

_LITERAL = re.compile(r"E'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'", re.DOTALL)
_SAVEPOINT = re.compile(r'"s\d+_x\d+"')
_PLANNED = re.compile(r"(SELECT|INSERT|UPDATE|DELETE|WITH|EXECUTE)\b", re.IGNORECASE)
_EXECUTE = re.compile(r'EXECUTE\s+"?(\w+)"?', re.IGNORECASE)
_SETTLES = 0.0003  # seconds after which the database process is asleep again and its time is booked


def shape(statement: str, prepared: Mapping[str, str]) -> str:
    """The statement without its values; of one that was prepared, what was prepared."""
    if given := _EXECUTE.match(statement):
        statement = re.sub(r"^PREPARE.*?\sAS\s", "§ ", prepared.get(given[1], statement), flags=re.DOTALL)
    text = _SAVEPOINT.sub("…", _LITERAL.sub("?", statement))
    text = re.sub(r"\?(::\w+(\[\])?)?(\s*,\s*\?(::\w+(\[\])?)?)+", "?…", re.sub(r"\b\d+\b", "#", text))
    return " ".join(text.replace('"', "").split())


class Meter(Tape):
    """Books what each message, or each statement, takes."""

    def __init__(self) -> None:
        super().__init__()
        self.explaining = False
        self.processor: Counter[str] = Counter()  # message → nanoseconds
        self.sent: Counter[str] = Counter()
        self.done: Counter[str] = Counter()  # statement → times
        self.spent: defaultdict[str, Counter[str]] = defaultdict(
            Counter
        )  # statement → planning, execution, triggers: ms
        self._last: tuple[str, int] | None = None

    def before(self, link: Any, message: str) -> None:
        """Book the message before it leaves."""
        if self.explaining:
            self._explain(link, message)
            return
        until = time.perf_counter() + _SETTLES
        while time.perf_counter() < until:
            pass
        now = int(Path(f"/proc/{link.backend_pid}/schedstat").read_text().split()[0])
        if self._last is not None:
            self.processor[self._last[0]] += now - self._last[1]
        key = " ; ".join(shape(each, self.prepared) for each in statements(message))
        self.sent[key] += 1
        self._last = (key, now)

    def _explain(self, link: Any, message: str) -> None:
        parts = [each for each in statements(message) if _PLANNED.match(each)]
        if not parts or not link.transaction_status:
            return
        _say(link, "SAVEPOINT bench")
        _say(link, "SET CONSTRAINTS ALL IMMEDIATE")
        for part in parts:
            told = json.loads(_say(link, f"EXPLAIN (ANALYZE, FORMAT JSON) {part}"))[0]
            name = shape(part, self.prepared)
            self.done[name] += 1
            self.spent[name]["planning"] += told["Planning Time"]
            self.spent[name]["execution"] += told["Execution Time"]
            self.spent[name]["triggers"] += sum(each["Time"] for each in told.get("Triggers", ()))
        _say(link, "ROLLBACK TO SAVEPOINT bench")
        _say(link, "RELEASE SAVEPOINT bench")


def _say(link: Any, text: str) -> str:
    found = link.exec_(text.encode())
    if found.error_message:
        raise RuntimeError(f"{found.error_message.decode()} in {text[:300]}")
    return (found.get_value(0, 0) or b"").decode() if found.ntuples else ""


def main() -> int:
    """Lead the lives and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--lives", type=int, default=8)
    parser.add_argument("--single", action="store_true", help="every step is a request of its own")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    meter, count = Meter(), given.lives
    with leading(home_of(given.rows), single=given.single, tape=meter) as lead:
        lives = [lead() for _ in range(count)]
        meter.explaining = True
        for _ in range(count):
            lead()
        meter.running = False
    trips = sum(len(life.messages) for life in lives) / count
    whole = {
        kind: sum(each[kind] for each in meter.spent.values()) / count for kind in ("planning", "execution", "triggers")
    }
    processor = sum(meter.processor.values()) / count / 1e6
    if not given.json:
        print("messages: a life | processor ms a life | what")
        for key, spent in meter.processor.most_common():
            print(f"{meter.sent[key] / count:6.1f} {spent / count / 1e6:9.3f}  {key[:160]}")
        print("\nstatements: a life | planning ms | execution ms | of it triggers | what")
        for key in sorted(meter.spent, key=lambda key: -meter.spent[key]["planning"] - meter.spent[key]["execution"]):
            one = meter.spent[key]
            print(
                f"{meter.done[key] / count:6.1f} {one['planning'] / count:9.3f} {one['execution'] / count:9.3f} "
                f"{one['triggers'] / count:9.3f}  {key[:160]}"
            )
    result = {
        "name": "statements",
        "rows": given.rows,
        "round_trips": round(trips, 1),
        "statements": round(sum(meter.done.values()) / count, 1),
        "sql_kib": round(sum(len(text.encode()) for life in lives for text in life.messages) / count / 1024, 1),
        "processor_ms": round(processor, 2),
        **{f"{kind}_ms": round(spent, 2) for kind, spent in whole.items()},
    }
    print(json.dumps(result, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
