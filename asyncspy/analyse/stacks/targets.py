"""What recordings say of the processes they watched, to what that means for the verdicts on them."""

from __future__ import annotations

from collections.abc import Sequence

from asyncspy.analyse.stacks.libraries import libraries_in
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.model.stacks import Origin, Profile

SAME_START = 2.0
"""Seconds that a process's start may differ between two looks at it: it is counted from the machine's start."""


def unguarded(origins: Sequence[Origin]) -> bool:
    """Whether every target was started with DJANGO_ALLOW_ASYNC_UNSAFE: samples short of the guard do not show it."""
    said = [origin.target.async_unsafe_allowed if origin.target else None for origin in origins]
    return bool(said) and all(said)


def pids_tell(origins: Sequence[Origin]) -> bool:
    """Whether a pid is one process in all recordings; in two containers, or after a restart, it may be two."""
    targets = [origin.target for origin in origins if origin.target is not None]
    starts: dict[int, list[float]] = {}
    for target in targets:
        starts.setdefault(target.pid, []).extend([target.started_at] if target.started_at else [])
    one_start = all(max(each) - min(each) <= SAME_START for each in starts.values() if each)
    return one_start and len({target.container for target in targets}) <= 1


def served(origins: Sequence[Origin]) -> set[str]:
    """The packages that the targets serve: of `shop.asgi:application` and of the settings in `shop.settings`."""
    targets = [origin.target for origin in origins if origin.target is not None]
    modules = [name for target in targets for name in (target.app, target.settings) if name]
    return {name.partition(":")[0].partition(".")[0] for name in modules if not name.startswith("/")}


def owners(profile: Profile, app_roots: Sequence[str] = ()) -> Ownership:
    """Whose code each frame of a profile is: what was served is own, wherever it lies."""
    frames = {frame for stack in profile.stacks for frame in stack.frames}
    frames.update(frame for event in profile.events for frame in event.frames)
    return Ownership(app_roots, libraries_in(frames), served(profile.origins))
