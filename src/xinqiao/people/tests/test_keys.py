"""The key file, data keys, rotation, escrow."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from django.test.utils import CaptureQueriesContext

from xinqiao.config import environment
from xinqiao.people import access, keyring, keys, selectors, services
from xinqiao.people.actors import CITIZEN, SYSTEM
from xinqiao.people.keyring import KeyTrouble
from xinqiao.people.models import DataKey, Person
from xinqiao.people.tests.conftest import AT


@pytest.fixture
def ring_file(tmp_path: Path, settings: Any) -> Iterator[Path]:
    settings.XINQIAO_KEYRING = str(tmp_path / "keys" / "keyring.json")
    keys.forget()
    yield Path(settings.XINQIAO_KEYRING)
    keys.forget()


def test_the_key_file_is_closed_to_others(ring_file: Path) -> None:
    keys.ring()
    assert ring_file.stat().st_mode & 0o777 == 0o600
    ring_file.chmod(0o640)
    keys.forget()
    with pytest.raises(KeyTrouble, match="0640") as trouble:
        keys.ring()
    assert "chmod 600" in trouble.value.remedy


def test_production_refuses_a_missing_and_a_demonstration_ring(ring_file: Path, settings: Any) -> None:
    settings.XINQIAO_PROFILE = "production"
    with pytest.raises(KeyTrouble, match="没有找到"):
        keys.ring()
    keyring.create(ring_file, purpose="demonstration", algorithm="aes-256-gcm", at=AT)
    with pytest.raises(KeyTrouble, match="演示"):
        keys.ring()
    ring_file.unlink()
    keyring.create(ring_file, purpose="production", algorithm="aes-256-gcm", at=AT)
    assert keys.ring().purpose == "production"


def test_production_refuses_keys_inside_the_data(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XINQIAO_HOME", str(tmp_path))
    settings.XINQIAO_PROFILE = "production"
    settings.XINQIAO_KEYRING = str(tmp_path / "keyring.json")
    keys.forget()
    with pytest.raises(KeyTrouble, match="数据目录里面"):
        keys.ring()


@pytest.mark.parametrize(
    "content",
    [
        b"nonsense",
        b"[]",
        b'{"format": 2, "purpose": "production", "keys": []}',
        b'{"format": 1, "purpose": "production", "keys": []}',
        b'{"format": 1, "purpose": "production", "keys": [{"version": 1, "algorithm": "aes-256-gcm", "key": "AAAA", "created_at": ""}]}',
    ],
)
def test_a_damaged_key_file_is_said_so(ring_file: Path, content: bytes) -> None:
    ring_file.parent.mkdir()
    ring_file.write_bytes(content)
    ring_file.chmod(0o600)
    with pytest.raises(KeyTrouble, match="读不懂"):
        keys.ring()


def test_a_link_is_not_followed(ring_file: Path, tmp_path: Path) -> None:
    ring_file.parent.mkdir()
    ring_file.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(KeyTrouble, match="打不开"):
        keys.ring()


def test_escrow_brings_the_same_keys_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "SCRYPT", {"n": 2**10, "r": 8, "p": 1})
    ring = keyring.Keyring("production", ()).with_new("aes-256-gcm", AT).with_new("sm4-gcm", AT)
    copy = keyring.escrow(ring, "correct horse battery")
    assert keyring.recover(copy, "correct horse battery") == ring
    with pytest.raises(KeyTrouble, match="口令不对"):
        keyring.recover(copy, "correct horse batteri")
    with pytest.raises(KeyTrouble, match="不是密钥托管副本"):
        keyring.recover(b"{}", "correct horse battery")
    with pytest.raises(KeyTrouble, match="太短"):
        keyring.escrow(ring, "short")
    broken = json.loads(copy)
    broken["body"] = "AAAA"
    with pytest.raises(KeyTrouble):
        keyring.recover(json.dumps(broken).encode(), "correct horse battery")


@pytest.mark.parametrize("crypto", ["", "guomi"])
def test_both_suites_encrypt_and_authenticate(ring_file: Path, settings: Any, db: None, crypto: str) -> None:
    settings.XINQIAO_CRYPTO = crypto
    blob = keys.encrypt("open", "心桥".encode(), b"row")
    assert blob[1] == (2 if crypto else 1)
    assert keys.decrypt("open", blob, b"row").decode() == "心桥"
    for other in (blob[:-1] + bytes([blob[-1] ^ 1]), blob[:1] + bytes([3 - blob[1]]) + blob[2:]):
        with pytest.raises(KeyTrouble):
            keys.decrypt("open", other, b"row")
    for domain, aad in (("open", b"other"), ("sealed", b"row")):
        keys.encrypt(domain, b"", b"")
        with pytest.raises(KeyTrouble):
            keys.decrypt(domain, blob, aad)
    with pytest.raises(KeyTrouble, match="没有第 9 版"):
        keys.decrypt("open", blob[:2] + (9).to_bytes(4, "big") + blob[6:], b"row")


def test_switching_the_suite_keeps_old_data_readable_and_findable(ring_file: Path, settings: Any, db: None) -> None:
    access.bind(SYSTEM("test"))
    person = services.person_store(domain="open", name="张三", phone="13800001234", actor=CITIZEN(), at=AT)
    code = keys.code_hash("0123456789", "n")
    settings.XINQIAO_CRYPTO = "guomi"
    newer = services.person_store(domain="open", name="李四", phone="13800001234", actor=CITIZEN(), at=AT)
    assert newer.ciphertext[1] == 2
    assert selectors.masked(Person.objects.get(pk=person.pk)).name == "张*"
    assert set(services.persons_with(kind="phone", value="13800001234")) == {person.pk, newer.pk}
    assert keys.code_matches("0123456789", code, "n")


def test_equal_values_hash_equal_inside_one_domain_only(ring_file: Path, db: None) -> None:
    assert keys.blind("open", "phone", "138") == keys.blind("open", "phone", "138")
    assert keys.blind("open", "phone", "138") != keys.blind("sealed", "phone", "138")
    assert keys.blind("open", "phone", "138") != keys.blind("open", "id_number", "138")


def test_codes_are_told_apart_by_their_context(ring_file: Path, db: None) -> None:
    stored = keys.code_hash("0123456789", "1")
    assert keys.code_matches("0123456789", memoryview(stored), "1")
    assert not keys.code_matches("0123456789", stored, "2")
    assert not keys.code_matches("0123456780", stored, "1")
    assert not keys.code_matches("0123456789", None, "1")


def test_rotation_wraps_anew_and_leaves_old_data_readable(ring_file: Path, fresh_database: str) -> None:
    keys.prepare()
    old = keys.encrypt("open", b"words", b"row")
    index = keys.blind("open", "phone", "138")
    done = keys.rotate(at=AT)
    assert (done.master_version, done.rewrapped, done.fresh) == (2, 5, 2)
    assert set(DataKey.objects.values_list("kek_version", flat=True)) == {2}
    keys.forget()
    new = keys.encrypt("open", b"words", b"row")
    assert (keys.version_of(old), keys.version_of(new)) == (1, 2)
    assert keys.decrypt("open", old, b"row") == keys.decrypt("open", new, b"row") == b"words"
    assert keys.blind("open", "phone", "138") == index


def test_a_process_that_slept_through_a_rotation_reads_the_file_again(ring_file: Path, fresh_database: str) -> None:
    keys.prepare()
    before = keys.ring()
    keys.rotate(at=AT)
    keys.forget()
    keys._ring[ring_file] = before
    assert keys.decrypt("open", keys.encrypt("open", b"words", b"row"), b"row") == b"words"


def test_rotation_that_fails_in_the_database_loses_nothing(
    ring_file: Path, fresh_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys.prepare()
    blob = keys.encrypt("open", b"words", b"row")
    monkeypatch.setattr(keys, "add_data_key", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        keys.rotate(at=AT)
    keys.forget()
    assert set(DataKey.objects.values_list("kek_version", flat=True)) == {1}
    assert keys.decrypt("open", blob, b"row") == b"words"


def test_a_foreign_or_missing_ring_is_said_so(ring_file: Path, fresh_database: str) -> None:
    keys.prepare()
    blob = keys.encrypt("open", b"words", b"row")
    ring_file.unlink()
    keys.forget()
    with pytest.raises(KeyTrouble, match="不配套"):
        keys.decrypt("open", blob, b"row")
    DataKey.objects.update(kek_version=7)
    keys.forget()
    with pytest.raises(KeyTrouble, match="没有第 7 版主密钥"):
        keys.decrypt("open", blob, b"row")
    ring_file.unlink()
    with pytest.raises(KeyTrouble, match="没有找到"):
        keys.rotate(at=AT)


def test_a_key_made_in_a_transaction_that_fails_is_never_used_again(ring_file: Path, fresh_database: str) -> None:
    with transaction.atomic():
        for _ in range(2):  # however long the transaction lasts and however often it asks
            keys.encrypt("open", b"lost", b"row")
        transaction.set_rollback(True)
    assert not DataKey.objects.exists()
    blob = keys.encrypt("open", b"kept", b"row")
    keys.forget()
    assert keys.decrypt("open", blob, b"row") == b"kept"


def test_a_key_that_is_committed_is_read_once(ring_file: Path, fresh_database: str) -> None:
    with transaction.atomic():
        keys.encrypt("open", b"first", b"row")
    keys.encrypt("open", b"again", b"row")
    with CaptureQueriesContext(connection) as asked:
        keys.encrypt("open", b"and again", b"row")
    assert len(asked) == 0


def test_two_processes_make_the_first_key_at_once(ring_file: Path, fresh_database: str) -> None:
    gate, blobs, troubles = threading.Barrier(4), [], []

    def work(number: int) -> None:
        try:
            gate.wait()
            with transaction.atomic():
                blobs.append((number, keys.encrypt("open", b"%d" % number, b"row")))
        except Exception as error:
            troubles.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not troubles
    assert DataKey.objects.filter(domain="open", purpose="cipher").count() == 1
    keys.forget()
    assert all(keys.decrypt("open", blob, b"row") == b"%d" % number for number, blob in blobs)


def test_a_data_key_may_only_be_wrapped_anew(ring_file: Path, db: None) -> None:
    keys.prepare()
    keys.prepare()
    assert DataKey.objects.count() == 5
    with pytest.raises(ProgrammingError, match="wrapped anew"):
        DataKey.objects.update(version=9)


def test_the_environment_may_name_the_file_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XINQIAO_KEYS", str(tmp_path / "mine.json"))
    assert keyring.default_path() == tmp_path / "mine.json"
    assert environment.keyring_file() == tmp_path / "mine.json"  # what backups are encrypted with
    monkeypatch.setenv("XINQIAO_KEYS", str(tmp_path))
    assert keyring.default_path() == tmp_path / "keyring.json"
