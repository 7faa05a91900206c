"""The drill: real writes through HAProxy, the leader killed under them, and what became of every acknowledged one."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nodes

if TYPE_CHECKING:
    from cluster import Cluster

LONGEST = 180.0


def _acknowledged(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines() if line.endswith("}")]


def _run(cluster: "Cluster", role: str, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", *words], env=cluster.surroundings(role), capture_output=True, text=True, timeout=600
    )


def run(cluster: "Cluster", *, kill: str, writes: int, threads: int, as_json: bool) -> int:
    """Write, kill, write, compare. Returns 0 when nothing acknowledged was lost or doubled and every chain is whole."""
    from cluster import BadEnvironment, say

    cluster.wait("a leader with a synchronous standby", cluster.settled, LONGEST)
    cluster.roles()
    laid = _run(cluster, "owner", "xinqiao.server.tables")
    if laid.returncode:
        raise BadEnvironment(laid.stderr[-2000:])
    before = _read(cluster)
    said = cluster.folder / f"drill-{time.time_ns()}.jsonl"
    with said.open("w") as out, (cluster.folder / "drill.log").open("w") as complaints:
        writer = subprocess.Popen(
            [sys.executable, "-m", "tests.platform.drill", "write", str(threads)],
            env=cluster.surroundings("seal"), stdin=subprocess.PIPE, stdout=out, stderr=complaints, text=True,
        )  # fmt: skip

    def more(count: int) -> None:
        wanted = len(_acknowledged(said)) + count

        def enough() -> bool:
            if writer.poll() is not None:
                raise BadEnvironment(f"The writers ended: {(cluster.folder / 'drill.log').read_text()[-2000:]}")
            return len(_acknowledged(said)) >= wanted

        cluster.wait("acknowledged writes", enough, LONGEST)

    try:
        more(writes)
        leader = cluster.leader()
        say(f"Killing the leader, node {leader} ({kill})")
        cluster.kill(leader, kill)
        killed = time.time()
        cluster.wait("the first new write", lambda: any(_new(each, killed) for each in _acknowledged(said)), LONGEST)
        more(writes)
    finally:
        if writer.stdin is not None:
            writer.stdin.close()
        writer.wait(LONGEST)
    acknowledged = _acknowledged(said)
    if kill == "node":
        cluster.start_node(leader, nodes.passwords(cluster.folder))
    back = cluster.wait("all three nodes again", cluster.settled, LONGEST)
    held = _read(cluster)
    verified = _run(cluster, "seal", "xinqiao.cli", "ledger", "verify", "--json")
    result = _compare(acknowledged, before, held, killed)
    result |= {
        "killed": kill,
        "leader_before": leader,
        "leader_after": cluster.leader(),
        "seconds_until_all_nodes_were_back": round(back, 1),
        "ledger_whole": verified.returncode == 0,
        "ledger_entries": json.loads(verified.stdout)["entries"] if verified.stdout else None,
    }
    lines = [json.dumps(result)] if as_json else [f"{name}: {value}" for name, value in result.items()]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if not result["lost"] and not result["doubled"] and result["ledger_whole"] else 1


def _read(cluster: "Cluster") -> dict[str, Any]:
    from cluster import BadEnvironment

    done = _run(cluster, "seal", "tests.platform.drill", "read")
    if done.returncode:
        raise BadEnvironment(done.stderr[-2000:])
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def _new(write: dict[str, Any], killed: float) -> bool:
    """Acknowledged by the new leader: begun after the kill, or tried again because of it."""
    return bool(write["acknowledged"] > killed and (write["began"] > killed or write["tries"]))


def _compare(
    acknowledged: list[dict[str, Any]], before: dict[str, Any], held: dict[str, Any], killed: float
) -> dict[str, Any]:
    """Lost: acknowledged and not there. Doubled: there more often than it was acknowledged, each under its own key."""
    steps = {write["number"]: write["seq"] for write in acknowledged if write["what"] == "step"}
    received = [write["number"] for write in acknowledged if write["what"] == "receive"]
    found = held["found"]
    lost = [number for number in received if number not in found]
    lost += [number for number, seq in steps.items() if number in found and found[number]["seq"] < seq]
    fresh = set(found) - set(before["found"])
    doubled = len(fresh) - len(set(received)) + len(received) - len(set(received))
    doubled += sum(1 for number, seq in steps.items() if found.get(number, {"seq": seq})["seq"] > seq)
    after = [write["acknowledged"] for write in acknowledged if _new(write, killed)]
    return {
        "acknowledged": len(acknowledged),
        "lost": len(lost),
        "doubled": doubled,
        "tried_again": sum(1 for write in acknowledged if write["tries"]),
        "committed_without_word": sum(1 for write in acknowledged if write.get("replayed")),
        "seconds_to_first_new_write": round(min(after) - killed, 1) if after else None,
    }
