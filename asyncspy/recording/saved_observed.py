"""What hooks observed, as JSON has it: in the file that a hook writes, and in a recording.

Frames are places in a table that the file has. The target's user, or whoever gave us the recording, can have written
anything there: what is not of its form is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeGuard, get_args

from asyncspy.model.observed import (
    MAX_MOMENTS,
    MAX_WAYS,
    AwaitWay,
    LateMoment,
    LoopTicks,
    Observed,
    TaskLooks,
    TaskState,
)
from asyncspy.model.stacks import Frame
from asyncspy.recording.saved_values import LARGEST_NUMBER, frames_at, is_count, list_or_empty

MAX_ENTRIES, MAX_TEXT = 5_000, 200

FrameTable = Sequence[Frame | None]
PlacesOf = Callable[[Sequence[Frame]], list[int]]
"""Return the places of frames in the table of the file, which they are added to."""


def encode_observed(observed: Observed, places_of: PlacesOf) -> dict[str, Any]:
    """What was observed, as JSON has it."""
    return {
        "loops": [_encode_loop(loop, places_of) for loop in observed.loops],
        "tasks": [_encode_looks(looks, places_of) for looks in observed.tasks],
    }


def decode_observed(saved: Mapping[str, Any], table: FrameTable, pid: int | None = None) -> Observed:
    """The sound part of what was observed; `pid` is that of the worker, where the file has only one."""
    loops = [_decode_loop(each, table, pid) for each in list_or_empty(saved.get("loops"))[:MAX_ENTRIES]]
    tasks = [_decode_looks(each, table, pid) for each in list_or_empty(saved.get("tasks"))[:MAX_ENTRIES]]
    return Observed(
        tuple(each for each in loops if each is not None), tuple(each for each in tasks if each is not None)
    )


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


def _encode_looks(looks: TaskLooks, places_of: PlacesOf) -> dict[str, Any]:
    ways = [[round(way.seen, 3), round(way.squares, 3), way.state, places_of(way.frames)] for way in looks.ways]
    counts = {"looks": looks.looks, "beyond": looks.beyond, "longest": looks.longest}
    return {"pid": looks.pid, "thread": looks.thread, **counts, "ways": ways, "off": looks.off}


def _decode_looks(saved: object, table: FrameTable, pid: int | None) -> TaskLooks | None:
    match saved:
        case {"thread": str() as thread, "looks": looks, **more} if is_count(looks) and looks:
            ways = [_decode_way(each, table) for each in list_or_empty(more.get("ways"))[:MAX_WAYS]]
            saved_pid, off, beyond, longest = map(more.get, ("pid", "off", "beyond", "longest"))
            return TaskLooks(
                pid=saved_pid if is_count(saved_pid) else pid,
                thread=_text(thread),
                looks=looks,
                ways=tuple(each for each in ways if each is not None),
                beyond=beyond if _is_number(beyond) else 0.0,
                longest=longest if _is_number(longest) else 0.0,
                off=_text(off) if isinstance(off, str) else None,
            )
    return None


def _decode_way(saved: object, table: FrameTable) -> AwaitWay | None:
    match saved:
        case [seen, squares, str() as state, list(places)] if _is_number(seen) and _is_number(squares) and seen:
            frames = frames_at(places, table)
            if frames and _is_state(state):
                return AwaitWay(frames, state, seen, squares)
    return None


def _is_state(text: str) -> TypeGuard[TaskState]:
    return text in get_args(TaskState)


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
