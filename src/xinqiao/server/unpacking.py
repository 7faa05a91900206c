"""A tar archive laid out in a folder: files and folders alone, never outside of it. Python's own filter for that is newer than 3.11.2."""

import os
import shutil
import tarfile
from pathlib import Path, PurePosixPath

from xinqiao.config.environment import BadEnvironment


def unpack(archive: tarfile.TarFile, folder: Path) -> None:
    """Lay out what is in `archive`, readable by its owner alone, with its times. Raises BadEnvironment for a link, a device, a
    place outside `folder` or a file that is there twice."""
    for member in archive:
        inside = PurePosixPath(member.name)
        if not (member.isfile() or member.isdir()) or inside.is_absolute() or ".." in inside.parts:
            raise BadEnvironment(f"The archive holds {member.name!r}, which is not a file of its own place.")
        place = folder / inside
        for above in (*reversed(inside.parents), *([inside] if member.isdir() else [])):
            (folder / above).mkdir(mode=0o700, parents=True, exist_ok=True)
        if member.isdir():
            continue
        source = archive.extractfile(member)
        assert source is not None  # noqa: S101 - it is a file
        try:
            place.touch(mode=0o600, exist_ok=False)
        except FileExistsError as error:
            raise BadEnvironment(f"The archive holds {member.name!r} twice.") from error
        with place.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
        os.utime(place, (member.mtime, member.mtime))
