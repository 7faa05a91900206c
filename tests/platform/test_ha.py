"""Three nodes, the leader killed under real writes: nothing acknowledged is lost, nothing is done twice."""

import json
import os
import random
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from xinqiao.config import environment

HA = environment.ROOT / "deploy" / "ha" / "ha"
MISSING = [name for name in ("etcd", "haproxy") if not shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")]

pytestmark = [
    pytest.mark.full,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(bool(MISSING), reason=f"missing: {', '.join(MISSING)} (apt-get install etcd-server haproxy)"),
]


def _ha(folder: Path, base: int, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(HA), *words, "--folder", str(folder), "--base", str(base)], capture_output=True, text=True, timeout=900
    )


def free_base() -> int:
    """Where a cluster's forty ports begin: below those that the system gives to whoever asks for any, and all of them free."""

    def free(port: int) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) != 0

    places = list(range(20_000, 32_000, 50))
    random.shuffle(places)
    return next(base for base in places if all(free(base + offset) for offset in range(41)))


@pytest.fixture(scope="module")
def cluster() -> Iterator[tuple[Path, int]]:
    folder = Path(tempfile.mkdtemp(prefix="xq-ha-"))
    folder.chmod(0o755)
    base = free_base()
    try:
        made = _ha(folder, base, "setup")
        if made.returncode:
            pytest.skip(f"the cluster cannot be set up here: {made.stderr.strip()[-300:]}")
        started = _ha(folder, base, "start")
        assert started.returncode == 0, started.stderr
        yield folder, base
    finally:
        _ha(folder, base, "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("kill", ["node", "database"])
def test_the_leader_falls_and_nothing_is_lost(cluster: tuple[Path, int], kill: str) -> None:
    folder, base = cluster
    done = _ha(folder, base, "drill", "--kill", kill, "--writes", "60", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["lost"] == 0
    assert told["doubled"] == 0
    assert told["ledger_whole"] is True
    assert told["acknowledged"] >= 120
    assert told["leader_after"] != told["leader_before"]
    assert told["seconds_to_first_new_write"] < 60
