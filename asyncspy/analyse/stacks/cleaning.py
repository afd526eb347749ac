"""Remove the frames of a profile that are not Python code of the process; no sample is lost.

Removed are the frames of C, Rust and the interpreter, which `--native` puts between a loop and the code on it; the
frame `__init__ (__init__)` that Python ≥ 3.13 puts between `Form(…)` and `Form.__init__`, which has no folder and would
pass for the user's code; the frames below a fork, which a child shows though it does not run its parent's loop; and
those of asyncspy's own hook, which sit where the guard would call what it guards.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from asyncspy.analyse.stacks.packages import COMMAND
from asyncspy.analyse.stacks.pattern import Pattern, any_of, distinct_frames, patterns
from asyncspy.model.stacks import Frame, Profile, Stack, ThreadSnapshot

_NATIVE = re.compile(
    r"(?:.*/)?(?:python\d[\d.]*t?|[^/]*\.(?:c|cc|cpp|cxx|h|hh|hpp|rs|s|S|asm|dll|exe|dylib|so(?:\.\d+)*))"
)
"""The interpreter, libraries, and source files of other languages."""

CONSTRUCTOR_FILE = "__init__"
"""The file name of the interpreter's own frame around a constructor."""

_FORKS = any_of(
    Pattern("Popen._launch", "multiprocessing/popen_fork.py"),
    Pattern("Popen._launch", "billiard/popen_fork.py"),  # Celery's prefork pool
)

_HOOK_FILE = re.compile(r"(?:.*/)?asyncspy/(?:guest|django)/\w+\.py|<asyncspy>|.*/asyncspy-[0-9a-f]{32}/(?:text|stop)")
"""The hook of `--exact`: imported by `asyncspy.django`, let in by `--inject`, or run from a private folder."""

_HOOK = any_of(
    *patterns("asyncspy/guest/counting.py", "Hook.guard_started Hook.guard_asked"),
    *patterns("asyncspy/guest/loop_watch.py", "LoopWatch._tick LoopWatch._begin"),
    *patterns("asyncspy/guest/entering.py", "_asking_loop.<locals>.asyncspy_running_loop AskingEnvironment.get"),
    *patterns(COMMAND, "Hook.guard_started LoopWatch._tick LoopWatch._begin"),
)
"""Where Django or the loop calls the hook, for recordings without folders; Python 3.14, asked to run a file, names its
code `<string>`."""


def clean_profile(profile: Profile) -> Profile:
    """The profile with clean stacks and dumps; stacks that become equal are added up."""
    dumps = tuple(replace(dump, threads=tuple(map(_clean_thread, dump.threads))) for dump in profile.dumps)
    return replace(profile, stacks=_clean_stacks(profile.stacks), parts=(), dumps=dumps)


def _clean_stacks(stacks: Mapping[Stack, int]) -> Mapping[Stack, int]:
    special = set(filter(_is_special, distinct_frames(stacks)))
    if not special:
        return stacks
    cleaned: Counter[Stack] = Counter()
    for stack, weight in stacks.items():
        unchanged = special.isdisjoint(stack.frames)
        cleaned[stack if unchanged else stack._replace(frames=clean_frames(stack.frames))] += weight
    return cleaned


def _clean_thread(thread: ThreadSnapshot) -> ThreadSnapshot:
    frames = clean_frames(thread.frames)
    if len(frames) == len(thread.frames):
        return thread
    selves = dict(zip(thread.frames, thread.selves, strict=False))
    return replace(thread, frames=frames, selves=tuple(selves.get(frame, "") for frame in frames))


def clean_frames(frames: Sequence[Frame]) -> tuple[Frame, ...]:
    """The frames of one stack without those that are removed."""
    if not any(map(_is_special, frames)):
        return tuple(frames)
    start = 1 + max((index for index, frame in enumerate(frames) if _FORKS.match(frame)), default=-1)
    end = next((index for index, frame in enumerate(frames) if _is_hook(frame)), len(frames))
    return tuple(frame for frame in frames[start:end] if not _is_foreign(frame))


@lru_cache(maxsize=100_000)
def _is_special(frame: Frame) -> bool:
    """Whether this frame, or those below it, are removed: hardly any frame is special."""
    return _FORKS.match(frame) is not None or _is_foreign(frame) or _is_hook(frame)


def _is_hook(frame: Frame) -> bool:
    """Whether asyncspy's own hook begins here: it calls nothing of the application."""
    return _HOOK_FILE.fullmatch(frame.file.replace("\\", "/")) is not None or _HOOK.match(frame) is not None


@lru_cache(maxsize=100_000)
def _is_foreign(frame: Frame) -> bool:
    return frame.file == CONSTRUCTOR_FILE or _NATIVE.fullmatch(frame.file.replace("\\", "/")) is not None
