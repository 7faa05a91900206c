"""Start of a filled instance, memory of our processes, weight of pages over the wire.

    script/bench footprint [--rows 10000] [--starts 3] [--pages 200] [--json]

Start: from the start of `xinqiao server` to the first page of the portal, on an instance that is filled. Memory: the proportional share (PSS) of
web, worker, stream and supervisor, PostgreSQL left out, at rest and after pages of citizens and staff. Weight: bytes of bodies and
headers, as a browser that takes gzip gets them: the page, its styles, scripts (with those that they import) and icons; pictures left out. Limit of
the start: the interpreter loading the web application alone.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote, urljoin

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.clients import Browser
from bench.instance import Instance, environment, home_of, machine, serving
from bench.pages import matters

START, MEMORY, WEIGHT = 5.0, 600, 100_000
_PARTS = re.compile(r'<(?:link|script|use)\b[^>]*?\b(?:href|src)="([^"#]+)', re.I)
_IMPORTS = re.compile(r"""(?:\bfrom\s*|\bimport\s*\(?\s*|\burl\()["']?([\w./-]+\.(?:js|css|woff2?|svg))["')]""")
_TAKES = {"Accept-Encoding": "gzip, deflate, br, zstd", "Accept": "text/html,*/*"}


def memory(instance: Instance) -> dict[str, float]:
    """Megabytes (PSS) of each of our processes by what it is; PostgreSQL left out."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    ours, found = {instance.server.pid}, dict[str, float]()
    while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= more
    for pid in sorted(ours):
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        if "postgres" in words.split(" ")[0]:
            continue
        name = next(
            (part for part in ("granian", "server.worker", "uvicorn", "server.archiver") if part in words), "supervisor"
        )
        size = int(re.search(r"^Pss:\s+(\d+)", rollup, re.M)[1])  # type: ignore[index]
        found[name] = round(found.get(name, 0) + size / 1024, 1)
    return {**found, "all": round(sum(found.values()), 1)}


def weigh(browser: Browser, path: str) -> tuple[dict[str, int], int, int]:
    """Bytes of a first visit by part, what a visit with a warm cache takes, and how many parts may not be kept."""
    page = browser.get(path, **_TAKES)
    if page.status != 200:
        raise RuntimeError(f"{path}: {page.status}")
    parts, waiting, unkept = {path: page.weight}, _PARTS.findall(page.text), 0
    while waiting:
        address = waiting.pop().partition("#")[0]
        if address in parts or not address.startswith("/static/"):
            continue
        part = browser.get(address, **_TAKES)
        parts[address] = part.weight
        age = re.search(r"max-age=(\d+)", part.header("cache-control"))
        unkept += int(age is None or int(age[1]) < 86400)
        if address.endswith((".js", ".css")):
            waiting += [urljoin(address, found) for found in _IMPORTS.findall(part.text)]
    return parts, page.weight, unkept


def loading(home: Path) -> float:
    """Seconds in which the interpreter loads the web application and nothing else."""
    began = time.perf_counter()
    words = [sys.executable, "-c", "import xinqiao.config.wsgi"]
    env = {**environment(home), "DJANGO_SETTINGS_MODULE": "xinqiao.config.settings"}
    subprocess.run(words, env=env, check=True, capture_output=True)
    return round(time.perf_counter() - began, 2)


def main() -> int:
    """Measure and print; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    with serving(given.rows, say=say) as instance:
        say(f"first start: {instance.started_in:.2f} s (after an upgrade it lays out tables, and is not counted)")
        first = round(instance.started_in, 2)
    starts = []
    for turn in range(given.starts):
        with serving(given.rows, say=say) as instance:
            began = time.perf_counter()
            if Browser(instance.port).get("/").status != 200:
                raise RuntimeError("the front page is not served")
            starts.append(round(instance.started_in + time.perf_counter() - began, 2))
            say(f"start {turn + 1}: {starts[-1]} s")
            if turn + 1 < given.starts:
                continue
            time.sleep(3)
            rest = memory(instance)
            say(f"memory at rest: {rest} MB")
            one = matters(instance, 1)[0]
            citizen, officer = Browser(instance.port), Browser(instance.port)
            tracking = citizen.prove(one.number, one.code)
            officer.sign_in("xinfang")
            case = re.findall(r"/desk/cases/[\d-]+/", officer.get("/desk/").text)[0]
            shown = {
                "front": (citizen, "/"), "form": (citizen, "/say/"), "tracking": (citizen, tracking),
                "worklist": (officer, "/desk/"), "case": (officer, case),
            }  # fmt: skip
            shown["search"] = (officer, f"/desk/search/?q={quote('路灯')}")
            for turn_ in range(given.pages):
                browser, path = list(shown.values())[turn_ % len(shown)]
                browser.get(path)
            used = memory(instance)
            say(f"memory after {given.pages} pages: {used} MB")
            weights = {}
            for name, (browser, path) in shown.items():
                parts, warm, unkept = weigh(browser, path)
                whole = sum(parts.values())
                weights[name] = {"first": whole, "warm": warm, "parts": len(parts), "unkept": unkept}
                heavy = sorted(parts.items(), key=lambda item: -item[1])[:4]
                words = ", ".join(f"{address.rpartition('/')[2] or address} {size:,}" for address, size in heavy)
                say(f"{name:10s} first visit {whole:7,} bytes, warm {warm:7,} ({words})")
    alone = loading(home_of(given.rows))
    missed = [
        *(["start"] if max(starts) >= START else []),
        *(["memory"] if max(rest["all"], used["all"]) >= MEMORY else []),
        *(name for name, weight in weights.items() if weight["first"] >= WEIGHT),
    ]
    result = {
        "name": "footprint",
        "rows": given.rows,
        "per_second": round(1 / (sum(starts) / len(starts)), 3),
        "p50_ms": round(sorted(starts)[len(starts) // 2] * 1000),
        "p95_ms": round(max(starts) * 1000),
        "errors": 0,
        "limit_per_second": round(1 / alone, 3),
        "limit": "loading the web application alone",
        "start_seconds": starts,
        "first_start_seconds": first,
        "loading_seconds": alone,
        "memory_at_rest_mb": rest,
        "memory_after_pages_mb": used,
        "weights": weights,
        "missed": missed,
        "load": round(os.getloadavg()[0], 1),
        "machine": machine(),
    }
    print(json.dumps(result, ensure_ascii=False))
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
