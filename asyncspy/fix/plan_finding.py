"""Plan the edits that remove one finding: at every async line that leads to it, or a reason why none is certain."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from asyncspy.analyse.remedy.calls import CALLS
from asyncspy.analyse.remedy.fixes import CONNECTION, UNEVALUATED, Call
from asyncspy.analyse.remedy.in_thread import whole_expression
from asyncspy.analyse.remedy.obstacles import await_obstacle, held_at, thread_obstacle
from asyncspy.analyse.remedy.remedies import (
    AsyncLine,
    Change,
    find_changes,
    first_callee,
    nearest_async_line,
    parse_version,
)
from asyncspy.analyse.remedy.source_line import SourceLine, SourceReader, parse_line
from asyncspy.analyse.remedy.text_edits import SYNC_TO_ASYNC, Rewritten
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.stacks.pattern import last_segment
from asyncspy.analyse.stacks.sinks import is_connection
from asyncspy.analyse.unsafe.faults import Fault
from asyncspy.fix.imports import import_obstacle
from asyncspy.model.findings import Finding
from asyncspy.model.stacks import Frame

NO_ASYNC_LINE = "no async function of your own leads there, in which it could be awaited"
NOT_THE_FUNCTION = "{file}:{line} is not in {function} any more: the file is not the one that ran"
IN_WORDS = "what to change is not on one line"
GENERATOR_OF_DJANGO = "_iterator"
AITERATOR_PREFETCHES = (5, 0)
ON_COMMIT = "on_commit"
OF_A_TRANSACTION = frozenset({"Atomic.__enter__", "Atomic.__exit__"})
OTHER_KINDS = "a patch replaces calls of async-unsafe Django, and this is none"
OF_PACKAGE = "it is in {package}, which is not your own code"


class PlannedEdit(NamedTuple):
    """A file by its recorded name, and how to rewrite it."""

    file: str
    rewritten: Rewritten


class FixContext(NamedTuple):
    """What planning depends on: files, whose code it is, and the versions of Django and Python that will run it.

    `editable` says why a file cannot be edited, or None; `verified` whether a line of it is known to
    be what ran.
    """

    source: SourceReader
    editable: Callable[[str], str | None]
    verified: Callable[[str, int], bool]
    owners: Ownership
    django: str | None
    python: str | None


def plan_finding(finding: Finding, faults: Iterable[Fault], context: FixContext) -> list[PlannedEdit] | str:
    """The edits for all ways that led to a finding; or why it is left to a person."""
    if finding.kind != "async-unsafe":
        return OTHER_KINDS
    if finding.culprit.package is not None:
        return OF_PACKAGE.format(package=finding.culprit.package)
    planned: list[PlannedEdit] = []
    for fault in faults:
        for path, beyond in {(path, first_callee(beyond)): (path, beyond) for path, beyond in fault.routes}.values():
            edit = plan_route(fault.call, path, beyond, context)
            if isinstance(edit, str):
                return edit
            planned.append(edit)
    return planned or NO_ASYNC_LINE


def plan_route(call: Call, path: Sequence[Frame], beyond: Sequence[Frame], context: FixContext) -> PlannedEdit | str:
    """The edit for one way: the first remedy that is certain, else the whole expression in a thread."""
    if call.fixes in UNEVALUATED:
        return IN_WORDS
    caller = nearest_async_line(path, beyond, context.source, context.owners)
    if caller is None:
        reasons = (context.editable(frame.file) for frame in reversed(path) if context.owners.of(frame) is None)
        return next((reason for reason in reasons if reason), NO_ASYNC_LINE)
    above = path[: len(path) + len(beyond) - len(caller.callees) - 1]
    reason = context.editable(caller.frame.file) or _not_the_function(caller) or _held_above(above, context)
    if reason:
        return reason
    if call.name == ON_COMMIT and caller.frame == path[-1]:
        return call.fixes[0].text
    edit = _certain_edit(call, path, beyond, caller, context)
    return call.fixes[0].text if isinstance(edit, str) and call.name in OF_A_TRANSACTION else edit


def _certain_edit(
    call: Call, path: Sequence[Frame], beyond: Sequence[Frame], caller: AsyncLine, context: FixContext
) -> PlannedEdit | str:
    """The first rewriting that nothing speaks against; else what speaks against the first."""
    changes = find_changes(call, path, beyond, source=context.source, django=context.django, owners=context.owners)
    reasons = []
    for source, rewritten in _rewritings(changes, caller, context):
        obstacle = _obstacle(rewritten, source, caller, context)
        if obstacle is None:
            return PlannedEdit(caller.frame.file, rewritten)
        reasons.append(obstacle)
    last = _last_resort(call, caller, context)
    if isinstance(last, str):
        return reasons[0] if reasons else last
    obstacle = _obstacle(last, caller.source, caller, context)
    return obstacle or PlannedEdit(caller.frame.file, last)


def _rewritings(
    changes: Iterable[Change], caller: AsyncLine, context: FixContext
) -> Iterator[tuple[SourceLine, Rewritten]]:
    """The certain ones for this line, in the order of the remedies, that the Django which runs is known to have."""
    generator = _may_be_generator(first_callee(caller.callees), context)
    for change in changes:
        rewritten = change.rewritten
        if change.line is None or change.line.frame != caller.frame or rewritten is None or not rewritten.certain:
            continue
        exists = change.remedy.since is None or context.django is not None
        lazy = generator and SYNC_TO_ASYNC in rewritten.imports  # called in a thread, it would still run on the loop
        if exists and not lazy and not _fails_before_5_0(rewritten, context.django):
            yield change.line.source, rewritten


def _may_be_generator(called: Frame | None, context: FixContext) -> bool:
    """Whether calling this function may run nothing of it yet: unless it is a call of Django's, its source says so."""
    if called is None:
        return False
    name = last_segment(called.function)
    if CALLS.match(called) is not None:
        return name == GENERATOR_OF_DJANGO
    line = parse_line(context.source(called.file), called.line)
    return line is None or line.function_name != name or line.is_generator


def _fails_before_5_0(rewritten: Rewritten, django: str | None) -> bool:
    """Whether it is aiterator(), which did not work after prefetch_related() before; a manager may call that unseen."""
    is_aiterator = any(edit.text == "aiterator" for edit in rewritten.edits)
    return is_aiterator and (parse_version(django) or (0, 0)) < AITERATOR_PREFETCHES


def _last_resort(call: Call, caller: AsyncLine, context: FixContext) -> Rewritten | str:
    first = first_callee(caller.callees)
    if first is None or is_connection(first) or (call.fixes == CONNECTION.fixes and len(caller.callees) <= 1):
        return CONNECTION.fixes[0].text
    called = last_segment(first.function)
    if caller.source.awaits(called):
        return f"what the line awaits, {called}, sends the query itself: a thread around it does not help"
    if not context.verified(caller.frame.file, caller.frame.line):
        return "nothing recorded says that the file is the one that ran, and the call is not named on its line"
    return whole_expression(caller.source, called, generator=_may_be_generator(first, context))


def _obstacle(rewritten: Rewritten, file: SourceLine, caller: AsyncLine, context: FixContext) -> str | None:
    target = parse_version(context.python)
    understood = min(target, sys.version_info[:2]) if target else None  # ours compiles the changed file
    found = await_obstacle(file, rewritten.node, understood)
    return (
        found or import_obstacle(file.file, rewritten.imports) or thread_obstacle(_functions(caller.callees, context))
    )


def _functions(frames: Iterable[Frame], context: FixContext) -> list[ast.AST]:
    """The own functions that would run in the thread."""
    own = [frame for frame in frames if context.owners.of(frame) is None]
    lines = [parse_line(context.source(frame.file), frame.line) for frame in own]
    return [line.function for line in lines if line is not None and line.function is not None]


def _held_above(path: Iterable[Frame], context: FixContext) -> str | None:
    """What own code on the way to the line holds while it waits for it: until now it never had to wait."""
    own = [frame for frame in path if context.owners.of(frame) is None]
    lines = [parse_line(context.source(frame.file), frame.line) for frame in own]
    return next((held for line in lines if line is not None and (held := held_at(line))), None)


def _not_the_function(caller: AsyncLine) -> str | None:
    """Why the line cannot be the recorded one: it is in another function."""
    frame, name = caller.frame, caller.source.function_name
    in_function = name in frame.function.split(".")
    comprehension = frame.function.startswith("<")  # not qualified, by older Pythons
    if in_function or comprehension:
        return None
    return NOT_THE_FUNCTION.format(file=frame.file, line=frame.line, function=frame.function)
