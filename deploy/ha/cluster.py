"""Three nodes of PostgreSQL under Patroni, etcd and HAProxy on this machine, and the drill that kills their leader.

deploy/ha/ha setup     looks for the programs, makes a Python environment for Patroni (locked by hashes)
deploy/ha/ha start     starts everything and waits for a leader with a synchronous standby
deploy/ha/ha roles     makes Xinqiao's database and roles; prints where the settings lie
deploy/ha/ha status    who leads, who follows, how far
deploy/ha/ha drill     real writes through HAProxy, the leader killed by kill -9; counts what was lost
deploy/ha/ha stop      stops what `start` started
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import nodes
from nodes import NODES, Ports

from xinqiao.config.environment import BadEnvironment
from xinqiao.server import binaries, places

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PACKAGES = {"etcd": "etcd-server", "haproxy": "haproxy"}


def say(text: str) -> None:
    """Progress goes beside the result."""
    sys.stderr.write(f"{text}\n")


class Cluster:
    """One cluster in one folder."""

    def __init__(self, folder: Path, ports: Ports) -> None:
        self.folder, self.ports = folder, ports
        self.user = places.service_user()

    # --- what it needs

    def missing(self) -> list[str]:
        """Debian packages that are not installed."""
        return [package for program, package in PACKAGES.items() if not shutil.which(program)]

    def setup(self, install: bool) -> None:
        """Programs, Python environment, folder. Raises BadEnvironment that names what is missing."""
        if (gone := self.missing()) and install and os.geteuid() == 0:
            say(f"Installing {', '.join(gone)}")
            subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *gone], check=True,
                           env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, stdout=subprocess.DEVNULL)  # fmt: skip
        if gone := self.missing():
            raise BadEnvironment(f"Missing: {', '.join(gone)}. As root: apt-get install {' '.join(gone)}")
        self.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        if not places.reachable(self.folder / "node1"):
            raise BadEnvironment(f"The database's user cannot enter {self.folder}; choose another place with --folder.")
        if not (self.folder / "venv" / "bin" / "patroni").exists():
            say("Making Patroni's environment")
            subprocess.run([self._python(), "-m", "venv", "--clear", str(self.folder / "venv")], check=True)
            subprocess.run(
                [str(self.folder / "venv" / "bin" / "python"), "-m", "pip", "install", "--quiet",
                 "--disable-pip-version-check", "--require-hashes", "--requirement", str(HERE / "requirements.txt")],
                check=True, stderr=subprocess.DEVNULL,
            )  # fmt: skip

    def _python(self) -> str:
        """A Python that the database's user can run too: Patroni starts itself anew to start PostgreSQL."""
        for candidate in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
            path = Path(candidate).resolve()
            able = [candidate, "-c", "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))"]
            if (
                path.exists()
                and places.reachable(path)
                and not subprocess.run(able, stderr=subprocess.DEVNULL).returncode
            ):
                return candidate
        raise BadEnvironment(
            "No Python of 3.11 or later that the database's user can run has venv. As root: apt-get install python3-venv"
        )

    # --- life

    def _as_user(self, command: list[str]) -> list[str]:
        if self.user is None:
            return command
        become = ["--reuid", str(self.user.pw_uid), "--regid", str(self.user.pw_gid), "--clear-groups"]
        return ["setpriv", *become, "--", *command]

    def _spawn(self, name: str, command: list[str]) -> int:
        with places.open_log(self.folder / f"{name}.log") as log:
            started = subprocess.Popen(
                self._as_user(command), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
                start_new_session=True, env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(self.folder)},
            )  # fmt: skip
        self._note(name, started.pid)
        return started.pid

    @property
    def pids(self) -> dict[str, int]:
        """What `start` started."""
        path = self.folder / "pids.json"
        found: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
        return found

    def _note(self, name: str, pid: int) -> None:
        (self.folder / "pids.json").write_text(json.dumps({**self.pids, name: pid}))

    def _own(self, path: Path) -> None:
        if self.user is not None:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def start(self) -> None:
        """Start etcd, Patroni and HAProxy; wait for a leader with a synchronous standby."""
        secret = nodes.passwords(self.folder)
        for node in NODES:
            for place in (self.folder / f"etcd{node}", self.folder / f"node{node}"):
                place.mkdir(mode=0o700, exist_ok=True)
                self._own(place)
            self._spawn(f"etcd{node}", nodes.etcd_command(self._program("etcd"), self.folder, self.ports, node))
        self.wait("etcd", lambda: all(self._healthy(node) for node in NODES), 120)
        for node in NODES:
            self.start_node(node, secret)
        front = self.folder / "haproxy.cfg"
        front.write_text(nodes.haproxy_settings(self.ports))
        self._spawn("haproxy", [self._program("haproxy"), "-db", "-f", str(front)])
        self.wait("a leader with a synchronous standby", self.settled, 240)

    def start_node(self, node: int, secret: dict[str, str]) -> None:
        """Start Patroni on one node."""
        programs = binaries.readable(binaries.find_binaries()).folder
        path = self.folder / f"node{node}" / "patroni.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(nodes.patroni_settings(self.folder, programs, self.ports, node, secret), indent=1))
        self._own(path)
        self._spawn(f"patroni{node}", [str(self.folder / "venv" / "bin" / "patroni"), str(path)])

    def _program(self, name: str) -> str:
        found = shutil.which(name)
        if found is None:
            raise BadEnvironment(f"{name} is missing: deploy/ha/ha setup --install")
        return found

    def stop(self) -> None:
        """Stop what `start` started: front first, then the nodes, then etcd."""
        order = ["haproxy", *(f"patroni{node}" for node in NODES), *(f"etcd{node}" for node in NODES)]
        for name in order:
            if (pid := self.pids.get(name)) and _lives(pid):
                os.kill(pid, signal.SIGTERM)
            deadline = time.monotonic() + 30
            while (pid := self.pids.get(name, 0)) and _lives(pid):
                if time.monotonic() > deadline:
                    os.kill(pid, signal.SIGKILL)
                _reap(pid)
                time.sleep(0.05)
        for node in NODES:
            for pid in self.postgres_pids(node):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGINT)
        (self.folder / "pids.json").unlink(missing_ok=True)

    def wait(self, what: str, asked: Callable[[], bool], seconds: float) -> float:
        """Wait until `asked()`; returns how long that took. Raises BadEnvironment when it takes longer than `seconds`."""
        began = time.monotonic()
        while not asked():
            if time.monotonic() - began > seconds:
                raise BadEnvironment(f"Waited {seconds:.0f} s in vain for {what}; see the logs in {self.folder}.")
            time.sleep(0.2)
        return time.monotonic() - began

    # --- looking

    def _get(self, url: str) -> Any:
        try:
            with urllib.request.urlopen(url, timeout=3) as answer:  # noqa: S310 - our own address
                return json.loads(answer.read())
        except (urllib.error.URLError, OSError, ValueError):
            return None

    def _healthy(self, node: int) -> bool:
        told = self._get(f"http://127.0.0.1:{self.ports.etcd(node)}/health")
        return bool(told) and str(told.get("health")) in ("true", "True")

    def members(self) -> dict[int, dict[str, Any]]:
        """What Patroni says of each node, by number."""
        for node in NODES:
            told = self._get(f"http://127.0.0.1:{self.ports.rest(node)}/cluster")
            if told and told.get("members"):
                return {int(each["name"].removeprefix("node")): each for each in told["members"]}
        return {}

    def leader(self) -> int:
        """The node that leads; 0 when there is none."""
        members = self.members().items()
        return next((node for node, each in members if each["role"] == "leader" and each["state"] == "running"), 0)

    def settled(self) -> bool:
        """Whether there is a leader, a synchronous standby, and all three run."""
        members = self.members()
        roles = sorted(each["role"] for each in members.values())
        well = all(each["state"] in ("running", "streaming") for each in members.values())
        return len(members) == len(NODES) and well and "leader" in roles and "sync_standby" in roles

    def postgres_pids(self, node: int) -> list[int]:
        """The database server of a node with all its processes."""
        try:
            lines = (self.folder / f"node{node}" / "data" / "postmaster.pid").read_text().splitlines()
            first = int(lines[0])
        except (FileNotFoundError, ValueError, IndexError):
            return []
        if not _lives(first):
            return []
        told = subprocess.run(["ps", "-o", "pid=", "--ppid", str(first)], capture_output=True, text=True).stdout
        return [first, *map(int, told.split())]

    def kill(self, node: int, what: str) -> None:
        """kill -9: of the `node` (Patroni and database, as if its power had gone) or of the `database` alone."""
        doomed = self.postgres_pids(node)
        if what == "node":
            doomed.insert(0, self.pids[f"patroni{node}"])
        for pid in doomed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in doomed:
            _reap(pid)

    # --- the application on it

    @property
    def home(self) -> Path:
        """The data folder of the application that the drill runs."""
        return self.folder / "home"

    def roles(self) -> Path:
        """Make database and roles through HAProxy; returns the folder with the settings of each role."""
        place = self.folder / "roles"
        programs = binaries.find_binaries()
        subprocess.run(
            [str(ROOT / "deploy" / "database" / "roles"), str(place), "127.0.0.1", str(self.ports.front)],
            check=True, stdout=subprocess.DEVNULL,
            env={**os.environ, "PSQL": programs["psql"], "PGUSER": "postgres",
                 "PGPASSWORD": nodes.passwords(self.folder)["postgres"]},
        )  # fmt: skip
        return place

    def surroundings(self, role: str) -> dict[str, str]:
        """The environment of a process of the application in that role."""
        url = (self.folder / "roles" / f"{role}.env").read_text().strip().partition("=")[2]
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("XINQIAO_", "DJANGO_", "PG"))}
        return {
            **kept, "XINQIAO_DATABASE_URL": url, "XINQIAO_DB_ROLE": role, "XINQIAO_HOME": str(self.home),
            "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", "DJANGO_SETTINGS_MODULE": "xinqiao.config.settings",
        }  # fmt: skip


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _reap(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _folder() -> Path:
    return Path("/var/lib/xinqiao-ha") if os.geteuid() == 0 else Path.home() / ".xinqiao-ha"


def main() -> int:
    """As the words say."""
    parser = argparse.ArgumentParser(
        prog="deploy/ha/ha", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("word", choices=["setup", "start", "roles", "status", "drill", "stop"])
    parser.add_argument("--folder", type=Path, default=_folder(), help="where everything lies (default %(default)s)")
    parser.add_argument("--base", type=int, default=54000, help="ports are counted from here (default %(default)s)")
    parser.add_argument("--install", action="store_true", help="setup: install missing Debian packages (as root)")
    parser.add_argument("--kill", choices=["node", "database"], default="node", help="drill: what dies (default node)")
    parser.add_argument(
        "--writes", type=int, default=60, help="drill: acknowledged writes before and after (default 60)"
    )
    parser.add_argument("--threads", type=int, default=4, help="drill: writers at once (default 4)")
    parser.add_argument("--json", action="store_true", help="drill: the result as one line of JSON")
    given = parser.parse_args()
    cluster = Cluster(given.folder.resolve(), Ports(given.base))
    try:
        if given.word == "setup":
            cluster.setup(given.install)
            say("Everything is there. Next: deploy/ha/ha start")
        elif given.word == "start":
            cluster.setup(False)
            cluster.start()
            say(f"Node {cluster.leader()} leads; connections to 127.0.0.1:{cluster.ports.front} reach whoever leads.")
        elif given.word == "roles":
            say(f"Settings of each role: {cluster.roles()}")
        elif given.word == "status":
            for node, each in sorted(cluster.members().items()):
                lag = f"timeline {each.get('timeline')}, lag {each.get('lag', 0)}"
                sys.stdout.write(f"node {node}: {each['role']}, {each['state']}, {lag}\n")
        elif given.word == "drill":
            import drill

            return drill.run(cluster, kill=given.kill, writes=given.writes, threads=given.threads, as_json=given.json)
        else:
            cluster.stop()
            say("Stopped.")
    except BadEnvironment as problem:
        say(str(problem))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
