"""What to record of one process, and the py-spy command line that does it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from asyncspy.model.processes import Worker
from asyncspy.sample.pyspy.program import PySpy

PassMode = Literal["gil", "wall"]

THREADS: dict[PassMode, str] = {"gil": "--gil", "wall": "--idle"}
"""What py-spy is told for each mode: which threads a sample takes."""


@dataclass(frozen=True, slots=True)
class RecordPlan:
    """One pass over one process: which threads, how often, for how long."""

    target: Worker
    duration: int
    rate: int
    mode: PassMode = "gil"
    native: bool = False
    nonblocking: bool = False

    def command(self, py_spy: PySpy, output: Path) -> list[str]:
        """The command line, spelt out: it is part of what a recording means."""
        options = [THREADS[self.mode], "--subprocesses", "--full-filenames", "--format", "speedscope"]
        options += ["--native"] * self.native + ["--nonblocking"] * self.nonblocking
        bounds = ["--rate", str(self.rate), "--duration", str(self.duration)]
        return [py_spy.path, "record", "--pid", str(self.target.pid), *options, *bounds, "--output", str(output)]
