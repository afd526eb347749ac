"""Count how long each stack was open in a speedscope profile of frames that open and close.

Such a profile holds times, not samples: each millisecond counts as one sample, or each unit where the times have none.
"""

from __future__ import annotations

from typing import Any

from asyncspy.read.speedscope.samples import CountedSamples, IndexedFrames

MAX_TIME = 1e15
MAX_DEPTH = 5_000
PER_MILLISECOND = {"seconds": 1e3, "milliseconds": 1.0, "microseconds": 1e-3, "nanoseconds": 1e-6, "none": 1.0}
MILLISECONDS = "frames that open and close hold times and no samples: every millisecond counts as one"

Indexes = tuple[int, ...]


def time_by_stack(profile: dict[str, Any], shared: IndexedFrames) -> CountedSamples:
    """Replay the events. Those that cannot be used, or close a frame that is not the innermost, are dropped."""
    scale = PER_MILLISECOND.get(str(profile.get("unit")), 0.0)
    events = profile.get("events")
    if not isinstance(events, list) or not scale:
        return CountedSamples([], 0, 1)
    open_frames: list[int] = []
    spent: dict[Indexes, float] = {}
    last, dropped = None, 0
    for event in events:
        sound = _sound_event(event, shared)
        if sound is None or (last is not None and sound[1] < last):
            dropped += 1
            continue
        kind, at, frame = sound
        if open_frames and last is not None and at > last:
            path = tuple(open_frames)
            spent[path] = spent.get(path, 0.0) + (at - last) * scale
        last = at
        if kind == "O" and len(open_frames) < MAX_DEPTH:
            open_frames.append(frame)
        elif kind == "C" and open_frames and open_frames[-1] == frame:
            open_frames.pop()
        else:
            dropped += 1
    paths = [(tuple(map(shared.frames.__getitem__, path)), count) for path, count in _rounded(spent).items()]
    return CountedSamples(paths, len(paths), dropped)


def _sound_event(event: Any, shared: IndexedFrames) -> tuple[str, float, int] | None:
    if not isinstance(event, dict):
        return None
    kind, at, frame = event.get("type"), event.get("at"), event.get("frame")
    if kind not in ("O", "C") or isinstance(at, bool) or not isinstance(at, int | float):
        return None
    if not -MAX_TIME < at < MAX_TIME:  # false for NaN, too
        return None
    if type(frame) is not int or not 0 <= frame < len(shared.frames) or frame in shared.damaged:
        return None
    return kind, float(at), frame


def _rounded(spent: dict[Indexes, float]) -> dict[Indexes, int]:
    """Round to whole numbers, carrying the remainders over, so that the sum stays the same within a half."""
    counts: dict[Indexes, int] = {}
    carried = 0.0
    for path, amount in spent.items():
        carried += amount
        whole = round(carried)
        if whole > 0:
            counts[path] = whole
            carried -= whole
    return counts
