"""Files on their way in and out: encrypted, counted, served without harm."""

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from xinqiao.files import selectors, services, storage
from xinqiao.files.checks import Unfit
from xinqiao.files.models import Blob
from xinqiao.files.serving import blob_serve
from xinqiao.files.tests import makers
from xinqiao.kernel.clock import SHANGHAI
from xinqiao.kernel.errors import NotFound
from xinqiao.people import access
from xinqiao.people.actors import CITIZEN, SYSTEM, Actor

AT = datetime(2026, 11, 22, 10, 0, tzinfo=SHANGHAI)
CLERK = Actor(kind="staff", account_id=7, post_id=9, name="李某")
JPEG = makers.picture_with_exif()

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings: Any, tmp_path: Path) -> None:
    settings.XINQIAO_HOME = tmp_path


@pytest.fixture(autouse=True)
def _sees_all(as_role: Callable[[str], AbstractContextManager[None]]) -> Any:
    """These tests are about files alone, without cases: the role that sees all rows."""
    with as_role("seal"), access.acting(SYSTEM("test")):
        yield


def store(data: bytes = JPEG, **more: Any) -> Blob:
    return services.blob_store(**({"name": "照片.jpg", "data": data, "kind": "photo", "actor": CLERK, "at": AT} | more))


def test_a_picture_is_kept_as_it_came_and_shown_drawn_anew() -> None:
    case_id = uuid4()
    blob = store(case_id=case_id)
    blob.refresh_from_db()
    assert (blob.name, blob.media_type, blob.size) == ("照片.jpg", "image/jpeg", len(JPEG))
    assert blob.sha256 == hashlib.sha256(JPEG).hexdigest()
    assert (blob.created_at, blob.created_by, blob.kind) == (AT, "staff:7:9", "photo")
    assert selectors.blob_read(blob, derivative=False) == (JPEG, "image/jpeg")
    view, media_type = selectors.blob_read(blob)
    assert media_type == "image/jpeg"
    assert view != JPEG
    assert b"SECRETPHONE" not in view
    small, _ = selectors.blob_read(blob, thumbnail=True)
    assert small.startswith(b"\xff\xd8")


def test_nothing_readable_lies_on_disk(tmp_path: Path) -> None:
    store("我家住在示例路1号".encode(), name="我的地址.txt", kind="paper")
    lying = [path for path in (tmp_path / "files").rglob("*") if path.is_file()]
    assert len(lying) == 2
    for path in lying:
        assert "示例路".encode() not in path.read_bytes()
        assert "地址" not in path.name
        assert path.stat().st_mode & 0o077 == 0


def test_sealed_files_have_their_own_key_domain() -> None:
    blob = store(sealed=True)
    assert blob.domain == "sealed"
    assert selectors.blob_read(blob, derivative=False)[0] == JPEG
    blob.domain = "open"
    with pytest.raises(storage.Unreadable):
        selectors.blob_read(blob)


def test_a_file_cannot_be_put_in_anothers_place() -> None:
    one, other = store(), store(makers.pdf(), name="合同.pdf", kind="paper")
    (storage.folder() / one.path).write_bytes((storage.folder() / other.path).read_bytes())
    with pytest.raises(storage.Unreadable) as caught:
        selectors.blob_read(one, derivative=False)
    assert "照片.jpg" in caught.value.message
    (storage.folder() / other.path).unlink()
    with pytest.raises(storage.Unreadable):
        selectors.blob_read(other)


def test_a_text_is_shown_in_one_encoding() -> None:
    blob = store("路面塌陷".encode("gb18030"), name="说明.txt", kind="paper")
    assert selectors.blob_read(blob) == ("路面塌陷".encode(), "text/plain; charset=utf-8")
    assert selectors.blob_read(blob, derivative=False) == ("路面塌陷".encode("gb18030"), "text/plain")
    assert selectors.blob_read(blob, thumbnail=True)[0] == "路面塌陷".encode()


def test_a_refused_file_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(Unfit) as caught:
        store(b"<svg onload=alert(1)>", name="图.svg")
    assert "“图”" in caught.value.message
    assert Blob.objects.count() == 0
    assert not (tmp_path / "files").exists()


def test_the_extension_follows_the_content() -> None:
    assert store(makers.picture("PNG"), name="工资表.xlsx").name == "工资表.png"


def test_a_submission_carries_nine_photos() -> None:
    submission_id = uuid4()
    for _ in range(9):
        store(submission_id=submission_id, actor=CITIZEN())
    with pytest.raises(Unfit, match="最多 9 张"):
        store(submission_id=submission_id, actor=CITIZEN())
    assert (
        store(makers.pdf(), name="a.pdf", submission_id=submission_id, kind="paper", actor=CITIZEN()).created_by
        == "citizen"
    )
    assert store(submission_id=uuid4())


def test_a_submission_carries_twenty_files_and_sixty_megabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    submission_id = uuid4()
    monkeypatch.setattr(services, "MOST_FILES", 2)
    for _ in range(2):
        store(b"text", name="a.txt", submission_id=submission_id, kind="paper")
    with pytest.raises(Unfit, match="最多 2 个"):
        store(b"text", name="a.txt", submission_id=submission_id, kind="paper")
    monkeypatch.setattr(services, "MOST_FILES", 20)
    monkeypatch.setattr(services, "MOST_BYTES", 10)
    with pytest.raises(Unfit, match="附件合计超过"):
        store(b"text", name="a.txt", submission_id=submission_id, kind="paper")


def test_what_a_citizen_adds_to_a_case_counts_and_what_staff_add_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    case_id = uuid4()
    monkeypatch.setattr(services, "MOST_PHOTOS", 1)
    store(case_id=case_id)
    store(case_id=case_id)
    with pytest.raises(Unfit):
        store(case_id=case_id, actor=CITIZEN())
    store(makers.pdf(), name="意见书.pdf", case_id=case_id, kind="document", actor=SYSTEM("papers"))
    assert Blob.objects.latest("created_at", "id").created_by == "system:papers"


def test_files_are_found_by_case_submission_and_id() -> None:
    case_id, submission_id = uuid4(), uuid4()
    blob = store(case_id=case_id, submission_id=submission_id)
    assert list(selectors.blobs_of_case(case_id)) == [blob]
    assert list(selectors.blobs_of_submission(submission_id)) == [blob]
    assert selectors.blob_get(blob.id, case_id=case_id) == blob
    assert str(blob) == "照片.jpg"
    for wrong in ({"case_id": uuid4()}, {"submission_id": uuid4()}):
        with pytest.raises(NotFound):
            selectors.blob_get(blob.id, **wrong)
    with pytest.raises(NotFound):
        selectors.blob_get(uuid4())


def test_only_pictures_drawn_anew_are_shown_in_the_page() -> None:
    blob = store(name="照片 “一”;x=\r\n.jpg")
    shown = blob_serve(blob)
    assert shown.headers["Content-Disposition"].startswith('inline; filename="')
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    for served in (blob_serve(blob, download=True), blob_serve(blob, derivative=False)):
        assert served.headers["Content-Disposition"].startswith("attachment; ")
    assert blob_serve(blob, derivative=False).data == JPEG
    assert blob_serve(blob, thumbnail=True).headers["Content-Disposition"].startswith("inline")
    clear = store(makers.picture("PNG", mode="RGBA"), name="透明.png")
    assert "%E9%80%8F%E6%98%8E.webp" in blob_serve(clear).headers["Content-Disposition"]
    for data, name in ((makers.pdf(), "a.pdf"), (b"text", "a.txt"), (makers.wav(), "a.wav")):
        headers = blob_serve(store(data, name=name, kind="paper")).headers
        assert headers["Content-Disposition"].startswith("attachment; ")
        assert "\r" not in "".join(headers.values())
