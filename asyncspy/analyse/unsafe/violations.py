"""Find the async-unsafe work on a stack that runs on the event loop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from asyncspy.analyse.remedy.fixes import Call, import_fixes, result_fixes
from asyncspy.analyse.stacks import chains, entries, sinks
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.stacks.packages import FRAMEWORK, is_bare
from asyncspy.analyse.stacks.pattern import last_segment
from asyncspy.analyse.stacks.worlds import loop_start
from asyncspy.analyse.unsafe.culprits import find_call, find_culprit, find_package_call, own_frames
from asyncspy.model.stacks import Frame

ENTRY_CLOSURES = frozenset({"middleware", "callback", "import of the app"})
"""Kinds of entries whose closures are the entry itself, and not the wrapper of a decorator around it."""


class Violation(NamedTuple):
    """A stack that runs async-unsafe work on the loop.

    `entry`, `culprit`, `via`, `called` and `sink` are indexes into its frames: `call` is what is called at `called`,
    and `via` is a package's function, where such a one makes that call. `reached`: the guard is on the stack, or was
    passed; `allowed`: it let the call pass.
    """

    frames: Sequence[Frame]
    entry_kind: str
    entry: int
    culprit: int
    via: int | None
    called: int
    sink: int
    call: Call
    reached: bool
    allowed: bool
    passes_own: bool
    """Whether own code is on the way to the sink, be it to blame or not."""

    @property
    def route(self) -> tuple[Frame, ...]:
        """The frames from the entry to the sink."""
        return tuple(self.frames[self.entry : self.sink + 1])

    @property
    def path(self) -> tuple[Frame, ...]:
        """The frames from the entry to the culprit."""
        return tuple(self.frames[self.entry : self.culprit + 1])

    @property
    def beyond(self) -> tuple[Frame, ...]:
        """The frames that the culprit called, up to the sink."""
        return tuple(self.frames[self.culprit + 1 : self.sink + 1])

    @property
    def by_name(self) -> bool:
        """Whether no folder was recorded, so that names alone decided whose code it is."""
        return is_bare(self.frames[self.sink].file)

    @property
    def sink_name(self) -> str:
        """The sink by its rule's name, so that recordings without class names say the same."""
        found = sinks.sink_at(self.frames[self.sink], self.frames[self.sink - 1] if self.sink else None)
        return found.name if found is not None else "async_unsafe"


class LastSink(NamedTuple):
    """The index of the sink nearest the leaf (`place`); whether the guard was reached; whether it let the call pass."""

    place: int
    reached: bool
    allowed: bool


def find_violation(frames: Sequence[Frame], boundary: int, owners: Ownership | None = None) -> Violation | None:
    """The async-unsafe work on a stack whose leaf runs on the loop, if there is any."""
    owners = owners or Ownership()
    found = find_last_sink(frames, boundary, owners)
    return violation_at(found, frames, boundary, owners) if found is not None else None


def violation_at(found: LastSink, frames: Sequence[Frame], boundary: int, owners: Ownership) -> Violation:
    """The violation with this sink; frames beyond the one after it make no difference."""
    sink, reached, allowed = found
    culprit = find_culprit(frames, boundary + 1, sink, owners)
    entry = _entry(frames, boundary, culprit, sink, owners)
    call, called = find_call(frames, culprit, sink)
    via = find_package_call(frames, culprit, called, owners)
    passes_own = any(owners.of(frame) is None for frame in frames[boundary + 1 : sink])
    fixes = import_fixes(frames[boundary + 1 : sink])
    fixes = fixes or result_fixes(_frames_at_fault(frames, boundary, culprit, sink, owners))
    call = call._replace(fixes=fixes) if fixes else call
    return Violation(frames, entry.kind, entry.position, culprit, via, called, sink, call, reached, allowed, passes_own)


def find_last_sink(frames: Sequence[Frame], boundary: int, owners: Ownership) -> LastSink | None:
    """The sink nearest the leaf of a stack whose leaf runs on the loop, if there is any."""
    sink, reached, allowed = -1, False, False
    for index in range(boundary + 1, len(frames)):
        frame = frames[index]
        if sinks.is_guard(frame):
            sink, reached = index, True
            allowed = allowed or _passed_guard(frames, index, owners)
            continue
        found = sinks.sink_at(frame, frames[index - 1] if index else None)
        if found is not None:
            sink = index
            reached, allowed = reached or found.past_guard, allowed or found.past_guard
    return LastSink(sink, reached, allowed) if sink >= 0 else None


def _passed_guard(frames: Sequence[Frame], guard: int, owners: Ownership) -> bool:
    """Whether the guard at this index called what it guards.

    Reading the environment does not count, nor does what a debugger, tracer or profiler runs there: only a method of
    a connection or own code is what anybody guards.
    """
    called = frames[guard + 1] if guard + 1 < len(frames) else None
    return called is not None and (last_segment(called.function) in sinks.CONNECTION_METHODS or not owners.of(called))


def _entry(frames: Sequence[Frame], boundary: int, culprit: int, sink: int, owners: Ownership) -> entries.EntryPosition:
    """How the work came onto the loop; a decorator's wrapper is passed for what it wraps."""
    own = own_frames(frames, culprit, sink, owners)
    package = owners.of(frames[culprit])
    if package is not None and package not in FRAMEWORK:
        own = [owners.of(frame) == package and not entries.DISPATCHERS.match(frame) for frame in frames]
    start, end = loop_start(frames, boundary), culprit + 1
    entry = entries.find_entry(frames, own, start, end)
    if entry is None:
        return entries.EntryPosition(entries.innermost_dispatcher(frames[start:end]).kind, culprit)
    if entry.kind in ENTRY_CLOSURES:
        return entry
    return entry._replace(position=chains.past_wrappers(frames, own, entry.position, end))


def _frames_at_fault(
    frames: Sequence[Frame], boundary: int, culprit: int, sink: int, owners: Ownership
) -> Iterator[Frame]:
    """The frames from the culprit to the sink; where a package is the culprit, all that belong to no framework."""
    package = owners.of(frames[culprit])
    start = culprit if package is None or package in FRAMEWORK else boundary + 1
    if start == culprit:
        return iter(frames[start:sink])
    return (frame for frame in frames[start:sink] if owners.of(frame) not in FRAMEWORK)
