"""A stand-in for py-spy: a real executable whose words and deeds a test decides."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

import pytest

from asyncspy.sample import PySpy
from asyncspy.sample.pyspy.py_spy import Timeouts

SPEEDSCOPE = '{"profiles": [], "shared": {"frames": []}, "exporter": "py-spy@0.4.3"}'
"""A document of py-spy's without samples."""


class Stage(Protocol):
    """Write a stand-in of these Python lines, with these `Timeouts`."""

    def __call__(self, body: str, **timeouts: float) -> PySpy: ...


def staged(folder: Path, body: str, **timeouts: float) -> PySpy:
    """Write a py-spy that runs the given Python lines; `output` is the path after --output, `done(text)` writes it."""
    script = folder / "bin" / "py-spy"
    script.parent.mkdir(exist_ok=True)
    script.write_text(
        f"#!{sys.executable}\n"
        "import os, signal, sys, time\n"
        "output = sys.argv[sys.argv.index('--output') + 1] if '--output' in sys.argv else None\n"
        "def done(text): open(output, 'w').write(text)\n" + body
    )
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return PySpy(str(script), "0.4.3", Timeouts(**timeouts))


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """What `staged` makes, in the test's own folder."""
    return partial(staged, tmp_path)


def fails(real: Callable[..., object], time: int, number: int) -> Callable[..., object]:
    """So often asked, it fails once."""
    asked: list[object] = []

    def call(*args: object, **kwargs: object) -> object:
        asked.append(args)
        if len(asked) == time:
            raise OSError(number, os.strerror(number))
        return real(*args, **kwargs)

    return call
