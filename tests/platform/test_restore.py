"""The drill: an instance is archived while people write, dies, and comes back elsewhere as it was at any moment."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.platform.support import Running, command, home, laid_out, surroundings, until
from tests.support.harness import FULL
from xinqiao.config import environment
from xinqiao.config.environment import BadEnvironment
from xinqiao.people import keyring
from xinqiao.server import archive, envelope
from xinqiao.server.archive import Archive
from xinqiao.server.children import sweep_leftovers
from xinqiao.server.postgres import Postgres, served

pytestmark = pytest.mark.timeout(900)
EACH = 400 if FULL else 16


def _keys(place: Path) -> Path:
    return place.with_name(f"{place.name}-keys")


def _drill(place: Path, *words: str, **more: Any) -> "subprocess.Popen[str]":
    setting = surroundings(place)
    setting["PYTHONPATH"] = f"{environment.ROOT / 'src'}{os.pathsep}{environment.ROOT}"
    return subprocess.Popen(
        [sys.executable, "-m", "tests.platform.drill", *words],
        env=setting, cwd=environment.ROOT, text=True, stdin=subprocess.PIPE, **more,
    )  # fmt: skip


def _read(place: Path) -> dict[str, Any]:
    with served(place):
        done = _drill(place, "read", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, complaint = done.communicate(timeout=300)
    assert done.returncode == 0, complaint
    told: dict[str, Any] = json.loads(out.splitlines()[-1])
    return told


class Drill:
    """What was written, when, and when it all ended."""

    def __init__(self, place: Path) -> None:
        self.place, self.vault = place, place.with_name("vault")
        self.moment = self.killed = 0.0
        self.anchored: dict[str, Any] = {}
        self.said = place.with_name("written.jsonl")

    @property
    def writes(self) -> list[dict[str, Any]]:
        """All writes that were acknowledged so far."""
        lines = self.said.read_text().splitlines() if self.said.exists() else []
        return [json.loads(line) for line in lines if line.endswith("}")]

    def more(self, count: int, writer: "subprocess.Popen[str]", server: Running) -> None:
        """Wait until that many more writes were acknowledged."""
        wanted = len(self.writes) + count

        def enough() -> bool:
            assert writer.poll() is None, "the writer ended"
            return len(self.writes) >= wanted

        until("writes", enough, told=server.told)

    def _received_since(self) -> bool:
        return any(write["what"] == "receive" and write["began"] > self.moment for write in self.writes)

    def _settle(self) -> None:
        """Wait until everything that began before now has ended: an anchor holds what is older than every open transaction."""
        with psycopg.connect(**Postgres(self.place).admin(), autocommit=True) as connection:
            now = connection.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
            ended = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint > %s"
            until("older transactions", lambda: connection.execute(ended, now).fetchone() == (True,))

    def run(self) -> None:
        """Archive under writes; a moment; more writes, an anchor; then everything is killed at once."""
        server = Running(self.place, XINQIAO_BACKUP=str(self.vault), XINQIAO_BACKUP_SECONDS="0.3")
        with self.said.open("w") as said:
            writer = _drill(self.place, "write", "2", stdout=said)
        kept = Archive(self.vault, self.ring)
        try:
            self.more(EACH, writer, server)
            taken = command(self.place, "db", "backup", str(self.vault), "--json", XINQIAO_BACKUP=str(self.vault))
            assert taken.returncode == 0, taken.stderr
            self.more(EACH, writer, server)
            self.moment = time.time()
            self.more(EACH, writer, server)
            until("a matter received after the moment", self._received_since, told=server.told)
            self._settle()
            anchored = command(self.place, "ledger", "anchor", "--json")
            assert anchored.returncode == 0, anchored.stderr
            self.anchored = json.loads(anchored.stdout)
            list_of_it = self.vault / "anchors" / f"{self.anchored['day']}.xqb"
            until("the anchor in the archive", list_of_it.exists, told=server.told)
            seen = time.time()
            until("the archive", lambda: _stamp(kept) > seen, told=server.told)
            self.more(EACH // 2, writer, server)
        finally:
            pids = [server.process.pid, *json.loads((self.place / "server.json").read_text())["children"].values()]
            pids.append(Postgres(self.place).running())
            for pid in filter(None, pids):
                os.kill(pid, signal.SIGKILL)
            self.killed = time.time()
            sweep_leftovers(self.place)
            writer.kill()
            writer.communicate()
            server.process.wait()

    @property
    def ring(self) -> keyring.Keyring:
        """The keys of the instance."""
        ring = keyring.read(_keys(self.place) / "keyring.json")
        assert ring is not None
        return ring


def _stamp(kept: Archive) -> float:
    reach = kept.reaches()
    return reach.timestamp() if reach else 0.0


@pytest.fixture(scope="module")
def drill() -> Iterator[Drill]:
    with laid_out() as place:
        ran = Drill(place)
        ran.run()
        shutil.rmtree(place)  # the machine is gone; the archive and the keys are elsewhere
        yield ran


def _there(write: dict[str, Any], held: dict[str, Any]) -> bool:
    found = held["found"].get(write["number"])
    if found is None or (write["what"] == "step" and found["seq"] < write["seq"]):
        return False
    return not write.get("file") or found["files"] == [write["file"]]


def _restore(drill: Drill, elsewhere: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return command(elsewhere, "db", "restore", str(drill.vault), *words)


def test_a_moment_between_comes_back_exactly(drill: Drill) -> None:
    moment = datetime.fromtimestamp(drill.moment, UTC).isoformat()
    before = [write for write in drill.writes if write["acknowledged"] < drill.moment]
    after = {w["number"] for w in drill.writes if w["what"] == "receive" and w["began"] > drill.moment}
    assert len(before) >= 2 * EACH
    assert after
    with home() as elsewhere:
        none = _restore(drill, elsewhere, "--to", moment)
        assert none.returncode == 1
        assert "There is no keyring" in none.stderr
        shutil.copytree(_keys(drill.place), _keys(elsewhere))
        done = _restore(drill, elsewhere, "--to", moment, "--json")
        assert done.returncode == 0, done.stderr
        held = _read(elsewhere)
        assert [write for write in before if not _there(write, held)] == []
        assert after.isdisjoint(held["found"])
        assert any(write.get("file") for write in before)
        assert held["keys"] == held["distinct"]
        assert held["paused"] is True

        verified = command(elsewhere, "ledger", "verify", "--json")
        assert verified.returncode == 1
        told = json.loads(verified.stdout)
        assert {each["reason"] for each in told["broken"]} == {"anchor gone"}
        missing = {each["case_id"] for each in told["missing"]}
        assert missing
        assert {each["day"] for each in told["missing"]} == {drill.anchored["day"]}
        kept = {found["case"] for found in held["found"].values()}
        assert missing - kept, "matters received after the moment are named"
        words = command(elsewhere, "ledger", "verify").stdout
        assert "MISSING case" in words
        assert "a published anchor is gone" in words

        assert "paused" in command(elsewhere, "outbox", "status").stdout
        assert command(elsewhere, "outbox", "open").returncode == 0
        assert json.loads(command(elsewhere, "outbox", "status", "--json").stdout)["paused"] is False
        full = _restore(drill, elsewhere)
        assert full.returncode == 1
        assert "empty place only" in full.stderr
        archived = command(elsewhere, "db", "backup", str(drill.vault))
        assert archived.returncode == 1
        assert "before this database was restored" in archived.stderr


def test_without_a_moment_everything_that_the_archive_reaches_comes_back(drill: Drill) -> None:
    kept = Archive(drill.vault, drill.ring)
    reach = _stamp(kept)
    assert drill.killed - reach < 30  # what may be lost with the whole machine: seconds
    with home() as elsewhere:
        shutil.copytree(_keys(drill.place), _keys(elsewhere))
        done = _restore(drill, elsewhere)
        assert done.returncode == 0, done.stderr
        held = _read(elsewhere)
        assert [w for w in drill.writes if w["acknowledged"] < reach and not _there(w, held)] == []
        verified = command(elsewhere, "ledger", "verify")
        assert verified.returncode == 0, verified.stdout
        assert "Every chain is whole" in verified.stdout


@pytest.mark.full
def test_a_quiet_moment_at_the_end_comes_back_too(drill: Drill) -> None:
    """Nothing was written between that moment and the last word of the archive."""
    with home() as elsewhere:
        vault = elsewhere.with_name("vault")
        shutil.copytree(drill.vault, vault)
        shutil.copytree(_keys(drill.place), _keys(elsewhere))
        Archive(vault, drill.ring).note_reach(datetime.fromtimestamp(drill.killed + 3600, UTC))
        quiet = datetime.fromtimestamp(drill.killed + 1800, UTC).isoformat()
        done = command(elsewhere, "db", "restore", str(vault), "--to", quiet)
        assert done.returncode == 0, done.stderr
        assert command(elsewhere, "ledger", "verify").returncode == 0
    with home() as elsewhere:
        vault = elsewhere.with_name("vault")
        shutil.copytree(drill.vault, vault)
        (vault / "state.json").unlink()
        shutil.copytree(_keys(drill.place), _keys(elsewhere))
        done = command(elsewhere, "db", "restore", str(vault), "--to", quiet)
        assert done.returncode == 1
        assert "cannot be reached" in done.stderr


def test_the_archive_is_checked_and_shows_nothing(drill: Drill) -> None:
    checked = command(drill.place, "db", "check", str(drill.vault), "--json")
    assert checked.returncode == 0, checked.stderr
    told = json.loads(checked.stdout)
    assert told["missing"] == []
    assert len(told["bases"]) >= 2
    for path in drill.vault.rglob("*.xqb"):
        assert path.stat().st_mode & 0o077 == 0
        assert "路灯坏了".encode() not in path.read_bytes()


def test_with_other_keys_it_is_refused(drill: Drill) -> None:
    with home() as elsewhere:
        assert command(elsewhere, "keys", "new").returncode == 0
        wrong = _restore(drill, elsewhere)
        assert wrong.returncode == 1
        assert "made under other keys" in wrong.stderr
        assert not (elsewhere / "postgres" / "data").exists()


@pytest.mark.parametrize("what", ["bases/*/database.xqb", "log/*.xqb", "files/*/*.xqb", "anchors/*.xqb", "swapped"])
def test_what_was_tampered_with_is_refused(drill: Drill, what: str) -> None:
    with home() as elsewhere:
        vault = elsewhere.with_name("vault")
        shutil.copytree(drill.vault, vault)
        shutil.copytree(_keys(drill.place), _keys(elsewhere))
        if what == "swapped":
            one, other = sorted(vault.glob("files/*/*.original.xqb"))[:2]
            shutil.copyfile(one, other)
        else:
            for path in sorted(vault.glob(what)):
                data = bytearray(path.read_bytes())
                data[len(data) * 2 // 3] ^= 1
                path.write_bytes(data)
        checked = command(elsewhere, "db", "check", str(vault))
        assert checked.returncode == 1
        assert "false name" in checked.stderr if what == "swapped" else "was changed" in checked.stderr
        if not what.startswith("anchors"):
            refused = command(elsewhere, "db", "restore", str(vault))
            assert refused.returncode == 1
            assert "was changed" in refused.stderr
            assert not (elsewhere / "postgres" / "data").exists()
            assert not (elsewhere / "files").exists()


def test_moments_out_of_reach_are_named(drill: Drill) -> None:
    with home() as elsewhere:
        shutil.copytree(_keys(drill.place), _keys(elsewhere))
        early = _restore(drill, elsewhere, "--to", "2020-01-01 00:00:00")
        assert early.returncode == 1
        assert "nothing earlier can be restored" in early.stderr
        late = _restore(drill, elsewhere, "--to", "2199-01-01 00:00:00")
        assert late.returncode == 1
        assert "reaches up to" in late.stderr
        odd = _restore(drill, elsewhere, "--to", "yesterday")
        assert odd.returncode == 2
        assert "no moment" in odd.stderr


def test_a_gap_in_the_log_is_named() -> None:
    names = ["00000001000000000000000A", "00000001000000000000000B", "00000001000000000000000D"]
    kept, gap = archive.unbroken(names, names[0], 16 * 1024 * 1024)
    assert (kept, gap) == (names[:2], "00000001000000000000000C")
    over = [
        "0000000100000000000000FF",
        "000000010000000100000000.partial",
        "00000002.history",
        "000000020000000100000000",
    ]
    kept, gap = archive.unbroken(over, over[0], 16 * 1024 * 1024)
    assert sorted(kept) == sorted(over)
    assert gap == ""


def test_old_bases_are_forgotten_with_what_only_they_needed(drill: Drill, tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    shutil.copytree(drill.vault, vault)
    kept = Archive(vault, drill.ring)
    bases, pieces = kept.bases(), kept.log_names()
    fresh, stale = vault / "bases" / "begun", vault / "bases" / "broken-off"
    fresh.mkdir()
    stale.mkdir()
    os.utime(stale, (0, 0))
    files = list(kept.files())
    assert files
    now = datetime.now(UTC)
    assert kept.prune(bases[0].ended, tmp_path, at=now, named=lambda _ids: set())["bases"] == 0
    gone = kept.prune(now, tmp_path, at=now, named=lambda _ids: set())
    assert gone["bases"] == len(bases) - 1
    assert (gone["files"], list(kept.files())) == (0, files), "the base that is kept needs them"
    assert fresh.exists()
    assert not stale.exists()
    assert [base.id for base in kept.bases()] == [bases[-1].id]
    assert kept.log_names() == [name for name in pieces if name[8:24] >= bases[-1].first_piece[8:]]
    kept.check()


def test_a_signature_needs_no_secret_to_be_checked(drill: Drill) -> None:
    path = next(drill.vault.glob("bases/*/about.xqb"))
    public = envelope.signer_of(drill.ring.current)
    assert envelope.check(path, [public])["kind"] == "about"
    with pytest.raises(envelope.Spoilt):
        envelope.check(path, ["00" * 32])


def test_a_login_that_may_not_read_the_log_is_told_what_to_use(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Another PostgreSQL, whose administrator keeps replication to himself."""
    with home() as place, served(place) as server:
        with psycopg.connect(**server.admin("postgres"), autocommit=True) as connection:
            connection.execute("CREATE ROLE xinqiao_backup LOGIN NOINHERIT")
            connection.execute(
                "GRANT EXECUTE ON FUNCTION pg_control_system(), pg_control_checkpoint() TO xinqiao_backup"
            )
        url = f"postgresql:///postgres?host={server.socket}&port=5432&user=xinqiao_backup"
        monkeypatch.setenv("XINQIAO_BACKUP_URL", url)
        monkeypatch.setenv("XINQIAO_HOME", str(tmp_path / "home"))
        ring = keyring.create(
            tmp_path / "keys.json", purpose="demonstration", algorithm="aes-256-gcm", at=datetime.now(UTC)
        )
        with pytest.raises(BadEnvironment, match="managed database"):
            archive.base_take(Archive(tmp_path / "vault", ring), tmp_path / "home")
        assert list(tmp_path.glob("vault/bases/*")) == []
        with psycopg.connect(**server.admin("postgres"), autocommit=True) as connection:
            connection.execute("ALTER ROLE xinqiao_backup REPLICATION")
        about = archive.base_take(Archive(tmp_path / "vault", ring), tmp_path / "home")
        assert about.kind == "external"
