"""A whole table through `xinqiao import` beside a running server: rows a second, memory as it grows, minutes until it is found.

    script/bench table [--rows 1000000] [--shape past] [--json]

The rows bring their past (two in five are open, the others answered), the instance is a new one with the demonstration's district, in
.home/bench-table, removed at the end. Its worker brings the rows into the word index meanwhile and afterwards. The limit of taking
rows in is that of `import`; here nothing stands beside them but what people would have to wait for.
"""

import argparse
import importlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.instance import ROOT, Instance, environment, machine, serving_new

RATE, MINUTES = 2_000, 10.0
_TO_READ = """
SELECT EXISTS (SELECT FROM ledger_entry e, ledger_cursor c WHERE c.name = 'finding' AND (e.xid, e.position) > (c.xid, c.position))
"""


def taken_in(instance: Instance, table: Path) -> tuple[dict[str, Any], list[float]]:
    """What the command says, and its resident megabytes every few seconds."""
    command = [sys.executable, "-m", "xinqiao.cli", "import", str(table), "--json"]
    grown = []
    with subprocess.Popen(command, env=environment(instance.home), stdout=subprocess.PIPE, text=True) as process:
        while True:
            try:
                said, _ = process.communicate(timeout=5)
                break
            except subprocess.TimeoutExpired:
                grown.append(_resident(process.pid))
    if process.returncode:
        raise RuntimeError(said)
    return json.loads(said), grown


def _resident(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)


def found_after(database: psycopg.Connection[Any], most: float) -> float:
    """Seconds until the word index has read everything."""
    began = time.monotonic()
    database.autocommit = True
    while time.monotonic() - began < most:
        (waits,) = database.execute(_TO_READ).fetchone() or (False,)
        if not waits:
            break
        time.sleep(1)
    return time.monotonic() - began


def main() -> int:
    """Measure and print; 1 when a row was lost, the rate was missed or the words were not found in time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--shape", default="past")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    home = ROOT / ".home" / "bench-table"
    shutil.rmtree(home, ignore_errors=True)
    try:
        with tempfile.TemporaryDirectory() as folder, serving_new(home, say=say) as instance:
            table = Path(folder) / "table.csv"
            invented = importlib.import_module("bench.import")  # its name is a word of the language
            invented.write_table(table, given.rows, given.shape, datetime.now(ZoneInfo("Asia/Shanghai")))
            say(f"a table of {table.stat().st_size / 1e6:.0f} MB")
            said, grown = taken_in(instance, table)
            say(f"taken in after {said['seconds']} s; the word index reads on")
            with instance.database() as database:
                minutes = found_after(database, 4 * 60 * MINUTES) / 60
    finally:
        shutil.rmtree(home, ignore_errors=True)
    result = {
        "name": "table",
        "shape": given.shape,
        **{name: said[name] for name in ("rows", "imported", "already", "rejected", "seconds")},
        "per_second": round(said["imported"] / said["seconds"]),
        "errors": said["rejected"],
        "memory_mb": [round(grown[len(grown) * part // 4]) for part in (1, 2, 3)] + [round(grown[-1])] if grown else [],
        "found_after_minutes": round(minutes, 1),
        "limit_per_second": None,
        "limit": "see import",
        "target_per_second": RATE,
        "target_minutes": MINUTES,
        "machine": machine(),
    }
    print(json.dumps(result, ensure_ascii=False))
    return 0 if said["imported"] == given.rows and result["per_second"] >= RATE and minutes <= MINUTES else 1


if __name__ == "__main__":
    raise SystemExit(main())
