"""Find out how a profile was sampled, and what its origins say of the processes: facts that verdicts depend on.

Where waits were sampled, every thread is in each sample, whether it runs or not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from asyncspy.analyse.remedy.source_line import SourceReader
from asyncspy.analyse.stacks import worlds
from asyncspy.analyse.stacks.ownership import Ownership, libraries_in
from asyncspy.analyse.stacks.pattern import distinct_frames
from asyncspy.analyse.stacks.worlds import judge_stack
from asyncspy.analyse.waits import blocking_calls
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import UNSAMPLED_MODES, Frame, Origin, Profile, Stack

ALWAYS = 0.95
"""A thread that is in at least this share of the samples is taken to be in all of them."""

MIN_SAMPLES = 20
"""Fewer samples prove nothing about how they were taken."""

SAME_START = 2.0
"""Seconds that two readings of a process's start may differ: it is counted from the machine's start."""

ThreadKey = tuple[int | None, str]


def targets_of(origins: Sequence[Origin]) -> list[Worker]:
    """The processes that were watched."""
    return [origin.target for origin in origins if origin.target is not None]


def common_target(origins: Sequence[Origin]) -> Worker | None:
    """The process that was recorded; None where several were, that run in different folders."""
    targets = targets_of(origins)
    return targets[0] if len({target.cwd for target in targets}) == 1 else None


def common_django_version(origins: Sequence[Origin]) -> str | None:
    """The targets' Django version, if all that are known are the same."""
    versions = {target.django for target in targets_of(origins) if target.django}
    return versions.pop() if len(versions) == 1 else None


def worker_stacks(profile: Profile) -> dict[Stack, int]:
    """The stacks of the processes that serve: the loop of a master (such as gunicorn's) only talks to its workers."""
    masters = {target.pid for target in targets_of(profile.origins) if target.role != "worker"}
    serving = {stack: weight for stack, weight in profile.stacks.items() if stack.pid not in masters}
    return serving or dict(profile.stacks)


def counts_waits(profile: Profile, owners: Ownership) -> bool:
    """Whether waits were sampled: asyncspy's own recordings say so, in others the stacks may prove it."""
    modes = {origin.mode for origin in profile.origins}
    return "wall" in modes or (modes <= UNSAMPLED_MODES and _has_waits_in_every_sample(profile, owners))


def _has_waits_in_every_sample(profile: Profile, owners: Ownership) -> bool:
    """Whether a thread that only waits is in every sample, as another thread is: then waits were sampled.

    py-spy's own choice of threads leaves idle ones out now and then, and by the GIL they are hardly ever seen.
    """
    seen: Counter[ThreadKey] = Counter()
    for stack, weight in profile.stacks.items():
        seen[stack.pid, stack.thread] += weight
    most = max(seen.values(), default=0)
    always = {thread for thread, count in seen.items() if count >= ALWAYS * most}
    if most < MIN_SAMPLES or len(always) <= 1:
        return False
    idle = seen.copy()
    for stack, weight in profile.stacks.items():
        thread = stack.pid, stack.thread
        if thread in always and not _only_waits(stack.frames, owners):
            idle[thread] -= weight
            if idle[thread] < ALWAYS * seen[thread]:
                always.discard(thread)
    return bool(always)


def _only_waits(frames: Sequence[Frame], owners: Ownership) -> bool:
    if judge_stack(frames).world == "idle":
        return True
    return bool(frames) and blocking_calls.wait_kind(frames, owners) is not None


def samples_per_process(stacks: Mapping[Stack, int]) -> dict[int | None, int]:
    """How many samples were taken of each process: as many as of its most sampled loop thread."""
    ticks: Counter[ThreadKey] = Counter()
    for stack, weight in stacks.items():
        if worlds.is_loop_thread(stack.frames):
            ticks[stack.pid, stack.thread] += weight
    most: dict[int | None, int] = {}
    for (pid, _), count in ticks.items():
        most[pid] = max(most.get(pid, 0), count)
    return most


def is_idle_loop(frames: Sequence[Frame], owners: Ownership) -> bool:
    """Whether a loop waits for work; `select` counts only where the loop itself called it."""
    return worlds.is_idle_leaf(frames[-1]) and blocking_calls.wait_kind(frames, owners) is None


def guard_is_off(origins: Sequence[Origin]) -> bool:
    """Whether every target was started with DJANGO_ALLOW_ASYNC_UNSAFE, which samples below the guard do not show."""
    allowed = [origin.target.async_unsafe_allowed if origin.target else None for origin in origins]
    return bool(allowed) and all(allowed)


def pids_are_unique(origins: Sequence[Origin]) -> bool:
    """Whether a pid is one process in all recordings; in two containers, or after a restart, it may be two."""
    targets = targets_of(origins)
    starts: dict[int, list[float]] = {}
    for target in targets:
        starts.setdefault(target.pid, []).extend([target.started_at] if target.started_at else [])
    one_start = all(max(each) - min(each) <= SAME_START for each in starts.values() if each)
    return one_start and len({target.container for target in targets}) <= 1


def served_packages(origins: Sequence[Origin]) -> set[str]:
    """The packages that the targets serve: of `shop.asgi:application` and of the settings in `shop.settings`."""
    modules = [name for target in targets_of(origins) for name in (target.app, target.settings) if name]
    return {name.partition(":")[0].partition(".")[0] for name in modules if not name.startswith("/")}


def ownership_of(profile: Profile, app_roots: Sequence[str], source: SourceReader) -> Ownership:
    """Whose code each frame of a profile is: the packages that were served are own, wherever they lie."""
    frames = distinct_frames(profile.stacks)
    frames.update(frame for event in profile.events for frame in event.frames)
    frames.update(profile.observed.frames() if profile.observed else ())
    return Ownership(app_roots, libraries_in(frames), served_packages(profile.origins), source)
