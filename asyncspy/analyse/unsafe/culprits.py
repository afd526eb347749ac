"""A violation's stack to its culprit: the deepest own frame that calls Django, or the package where there is none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from asyncspy.analyse.remedy.calls import CALLS
from asyncspy.analyse.remedy.fixes import CONNECTION, UNEVALUATED_RESULTS, Call
from asyncspy.analyse.stacks import sinks
from asyncspy.analyse.stacks.entries import CALLBACK_CALLERS
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.stacks.packages import COMMAND, FRAMEWORK, STDLIB, is_bare
from asyncspy.analyse.stacks.pattern import Pattern, Rules, last_segment
from asyncspy.analyse.stacks.sinks import BACKEND, is_connection
from asyncspy.model.stacks import Frame

MACHINERY: Rules[bool] = Rules(
    [
        *((Pattern(f"{name}.execute_sql", "django/db/models/sql/compiler.py"), True) for name in (
            "SQLCompiler", "SQLInsertCompiler", "SQLUpdateCompiler")),
        *BACKEND,
        *((pattern, True) for pattern, proof in sinks.SINKS if proof.past_guard),
        (sinks.GUARD, True),
    ],
    lenient=True,
)  # fmt: skip
"""Where the query leaves the ORM for the connection. Own code beyond it (an execute_wrapper, a cursor or a backend of
one's own, a receiver of connection_created) only watches or carries the query: its caller is who to ask."""

_CALLS: Rules[Call] = Rules(CALLS, lenient=True)


class Blame(NamedTuple):
    """Where the culprit stands in the frames; `by_name`: no folder was recorded, names alone decided."""

    position: int
    by_name: bool = False


def find_culprit(frames: Sequence[Frame], start: int, sink: int, owners: Ownership) -> Blame:
    """The culprit among `frames[start:sink]`."""
    end = next((i for i in range(start, sink) if _is_machinery(frames[i])), sink)
    if is_bare(frames[sink].file):
        found = _before_the_call(frames, start, end, owners)
        return Blame(found if found >= 0 else _package(frames, start, end, owners), by_name=True)
    own = [i for i in range(start, end) if owners.of(frames[i]) is None]
    filed = [i for i in own if frames[i].file != COMMAND]  # who evaluates a text has the line to mend
    return Blame(max(filed or own) if own else _package(frames, start, end, owners))


def own_frames(frames: Sequence[Frame], found: Blame, owners: Ownership) -> list[bool]:
    """Which frames are the user's own; without folders nothing beyond the culprit can be told to be."""
    return [owners.of(frame) is None and not (found.by_name and i > found.position) for i, frame in enumerate(frames)]


def deepest(indexes: range, wanted: Callable[[int], bool]) -> int:
    """The last index that is wanted, or -1."""
    return next((index for index in reversed(indexes) if wanted(index)), -1)


def find_call(frames: Sequence[Frame], culprit: int, sink: int) -> Call:
    """What the culprit called: the first frame that a rule names, else the first frame after it."""
    rules = _CALLS if is_bare(frames[sink].file) else CALLS
    for index in range(culprit + 1, sink + 1):
        found = rules.match(frames[index])
        if found is not None:
            return found
    beyond = frames[culprit + 1 : sink + 1]
    first = next((i for i, frame in enumerate(beyond) if not sinks.is_guard(frame)), None)
    if first is None:
        passed = frames[sink + 1] if sink + 1 < len(frames) else None
        return _connection_call(passed if passed is not None and is_connection(passed) else None)
    called = beyond[first]
    if is_connection(called):
        return _connection_call(called)
    proof = sinks.sink_at(called, frames[culprit + first])
    return Call(proof.name if proof else called.function)


def _connection_call(frame: Frame | None) -> Call:
    """The call by its method's name; without a frame, as the guard leaves it."""
    return CONNECTION if frame is None else CONNECTION._replace(name=f"connection.{last_segment(frame.function)}")


def _is_machinery(frame: Frame) -> bool:
    return MACHINERY.match(frame) is not None or is_connection(frame)


def _before_the_call(frames: Sequence[Frame], start: int, end: int, owners: Ownership) -> int:
    """The last frame of nobody known before the first call that a rule knows, of all or beyond the last hand-over."""
    handed = deepest(range(start, end - 1), lambda i: _hands_over(frames, i, owners))
    start = max(start, handed + 1)
    first = next((i for i in range(start, end) if _is_call(frames[i])), end)
    return deepest(range(start, first), lambda i: owners.of(frames[i]) is None)


def _hands_over(frames: Sequence[Frame], index: int, owners: Ownership) -> bool:
    """Whether Django calls somebody's function here: what stands next is that, if nobody is known to own it."""
    return CALLBACK_CALLERS.match(frames[index]) is not None and owners.of(frames[index + 1]) is None


def _is_call(frame: Frame) -> bool:
    return _CALLS.match(frame) is not None or sinks.SINKS.match(frame) is not None


def _package(frames: Sequence[Frame], start: int, end: int, owners: Ownership) -> int:
    """No own code on the way: the deepest frame of a package that is no framework, else where Django begins."""
    foreign = deepest(range(start, end), lambda i: owners.of(frames[i]) not in FRAMEWORK)
    if foreign >= 0:
        return foreign
    first_call = next((i for i in range(start, end) if CALLS.match(frames[i])), end)
    declared = deepest(range(start, first_call), lambda i: UNEVALUATED_RESULTS.match(frames[i]) is not None)
    if declared >= 0:
        return declared
    django = deepest(range(start, first_call), lambda i: owners.of(frames[i]) != STDLIB)
    return django if django >= 0 else start
