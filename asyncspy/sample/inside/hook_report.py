"""Parse what a hook wrote into the calls it counted. The target's user can have written anything there: bounds hold."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Literal, NamedTuple, TypeGuard

from asyncspy.guest.counting import FORMAT, MAX_CHAINS, MAX_FRAMES
from asyncspy.model.merging import merge_occurrences
from asyncspy.model.observed import NOTHING_OBSERVED, Observed
from asyncspy.model.stacks import Event, Frame, Occurrences
from asyncspy.recording.saved_observed import decode_observed
from asyncspy.recording.saved_values import LARGEST_NUMBER, frame_of, frames_at, is_count, list_or_empty

MAX_NAME_LENGTH = 4_096


class HookReport(NamedTuple):
    """The calls by their chains, over how many seconds they were counted, and what else was observed.

    `beyond` counts calls whose chain was not kept, `lost` calls that the hook failed to count, `broken` chains that
    cannot be read.
    """

    events: dict[Event, Occurrences]
    seconds: float
    beyond: int = 0
    lost: int = 0
    broken: int = 0
    observed: Observed = NOTHING_OBSERVED

    @property
    def calls(self) -> int:
        """All that were counted."""
        return sum(each.times for each in self.events.values()) + self.beyond


def parse_report(data: bytes, pid: int | None = None) -> HookReport | None:
    """The report of a worker, in a file's bytes; None where that is not what the hook writes."""
    try:
        report = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(report, dict) or report.get("format") != FORMAT or not _is_number(report.get("seconds")):
        return None
    table = [_frame(each) for each in list_or_empty(report.get("frames"))]
    chains = list_or_empty(report.get("chains"))[:MAX_CHAINS]
    sound = [counted for chain in chains if (counted := _event(chain, table)) is not None]
    events: dict[Event, Occurrences] = {}
    for event, occurrences in sound:
        events[event] = merge_occurrences(events.get(event), occurrences)
    beyond, lost = (int(number) if _is_number(number := report.get(name, 0)) else 0 for name in ("beyond", "lost"))
    observed = decode_observed(report, table, pid)
    return HookReport(events, float(report["seconds"]), beyond, lost, len(chains) - len(sound), observed)


def _event(chain: object, table: Sequence[Frame | None]) -> tuple[Event, Occurrences] | None:
    match chain:
        case [times, passed, first, last, whole, list(places)] if len(places) <= MAX_FRAMES:
            frames = frames_at(places, table)
            if frames and is_count(times) and times > 0 and _is_number(first) and _is_number(last):
                how: Literal["passed", "raised"] = "passed" if passed is True else "raised"
                event = Event("async-unsafe", frames, whole=whole is True, captured=how)
                return event, Occurrences(times, _moment(first), _moment(last))
    return None


def _frame(value: object) -> Frame | None:
    frame = frame_of(value)
    if frame is None or max(len(frame.function), len(frame.file)) > MAX_NAME_LENGTH:
        return None
    return Frame(_encodable(frame.function), _encodable(frame.file), frame.line)


def _encodable(text: str) -> str:
    """The text, with a `?` for each character that no file can be written with."""
    return text.encode("utf-8", "replace").decode()


def _is_number(value: object) -> TypeGuard[float]:
    return type(value) in {int, float} and 0 <= value <= LARGEST_NUMBER  # type: ignore[operator]


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(min(seconds, 4e9), timezone.utc).isoformat(timespec="seconds")
