"""A stand-in for py-spy: a real executable whose words and deeds a test decides."""

from __future__ import annotations

import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from asyncspy.sample import PySpy

Stage = Callable[[str], PySpy]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Write a py-spy that runs the given Python lines; `output` is the path after --output, `done(text)` writes it."""

    def make(body: str) -> PySpy:
        script = tmp_path / "bin" / "py-spy"
        script.parent.mkdir(exist_ok=True)
        script.write_text(
            f"#!{sys.executable}\n"
            "import os, signal, sys, time\n"
            "output = sys.argv[sys.argv.index('--output') + 1] if '--output' in sys.argv else None\n"
            "def done(text): open(output, 'w').write(text)\n" + body
        )
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        return PySpy(str(script), "0.4.3")

    return make
