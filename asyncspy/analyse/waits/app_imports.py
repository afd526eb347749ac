"""Find out whether nothing but the import of their app was seen of the processes that should serve."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from asyncspy.analyse.ranking import most_common
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.stacks.packages import COMMAND
from asyncspy.analyse.stacks.pattern import any_of, last_segment, patterns
from asyncspy.analyse.stacks.recording_facts import ownership_of
from asyncspy.model.analysis import AppImport
from asyncspy.model.findings import CodeShare
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Frame, Origin, Profile, Stack

IMPORTS = any_of(
    *patterns("<frozen importlib._bootstrap>", "_find_and_load _gcd_import"),
    *patterns("importlib/__init__.py", "import_module"),
)
"""Frames of an import; the worker of a server imports the app below them."""

TRACKER = any_of(*patterns("multiprocessing/resource_tracker.py", "main"))

ONLY_IMPORT = 0.9
"""Of a process that does nothing but import, this share is seen at it: it also starts, and prints its traceback."""

MIN_SAMPLES = 20
"""Fewer samples do not show what a process spends its life on."""


def only_imports(stacks: Mapping[Stack, int], owners: Ownership) -> AppImport | None:
    """The import that is all that was seen of every process; None if one of them did anything else."""
    seen: Counter[int | None] = Counter()
    at_import: Counter[int | None] = Counter()
    lines: Counter[Frame] = Counter()
    for stack, weight in stacks.items():
        if not stack.frames or _is_beside(stack.frames):
            continue
        seen[stack.pid] += weight
        if is_import(stack.frames):
            at_import[stack.pid] += weight
            line = import_line(stack.frames, owners)
            lines.update({line: weight} if line else {})
    enough = sum(at_import.values()) >= MIN_SAMPLES
    if not enough or any(at_import[pid] < ONLY_IMPORT * count for pid, count in seen.items()):
        return None
    where = most_common(lines) if lines else None
    share = CodeShare(where, owners.of(where), lines[where]) if where else None
    return AppImport(len(seen), sum(at_import.values()), share)


def _is_beside(frames: Sequence[Frame]) -> bool:
    """Whether this is another thread than the main one, or a process that serves nothing."""
    return last_segment(frames[0].function) == "_bootstrap" or any(TRACKER.match(frame) for frame in frames)


def is_import(frames: Sequence[Frame]) -> bool:
    """Whether this stack imports something."""
    return any(IMPORTS.match(frame) for frame in frames)


def import_line(frames: Sequence[Frame], owners: Ownership) -> Frame | None:
    """The deepest line of the user's own code on a stack."""
    own = (frame for frame in reversed(frames) if owners.of(frame) is None)
    return next((frame for frame in own if frame.file != COMMAND), None)


def importing_line(stacks: Iterable[Stack], server: Worker) -> Frame | None:
    """The line of the user's own code at which a worker of this server imports its app, if it does."""
    profile = Profile(dict.fromkeys(stacks, 1), (Origin("", target=server),))
    owners = ownership_of(profile, (), lambda _file: None)
    frames = next((stack.frames for stack in profile.stacks if is_import(stack.frames)), ())
    return import_line(frames, owners)
