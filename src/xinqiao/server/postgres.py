"""The embedded PostgreSQL: found, initialised, started as a child of ours, stopped, and never left half alive."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from xinqiao.config.environment import DATABASE, ROLES, BadEnvironment
from xinqiao.server import places
from xinqiao.server.binaries import Binaries, find_binaries, readable

ADMIN = "postgres"
WHO_MAY = "local all all peer map=xinqiao\nlocal replication xinqiao_backup peer map=xinqiao\n"
MEGABYTE = 1 << 20
LOCALE = ("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8")
LOCALE_16 = ("--encoding=UTF8", "--locale=C.UTF-8")


def memory() -> int:
    """Bytes of memory that this machine, or the container around us, has."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        return min(whole, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    except (OSError, ValueError):  # no such file, or "max"
        return whole


def shares(total: int) -> dict[str, str]:
    """What the database takes of so many bytes of memory. Its own defaults are those of a machine with half a gigabyte."""
    kept = max(128 * MEGABYTE, min(total // 4, 4096 * MEGABYTE))
    return {
        "shared_buffers": f"{kept // MEGABYTE}MB",
        "effective_cache_size": f"{max(kept, total // 2) // MEGABYTE}MB",
        "maintenance_work_mem": f"{max(64 * MEGABYTE, min(total // 32, 512 * MEGABYTE)) // MEGABYTE}MB",
    }


@dataclass
class Postgres:
    """One embedded database in `home`. `settings` are given to the server on its command line."""

    home: Path
    settings: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        places.check_home(self.home)
        self.root = places.data_root(self.home)
        self.data = self.root / "data"
        self.socket = places.socket_folder(self.home)
        self.log = self.root / "postgres.log"

    # --- as whom

    def _as_service(self, arguments: list[str], *, dies_with_us: bool = False) -> list[str]:
        user, setpriv = places.service_user(), shutil.which("setpriv")
        with_us = ["--pdeathsig", "INT"] if dies_with_us else []
        if user is None:
            return [setpriv, *with_us, "--", *arguments] if setpriv and with_us else arguments
        if not setpriv:
            raise BadEnvironment(
                "setpriv (package util-linux) is missing; root needs it to start PostgreSQL as another user."
            )
        become = ["--reuid", str(user.pw_uid), "--regid", str(user.pw_gid), "--clear-groups"]
        return [setpriv, *become, *with_us, "--", *arguments]

    def _give(self, path: Path, mode: int) -> None:
        path.mkdir(mode=mode, parents=True, exist_ok=True)
        user = places.service_user()
        if user:
            os.chown(path, user.pw_uid, user.pw_gid)
        if path.stat().st_uid != (user.pw_uid if user else os.geteuid()):
            raise BadEnvironment(f"{path} belongs to user {places.user_name(path.stat().st_uid)}; it cannot be used.")
        path.chmod(mode)

    # --- life

    def initialise(self) -> bool:
        """Make the data folder unless it is there; True when it was made."""
        self.prepare_places()
        if (self.data / "PG_VERSION").exists():
            self.programs()
            self.write_access()
            return False
        binaries = readable(find_binaries())
        draft = self.root / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        locale = LOCALE if binaries.version >= 17 else LOCALE_16
        made = subprocess.run(
            self._as_service(
                [binaries["initdb"], "-D", str(draft), "-U", ADMIN, *locale, "--data-checksums", "--auth=peer"]
            ),
            cwd="/",
            capture_output=True,
            text=True,
            env=_plain_environment(),
        )
        if made.returncode:
            raise BadEnvironment(
                f"The database could not be made in {draft}: {made.stderr.strip() or made.stdout.strip()}"
            )
        draft.rename(self.data)
        self.write_access()
        return True

    def prepare_places(self) -> None:
        """Make the folders around the data, for the user that the server runs as."""
        places.claim_home(self.home)
        for parent in (self.root.parent, self.root):
            parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        self._give(self.root, 0o711)
        self._give(self.socket, 0o700)
        if self.root != self.home / "postgres":
            with contextlib.suppress(FileExistsError):
                (self.home / "postgres").symlink_to(self.root)

    def own(self, *folders: Path) -> None:
        """Hand folders and all that is in them to the user that the server runs as."""
        user = places.service_user()
        if user is None:
            return
        for folder in folders:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)

    def programs(self) -> Binaries:
        """The programs that run this data: of the version that made it; for data to be made, those that come first.

        Raises BadEnvironment when they are not on this machine.
        """
        try:
            made = int((self.data / "PG_VERSION").read_text())
        except FileNotFoundError:
            return find_binaries()
        try:
            return find_binaries(made)
        except BadEnvironment as missing:
            raise BadEnvironment(f"The data in {self.data} was made by PostgreSQL {made}. {missing}") from None

    def write_access(self) -> None:
        """Say which users of this machine may log in as which role, and that nobody else may."""
        user = places.service_user()
        people = [places.user_name(os.geteuid()), *([user.pw_name] if user else [])]
        names = [ADMIN, *(f"xinqiao_{role}" for role in ROLES)]
        lines = [f'xinqiao "{person}" {name}\n' for person in people for name in names]
        for name, text in (("pg_ident.conf", "".join(lines)), ("pg_hba.conf", WHO_MAY)):
            path = self.data / name
            path.write_text(text)
            if user:
                os.chown(path, user.pw_uid, user.pw_gid)

    def start(self, *, dies_with_us: bool = True, seconds: float = 120) -> None:
        """Start the server and wait until it answers (crash recovery may take its time).

        Raises BadEnvironment when another server has the data, or when this one ends or does not answer in `seconds`.
        """
        self._clear_stale()
        arguments = [readable(self.programs())["postgres"], "-D", str(self.data)]
        fixed = {
            "listen_addresses": "",
            "port": places.PORT,
            "unix_socket_directories": str(self.socket),
            "unix_socket_permissions": "0700",
            # A statement that fails carries words and values, the detail of an error the row: neither belongs in a log.
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
            # An archive that stands still keeps the log back; at this size the database goes on without it.
            "max_slot_wal_keep_size": "8GB",
        }
        for name, value in {**shares(memory()), **fixed, **self.settings}.items():
            arguments += ["-c", f"{name}={value}"]
        with places.open_log(self.log) as log:
            self.process = subprocess.Popen(
                self._as_service(arguments, dies_with_us=dies_with_us),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_plain_environment(),
                start_new_session=True,
            )
        deadline = time.monotonic() + seconds
        while not self.answers():
            if self.process.poll() is not None:
                raise BadEnvironment(f"PostgreSQL ended at once. The last lines of {self.log}:\n{self._last_lines()}")
            if time.monotonic() > deadline:
                self.stop()
                raise BadEnvironment(f"PostgreSQL did not answer in {seconds:.0f} seconds; see {self.log}.")
            time.sleep(0.02)

    def answers(self) -> bool:
        """Whether a server takes connections on our socket."""
        try:
            places.connect(self.admin("postgres")).close()
        except psycopg.OperationalError:
            return False
        return True

    def admin(self, database: str = DATABASE) -> dict[str, str]:
        """Connection parameters of the administrator."""
        return {"host": str(self.socket), "port": places.PORT, "user": ADMIN, "dbname": database}

    def running(self) -> int:
        """The process id of a live server on our data, whoever started it; 0 when there is none."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().splitlines()[0])
        except (FileNotFoundError, ValueError, IndexError):
            return 0
        return pid if _alive(pid) and _is_postgres(pid) else 0

    def _clear_stale(self) -> None:
        if pid := self.running():
            raise BadEnvironment(
                f"A database server (process {pid}) already runs on {self.data}. Stop the other xinqiao server first, "
                "or set XINQIAO_HOME to another folder."
            )
        # PostgreSQL takes a zombie for a living server; files that name a dead process only stand in the way.
        for path in (self.data / "postmaster.pid", *self.socket.glob(f".s.PGSQL.{places.PORT}*")):
            path.unlink(missing_ok=True)

    def stop(self, seconds: float = 30) -> None:
        """Stop the server: open transactions are rolled back. Kills it when it does not obey in `seconds`."""
        if self.process is not None:
            if self.process.poll() is None:
                self.process.send_signal(signal.SIGINT)
                try:
                    self.process.wait(seconds)
                except subprocess.TimeoutExpired:
                    self.process.kill()
                    self.process.wait()
            self.process = None
            return
        if pid := self.running():
            os.kill(pid, signal.SIGINT)
            deadline = time.monotonic() + seconds
            while self.running():
                if time.monotonic() > deadline:
                    os.kill(pid, signal.SIGKILL)
                time.sleep(0.02)

    def _last_lines(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-8:])


def _alive(pid: int) -> bool:
    """Whether the process lives; a zombie does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return not Path("/proc/self/stat").exists()
    return state != "Z"


def _is_postgres(pid: int) -> bool:
    """Whether that number still belongs to a database server, and was not given to another program since."""
    try:
        program = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]
        return program.rpartition(b"/")[2] == b"postgres"
    except OSError:
        return not Path("/proc/self/cmdline").exists()


def _plain_environment() -> dict[str, str]:
    """The environment without PG* variables and with one language, so that nothing outside changes the server."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "LC_", "LANG"))}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}


@contextlib.contextmanager
def served(home: Path) -> Iterator[Postgres]:
    """The database of `home` for the length of a command: the running one, else one started and stopped for it."""
    server = Postgres(home)
    if server.running() and server.answers():
        yield server
        return
    server.initialise()
    server.start()
    try:
        yield server
    finally:
        server.stop()
