"""Find the py-spy program: beside asyncspy, else on PATH."""

from __future__ import annotations

import shutil
import sys
import sysconfig
from pathlib import Path

UPGRADE_PY_SPY = f"{sys.executable} -m pip install --upgrade py-spy"


def py_spy_file() -> str | None:
    """The path of py-spy; None where it is not installed."""
    beside = [Path(sys.executable).parent / "py-spy", Path(sysconfig.get_path("scripts")) / "py-spy"]
    return next((str(path) for path in beside if path.is_file()), None) or shutil.which("py-spy")
