"""A stack to the line that a reading holds against it, or None: asyncspy's, and two that anybody would try first."""

from __future__ import annotations

from collections.abc import Callable

from asyncspy.analyse.stacks.packages import owner_of_file
from asyncspy.analyse.stacks.worlds import judge_stack
from asyncspy.analyse.unsafe.violations import find_violation
from asyncspy.model.stacks import Frame, Stack

Reading = Callable[[Stack], Frame | None]


def guard(stack: Stack) -> Frame | None:
    """Any frame of django/utils/asyncio.py is a violation of the deepest own line below it."""
    at = next((i for i, frame in enumerate(stack.frames) if frame.file.endswith("django/utils/asyncio.py")), None)
    if at is None:
        return None
    own = [frame for frame in stack.frames[:at] if owner_of_file(frame.file) is None]
    return own[-1] if own else stack.frames[at]


def guard_on_main_thread(stack: Stack) -> Frame | None:
    """The same, but only on the main thread: the one that nobody started."""
    started = any(frame.function.endswith("_bootstrap") and "threading.py" in frame.file for frame in stack.frames)
    return None if started else guard(stack)


def asyncspy(stack: Stack) -> Frame | None:
    """What asyncspy says of it."""
    judgement = judge_stack(stack.frames)
    violation = find_violation(stack.frames, judgement.boundary) if judgement.world == "loop" else None
    return stack.frames[violation.culprit] if violation is not None else None


READINGS: dict[str, Reading] = {
    "any frame of the guard": guard,
    "the guard, main thread": guard_on_main_thread,
    "asyncspy": asyncspy,
}
