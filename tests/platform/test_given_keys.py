"""Keys that the surroundings give: from a closed file, else from a variable."""

from pathlib import Path

import pytest

from xinqiao.config import secret
from xinqiao.config.environment import BadEnvironment

NAME = "XINQIAO_SMS_KEY"


def test_a_file_comes_before_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(f"{NAME}_FILE", raising=False)
    monkeypatch.delenv(NAME, raising=False)
    assert secret.given(NAME) == b""
    monkeypatch.setenv(NAME, "of the variable")
    assert secret.given(NAME) == b"of the variable"
    path = tmp_path / "key"
    path.write_text("of the file\n")
    path.chmod(0o600)
    monkeypatch.setenv(f"{NAME}_FILE", str(path))
    assert secret.given(NAME) == b"of the file"


def test_a_file_that_others_may_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "key"
    path.write_text("open")
    path.chmod(0o644)
    monkeypatch.setenv(f"{NAME}_FILE", str(path))
    with pytest.raises(BadEnvironment, match="chmod 600"):
        secret.given(NAME)
    monkeypatch.setenv(f"{NAME}_FILE", str(tmp_path / "absent"))
    with pytest.raises(BadEnvironment, match="cannot be read"):
        secret.given(NAME)
