"""A private copy of the corpus: asked in a process of its own, counted exactly, and patched."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import django

from asyncspy.analyse.combine_modes import analyse_modes
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Event, Frame, Occurrences, Origin, Profile
from asyncspy.source.lookup import SourceCode
from asyncspy.workflow.load_recordings import AnalysedRecording
from tests.live.harness import PROGRAMS, _environment


class Asked(NamedTuple):
    """The answers by route, and the stacks that reached the guard on the loop, with how often each did."""

    answers: dict[str, Any]
    stacks: list[tuple[tuple[Frame, ...], int]]


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
        stacks = [(tuple(Frame(*frame) for frame in json.loads(key)), times) for key, times in found["stacks"]]
        return Asked(found["answers"], stacks)

    def recording(self, asked: Asked, version: str | None = django.__version__) -> AnalysedRecording:
        """What counting the calls would have recorded."""
        python = ".".join(map(str, sys.version_info[:3]))
        target = Worker(
            1, 0, "worker", True, "uvicorn", django=version, python=python, cwd=str(self.folder), started_at=time.time()
        )
        events = {
            Event("async-unsafe", frames, captured="raised"): Occurrences(times) for frames, times in asked.stacks
        }
        profile = Profile({}, (Origin("hook", "exact", duration=10.0, target=target),), events=events)
        sources = SourceCode(profile.origins, {})
        analysis, parts = analyse_modes(
            profile, None, source=sources.text, app_roots=(), distribution=sources.distribution
        )
        return AnalysedRecording(analysis, parts, sources)
