"""What an archive may lay down, and what not."""

import io
import tarfile
from pathlib import Path

import pytest

from xinqiao.config.environment import BadEnvironment
from xinqiao.server.unpacking import unpack


def archive_of(*members: tuple[tarfile.TarInfo, bytes]) -> tarfile.TarFile:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for member, data in members:
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return tarfile.open(fileobj=io.BytesIO(packed.getvalue()), mode="r|")


def named(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.mtime, member.mode = kind, link, 1_000, 0o777
    return member


def test_files_and_folders_are_laid_out_for_their_owner(tmp_path: Path) -> None:
    unpack(archive_of((named("base", tarfile.DIRTYPE), b""), (named("base/1/a"), b"one"), (named("b"), b"")), tmp_path)
    found = tmp_path / "base" / "1" / "a"
    assert (found.read_bytes(), found.stat().st_mode & 0o777, found.stat().st_mtime) == (b"one", 0o600, 1_000)
    assert (tmp_path / "base").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "b").read_bytes() == b""


@pytest.mark.parametrize(
    "member",
    [
        named("../outside"),
        named("/outside"),
        named("a/../../outside"),
        named("link", tarfile.SYMTYPE, "/etc/passwd"),
        named("link", tarfile.LNKTYPE, "b"),
        named("device", tarfile.CHRTYPE),
    ],
    ids=lambda member: f"{member.type.decode()} {member.name}",
)
def test_what_is_not_a_file_of_its_own_place_is_refused(tmp_path: Path, member: tarfile.TarInfo) -> None:
    folder = tmp_path / "in"
    with pytest.raises(BadEnvironment, match="not a file of its own place"):
        unpack(archive_of((member, b"")), folder)
    assert [path.name for path in tmp_path.rglob("*") if path != folder] == []


def test_a_file_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadEnvironment, match="twice"):
        unpack(archive_of((named("a"), b"1"), (named("a"), b"2")), tmp_path)
    assert (tmp_path / "a").read_bytes() == b"1"
