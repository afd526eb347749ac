"""A running server goes in; asyncspy attaches to it as a user would, and its JSON report and recording come out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.live.corpus.marks import PROGRAM, Place, Truth
from tests.live.corpus.sightings import sightings

Report = dict[str, Any]
ENOUGH = 2
"""Fewer samples than these may be missed."""


def attach(pid: int, folder: Path, seconds: int) -> tuple[Report, Path]:
    """Record for so long."""
    words = ["attach", "--pid", str(pid), "--mode", "gil", "--duration", str(seconds)]
    words += ["--output", str(folder), "--format", "json"]
    done = subprocess.run(
        [sys.executable, "-m", "asyncspy", *words],
        capture_output=True, text=True, timeout=seconds * 2 + 120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (recording,) = folder.iterdir()
    report: Report = json.loads(done.stdout)
    return report, recording


def named(report: Report) -> dict[Place, Report]:
    """The finding of each line or package; several on one line are one place."""
    return {_place(finding["culprit"]): finding for finding in violations(report)}


def violations(report: Report) -> list[Report]:
    """The findings of async-unsafe work; what hops and middleware cost is another matter."""
    return [finding for finding in report["findings"] if finding["kind"] == "async-unsafe"]


def _place(culprit: dict[str, Any]) -> Place:
    return (culprit["package"], 0) if culprit.get("package") else (culprit["file"], culprit["line"])


def _samples(finding: Report) -> int:
    return int(finding["evidence"]["reached"]) + int(finding["evidence"]["heading"])


def table(report: Report, recording: Path, truth: Truth) -> tuple[str, list[str]]:
    """A row for every planted line, and what is wrong with the report: missed lines and false alarms."""
    found, seen = named(report), sightings(recording, truth.planted)
    rows = [f"{'planted':<52} {'line':<40} {'seen':>5} {'found':>6}"]
    for place, about in sorted(truth.planted.items()):
        samples = _samples(found[place]) if place in found else 0
        rows.append(f"{about:<52} {_short(place):<40} {seen[place]:>5} {samples:>6}")
    missed = [place for place in truth.planted if seen[place] >= ENOUGH and place not in found]
    alarms = [place for place in found if place not in truth.planted]
    enough = sum(seen[place] >= ENOUGH for place in truth.planted)
    rows.append(
        f"planted {len(truth.planted)}, seen {enough}, found {enough - len(missed)}, "
        f"false alarms {len(alarms)} (legitimate twins {len(truth.twins)})"
    )
    wrong = [f"missed: {truth.planted[place]} ({_short(place)}, {seen[place]} samples)" for place in missed]
    wrong += [f"false alarm: {_short(place)} {found[place]['call']}" for place in alarms]
    return "\n".join(rows), wrong


def _short(place: Place) -> str:
    file, line = place
    return f"{file.removeprefix(f'{PROGRAM}/')}:{line}" if line else f"package {file}"
