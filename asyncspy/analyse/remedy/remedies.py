"""Choose the remedies of an async-unsafe call: those that exist in the target's Django, best first.

`await` can only be written in an async function. So the line to change is the nearest async line on the way to the
culprit: the culprit's own line, or the line that leads into the sync code that holds it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from asyncspy.analyse.remedy.calls import CALLS
from asyncspy.analyse.remedy.fixes import CONNECTION, UNEVALUATED, Call, Fix, Rewrite
from asyncspy.analyse.remedy.rewrite import MAX_CODE_LENGTH, rewrite_line
from asyncspy.analyse.remedy.source_line import SourceLine, SourceReader, parse_line
from asyncspy.analyse.remedy.text_edits import Rewritten
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.stacks.pattern import last_segment
from asyncspy.analyse.stacks.sinks import is_connection
from asyncspy.model.findings import Remedy
from asyncspy.model.stacks import Frame

MAX_REMEDIES = 2
"""More choices are no help in an incident."""


AWAITED = (
    "what this line awaits, {function} of {package}, makes a sync query itself, and a thread around it does not help: "
    "pass it what is loaded already (lists, relations by select_related), or call its sync twin through sync_to_async"
)

FORWARDING_FILES = re.compile(
    r"(?:^|/)django/(?:utils/functional|utils/connection|db/models/manager|views/decorators/debug)\.py$"
    r"|(?:^|/)asgiref/local\.py$"
)
"""Files whose frames only pass a call on: lazy objects, managers, connection proxies, sensitive_variables()."""

LAZY_USER = re.compile(r"(?:^|/)django/contrib/auth/middleware\.py$")
"""The file with the lambda that request.user calls when it is first used."""


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


class Change(NamedTuple):
    """A remedy and, where it can be written by itself, the line that it rewrites and how."""

    remedy: Remedy
    line: AsyncLine | None = None
    rewritten: Rewritten | None = None


BY_THREAD = Change(
    Remedy("move the database work into a sync function and call it through await sync_to_async(function)(…)")
)


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
    changes = find_changes(call, path, beyond, source=source, django=django, owners=owners)
    return tuple(change.remedy for change in changes)


def find_changes(
    call: Call,
    path: Sequence[Frame],
    beyond: Sequence[Frame],
    *,
    source: SourceReader,
    django: str | None,
    owners: Ownership,
) -> tuple[Change, ...]:
    """The remedies, with the edits that make them."""
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
    caller = nearest_async_line(path, beyond, source, owners)
    if caller is not None and caller.frame == culprit:
        return _on_async_line(fixes, caller, owners)
    on_the_query = [_change(fix, line) for fix in fixes if fix.on_the_query]
    if caller is None:
        return tuple(on_the_query) or (BY_THREAD,)
    if len(caller.callees) == len(beyond) + 1:
        fix = next((fix for fix in fixes if not fix.on_the_query), None)
        on_the_query += _making_it_async(fix, line, caller) if fix else []
    return (*on_the_query, *_at_the_caller(caller, source, django))[:MAX_REMEDIES]


def _in_words(fixes: Sequence[Fix]) -> tuple[Change, ...]:
    return tuple(Change(Remedy(fix.text, fix.since)) for fix in fixes)


def _is_direct(call: Call, beyond: Sequence[Frame]) -> bool:
    """Whether the user's line itself makes this call, and not something in between."""
    if call.fixes == CONNECTION.fixes:
        return True
    first = first_callee(beyond)
    return first is not None and CALLS.match(first) == call


def first_callee(frames: Sequence[Frame]) -> Frame | None:
    """The first frame that does not only pass the call on."""
    return next((frame for frame in frames if not _only_passes_on(frame)), None)


def _only_passes_on(frame: Frame) -> bool:
    if FORWARDING_FILES.search(frame.file):
        return True
    return last_segment(frame.function) == "<lambda>" and LAZY_USER.search(frame.file) is not None


def nearest_async_line(
    path: Sequence[Frame], beyond: Sequence[Frame], source: SourceReader, owners: Ownership
) -> AsyncLine | None:
    """The async line of own code that is nearest to the query."""
    for index in range(len(path) - 1, -1, -1):
        frame = path[index]
        if owners.of(frame) is not None or last_segment(frame.function) in {"<lambda>", "<genexpr>"}:
            continue
        line = parse_line(source(frame.file), frame.line)
        if line is not None and line.is_async:
            return AsyncLine(frame, line, (*path[index + 1 :], *beyond))
    return None


def _on_async_line(fixes: Sequence[Fix], culprit: AsyncLine, owners: Ownership) -> tuple[Change, ...]:
    """The culprit's line is async: the replacement, and the same call in a thread."""
    called = culprit.callees[0] if culprit.callees else None
    if called is not None and culprit.source.awaits(name := last_segment(called.function)):
        words = AWAITED.format(function=name, package=owners.of(called) or "your code")
        return (Change(Remedy(words)),)
    changes = [_change(fix, culprit.source, culprit) for fix in fixes[:MAX_REMEDIES]]
    if not any(fix.rewrite and fix.rewrite.how == "wrap" for fix in fixes):
        in_thread = _in_a_thread(culprit)
        changes[1:] = [in_thread] if in_thread else changes[1:]
    return tuple(changes[:MAX_REMEDIES]) or (BY_THREAD,)


def _making_it_async(fix: Fix, line: SourceLine, caller: AsyncLine) -> list[Change]:
    """The culprit is in a plain sync function that the async line itself calls: it can become async."""
    name = line.function_name
    if caller.source.awaits(name):
        return []  # it queries before it gives what is awaited
    overrides = fix.rewrite is not None and fix.rewrite.old == name  # the function overrides the method that it calls
    if overrides or not line.can_become_async:
        return []
    note = f"after making {name} async, and awaiting it in {caller.shown}"
    text = f"make {name} async and await it in {caller.shown}; in it, {fix.text}"
    return [Change(Remedy(text, fix.since, _change(fix, line).remedy.code, note))]


def _at_the_caller(caller: AsyncLine, source: SourceReader, django: str | None) -> list[Change]:
    """At the async line: what replaces the call that leads into the sync code, else that call in a thread."""
    where = f"in {caller.shown}"
    called = caller.callees[0]
    callee = parse_line(source(called.file), called.line)
    if callee is not None and callee.is_generator:
        use_up = f"await sync_to_async(lambda: list({callee.function_name}(…)))()"
        return [Change(Remedy(f"{where}, use the generator up in a thread: {use_up}"))]
    if caller.source.awaits(last_segment(called.function)):
        return [BY_THREAD]  # a coroutine, or what makes one: it cannot be called in a thread
    call = CALLS.match(called)
    fixes = [fix for fix in call.fixes if exists_in(fix, django)] if call else []
    changes = [_change(fix, caller.source, caller) for fix in fixes]
    changes = [
        each._replace(remedy=replace(each.remedy, text=f"{where}: {each.remedy.text}", note=where)) for each in changes
    ]
    in_thread = None if any(change.remedy.code for change in changes) else _in_a_thread(caller)
    return [*changes, in_thread] if in_thread else changes or [BY_THREAD]


def _in_a_thread(caller: AsyncLine) -> Change | None:
    """The call on the async line, through sync_to_async; None where the line does not show which it is."""
    first = first_callee(caller.callees)
    if first is None or is_connection(first):
        return None
    rewritten = rewrite_line(caller.source, Rewrite("wrap", last_segment(first.function)))
    code, where = _shown_code(rewritten), f"in {caller.shown}"
    if code is None:
        return None
    remedy = Remedy(f"{where}, call it through a thread: {code}", None, code, f"{where}, in a thread")
    return Change(remedy, caller, rewritten)


def _change(fix: Fix, line: SourceLine, at: AsyncLine | None = None) -> Change:
    rewritten = rewrite_line(line, fix.rewrite) if fix.rewrite else None
    code = _shown_code(rewritten)
    return Change(Remedy(fix.text, fix.since, code, fix.note if code else None), at, rewritten)


def _shown_code(rewritten: Rewritten | None) -> str | None:
    """The code, unless it is so long that it is of no use on a terminal."""
    return rewritten.code if rewritten is not None and len(rewritten.code) <= MAX_CODE_LENGTH else None
