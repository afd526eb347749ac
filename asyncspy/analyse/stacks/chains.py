"""A stack's frames to a chain that a person can follow: comprehensions folded, recursion counted, wrappers passed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from asyncspy.analyse.stacks.pattern import last_segment
from asyncspy.model.stacks import ChainFrame, Frame

COMPREHENSIONS = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"})
"""Frames of their own up to Python 3.11 (a generator's still is one), though they are lines of the function around."""

WRAPPER_NAMES = frozenset(
    "wrapper wrapped wrapped_view wrapper_view _wrapper _wrapped _wrapped_view _wrapper_view _view_wrapper inner "
    "_inner decorated decorator wrap".split()
)
"""How decorators name what they put around a view, for recordings that hold no qualified names."""

LONGEST_CYCLE = 3
"""Functions that call each other in turn are counted as one recursion up to this many."""


def display_chain(frames: Sequence[Frame], owner: Callable[[Frame], str | None]) -> tuple[ChainFrame, ...]:
    """The chain as it is shown; the culprit's and the entries' frames are spelt as `spelt` spells them."""
    kept = [i for i in range(len(frames)) if not (i + 1 < len(frames) and _is_part(frames, i + 1))]
    return collapse_repeats([ChainFrame(*display_frame(frames, i), owner(frames[i])) for i in kept])


def display_frame(frames: Sequence[Frame], index: int) -> Frame:
    """A frame under the name that its reader knows: a comprehension is a line of the function around it."""
    frame, at = frames[index], index
    while at > 0 and _is_part(frames, at):
        at -= 1
    name = frames[at].function
    while last_segment(name) in COMPREHENSIONS and ".<locals>." in name:
        name = name.rpartition(".<locals>.")[0]
    return frame._replace(function=name)


def _is_part(frames: Sequence[Frame], index: int) -> bool:
    """Whether this is a comprehension that the frame below it holds."""
    if index < 1 or last_segment(frames[index].function) not in COMPREHENSIONS:
        return False
    around, inside = frames[index - 1], frames[index]
    holder = inside.function.rpartition(".<locals>.")[0]
    return around.file == inside.file and (not holder or around.function == holder)


def past_wrappers(frames: Sequence[Frame], own: Sequence[bool], index: int, end: int) -> int:
    """From a decorator's wrapper to what it wraps: the own frame that it calls without anybody between."""
    qualified = any("." in frame.function for frame in frames)
    while index + 1 < end and own[index + 1] and _is_wrapper(frames[index].function, qualified):
        if _is_part(frames, index + 1):
            break
        index += 1
    return index


def _is_wrapper(function: str, qualified: bool) -> bool:
    """A function made inside a function; where names are not qualified, by what decorators call it."""
    if last_segment(function).startswith("<"):
        return False
    return ".<locals>." in function if qualified else function in WRAPPER_NAMES


def collapse_repeats(links: Sequence[ChainFrame]) -> tuple[ChainFrame, ...]:
    """Repeats of a function, or of a few in turn, to one of each that says how often; the last lines are kept."""
    shown: list[ChainFrame] = []
    for link in links:
        shown.append(link)
        for size in range(1, LONGEST_CYCLE + 1):
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
