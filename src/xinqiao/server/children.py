"""The processes under the supervisor: started, watched, started again with growing pauses, stopped with all they began."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from xinqiao.server import places

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 5.0  # a part that dies again and again is still back within ten seconds
STEADY = 60.0  # seconds after which a process counts as healthy again
LARGEST_LOG = 20 * 1024 * 1024
MARK = "XINQIAO_SERVER_HOME"


@dataclass
class Child:
    """One process with its log. `poll` starts it again when it has died."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    pause: float = FIRST_PAUSE
    quick: int = 0  # how often in a row it ended before it was steady
    started: float = 0.0
    again_at: float = field(default=0.0)

    def start(self) -> None:
        """Start it in a process group of its own; it ends when the supervisor does, however that ends."""
        self.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG:
            self.log.replace(self.log.with_suffix(".old.log"))
        setpriv = shutil.which("setpriv")
        with_us = [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []
        with places.open_log(self.log) as log:
            self.process = subprocess.Popen(
                [*with_us, *self.command],
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.started = time.monotonic()

    def poll(self, now: float) -> str:
        """Look after it once. Returns what there is to say, or ''."""
        if self.process is None:
            if now >= self.again_at:
                self.start()
            return ""
        status = self.process.poll()
        if status is None:
            return ""
        sweep_group(self.process.pid)
        if now - self.started > STEADY:
            self.pause, self.quick = FIRST_PAUSE, 0
        self.quick += 1
        told = f"{self.name} ended ({status}); it starts again in {self.pause:g} s. See {self.log}"
        self.process, self.again_at = None, now + self.pause
        self.pause = min(self.pause * 2, LONGEST_PAUSE)
        return told

    def stop(self, seconds: float = 10) -> None:
        """Ask it to end; kill it and all it began when it does not within `seconds`."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        sweep_group(self.process.pid)
        self.process.wait()
        self.process = None


def sweep_group(leader: int) -> None:
    """Kill what is left of a process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def sweep_leftovers(home: Path) -> int:
    """Kill processes that an earlier server of `home` left behind when it was killed; returns how many.

    They are known by a mark in their environment, which only Linux shows; elsewhere nothing is done.
    """
    found = 0
    wanted = f"{MARK}={home}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            marked = wanted in (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if marked and int(folder.name) != os.getpid():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(int(folder.name), signal.SIGKILL)
                found += 1
    return found
