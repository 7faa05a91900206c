"""At which sizes a browser test runs."""

import os
from typing import Any

import pytest

BOTH = (360, 1440)


def widths(usual: int | None = None) -> Any:
    """Both sizes; a test with a usual size runs at that one only, unless everything runs (--full)."""
    chosen = BOTH if usual is None or os.environ.get("XINQIAO_FULL") == "1" else (usual,)
    return pytest.mark.parametrize("width", chosen)
