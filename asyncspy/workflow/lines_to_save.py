"""What a report names, to the lines of code that are saved with the recording, for reports made elsewhere and later."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

from asyncspy.model.analysis import Analysis
from asyncspy.model.hangs import Hang
from asyncspy.model.stacks import ChainFrame, Frame
from asyncspy.source.excerpts import excerpt_of

MOST_FILES = 200


def lines_to_keep(analysis: Analysis, lines_of: Callable[[str], list[str] | None]) -> dict[str, dict[int, str]]:
    """The code around every culprit, every way in and every line of the user's own between them."""
    named: defaultdict[str, set[int]] = defaultdict(set)
    for finding in analysis.findings:
        named[finding.culprit.frame.file].add(finding.culprit.frame.line)
        for entry in finding.entries:
            named[entry.frame.file].add(entry.frame.line)
        for link in finding.chain:
            if link.package is None:
                named[link.file].add(link.line)
    for hang in analysis.hangs:
        for frame in _of_waits(hang):
            named[frame.file].add(frame.line)
    kept = {
        file: excerpt_of(lines, numbers)
        for file, numbers in list(named.items())[:MOST_FILES]
        if (lines := lines_of(file)) is not None
    }
    return {file: lines for file, lines in kept.items() if lines}


def _of_waits(hang: Hang) -> Iterator[Frame | ChainFrame]:
    """The lines to blame, and those that a thread is at: they tell what it waits for, and whether that has an end."""
    yield from (each.culprit.frame for each in hang.culprits)
    for waiting in hang.waits:
        yield waiting.line.frame
        yield waiting.frames[-1]
    yield from (link for each in hang.awaiting for link in each.frames if link.package is None)
