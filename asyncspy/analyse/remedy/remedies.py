"""Choose the remedies of an async-unsafe call: those that exist in the target's Django, best first.

`await` can only be written in an async function. So the line to change is the nearest async line on the way to the
culprit: the culprit's own line, or the line that leads into the sync code that holds it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from asyncspy.analyse.remedy.calls import CALLS
from asyncspy.analyse.remedy.fixes import CONNECTION, UNEVALUATED, Call, Fix, Rewrite
from asyncspy.analyse.remedy.rewrite import rewrite_call
from asyncspy.analyse.remedy.source_line import SourceLine, SourceReader, parse_line
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.stacks.pattern import last_segment
from asyncspy.analyse.stacks.sinks import is_connection
from asyncspy.model.findings import Remedy
from asyncspy.model.stacks import Frame

MAX_REMEDIES = 2
"""More choices are no help in an incident."""

BY_THREAD = Remedy("move the database work into a sync function and call it through await sync_to_async(function)(…)")

AWAITED = (
    "what this line awaits, {function} of {package}, makes a sync query itself, and a thread around it does not help: "
    "pass it what is loaded already (lists, relations by select_related), or call its sync twin through sync_to_async"
)

FORWARDING_FILES = re.compile(
    r"(?:^|/)django/(?:utils/functional|utils/connection|db/models/manager)\.py$|(?:^|/)asgiref/local\.py$"
)
"""Files whose frames only pass a call on: lazy objects, managers, connection proxies."""


@dataclass(frozen=True, slots=True)
class AsyncLine:
    """An async line of the user's own code, where `await` can be written."""

    frame: Frame
    source: SourceLine
    callees: tuple[Frame, ...]
    """The frames that this line led to, nearest first."""

    @property
    def shown(self) -> str:
        """`checkout (views.py:25)`; a comprehension is part of the function around it."""
        function = self.frame.function.partition(".<locals>.<")[0]
        return f"{function} ({self.frame.file.rpartition('/')[2]}:{self.frame.line})"


def parse_version(version: str | None) -> tuple[int, int] | None:
    """(5, 2) of "5.2.19", "5.2rc1" and the like."""
    found = re.match(r"(\d{1,4})\.(\d{1,4})", version or "", re.ASCII)
    return (int(found[1]), int(found[2])) if found else None


def exists_in(fix: Fix, django: str | None) -> bool:
    """Whether the target's Django has this replacement; where its version is not known, it is offered with `since`."""
    have, need = parse_version(django), parse_version(fix.since)
    return have is None or need is None or have >= need


def find_remedies(
    call: Call,
    path: Sequence[Frame],
    beyond: Sequence[Frame],
    *,
    source: SourceReader,
    django: str | None,
    owners: Ownership,
) -> tuple[Remedy, ...]:
    """What to change at the culprit's line, or where async code leads into it; nothing where only a package's code is.

    `path` are the frames from the entry to the culprit, `beyond` those that the culprit called, up to the query.
    """
    culprit = path[-1]
    fixes = [fix for fix in call.fixes if exists_in(fix, django)]
    if call.fixes in UNEVALUATED:
        return _in_words(fixes)
    if not any(owners.of(frame) is None for frame in path):
        return ()
    if not _is_direct(call, beyond):
        fixes = []
    line = parse_line(source(culprit.file), culprit.line)
    if line is None:
        return _in_words(fixes[:MAX_REMEDIES]) or (BY_THREAD,)
    caller = _nearest_async_line(path, beyond, source, owners)
    if caller is not None and caller.frame == culprit:
        return _on_async_line(fixes, caller, owners)
    on_the_query = [_remedy(fix, line) for fix in fixes if fix.on_the_query]
    if caller is None:
        return tuple(on_the_query) or (BY_THREAD,)
    if len(caller.callees) == len(beyond) + 1:
        fix = next((fix for fix in fixes if not fix.on_the_query), None)
        on_the_query += _making_it_async(fix, line, caller) if fix else []
    return (*on_the_query, *_at_the_caller(caller, source, django))[:MAX_REMEDIES]


def _in_words(fixes: Sequence[Fix]) -> tuple[Remedy, ...]:
    return tuple(Remedy(fix.text, fix.since) for fix in fixes)


def _is_direct(call: Call, beyond: Sequence[Frame]) -> bool:
    """Whether the user's line itself makes this call, and not something in between."""
    if call.fixes == CONNECTION.fixes:
        return True
    first = _first_callee(beyond)
    return first is not None and CALLS.match(first) == call


def _first_callee(frames: Sequence[Frame]) -> Frame | None:
    """The first frame that does not only pass the call on."""
    return next((frame for frame in frames if not FORWARDING_FILES.search(frame.file)), None)


def _nearest_async_line(
    path: Sequence[Frame], beyond: Sequence[Frame], source: SourceReader, owners: Ownership
) -> AsyncLine | None:
    for index in range(len(path) - 1, -1, -1):
        frame = path[index]
        if owners.of(frame) is not None or last_segment(frame.function) in {"<lambda>", "<genexpr>"}:
            continue
        line = parse_line(source(frame.file), frame.line)
        if line is not None and line.is_async:
            return AsyncLine(frame, line, (*path[index + 1 :], *beyond))
    return None


def _on_async_line(fixes: Sequence[Fix], culprit: AsyncLine, owners: Ownership) -> tuple[Remedy, ...]:
    """The culprit's line is async: the replacement, and the same call in a thread."""
    called = culprit.callees[0] if culprit.callees else None
    if called is not None and culprit.source.awaits(name := last_segment(called.function)):
        return (Remedy(AWAITED.format(function=name, package=owners.of(called) or "your code")),)
    remedies = [_remedy(fix, culprit.source) for fix in fixes[:MAX_REMEDIES]]
    if not any(fix.rewrite and fix.rewrite.how == "wrap" for fix in fixes):
        in_thread = _in_a_thread(culprit)
        remedies[1:] = [in_thread] if in_thread else remedies[1:]
    return tuple(remedies[:MAX_REMEDIES]) or (BY_THREAD,)


def _making_it_async(fix: Fix, line: SourceLine, caller: AsyncLine) -> list[Remedy]:
    """The culprit is in a plain sync function that the async line itself calls: it can become async."""
    name = line.function_name
    if caller.source.awaits(name):
        return []  # it queries before it gives what is awaited
    overrides = fix.rewrite is not None and fix.rewrite.old == name  # the function overrides the method that it calls
    if overrides or not line.can_become_async:
        return []
    note = f"after making {name} async, and awaiting it in {caller.shown}"
    text = f"make {name} async and await it in {caller.shown}; in it, {fix.text}"
    return [Remedy(text, fix.since, _code(fix, line), note)]


def _at_the_caller(caller: AsyncLine, source: SourceReader, django: str | None) -> list[Remedy]:
    """At the async line: what replaces the call that leads into the sync code, else that call in a thread."""
    where = f"in {caller.shown}"
    called = caller.callees[0]
    callee = parse_line(source(called.file), called.line)
    if callee is not None and callee.is_generator:
        use_up = f"await sync_to_async(lambda: list({callee.function_name}(…)))()"
        return [Remedy(f"{where}, use the generator up in a thread: {use_up}")]
    if caller.source.awaits(last_segment(called.function)):
        return [BY_THREAD]  # a coroutine, or what makes one: it cannot be called in a thread
    call = CALLS.match(called)
    fixes = [fix for fix in call.fixes if exists_in(fix, django)] if call else []
    remedies = [Remedy(f"{where}: {fix.text}", fix.since, _code(fix, caller.source), where) for fix in fixes]
    in_thread = None if any(remedy.code for remedy in remedies) else _in_a_thread(caller)
    return [*remedies, in_thread] if in_thread else remedies or [BY_THREAD]


def _in_a_thread(caller: AsyncLine) -> Remedy | None:
    """The call on the async line, through sync_to_async; None where the line does not show which it is."""
    first = _first_callee(caller.callees)
    if first is None or is_connection(first):
        return None
    code = rewrite_call(caller.source, Rewrite("wrap", last_segment(first.function)))
    where = f"in {caller.shown}"
    return Remedy(f"{where}, call it through a thread: {code}", None, code, f"{where}, in a thread") if code else None


def _remedy(fix: Fix, line: SourceLine) -> Remedy:
    code = _code(fix, line)
    return Remedy(fix.text, fix.since, code, fix.note if code else None)


def _code(fix: Fix, line: SourceLine) -> str | None:
    return rewrite_call(line, fix.rewrite) if fix.rewrite else None
