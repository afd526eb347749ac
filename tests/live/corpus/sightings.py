"""A speedscope recording goes in; how many samples saw each planted line on its way to the database comes out.

It knows nothing of asyncspy's rules: a sighting is the planted line with a frame of Django's SQL compiler, of a
database connection, of a cursor or of the guard above it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tests.live.corpus.marks import PROGRAM, Place

QUERY_FILES = re.compile(
    r".*/django/(?:db/models/sql/compiler|db/backends/\w+/base|db/backends/utils|utils/asyncio)\.py"
)


def sightings(recording: Path, planted: Iterable[Place]) -> Counter[Place]:
    """Samples by planted line."""
    document = json.loads(recording.read_text())
    frames = [(frame["file"] or "", frame["line"] or 0) for frame in document["shared"]["frames"]]
    lines, packages = {place for place in planted if place[1]}, {place for place in planted if not place[1]}
    seen: Counter[Place] = Counter()
    for profile in document["profiles"]:
        for sample in profile["samples"]:
            stack = [frames[index] for index in sample]
            query = next((i for i in reversed(range(len(stack))) if _is_query(stack[i][0])), -1)
            before = stack[: query + 1] if query >= 0 else []
            hit = next((frame for frame in reversed(before) if frame in lines), None)
            hit = hit or _in_package(before, packages)
            if hit is not None:
                seen[hit] += 1
    return seen


def _in_package(before: list[Place], packages: set[Place]) -> Place | None:
    """The package that stands nearer to the query than any line of the program."""
    own = next((i for i in reversed(range(len(before))) if before[i][0].startswith(str(PROGRAM))), -1)
    files = [file for file, _ in before[own + 1 :]]
    return next((place for place in packages if any(f"/site-packages/{place[0]}/" in file for file in files)), None)


def _is_query(file: str) -> bool:
    return QUERY_FILES.fullmatch(file) is not None
