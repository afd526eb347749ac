"""Write a profile as folded stacks, as flamegraph.pl and inferno take them: `root;…;leaf COUNT`, one stack a line."""

from __future__ import annotations

from collections import Counter

from asyncspy.export.by_thread import NO_FRAMES, frame_name
from asyncspy.model.stacks import Profile


def export(profile: Profile) -> bytes:
    """Threads are added up; what would end a frame or a line is escaped."""
    counted: Counter[str] = Counter()
    for stack, weight in profile.stacks.items():
        names = [frame_name(frame).replace(";", r"\x3b") for frame in stack.frames or NO_FRAMES]
        counted[";".join(names)] += weight
    return "".join(f"{stack} {weight}\n" for stack, weight in sorted(counted.items())).encode()
