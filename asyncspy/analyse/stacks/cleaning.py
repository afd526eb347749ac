"""A profile to the same profile with only the frames that code of this process left; no sample is lost.

What goes: frames of C, Rust and the interpreter, which `--native` puts between a loop and the code on it. The frame
`__init__ (__init__)` that Python ≥ 3.13 puts between `Form(…)` and `Form.__init__`; it has no folder and would pass
for the user's code. And what lies below a fork, where a child shows the frames of its parent: it does not run that
parent's loop.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from asyncspy.analyse.stacks.pattern import Pattern, Rules
from asyncspy.model.stacks import Dump, Frame, Profile, Stack, ThreadSnapshot, distinct_frames

_NATIVE = re.compile(
    r"(?:.*/)?(?:python\d[\d.]*t?|[^/]*\.(?:c|cc|cpp|cxx|h|hh|hpp|rs|s|S|asm|dll|exe|dylib|so(?:\.\d+)*))"
)
"""The interpreter's program, libraries, and source of other languages. A template that Jinja compiled is Python."""

SHIM = "__init__"
"""The file that the interpreter gives its frame around a constructor."""

_FORKS = Rules(
    [
        (Pattern("Popen._launch", "multiprocessing/popen_fork.py"), True),
        (Pattern("Popen._launch", "billiard/popen_fork.py"), True),  # Celery's prefork pool
    ]
)


def clean_profile(profile: Profile) -> Profile:
    """The profile without frames that are nobody's code here; stacks that become the same are added up."""
    return replace(profile, stacks=_stacks(profile.stacks), parts=(), dumps=tuple(map(_dump, profile.dumps)))


def _stacks(stacks: Mapping[Stack, int]) -> Mapping[Stack, int]:
    special = set(filter(_is_special, distinct_frames(stacks)))
    if not special:
        return stacks
    left: Counter[Stack] = Counter()
    for stack, weight in stacks.items():
        whole = special.isdisjoint(stack.frames)
        left[stack if whole else stack._replace(frames=clean_frames(stack.frames))] += weight
    return left


def _dump(dump: Dump) -> Dump:
    return replace(dump, threads=tuple(map(_thread, dump.threads)))


def _thread(thread: ThreadSnapshot) -> ThreadSnapshot:
    frames = clean_frames(thread.frames)
    if len(frames) == len(thread.frames):
        return thread
    whose = dict(zip(thread.frames, thread.selves, strict=False))
    return replace(thread, frames=frames, selves=tuple(whose.get(frame, "") for frame in frames))


def clean_frames(frames: Sequence[Frame]) -> tuple[Frame, ...]:
    """Those of one stack."""
    if not any(map(_is_special, frames)):
        return tuple(frames)
    start = 1 + max((index for index, frame in enumerate(frames) if _FORKS.match(frame)), default=-1)
    return tuple(frame for frame in frames[start:] if _is_written(frame))


@lru_cache(maxsize=100_000)
def _is_special(frame: Frame) -> bool:
    """Whether this frame, or what stands before it, is left out: hardly any is."""
    return _FORKS.match(frame) is not None or not _is_written(frame)


@lru_cache(maxsize=100_000)
def _is_written(frame: Frame) -> bool:
    return frame.file != SHIM and not _NATIVE.fullmatch(frame.file.replace("\\", "/"))
