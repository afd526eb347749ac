"""A private copy of the corpus: asked in a process of its own, counted exactly, and patched."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import django

from asyncspy.model.stacks import Frame
from asyncspy.workflow.load_recordings import AnalysedRecording
from tests.fix.planted import counted
from tests.live.harness import PROGRAMS, _environment


class Asked(NamedTuple):
    """The answers by route, and the stacks that reached the guard on the loop."""

    answers: dict[str, Any]
    stacks: list[tuple[Frame, ...]]


class CorpusCopy:
    """The corpus in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._scratch = folder / "corpus", folder
        shutil.copytree(PROGRAMS / "corpus", self.folder, ignore=shutil.ignore_patterns("__pycache__"))
        self._env = _environment(folder, "corpus", {"DJANGO_SETTINGS_MODULE": "corpus.settings"})
        subprocess.run(
            [sys.executable, "-m", "corpus.prepare"], cwd=self.folder, env=self._env, check=True, timeout=120
        )
        shutil.copy(folder / "db.sqlite3", folder / "fresh.sqlite3")

    def ask(self, **environment: str) -> Asked:
        """Ask every route, with the database as it was at first."""
        shutil.copy(self._scratch / "fresh.sqlite3", self._scratch / "db.sqlite3")
        done = subprocess.run(
            [sys.executable, "ask_in_process.py"],
            cwd=self.folder, env={**self._env, **environment}, capture_output=True, text=True, timeout=150, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        found = json.loads(done.stdout)
        stacks = [tuple(Frame(*frame) for frame in json.loads(key)) for key, _ in found["stacks"]]
        return Asked(found["answers"], stacks)

    def recording(self, asked: Asked) -> AnalysedRecording:
        """What counting the calls would have recorded."""
        return counted(self.folder, asked.stacks, django.__version__, platform.python_version())
