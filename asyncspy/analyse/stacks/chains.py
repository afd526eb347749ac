"""Convert frames into a chain for people: comprehensions folded into their functions, recursion counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from asyncspy.analyse.stacks.pattern import last_segment
from asyncspy.model.stacks import ChainFrame, Frame

COMPREHENSIONS = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"})
"""Lines of a function that are frames of their own up to Python 3.11; a generator expression still is one."""

WRAPPER_NAMES = frozenset(
    "wrapper wrapped wrapped_view wrapper_view _wrapper _wrapped _wrapped_view _wrapper_view _view_wrapper inner "
    "_inner decorated decorator wrap".split()
)
"""Usual names of decorators' wrappers, for recordings without qualified names."""

MAX_CYCLE = 3
"""The largest number of functions calling each other in turn that is still counted as one recursion."""


def display_chain(frames: Sequence[Frame], owner: Callable[[Frame], str | None]) -> tuple[ChainFrame, ...]:
    """The chain as it is shown; each frame is named as `display_frame` names it."""
    kept = [i for i in range(len(frames)) if not (i + 1 < len(frames) and _is_part(frames, i + 1))]
    return collapse_repeats([ChainFrame(*display_frame(frames, i), owner(frames[i])) for i in kept])


def display_frame(frames: Sequence[Frame], index: int) -> Frame:
    """A frame under the name of its function; a comprehension is a line of the function around it."""
    frame, at = frames[index], index
    while at > 0 and _is_part(frames, at):
        at -= 1
    name = frames[at].function
    while last_segment(name) in COMPREHENSIONS and ".<locals>." in name:
        name = name.rpartition(".<locals>.")[0]
    return frame._replace(function=name)


def _is_part(frames: Sequence[Frame], index: int) -> bool:
    """Whether this is a comprehension in the function of the frame below it."""
    if index < 1 or last_segment(frames[index].function) not in COMPREHENSIONS:
        return False
    around, inside = frames[index - 1], frames[index]
    holder = inside.function.rpartition(".<locals>.")[0]
    return around.file == inside.file and (not holder or around.function == holder)


def past_wrappers(frames: Sequence[Frame], own: Sequence[bool], index: int, end: int) -> int:
    """The index of the function that a decorator's wrapper wraps: the own frame that it calls directly."""
    qualified = any("." in frame.function for frame in frames)
    while index + 1 < end and own[index + 1] and _is_wrapper(frames[index].function, qualified):
        if _is_part(frames, index + 1):
            break
        index += 1
    return index


def _is_wrapper(function: str, qualified: bool) -> bool:
    """Whether this is a closure; where names are not qualified, whether decorators usually name it so."""
    if last_segment(function).startswith("<"):
        return False
    return ".<locals>." in function if qualified else function in WRAPPER_NAMES


def collapse_repeats(links: Sequence[ChainFrame]) -> tuple[ChainFrame, ...]:
    """Replace repeats of a function, or of a few in turn, by one of each with its count; the last lines are kept."""
    shown: list[ChainFrame] = []
    for link in links:
        shown.append(link)
        for size in range(1, MAX_CYCLE + 1):
            last, before = shown[-size:], shown[-2 * size : -size]
            if len(before) == size and all(map(_same, before, last)):
                shown[-2 * size :] = [
                    one._replace(repeats=earlier.repeats + one.repeats)
                    for earlier, one in zip(before, last, strict=True)
                ]
                break
    return tuple(shown)


def _same(one: ChainFrame, other: ChainFrame) -> bool:
    return (one.function, one.file) == (other.function, other.file)
