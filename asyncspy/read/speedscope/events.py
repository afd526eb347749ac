"""Takes a speedscope profile of frames that open and close; gives how long each stack was the open one.

Such a file holds times, not samples: they are given out in milliseconds, and as they are where they have no unit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Set
from typing import Any, NamedTuple

MAX_TIME = 1e15
MAX_DEPTH = 5_000
PER_MILLISECOND = {"seconds": 1e3, "milliseconds": 1.0, "microseconds": 1e-3, "nanoseconds": 1e-6, "none": 1.0}
MILLISECONDS = "frames that open and close hold times and no samples: every millisecond counts as one"

Places = tuple[int, ...]


class Times(NamedTuple):
    """What each open stack is counted with, and how many events fit nowhere."""

    stacks: Counter[Places]
    dropped: int


def times_of(profile: dict[str, Any], frames: int, damaged: Set[int]) -> Times:
    """Replay the events; the shares of what a millisecond is too coarse for are kept together by largest remainder."""
    scale = PER_MILLISECOND.get(str(profile.get("unit")), 0.0)
    events = profile.get("events")
    if not isinstance(events, list) or not scale:
        return Times(Counter(), 1)
    open_frames: list[int] = []
    spent: dict[Places, float] = {}
    last, dropped = None, 0
    for event in events:
        sound = _sound(event, frames, damaged)
        if sound is None or (last is not None and sound[1] < last):
            dropped += 1
            continue
        kind, at, place = sound
        if open_frames and last is not None and at > last:
            path = tuple(open_frames)
            spent[path] = spent.get(path, 0.0) + (at - last) * scale
        last = at
        if kind == "O" and len(open_frames) < MAX_DEPTH:
            open_frames.append(place)
        elif kind == "C" and open_frames and open_frames[-1] == place:
            open_frames.pop()
        else:
            dropped += 1
    return Times(_rounded(spent), dropped)


def _sound(event: Any, frames: int, damaged: Set[int]) -> tuple[str, float, int] | None:
    if not isinstance(event, dict):
        return None
    kind, at, place = event.get("type"), event.get("at"), event.get("frame")
    if kind not in ("O", "C") or isinstance(at, bool) or not isinstance(at, int | float):
        return None
    if not -MAX_TIME < at < MAX_TIME:  # NaN is neither
        return None
    if type(place) is not int or not 0 <= place < frames or place in damaged:
        return None
    return kind, float(at), place


def _rounded(spent: dict[Places, float]) -> Counter[Places]:
    """Whole numbers with the same sum, as near as can be: a stack of half a millisecond is not lost with its likes."""
    counts, carried = Counter[Places](), 0.0
    for path, amount in spent.items():
        carried += amount
        whole = round(carried)
        if whole > 0:
            counts[path] = whole
            carried -= whole
    return counts
