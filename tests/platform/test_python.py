"""Which Python sets Xinqiao up."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SYSTEM = Path("/usr/bin/python3")


def found(**given: str) -> str:
    env = {name: value for name, value in os.environ.items() if name != "XINQIAO_PYTHON"}
    run = subprocess.run([ROOT / "script/python"], env=env | given, capture_output=True, text=True, check=True)
    return run.stdout.strip()


def whole(python: Path) -> bool:
    able = "import sys, ensurepip; ensurepip.version(); sys.exit(sys.version_info < (3, 11))"
    return python.exists() and subprocess.run([python, "-c", able], capture_output=True).returncode == 0


def test_one_that_is_named_goes_first() -> None:
    assert found(XINQIAO_PYTHON=sys.executable) == sys.executable


def test_a_named_one_may_stand_in_a_folder_with_blanks_and_must_be_one(tmp_path: Path) -> None:
    folder = tmp_path / "a b"
    folder.mkdir()
    (folder / "python").symlink_to(Path(sys.executable).resolve())
    assert found(XINQIAO_PYTHON=str(folder / "python")) == str(folder / "python")
    with pytest.raises(subprocess.CalledProcessError):
        found(XINQIAO_PYTHON=str(folder))


def test_the_distributions_goes_before_others(tmp_path: Path) -> None:
    other = tmp_path / "python3"
    other.write_text("#!/bin/sh\nexit 0\n")
    other.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    assert found(PATH=path) == str(SYSTEM if sys.platform == "linux" and whole(SYSTEM) else other)
