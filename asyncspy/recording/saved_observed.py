"""What hooks observed, as JSON has it: in the file that a hook writes, and in a recording.

Frames are places in a table that the file has. The target's user, or whoever gave us the recording, can have written
anything there: what is not of its form is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeGuard

from asyncspy.model.observed import MAX_MOMENTS, LateMoment, LoopTicks, Observed
from asyncspy.model.stacks import Frame
from asyncspy.recording.saved_values import LARGEST_NUMBER, frames_at, is_count, list_or_empty

MAX_ENTRIES, MAX_TEXT = 5_000, 200

FrameTable = Sequence[Frame | None]
PlacesOf = Callable[[Sequence[Frame]], list[int]]
"""Return the places of frames in the table of the file, which they are added to."""


def encode_observed(observed: Observed, places_of: PlacesOf) -> dict[str, Any]:
    """What was observed, as JSON has it."""
    return {"loops": [_encode_loop(loop, places_of) for loop in observed.loops]} if observed.loops else {}


def decode_observed(saved: Mapping[str, Any], table: FrameTable, pid: int | None = None) -> Observed:
    """The sound part of what was observed; `pid` is that of the worker, where the file has only one."""
    loops = [_decode_loop(each, table, pid) for each in list_or_empty(saved.get("loops"))[:MAX_ENTRIES]]
    return Observed(tuple(loop for loop in loops if loop is not None))


def _encode_loop(loop: LoopTicks, places_of: PlacesOf) -> dict[str, Any]:
    return {
        "pid": loop.pid,
        "thread": loop.thread,
        "loop": loop.loop,
        "tick": loop.tick,
        "seconds": loop.seconds,
        "ticks": [list(each) for each in loop.ticks.items()],
        "moments": [[each.seconds, each.at, places_of(each.frames)] for each in loop.moments],
        "off": loop.off,
    }


def _decode_loop(saved: object, table: FrameTable, pid: int | None) -> LoopTicks | None:
    match saved:
        case {"thread": str() as thread, "loop": str() as loop, "tick": tick, "seconds": seconds, **more}:
            if not (_is_number(tick) and tick > 0 and _is_number(seconds)):
                return None
            ticks = list_or_empty(more.get("ticks"))[: 20 * MAX_ENTRIES]
            moments = [_decode_moment(each, table) for each in list_or_empty(more.get("moments"))[:MAX_MOMENTS]]
            saved_pid, off = more.get("pid"), more.get("off")
            return LoopTicks(
                pid=saved_pid if is_count(saved_pid) else pid,
                thread=_text(thread),
                loop=_text(loop),
                tick=tick,
                seconds=seconds,
                ticks=dict(each for each in ticks if _is_pair_of_counts(each)),
                moments=tuple(each for each in moments if each is not None),
                off=_text(off) if isinstance(off, str) else None,
            )
    return None


def _decode_moment(saved: object, table: FrameTable) -> LateMoment | None:
    match saved:
        case [seconds, at, list(places)] if _is_number(seconds) and _is_number(at):
            return LateMoment(seconds, at, frames_at(places, table))
    return None


def _is_pair_of_counts(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(is_count, value))  # noqa: PLR2004


def _is_number(value: object) -> TypeGuard[float]:
    return type(value) in {int, float} and 0 <= value <= LARGEST_NUMBER  # type: ignore[operator]


def _text(value: str) -> str:
    """A text that can be shown on one line and written to any file."""
    encodable = value[:MAX_TEXT].encode("utf-8", "replace").decode()
    return "".join(each if each.isprintable() else "?" for each in encodable)
