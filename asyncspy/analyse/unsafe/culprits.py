"""Find a violation's culprit: the deepest own frame that calls Django, or the package where there is none."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from asyncspy.analyse.remedy.calls import CALLS
from asyncspy.analyse.remedy.fixes import CONNECTION, UNEVALUATED_RESULTS, Call
from asyncspy.analyse.stacks import sinks
from asyncspy.analyse.stacks.entries import CALLBACK_CALLERS
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.stacks.packages import COMMAND, FRAMEWORK, STDLIB, is_bare
from asyncspy.analyse.stacks.pattern import Rules, any_of, last_segment, patterns
from asyncspy.model.stacks import Frame

MACHINERY = any_of(
    *patterns("django/db/models/sql/compiler.py", "SQLCompiler.execute_sql SQLInsertCompiler.execute_sql"),
    *patterns("django/db/models/sql/compiler.py", "SQLUpdateCompiler.execute_sql"),
    *(pattern for pattern, sink in sinks.SINKS if sink.past_guard),
    sinks.GUARD,
    lenient=True,
)
"""Where the query leaves the ORM for the connection. Own code beyond it (an execute_wrapper, a cursor or a backend of
one's own, a receiver of connection_created) only watches or carries the query: the culprit is its caller."""

SYNC_HANDLERS = (
    *patterns("django/core/handlers/wsgi.py", "WSGIHandler.__call__"),
    *patterns("django/core/handlers/base.py", "BaseHandler.get_response BaseHandler._get_response"),
)
"""What serves a request synchronously. Where it runs on a loop, all views and middleware in it would be refused their
queries: the culprit is what called it there, such as a server that embeds it or a test's client."""

POPULATE = any_of(*patterns("django/apps/registry.py", "Apps.populate"))

_HANDLERS = any_of(*SYNC_HANDLERS)

_CALLS: Rules[Call] = Rules(CALLS, lenient=True)


def find_culprit(frames: Sequence[Frame], start: int, sink: int, owners: Ownership) -> int:
    """The index of the culprit among `frames[start:sink]`; where no folders are recorded, names alone decide."""
    end = next((i for i in range(start, sink) if _is_machinery(frames[i])), sink)
    handler = next((i for i in range(start, end) if start and _HANDLERS.match(frames[i])), end)
    if any(owners.of(frames[i]) not in FRAMEWORK for i in range(start, handler)):
        end = handler
    start = _after_import(frames, start, end, owners)
    if is_bare(frames[sink].file):
        found = _last_before_call(frames, start, end, owners)
        return found if found >= 0 else _package_frame(frames, start, end, owners)
    own = [i for i in range(start, end) if owners.of(frames[i]) is None]
    with_file = [i for i in own if frames[i].file != COMMAND]  # the line to fix is the one that evaluates a text
    return max(with_file or own) if own else _package_frame(frames, start, end, owners)


def own_frames(frames: Sequence[Frame], culprit: int, sink: int, owners: Ownership) -> list[bool]:
    """Which frames are the user's own; where no folders are recorded, none beyond the culprit."""
    end = culprit + 1 if is_bare(frames[sink].file) else len(frames)
    return [index < end and owners.of(frame) is None for index, frame in enumerate(frames)]


def find_call(frames: Sequence[Frame], culprit: int, sink: int) -> tuple[Call, int]:
    """What the culprit called, and which frame that is: the first that a rule names, else the first after it."""
    rules = _CALLS if is_bare(frames[sink].file) else CALLS
    for index in range(culprit + 1, sink + 1):
        found = rules.match(frames[index])
        if found is not None:
            return found, index
    beyond = frames[culprit + 1 : sink + 1]
    first = next((i for i, frame in enumerate(beyond) if not sinks.is_guard(frame)), None)
    if first is None:
        passed = frames[sink + 1] if sink + 1 < len(frames) else None
        is_named = passed is not None and sinks.is_connection(passed)
        return (_connection_call(passed) if passed is not None and is_named else CONNECTION), sink
    called, index = beyond[first], culprit + 1 + first
    if sinks.is_connection(called):
        return _connection_call(called), index
    sink_found = sinks.sink_at(called, frames[index - 1])
    return Call(sink_found.name if sink_found else called.function), index


def find_package_call(frames: Sequence[Frame], culprit: int, call: int, owners: Ownership) -> int | None:
    """Where a package makes the call: its first frame after the culprit, by which the culprit's line came there.

    The line itself may only read an attribute of the package's object, or compare or iterate it.
    """
    return next((i for i in range(culprit + 1, call) if owners.of(frames[i]) not in {None, *FRAMEWORK}), None)


def _connection_call(frame: Frame) -> Call:
    return CONNECTION._replace(name=f"connection.{last_segment(frame.function)}")


def _after_import(frames: Sequence[Frame], start: int, end: int, owners: Ownership) -> int:
    """Where what was imported begins: Django's start of the apps, or the body of a package's module.

    The lines that lead there only import it, such as asgi.py: the culprit is whose ready() or module queries.
    """
    populate = _last(range(start, end), lambda i: POPULATE.match(frames[i]) is not None)
    start = max(start, populate + 1)
    own = _last(range(start, end), lambda i: owners.of(frames[i]) is None)
    body = _last(range(max(own, start), end), lambda i: _is_body_of_package(frames[i], owners))
    return max(start, body)


def _is_body_of_package(frame: Frame, owners: Ownership) -> bool:
    return last_segment(frame.function) == "<module>" and owners.of(frame) not in {None, *FRAMEWORK}


def _is_machinery(frame: Frame) -> bool:
    return MACHINERY.match(frame) is not None or sinks.is_connection(frame)


def _last_before_call(frames: Sequence[Frame], start: int, end: int, owners: Ownership) -> int:
    """The last frame of unknown owner before a call that a rule knows: the first call after the last callback."""
    callback = _last(range(start, end - 1), lambda i: _is_callback(frames, i, owners))
    start = max(start, callback + 1)
    first = next((i for i in range(start, end) if _is_call(frames[i])), end)
    return _last(range(start, first), lambda i: owners.of(frames[i]) is None)


def _is_callback(frames: Sequence[Frame], index: int, owners: Ownership) -> bool:
    """Whether Django calls a registered function here: the next frame is that, if no package is known to own it."""
    return CALLBACK_CALLERS.match(frames[index]) is not None and owners.of(frames[index + 1]) is None


def _is_call(frame: Frame) -> bool:
    return _CALLS.match(frame) is not None or sinks.SINKS.match(frame) is not None


def _package_frame(frames: Sequence[Frame], start: int, end: int, owners: Ownership) -> int:
    """Without own code on the way: the deepest frame of a package that is not a framework, else where Django begins.

    A package whose coroutine calls another package's function on the loop is at fault itself: it could use a thread.
    """
    foreign = _last(range(start, end), lambda i: owners.of(frames[i]) not in FRAMEWORK)
    if foreign >= 0:
        coroutine = _last(range(start, foreign + 1), lambda i: owners.is_coroutine(frames[i]))
        package = owners.of(frames[coroutine]) if coroutine >= 0 else None
        is_another = package not in {None, owners.of(frames[foreign])} and package not in FRAMEWORK
        return coroutine if is_another else foreign
    first_call = next((i for i in range(start, end) if CALLS.match(frames[i])), end)
    declared = _last(range(start, first_call), lambda i: UNEVALUATED_RESULTS.match(frames[i]) is not None)
    if declared >= 0:
        return declared
    django = _last(range(start, first_call), lambda i: owners.of(frames[i]) != STDLIB)
    return django if django >= 0 else start


def _last(indexes: range, wanted: Callable[[int], bool]) -> int:
    """The last index that is wanted, or -1."""
    return next((index for index in reversed(indexes) if wanted(index)), -1)
