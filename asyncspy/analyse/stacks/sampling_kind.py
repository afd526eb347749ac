"""A profile to what is known of how it looked at threads: do waits count, whose loop is whose, how often it looked.

Samples that count waits are looks: every thread is in each of them, whether it runs or not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from asyncspy.analyse.stacks import worlds
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.unsafe.violations import judge
from asyncspy.analyse.waits import blocking_calls
from asyncspy.model.stacks import Frame, Profile, Stack

ALWAYS = 0.95
"""A thread that is in this part of the samples is in all of them."""

FEWEST_LOOKS = 20
"""Fewer samples than these prove nothing about how they were taken."""


Thread = tuple[int | None, str]


def of_workers(profile: Profile) -> dict[Stack, int]:
    """The stacks of the processes that serve: a master's loop, gunicorn's for one, only talks to its workers."""
    targets = [origin.target for origin in profile.origins if origin.target is not None]
    masters = {target.pid for target in targets if target.role != "worker"}
    serving = {stack: weight for stack, weight in profile.stacks.items() if stack.pid not in masters}
    return serving or dict(profile.stacks)


def counts_waits(profile: Profile, owners: Ownership) -> bool:
    """Whether waits were sampled: asyncspy's own recordings know, others may prove it."""
    return profile.modes == {"wall"} if profile.modes else _is_always_there(profile, owners)


def _is_always_there(profile: Profile, owners: Ownership) -> bool:
    """Whether a thread that only waits is in every sample, just like another one: then waits were sampled.

    py-spy's own choice of threads leaves idle ones out now and then, and by the GIL they are hardly ever seen.
    """
    seen: Counter[Thread] = Counter()
    for stack, weight in profile.stacks.items():
        seen[stack.pid, stack.thread] += weight
    most = max(seen.values(), default=0)
    always = {thread for thread, count in seen.items() if count >= ALWAYS * most}
    if most < FEWEST_LOOKS or len(always) <= 1:
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
    return judge(frames).world == "idle" or (bool(frames) and blocking_calls.wait_kind(frames, owners) is not None)


def on_loop_thread(frames: Sequence[Frame]) -> bool:
    """Whether this thread's own business is a loop: a loop that was started inside a pool's thread is not meant."""
    first: worlds.Side | None = None
    for frame in frames:
        side = worlds.side(frame)
        first = None if side == "sync" else first or side  # what stands below a fork is the parent's
    return first == "loop"


def at_each_process(stacks: Mapping[Stack, int]) -> dict[int | None, int]:
    """How often each process was looked at: as often as its busiest-sampled loop thread."""
    ticks: Counter[Thread] = Counter()
    for stack, weight in stacks.items():
        if on_loop_thread(stack.frames):
            ticks[stack.pid, stack.thread] += weight
    most: dict[int | None, int] = {}
    for (pid, _), count in ticks.items():
        most[pid] = max(most.get(pid, 0), count)
    return most


def is_idle(frames: Sequence[Frame], owners: Ownership) -> bool:
    """Whether a loop waits for work; `select` counts only where the loop itself called it."""
    return worlds.is_idle_leaf(frames[-1]) and blocking_calls.wait_kind(frames, owners) is None
