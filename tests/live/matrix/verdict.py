"""A recording of the core, and what asyncspy said of it, to one row: planted, seen, found, false alarms."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from asyncspy.model.analysis import Analysis
from tests.live.matrix.serve import PROGRAM

SEEN = 2
"""A fault on fewer samples than this may go unfound."""

DATABASE_CODE = ("django/db/", "django/utils/asyncio.py")

SOURCES = tuple(sorted((PROGRAM / "core").glob("*.py")))

Spot = tuple[str, int]


def planted() -> dict[Spot, str]:
    """The marked lines, as (file, line), and the fault that each is."""
    return {
        (f"core/{source.name}", number): line.rpartition("# planted: ")[2]
        for source in SOURCES
        for number, line in enumerate(source.read_text().splitlines(), 1)
        if "# planted: " in line
    }


class Row(NamedTuple):
    """What was planted, on how many samples each fault was, what was found, and what was named though innocent."""

    seen: Mapping[str, int]
    found: frozenset[str]
    false_alarms: tuple[str, ...]
    loop: int
    pool: int

    @property
    def well_seen(self) -> frozenset[str]:
        """The faults that the sampler met often enough to be held to."""
        return frozenset(name for name, count in self.seen.items() if count >= SEEN)

    @property
    def missed(self) -> frozenset[str]:
        """Seen and not found."""
        return self.well_seen - self.found


def judged(recording: Path, analysis: Analysis) -> Row:
    """Hold an analysis against the marks. What was seen is counted from the file itself, without asyncspy."""
    spots = planted()
    named = {
        _spot(f.culprit.frame.file, f.culprit.frame.line, spots): f
        for f in analysis.findings
        if f.kind == "async-unsafe"
    }
    found = frozenset(spots[spot] for spot in named if spot in spots)
    alarms = tuple(
        f"{finding.culprit.frame.function} ({finding.culprit.frame.file}:{finding.culprit.frame.line}) {finding.call}"
        for spot, finding in named.items()
        if spot not in spots
    )
    return Row(seen(recording), found, alarms, analysis.samples.loop, analysis.samples.pool)


def seen(recording: Path) -> dict[str, int]:
    """Of a speedscope file: the samples with a planted line on the stack and Django's database code or guard on it."""
    document = json.loads(recording.read_text())
    spots = planted()
    files = [frame.get("file") or "" for frame in document["shared"]["frames"]]
    lines = [frame.get("line") or 0 for frame in document["shared"]["frames"]]
    fault_of = [spots.get(_spot(*place, spots)) for place in zip(files, lines, strict=True)]
    at_work = [any(part in file for part in DATABASE_CODE) for file in files]
    counts = Counter(dict.fromkeys(spots.values(), 0))
    for profile in document["profiles"]:
        for sample in profile["samples"]:
            fault, above = None, False
            for index in sample:  # root first
                fault, above = (fault_of[index], False) if fault_of[index] else (fault, above or at_work[index])
            if fault and above:
                counts[fault] += 1
    return dict(counts)


def _spot(file: str, line: int, spots: Mapping[Spot, str]) -> Spot:
    """A recorded place by the name that the marks have, whole or short."""
    return next((spot for spot in spots if spot[1] == line and f"/{file}".endswith(f"/{spot[0]}")), (file, line))
