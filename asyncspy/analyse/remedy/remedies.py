"""A call, the way to it, its source and the target's Django to the remedies that exist there, best first.

`await` can only be written in an async function. So the place to mend is the nearest async line on the way to the
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

MOST = 2
"""More ways out than these are no help in an incident."""

BY_THREAD = Remedy("move the database work into a sync function and call it through await sync_to_async(function)(…)")

NOT_YOURS = (
    "look for a release of {package} that supports async, or report it there; until then, keep it off the event loop: "
    "call what uses it through sync_to_async"
)

PLUMBING = re.compile(
    r"(?:^|/)django/(?:utils/functional|utils/connection|db/models/manager)\.py$|(?:^|/)asgiref/local\.py$"
)
"""Files whose frames only pass a call on: lazy objects, managers, connection proxies."""


@dataclass(frozen=True, slots=True)
class Site:
    """The frames from the entry to the culprit, and those that the culprit called up to the query."""

    path: tuple[Frame, ...]
    beyond: tuple[Frame, ...] = ()


@dataclass(frozen=True, slots=True)
class AsyncLine:
    """An async line of the user's own code, where `await` can be written."""

    frame: Frame
    place: SourceLine
    calls: tuple[Frame, ...]
    """The frames that this line led to, nearest first."""


def parse_version(version: str | None) -> tuple[int, int] | None:
    """(5, 2) of "5.2.19", "5.2rc1" and the like."""
    found = re.match(r"(\d{1,4})\.(\d{1,4})", version or "", re.ASCII)
    return (int(found[1]), int(found[2])) if found else None


def exists_in(fix: Fix, django: str | None) -> bool:
    """Whether the target's Django has this replacement; where its version is not known, it is offered with `since`."""
    have, need = parse_version(django), parse_version(fix.since)
    return have is None or need is None or have >= need


def find_remedies(
    call: Call, site: Site, *, source: SourceReader, django: str | None, owners: Ownership | None = None
) -> tuple[Remedy, ...]:
    """What to change: at the culprit's line, or where async code leads into it; a package is not the user's."""
    owners = owners or Ownership()
    culprit = site.path[-1]
    package = owners.of(culprit)
    is_foreign = package is not None and not any(owners.of(frame) is None for frame in site.path)
    if call.fixes in UNEVALUATED:
        return tuple(Remedy(fix.text, fix.since) for fix in call.fixes if exists_in(fix, django))
    if is_foreign:
        return (Remedy(NOT_YOURS.format(package=package)),)
    fixes = [fix for fix in call.fixes if exists_in(fix, django)] if _is_direct(call, site.beyond) else []
    where = parse_line(source(culprit.file), culprit.line)
    if where is None:
        return tuple(Remedy(fix.text, fix.since) for fix in fixes[:MOST]) or (BY_THREAD,)
    spot = _nearest_async(site, source, owners)
    if spot is not None and spot.frame == culprit:
        return _on_the_line(fixes, spot)
    on_the_query = [_remedy(fix, where) for fix in fixes if fix.on_the_query]
    if spot is None:
        return tuple(on_the_query) or (BY_THREAD,)
    fixes = [fix for fix in fixes if not fix.on_the_query]
    called = _where_it_is_called(spot, source, django)
    return (*on_the_query, *_by_making_async(fixes, where, site, spot), *called)[:MOST]


def _is_direct(call: Call, beyond: Sequence[Frame]) -> bool:
    """Whether the user's line itself makes this call, and not something in between."""
    if call.fixes == CONNECTION.fixes:
        return True
    first = next((frame for frame in beyond if not PLUMBING.search(frame.file)), None)
    return first is not None and CALLS.match(first) == call


def _nearest_async(site: Site, source: SourceReader, owners: Ownership) -> AsyncLine | None:
    for index in range(len(site.path) - 1, -1, -1):
        frame = site.path[index]
        if owners.of(frame) is not None or last_segment(frame.function) in {"<lambda>", "<genexpr>"}:
            continue
        where = parse_line(source(frame.file), frame.line)
        if where is not None and where.is_async:
            return AsyncLine(frame, where, (*site.path[index + 1 :], *site.beyond))
    return None


def _on_the_line(fixes: Sequence[Fix], spot: AsyncLine) -> tuple[Remedy, ...]:
    """The culprit's line is async: the replacement, and the same call in a thread."""
    offered = [_remedy(fix, spot.place) for fix in fixes[:MOST]]
    if not any(fix.rewrite and fix.rewrite.how == "wrap" for fix in fixes):
        threaded = _threaded(spot)
        offered[1:] = [threaded] if threaded else offered[1:]
    return tuple(offered[:MOST]) or (BY_THREAD,)


def _by_making_async(fixes: Sequence[Fix], where: SourceLine, site: Site, spot: AsyncLine) -> Sequence[Remedy]:
    """The culprit is in a plain sync function that the async line itself calls: it can become async."""
    fix = next(iter(fixes), None)
    if fix is None or len(spot.calls) - len(site.beyond) != 1 or not where.can_become_async:
        return ()
    name = getattr(where.function, "name", "")
    if fix.rewrite is not None and fix.rewrite.old == name:  # an override of the method that it calls
        return ()
    code = _code(fix, where)
    note = f"after making {name} async, and awaiting it in {shown(spot.frame)}"
    return (Remedy(f"make {name} async and await it in {shown(spot.frame)}; in it, {fix.text}", fix.since, code, note),)


def _where_it_is_called(spot: AsyncLine, source: SourceReader, django: str | None) -> Sequence[Remedy]:
    """At the async line: what replaces the call that leads into the sync code, else that call in a thread."""
    spots = f"in {shown(spot.frame)}"
    pulled = parse_line(source(spot.calls[0].file), spot.calls[0].line)
    if pulled is not None and pulled.is_generator:
        name = getattr(pulled.function, "name", "")
        return [Remedy(f"{spots}, use the generator up in a thread: await sync_to_async(lambda: list({name}(…)))()")]
    called = CALLS.match(spot.calls[0])
    fixes = [fix for fix in called.fixes if exists_in(fix, django)] if called else []
    offered = [Remedy(f"{spots}: {fix.text}", fix.since, _code(fix, spot.place), spots) for fix in fixes]
    threaded = None if any(remedy.code for remedy in offered) else _threaded(spot)
    return [*offered, threaded] if threaded else offered or [BY_THREAD]


def _threaded(spot: AsyncLine) -> Remedy | None:
    """The call on the async line, through sync_to_async; None where the line does not show which it is."""
    first = next((frame for frame in spot.calls if not PLUMBING.search(frame.file)), None)
    if first is not None and is_connection(first):
        return None
    code = rewrite_call(spot.place, Rewrite("wrap", last_segment(first.function))) if first else None
    where = f"in {shown(spot.frame)}"
    return Remedy(f"{where}, call it through a thread: {code}", None, code, f"{where}, in a thread") if code else None


def _remedy(fix: Fix, where: SourceLine) -> Remedy:
    code = _code(fix, where)
    return Remedy(fix.text, fix.since, code, fix.note if code else None)


def _code(fix: Fix, where: SourceLine) -> str | None:
    return rewrite_call(where, fix.rewrite) if fix.rewrite else None


def shown(frame: Frame) -> str:
    """`checkout (views.py:25)`; a comprehension is part of the function around it."""
    return f"{frame.function.partition('.<locals>.<')[0]} ({frame.file.rpartition('/')[2]}:{frame.line})"
